// What goes wrong between modem and network, on purpose. One object for the whole network, and one for each device's
// place in it, which adds to that of the network. Every random choice comes from the world's seed.

import { MS } from '../clock/clock.js';
import type { Nanoseconds } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Trace } from '../trace/trace.js';

/** One direction of the air interface. */
export interface LinkQuality {
  /** One way, from antenna to gateway. A device's own is added to the network's. */
  latency: Nanoseconds;
  /** Bits per second of one session. The lower of the network's and the device's counts. */
  bandwidth: number;
}

export type LinkDirection = 'uplink' | 'downlink';

/** Cat-M1 half duplex: about 100 ms there and back, 375 and 300 kbit/s. */
const CAT_M1 = {
  uplink: { latency: 50 * MS, bandwidth: 375_000 },
  downlink: { latency: 50 * MS, bandwidth: 300_000 },
} as const;
/** Of a device that makes nothing worse than the network has it. */
const NEUTRAL = { latency: 0, bandwidth: Infinity };

export class Impairments {
  readonly uplink: LinkQuality;
  readonly downlink: LinkQuality;
  /** Share of datagrams that vanish, 0 to 1, each way. DNS rides on datagrams. */
  udpLoss = 0;
  /** Share of TCP segments that vanish and have to be sent again. */
  tcpLoss = 0;
  /** Share of NAS messages that vanish, or have one byte changed. */
  nasLoss = 0;
  nasGarble = 0;

  readonly #random: Random;
  readonly #trace: Trace;
  readonly #network: Impairments | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #resets = new Set<() => void>();
  #outage = false;
  #covered = true;

  /** `network`: what these add to; without it they are the network's own. `trace` says whose they are. */
  constructor(random: Random, trace: Trace, network?: Impairments) {
    this.#random = random;
    this.#trace = trace;
    this.#network = network;
    this.uplink = { ...(network ? NEUTRAL : CAT_M1.uplink) };
    this.downlink = { ...(network ? NEUTRAL : CAT_M1.downlink) };
    this.#covered = this.coverage;
    network?.onCoverage(() => this.#coverageMayHaveChanged());
    network?.onReset(() => this.#reset());
  }

  /** False: no cell is heard, and nothing gets through in either direction. */
  get coverage(): boolean {
    return !this.#outage && (this.#network?.coverage ?? true);
  }

  /** Coverage goes (true) or comes back (false). What is in flight is lost; TCP sends it again. */
  outage(on: boolean): void {
    if (on === this.#outage) return;
    this.#outage = on;
    this.#trace.emit({ type: 'impairment', event: on ? 'outage-start' : 'outage-end' });
    this.#coverageMayHaveChanged();
  }

  #coverageMayHaveChanged(): void {
    if (this.coverage === this.#covered) return;
    this.#covered = this.coverage;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Every TCP connection of every session is reset, at both ends; of a device, of its own sessions. */
  resetConnections(): void {
    this.#trace.emit({ type: 'impairment', event: 'connections-reset' });
    this.#reset();
  }

  #reset(): void {
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

  /** What the link is like, all added up. */
  quality(direction: LinkDirection): Readonly<LinkQuality> {
    const own = this[direction];
    const network = this.#network?.quality(direction);
    if (!network) return own;
    return { latency: network.latency + own.latency, bandwidth: Math.min(network.bandwidth, own.bandwidth) };
  }

  /** Does chance take this packet or message? */
  takes(kind: 'udpLoss' | 'tcpLoss' | 'nasLoss'): boolean {
    return this.#happens(this.#probability(kind));
  }

  /** A message as it arrives: unchanged, or with one byte changed. */
  arrives(message: Uint8Array): Uint8Array {
    const out = message.slice();
    if (!this.#happens(this.#probability('nasGarble'))) return out;
    const at = this.#random.below(out.length);
    out[at] = (out[at] as number) ^ (1 + this.#random.below(255));
    return out;
  }

  /** Of two independent causes, either is enough. */
  #probability(kind: 'udpLoss' | 'tcpLoss' | 'nasLoss' | 'nasGarble'): number {
    const network = this.#network ? this.#network.#probability(kind) : 0;
    return 1 - (1 - this[kind]) * (1 - network);
  }

  /** True with this probability. No random bytes are used when the answer is certain. */
  #happens(probability: number): boolean {
    return probability > 0 && this.#random.next() < probability;
  }
}
