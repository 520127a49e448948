import type { Clock, Nanoseconds } from '../clock/clock.js';
import type { Impairments, LinkDirection } from './impairments.js';
import type { Session } from './network.js';

/** What a cell broadcasts (TS 36.331 SystemInformationBlockType1, TS 27.007 for `act`). */
export interface CellInfo {
  readonly tac: number;
  readonly ci: number;
  /** TS 27.007 `<AcT>`: 7 E-UTRAN. */
  readonly act: number;
  readonly plmn: string;
  readonly operator: string;
}

/** The radio interface as a baseband sees it: NAS messages, coverage, and the bearer once there is one. */
export interface Air {
  /** The cell that can be heard; undefined without coverage. */
  readonly cell: CellInfo | undefined;
  /** dBm; undefined without coverage. */
  readonly rsrp: number | undefined;
  /** Called when coverage has come or gone. */
  onCoverage: (() => void) | undefined;
  /** Called with each NAS message from the network. */
  onNas: ((message: Uint8Array) => void) | undefined;
  /** Sends a NAS message up. It may get lost. */
  sendNas(message: Uint8Array): void;
  /** The radio connection is gone: messages in flight, either way, are lost. */
  release(): void;
  /** The user plane of an EPS bearer (5 to 15); undefined when the network has no such bearer for this modem. */
  bearer(id: number): BearerPath | undefined;
}

/** A bearer as the modem's own IP stack uses it; `closeDevice` lets go of the device's end alone. */
export interface BearerPath extends Session {
  /** Called when the network says that it has no such bearer: what was sent on it went nowhere. */
  onUnknown: (() => void) | undefined;
  closeDevice(): void;
}

/** NAS messages in one direction: in order, after the latency, unless coverage or chance takes them. */
export class NasLink {
  readonly #clock: Clock;
  readonly #impairments: Impairments;
  readonly #latency: () => Nanoseconds;
  readonly #deliver: (message: Uint8Array) => void;
  #last: Nanoseconds = 0;
  #connection = 0;

  constructor(
    clock: Clock,
    impairments: Impairments,
    direction: LinkDirection,
    deliver: (message: Uint8Array) => void,
  ) {
    this.#clock = clock;
    this.#impairments = impairments;
    this.#latency = () => impairments.quality(direction).latency;
    this.#deliver = deliver;
  }

  send(message: Uint8Array): void {
    const chance = this.#impairments;
    if (!chance.coverage || chance.takes('nasLoss')) return;
    const bytes = chance.arrives(message);
    this.#last = Math.max(this.#last, this.#clock.now() + this.#latency());
    const connection = this.#connection;
    this.#clock.at(this.#last, () => {
      if (chance.coverage && connection === this.#connection) this.#deliver(bytes);
    });
  }

  /** What is in flight is lost. */
  release(): void {
    this.#connection++;
  }
}
