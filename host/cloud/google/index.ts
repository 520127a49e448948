// Google Cloud, as far as the platform's services speak with it: tokens for service accounts, Pub/Sub, Cloud Functions.

import type { Clock } from '../../clock/clock.js';
import { Random } from '../../random.js';
import type { CloudHandler } from '../cloud-server.js';
import { type Functions, HttpFunctions } from '../http-function.js';
import type { TokenVerifier } from '../soracom-token.js';
import { CloudFunctions } from './functions.js';
import { GoogleTokens, type ServiceAccount, TOKEN_HOST } from './oauth.js';
import { PubSub, PUBSUB_HOST, type TopicConfig } from './pubsub.js';

export { newServiceAccount, type ServiceAccount } from './oauth.js';
export type { PublishedMessage, TopicConfig } from './pubsub.js';

export interface GoogleConfig {
  readonly serviceAccounts?: readonly ServiceAccount[];
  readonly topics?: readonly TopicConfig[];
  /** By `REGION-PROJECT`: `REGION-PROJECT.cloudfunctions.net`, then by the function's name: `/NAME`. */
  readonly functions?: Readonly<Record<string, Functions>>;
}

export class GoogleCloud {
  readonly tokens: GoogleTokens;
  readonly pubsub: PubSub;
  /** Which service answers at which host, HTTPS port 443. */
  readonly hosts: ReadonlyMap<string, CloudHandler>;

  constructor(clock: Clock, verifier: TokenVerifier, config: GoogleConfig, random = new Random('google')) {
    this.tokens = new GoogleTokens(clock, random, config.serviceAccounts ?? []);
    this.pubsub = new PubSub(this.tokens, config.topics ?? []);
    const hosts = new Map<string, CloudHandler>([
      [TOKEN_HOST, (request) => this.tokens.handle(request)],
      [PUBSUB_HOST, (request) => this.pubsub.handle(request)],
    ]);
    for (const [place, functions] of Object.entries(config.functions ?? {})) {
      const served = new CloudFunctions(new HttpFunctions(clock, verifier, functions));
      hosts.set(`${place.toLowerCase()}.cloudfunctions.net`, (request) => served.handle(request));
    }
    this.hosts = hosts;
  }
}
