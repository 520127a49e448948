// What one side is told of changes at the other (RFC 7641 3): notifications in their order, until somebody ends it.

import type { Clock, Nanoseconds } from '../clock/clock.js';
import type { CoapLimits } from './limits.js';
import { findUint, newer, Option } from './options.js';
import type { CoapResponse } from './types.js';

export interface ObservationEvents {
  readonly notify: (response: CoapResponse) => void;
  readonly ended: (reason: string) => void;
  readonly cancel: () => Promise<CoapResponse>;
}

export class Observation {
  readonly #clock: Clock;
  readonly #limits: CoapLimits;
  readonly #events: ObservationEvents;
  #sequence: number;
  #heardAt: Nanoseconds;
  #over = false;

  constructor(clock: Clock, limits: CoapLimits, sequence: number, events: ObservationEvents) {
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
    this.#sequence = sequence;
    this.#heardAt = clock.now();
  }

  get open(): boolean {
    return !this.#over;
  }

  notified(response: CoapResponse): void {
    const sequence = findUint(response.options, Option.Observe);
    if (!response.code.startsWith('2.') || sequence === undefined) {
      // The other side ends it, in its last word (RFC 7641 4.2).
      this.end(`ended with ${response.code}`);
      return;
    }
    const now = this.#clock.now();
    if (!newer(this.#sequence, sequence) && now - this.#heardAt <= this.#limits.observeOrder) return;
    this.#sequence = sequence;
    this.#heardAt = now;
    this.#events.notify(response);
  }

  /** It is over; nobody is told. */
  end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.ended(reason);
  }

  /** Tells the other side. Resolves to its answer; rejects with CoapError, and then later notifications get a Reset. */
  cancel(): Promise<CoapResponse> {
    this.#over = true;
    return this.#events.cancel();
  }
}
