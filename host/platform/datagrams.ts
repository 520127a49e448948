// Datagrams of sessions: how many reach the platform's services. One more is dropped, as a network does, before anything is done for it.

import type { ServiceRegistry } from '../cellular/network.js';
import type { RateLimit } from './rate.js';

/** The same registry, whose UDP services have this rate. */
export const withDatagramRate = (registry: ServiceRegistry, rate: RateLimit): ServiceRegistry => ({
  isByAddress: registry.isByAddress ?? false,
  name: (...names) => registry.name(...names),
  tcp: (name, port, service) => registry.tcp(name, port, service),
  udp: (name, port, service) =>
    registry.udp(name, port, (bytes, caller, reply, from) => {
      if (rate.take(caller.imsi)) service(bytes, caller, reply, from);
    }),
});
