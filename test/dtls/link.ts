// A client of the kit and a server on a line that loses, repeats and reorders datagrams by a seed, on a clock of its own.
import { expect } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { DtlsState, type DtlsKit, type DtlsOptions } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { TestServer, type ServerOptions } from './server.js';

export const PSK = new Uint8Array(Buffer.from('00112233445566778899aabbccddeeff', 'hex'));
export const IDENTITY = 'urn:imei:490154203237518';

export const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** A client, in the kit or in a device binary. */
export type Client = Pick<
  DtlsKit,
  | 'dtlsNew'
  | 'dtlsBegin'
  | 'dtlsReceive'
  | 'dtlsStep'
  | 'dtlsDeadline'
  | 'dtlsOutput'
  | 'dtlsWrite'
  | 'dtlsClose'
  | 'dtlsForget'
  | 'dtlsStatus'
>;

export interface Faults {
  /** Chances from 0 to 1. */
  readonly loss?: number;
  readonly repeat?: number;
  /** Milliseconds that a datagram takes at most; they overtake each other. */
  readonly delay?: number;
  /** Chance that a bit of a datagram turns. */
  readonly corrupt?: number;
}

interface Arrival {
  readonly at: number;
  readonly to: 'client' | 'server';
  readonly datagram: Uint8Array;
}

export class Link {
  now = 0;
  readonly data: string[] = [];
  /** What the client has put on the wire, and the server. */
  readonly sent: { from: 'client' | 'server'; datagram: Uint8Array; at: number }[] = [];
  faults: Faults;
  readonly #random: Random;
  #arrivals: Arrival[] = [];
  /** When the server retransmits a flight that was not answered. */
  #serverDue = Infinity;
  #serverWait = 1000;

  constructor(
    readonly kit: Client,
    readonly server: TestServer,
    { seed = 'link', faults = {} }: { seed?: string; faults?: Faults } = {},
  ) {
    this.#random = new Random(seed);
    this.faults = faults;
  }

  begin(options?: DtlsOptions, key: Uint8Array = PSK): number {
    if (options) this.kit.dtlsNew(options);
    const result = this.kit.dtlsBegin(this.now, this.#random.bytes(32), ascii(IDENTITY), key);
    this.flush();
    return result;
  }

  /** Sends what the client has to send. */
  flush(): void {
    for (let datagram = this.kit.dtlsOutput(); datagram; datagram = this.kit.dtlsOutput())
      this.send('client', datagram);
  }

  send(from: 'client' | 'server', datagram: Uint8Array): void {
    this.sent.push({ from, datagram, at: this.now });
    const { loss = 0, repeat = 0, delay = 1, corrupt = 0 } = this.faults;
    for (let copies = this.#random.next() < repeat ? 2 : 1; copies > 0; copies--) {
      if (this.#random.next() < loss) continue;
      const bytes = datagram.slice();
      if (this.#random.next() < corrupt) {
        const at = this.#random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
      }
      const to = from === 'client' ? 'server' : 'client';
      this.#arrivals.push({ at: this.now + this.#random.below(delay), to, datagram: bytes });
    }
  }

  /** Goes on until `done`, or until nothing more happens, or `limit` milliseconds have passed. */
  run(done: () => boolean = () => false, limit = 300_000): void {
    const end = this.now + limit;
    while (!done()) {
      this.#arrivals.sort((a, b) => a.at - b.at);
      const next = Math.min(this.#arrivals[0]?.at ?? Infinity, this.kit.dtlsDeadline(), this.#serverDue);
      if (next === Infinity || next > end) return;
      this.now = Math.max(this.now, next);
      this.#turn();
    }
  }

  /** Until the handshake is over, well or badly; returns the client's state. */
  handshake(): number {
    this.run(() => [DtlsState.Open, DtlsState.Closed].includes(this.kit.dtlsStatus().state as 0 | 5));
    return this.kit.dtlsStatus().state;
  }

  #turn(): void {
    const arrival = this.#arrivals[0];
    if (arrival && arrival.at <= this.now) {
      this.#arrivals.shift();
      if (arrival.to === 'client') {
        this.data.push(...this.kit.dtlsReceive(this.now, arrival.datagram).map(text));
      } else {
        this.#serve(arrival.datagram);
      }
    } else if (this.#serverDue <= this.now) {
      if (this.server.state === 'open') this.#serverDue = Infinity;
      else {
        this.#serverWait *= 2;
        this.#serverDue = this.now + this.#serverWait;
        for (const datagram of this.server.retransmit()) this.send('server', datagram);
      }
    } else {
      this.kit.dtlsStep(this.now);
    }
    this.flush();
  }

  #serve(datagram: Uint8Array): void {
    let answers: Uint8Array[];
    try {
      answers = this.server.receive(datagram);
    } catch {
      return; // a datagram that was corrupted on its way
    }
    for (const answer of answers) this.send('server', answer);
    if (answers.length > 0 && this.server.flight.length > 0) {
      this.#serverWait = 1000;
      this.#serverDue = this.server.state === 'open' ? Infinity : this.now + this.#serverWait;
    }
  }
}

/** A kit's client and a server of its own. */
export function linkTo(kit: Client, options: Partial<ServerOptions> = {}, faults: Faults = {}, seed = 'link'): Link {
  return new Link(kit, new TestServer({ psk: PSK, ...options, seed }), { seed, faults });
}

/** Bytes there and back. */
export function talk(wire: Link): void {
  const { kit, server } = wire;
  const before = server.data.length;
  expect(kit.dtlsWrite(ascii('ping'))).toBe(Status.Ok);
  wire.flush();
  wire.run(() => server.data.length > before);
  expect(text(server.data.at(-1) ?? new Uint8Array())).toBe('ping');
  wire.send('server', server.send(ascii('pong')));
  wire.run();
  expect(wire.data.at(-1)).toBe('pong');
}
