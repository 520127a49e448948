// Azure, as far as the platform's services speak with it: Event Hubs and Functions.

import type { Clock } from '../../clock/clock.js';
import { Random } from '../../random.js';
import type { CloudHandler } from '../cloud-server.js';
import { type Functions, HttpFunctions } from '../http-function.js';
import type { TokenVerifier } from '../soracom-token.js';
import { EventHubs, type EventHubsConfig } from './event-hubs.js';
import { AzureFunctionApp } from './functions.js';

export type { EventHubsConfig, HubEvent, SharedAccessPolicy } from './event-hubs.js';

export interface AzureConfig {
  readonly eventHubs?: EventHubsConfig;
  /** By the name of the app: `APP.azurewebsites.net`, then by the function's own: `/api/NAME`. */
  readonly functionApps?: Readonly<Record<string, Functions>>;
}

export class AzureCloud {
  readonly eventHubs: EventHubs | undefined;
  /** Which service answers at which host, HTTPS port 443. */
  readonly hosts: ReadonlyMap<string, CloudHandler>;

  constructor(clock: Clock, verifier: TokenVerifier, config: AzureConfig, random = new Random('azure')) {
    const hosts = new Map<string, CloudHandler>();
    const hubs = config.eventHubs && new EventHubs(clock, random, config.eventHubs);
    if (hubs !== undefined) hosts.set(hubs.host, (request) => hubs.handle(request));
    for (const [name, functions] of Object.entries(config.functionApps ?? {})) {
      const app = new AzureFunctionApp(new HttpFunctions(clock, verifier, functions));
      hosts.set(`${name.toLowerCase()}.azurewebsites.net`, (request) => app.handle(request));
    }
    this.eventHubs = hubs;
    this.hosts = hosts;
  }
}
