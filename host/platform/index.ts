// The platform's services, as devices reach them through their sessions. One folder per service; who is calling is
// told by the session, never by a payload. directory.ts is what the operator configured, upstream.ts the way out to
// customers' servers; choices.ts holds every decision that the platform's documentation leaves open. Subscribers'
// authentication and addresses are not here (host/cellular), customers' servers neither (host/cloud).

import type { ServiceRegistry, Session } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import type { Trace } from '../trace/trace.js';
import { Beam } from './beam/index.js';
import { HTTP_LIMITS, type HttpLimits } from './choices.js';
import type { SubscriberDirectory } from './directory.js';
import type { Upstream } from './upstream.js';

export type { SubscriberDirectory, Subscriber, GroupConfiguration, BeamEntry, Credentials } from './directory.js';
export type { Upstream } from './upstream.js';
export { MemoryDirectory, PlatformConfigError, type PlatformConfig } from './memory-directory.js';
export { HTTP_LIMITS, type HttpLimits } from './choices.js';

export interface PlatformOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly directory: SubscriberDirectory;
  readonly upstream: Upstream;
  /** Overrides of HTTP_LIMITS. */
  readonly limits?: Partial<HttpLimits>;
  /** Name of the device that holds this SIM, for the trace. */
  readonly deviceOf?: (imsi: string) => string | undefined;
}

export class Platform {
  readonly #beam: Beam;

  constructor({ clock, trace, directory, upstream, limits, deviceOf }: PlatformOptions) {
    let lastId = 0;
    const traceOf = ({ imsi }: Session): Trace => {
      const device = deviceOf?.(imsi);
      return device === undefined ? trace : trace.of(device);
    };
    const nextId = (): number => ++lastId;
    this.#beam = new Beam({ clock, directory, upstream, traceOf, nextId, limits: { ...HTTP_LIMITS, ...limits } });
  }

  /** Puts the services at their names and ports. */
  register(registry: ServiceRegistry): void {
    this.#beam.register(registry);
  }

  /** Resets the devices' connections; what was under way to customers' servers is abandoned. */
  close(): void {
    this.#beam.close();
  }
}
