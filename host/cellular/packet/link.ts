import { SECOND } from '../../clock/clock.js';
import type { Clock, Nanoseconds } from '../../clock/clock.js';
import type { Impairments, LinkDirection } from '../impairments.js';
import { sizeOf } from './packet.js';
import type { Packet } from './packet.js';

/**
 * One direction of a PDN connection: packets leave one after the other at the bandwidth, and arrive in order after
 * the latency, unless there is no coverage when they leave or when they should arrive, or chance takes them.
 */
export class PacketLink {
  readonly #clock: Clock;
  readonly #impairments: Impairments;
  readonly #direction: LinkDirection;
  readonly #deliver: (packet: Packet) => void;
  #freeAt: Nanoseconds = 0;
  #arrivesAt: Nanoseconds = 0;

  constructor(clock: Clock, impairments: Impairments, direction: LinkDirection, deliver: (packet: Packet) => void) {
    this.#clock = clock;
    this.#impairments = impairments;
    this.#direction = direction;
    this.#deliver = deliver;
  }

  send(packet: Packet): void {
    const { latency, bandwidth } = this.#impairments.quality(this.#direction);
    this.#freeAt = Math.max(this.#freeAt, this.#clock.now()) + ((sizeOf(packet) * 8) / bandwidth) * SECOND;
    // A shorter latency set in between lets nothing overtake.
    this.#arrivesAt = Math.max(this.#arrivesAt, this.#freeAt + latency);
    const loss = packet.kind === 'tcp' ? 'tcpLoss' : 'udpLoss';
    if (!this.#impairments.coverage || this.#impairments.takes(loss)) return;
    this.#clock.at(this.#arrivesAt, () => {
      if (this.#impairments.coverage) this.#deliver(packet);
    });
  }
}
