import type { ContextDefinitions } from './contexts.js';
import type { Profile } from './profile.js';
import { factoryProfile } from './profile.js';

/** What a modem keeps without power: the profile stored by AT&W, and the context definitions. */
export class Nvm {
  stored: Profile = factoryProfile();
  readonly contexts: ContextDefinitions = new Map();
}
