// How often something may be done in a time: by key, for example the address that calls.

import type { Clock, Nanoseconds } from '../clock/clock.js';

export interface Rate {
  readonly times: number;
  /** Begins with the first of the times. */
  readonly window: Nanoseconds;
  /** That are counted at once; the one that began first makes room. */
  readonly keys: number;
}

export class RateLimit {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #rate: Rate;
  /** In the order in which their windows began. */
  readonly #counts = new Map<string, { readonly since: Nanoseconds; times: number }>();

  constructor(clock: Pick<Clock, 'now'>, rate: Rate) {
    this.#clock = clock;
    this.#rate = rate;
  }

  /** Counts once more, unless that is too often. */
  take(key: string): boolean {
    const now = this.#clock.now();
    const { times, window, keys } = this.#rate;
    for (const [old, { since }] of this.#counts) {
      if (since + window > now) break;
      this.#counts.delete(old);
    }
    const count = this.#counts.get(key);
    if (count !== undefined) return ++count.times <= times;
    const [first] = this.#counts.keys();
    if (first !== undefined && this.#counts.size >= keys) this.#counts.delete(first);
    this.#counts.set(key, { since: now, times: 1 });
    return true;
  }
}
