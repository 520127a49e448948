// How many datagrams reach the platform's services: for each SIM, and for all of them. One more is dropped, as a network does,
// before anything is done for it.

import type { ServiceRegistry } from '../cellular/network.js';
import { type Clock, type Nanoseconds, SECOND } from '../clock/clock.js';
import type { DatagramLimits } from './limits.js';

type Rate = DatagramLimits['caller'];

interface Allowance {
  left: number;
  at: Nanoseconds;
}

interface Caller extends Allowance {
  /** What of it is served even while all SIMs together have too many. */
  readonly floor: Allowance;
}

export class Datagrams {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: DatagramLimits;
  /** The SIM heard longest ago comes first. */
  readonly #callers = new Map<string, Caller>();
  readonly #all: Allowance;

  constructor(clock: Pick<Clock, 'now'>, limits: DatagramLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#all = { left: limits.all.burst, at: clock.now() };
  }

  /** Whether one more of this SIM is served. */
  take(imsi: string): boolean {
    const now = this.#clock.now();
    const { caller, all, floor } = this.#limits;
    const full = { left: caller.burst, at: now, floor: { left: floor.burst, at: now } };
    const own = this.#callers.get(imsi) ?? full;
    this.#callers.delete(imsi);
    this.#callers.set(imsi, own);
    refill(own, caller, now);
    refill(own.floor, floor, now);
    refill(this.#all, all, now);
    this.#forget(now);
    if (own.left < 1) return false;
    // A SIM that has sent little lately is served in any case.
    if (this.#all.left < 1 && own.floor.left < 1) return false;
    for (const allowance of [own, own.floor, this.#all]) allowance.left = Math.max(0, allowance.left - 1);
    return true;
  }

  /** The same registry, whose UDP services are behind this count. */
  before(registry: ServiceRegistry): ServiceRegistry {
    return {
      isByAddress: registry.isByAddress ?? false,
      name: (...names) => registry.name(...names),
      tcp: (name, port, service) => registry.tcp(name, port, service),
      udp: (name, port, service) =>
        registry.udp(name, port, (bytes, caller, reply, from) => {
          if (this.take(caller.imsi)) service(bytes, caller, reply, from);
        }),
    };
  }

  /** Those who have all of their allowance again. */
  #forget(now: Nanoseconds): void {
    const { caller, floor } = this.#limits;
    const isFull = ({ burst, perSecond }: Rate, at: Nanoseconds): boolean => (now - at) * perSecond >= burst * SECOND;
    for (const [imsi, { at }] of this.#callers) {
      if (!isFull(caller, at) || !isFull(floor, at)) break;
      this.#callers.delete(imsi);
    }
  }
}

function refill(allowance: Allowance, { burst, perSecond }: Rate, now: Nanoseconds): void {
  allowance.left = Math.min(burst, allowance.left + ((now - allowance.at) * perSecond) / SECOND);
  allowance.at = now;
}
