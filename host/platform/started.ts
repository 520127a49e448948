// The services of one platform, from start to close.

import type { ServiceRegistry } from '../cellular/network.js';
import type { Route } from './api/routes.js';
import type { MessageService } from './message/message.js';
import type { Service, ServiceDefinition, StartContext } from './service.js';

export class StartedServices {
  /** Their parts of the management API. */
  readonly routes: readonly Route[];
  readonly #services = new Map<ServiceDefinition, Service>();

  /** Starts them one after the other. `options` has what each definition asks for. */
  constructor(
    definitions: readonly ServiceDefinition[],
    context: Omit<StartContext, 'messageServices' | 'use'>,
    options: object,
  ) {
    const use: StartContext['use'] = (definition) => this.use(definition);
    this.routes = definitions.flatMap((definition) => {
      const platform = { ...context, messageServices: this.#takingMessages(), use };
      const service = definition.start(platform, options as never);
      this.#services.set(definition, service);
      return definition.routes?.(service, platform) ?? [];
    });
  }

  /** Throws Error for one that has not been started. */
  use<S extends Service>(definition: ServiceDefinition<S>): S {
    const service = this.#services.get(definition);
    if (service === undefined) throw new Error(`the service ${definition.name} has not been started`);
    // The definition has made it.
    return service as S;
  }

  register(registry: ServiceRegistry): void {
    for (const service of this.#services.values()) service.register(registry);
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
  }

  #takingMessages(): readonly MessageService[] {
    return [...this.#services.values()].flatMap(({ messages }) => messages ?? []);
  }
}
