// What goes wrong between modem and network, on purpose. One object for the whole network; every random choice comes
// from the world's seed.

import { MS } from '../clock/clock.js';
import type { Nanoseconds } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';

/** One direction of the air interface. */
export interface LinkQuality {
  /** One way, from antenna to gateway. */
  latency: Nanoseconds;
  /** Bits per second of one session. */
  bandwidth: number;
}

export class Impairments {
  /** Cat-M1 half duplex: about 100 ms there and back, 375 and 300 kbit/s. */
  readonly uplink: LinkQuality = { latency: 50 * MS, bandwidth: 375_000 };
  readonly downlink: LinkQuality = { latency: 50 * MS, bandwidth: 300_000 };
  /** Share of datagrams that vanish, 0 to 1, each way. DNS rides on datagrams. */
  udpLoss = 0;
  /** Share of TCP segments that vanish and have to be sent again. */
  tcpLoss = 0;
  /** Share of NAS messages that vanish, or have one byte changed. */
  nasLoss = 0;
  nasGarble = 0;

  readonly #random: Random;
  readonly #trace: Trace;
  readonly #listeners = new Set<() => void>();
  readonly #resets = new Set<() => void>();
  #outage = false;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  /** False: no cell is heard, and nothing gets through in either direction. */
  get coverage(): boolean {
    return !this.#outage;
  }

  /** Coverage goes (true) or comes back (false). What is in flight is lost; TCP sends it again. */
  outage(on: boolean): void {
    if (on === this.#outage) return;
    this.#outage = on;
    this.#trace.emit({ type: 'impairment', event: on ? 'outage-start' : 'outage-end' });
    for (const listener of [...this.#listeners]) listener();
  }

  /** Every TCP connection of every session is reset, at both ends. */
  resetConnections(): void {
    this.#trace.emit({ type: 'impairment', event: 'connections-reset' });
    for (const reset of [...this.#resets]) reset();
  }

  /** `listener` is called after every change of `coverage`. Returns a function that takes it away. */
  onCoverage(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onReset(listener: () => void): () => void {
    this.#resets.add(listener);
    return () => this.#resets.delete(listener);
  }

  /** True with this probability. No random bytes are used when the answer is certain. */
  happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability;
  }

  /** `bytes` with one byte changed. */
  garble(bytes: Uint8Array): Uint8Array {
    const out = bytes.slice();
    const at = this.#random.below(out.length);
    out[at] = (out[at] as number) ^ (1 + this.#random.below(255));
    return out;
  }
}
