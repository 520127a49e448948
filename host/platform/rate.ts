// How much each caller may do in a time, and all of them together: a burst at once, and a rate after it (token bucket). What is counted
// says who counts: messages, or units of work.

import { type Clock, type Nanoseconds, SECOND } from '../clock/clock.js';

export interface Rate {
  /** At once. */
  readonly burst: number;
  /** How much more each second. */
  readonly perSecond: number;
}

export interface RateLimits {
  readonly caller: Rate;
  /** Of all callers together. */
  readonly all?: Rate;
  /** So much a caller may do in any case, whatever the others do. */
  readonly floor?: Rate;
  /** Callers that are counted at once; the one heard longest ago makes room. */
  readonly callers: number;
}

interface Allowance {
  left: number;
  at: Nanoseconds;
}

interface Caller {
  readonly own: Allowance;
  readonly floor: Allowance;
}

const NO_LIMIT: Rate = { burst: Infinity, perSecond: 0 };
const NOTHING: Rate = { burst: 0, perSecond: 0 };

export class RateLimit {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: Required<RateLimits>;
  /** The one heard longest ago comes first. */
  readonly #callers = new Map<string, Caller>();
  readonly #all: Allowance;

  constructor(clock: Pick<Clock, 'now'>, limits: RateLimits) {
    this.#clock = clock;
    this.#limits = { all: NO_LIMIT, floor: NOTHING, ...limits };
    this.#all = { left: this.#limits.all.burst, at: clock.now() };
  }

  /** Callers that are counted. */
  get callers(): number {
    return this.#callers.size;
  }

  /** Counts so much more, unless that is too much; then nothing is counted. `caller`: an IMSI, a device or an address. */
  take(caller: string, amount = 1): boolean {
    const { own, floor } = this.#of(caller);
    if (own.left < amount) return false;
    // A caller that has done little lately is served in any case.
    if (this.#all.left < amount && floor.left < amount) return false;
    // What is owed stays owed.
    for (const allowance of [own, floor, this.#all]) {
      allowance.left = Math.max(Math.min(0, allowance.left), allowance.left - amount);
    }
    return true;
  }

  /** Counts what has been done already, however much it is: the caller, and all, may do nothing until it is made up for. */
  spend(caller: string, amount: number): void {
    const { own, floor } = this.#of(caller);
    for (const allowance of [own, this.#all]) allowance.left -= amount;
    floor.left = Math.max(0, floor.left - amount);
  }

  /** How long until so much may be done, if nobody does anything meanwhile. */
  wait(caller: string, amount = 1): Nanoseconds {
    const { own, floor } = this.#of(caller);
    const { caller: ownRate, all, floor: floorRate } = this.#limits;
    const until = (allowance: Allowance, { burst, perSecond }: Rate): Nanoseconds => {
      if (allowance.left >= amount) return 0;
      return amount > burst ? Infinity : Math.ceil(((amount - allowance.left) / perSecond) * SECOND);
    };
    return Math.max(until(own, ownRate), Math.min(until(this.#all, all), until(floor, floorRate)));
  }

  #of(caller: string): Caller {
    const now = this.#clock.now();
    const { caller: rate, floor, all, callers } = this.#limits;
    const full = { own: { left: rate.burst, at: now }, floor: { left: floor.burst, at: now } };
    const found = this.#callers.get(caller) ?? full;
    this.#callers.delete(caller);
    this.#callers.set(caller, found);
    refill(found.own, rate, now);
    refill(found.floor, floor, now);
    refill(this.#all, all, now);
    for (const [oldest, { own }] of this.#callers) {
      // Who has all of its allowance again is as one who was never heard.
      const isFull = [rate, floor].every(({ burst, perSecond }) => (now - own.at) * perSecond >= burst * SECOND);
      if (oldest === caller || (!isFull && this.#callers.size <= callers)) break;
      this.#callers.delete(oldest);
    }
    return found;
  }
}

function refill(allowance: Allowance, { burst, perSecond }: Rate, now: Nanoseconds): void {
  if (burst === Infinity) return;
  allowance.left = Math.min(burst, allowance.left + ((now - allowance.at) * perSecond) / SECOND);
  allowance.at = now;
}
