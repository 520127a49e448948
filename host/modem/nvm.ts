import type { ContextDefinitions } from './contexts.js';
import type { Profile, Settings } from './profile.js';
import { factoryProfile } from './profile.js';

/** What a modem keeps without power: the profile stored by AT&W, the context definitions, and settings that are stored at once. */
export class Nvm {
  stored: Profile = factoryProfile();
  settings: Settings = {};
  readonly contexts: ContextDefinitions = new Map();
}
