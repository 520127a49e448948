// How many connections are open to the platform: counted for each caller and for all of them.

import type { Duplex } from 'node:stream';
import type { ServiceRegistry } from '../cellular/network.js';
import type { ConnectionLimits } from './limits.js';

export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #callers = new Map<string, number>();
  #all = 0;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Serves the connection, or resets it: there are too many. `caller`: an IMSI or an address. */
  accept(stream: Duplex, caller: string, serve: () => void): void {
    const now = this.#callers.get(caller) ?? 0;
    const { caller: most, all, floor } = this.#limits;
    if (now >= most || (now >= floor && this.#all >= all)) {
      stream.on('error', () => undefined);
      stream.destroy();
      return;
    }
    this.#callers.set(caller, now + 1);
    this.#all++;
    stream.once('close', () => {
      this.#all--;
      const left = (this.#callers.get(caller) ?? 1) - 1;
      if (left > 0) this.#callers.set(caller, left);
      else this.#callers.delete(caller);
    });
    serve();
  }

  /** The same registry, whose TCP services are behind this count. */
  before(registry: ServiceRegistry): ServiceRegistry {
    return {
      isByAddress: registry.isByAddress ?? false,
      name: (...names) => registry.name(...names),
      udp: (name, port, service) => registry.udp(name, port, service),
      tcp: (name, port, service) =>
        registry.tcp(name, port, (stream, caller) => this.accept(stream, caller.imsi, () => service(stream, caller))),
    };
  }
}
