// A client of the device's side and the server, on the virtual clock, with a line between that loses, repeats, delays and
// damages datagrams by a seed.
import { MS, SECOND, type Nanoseconds } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import {
  type Association,
  type AssociationKeeper,
  type DtlsLimits,
  DtlsServer,
  type EndReason,
  type KeptEntry,
} from '../../host/dtls/index.js';
import { DtlsState, type DtlsOptions } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import type { Client } from '../dtls/link.js';

export const KEY = new Uint8Array(Buffer.from('00112233445566778899aabbccddeeff', 'hex'));
export const IDENTITY = 'd-0123456789abcdefghij';
export const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

export interface Faults {
  readonly loss?: number;
  readonly repeat?: number;
  readonly delay?: Nanoseconds;
  readonly corrupt?: number;
}

export class Line {
  readonly clock = new VirtualClock(0);
  server: DtlsServer;
  readonly opened: Association[] = [];
  readonly ended: EndReason[] = [];
  readonly atServer: string[] = [];
  readonly atClient: string[] = [];
  readonly wire: { from: 'client' | 'server'; datagram: Uint8Array; path: string }[] = [];
  readonly random: Random;
  faults: Faults = {};
  /** The client's address. */
  path = '10.0.0.1:40000';
  readonly #makeServer: (name: string) => DtlsServer;
  #timer: { cancel(): void } | undefined;

  constructor(
    readonly client: Client,
    {
      seed = 'line',
      limits = {},
      keys = { [IDENTITY]: KEY },
      keeper,
    }: {
      seed?: string;
      limits?: Partial<DtlsLimits>;
      keys?: Readonly<Record<string, Uint8Array>>;
      keeper?: AssociationKeeper;
    } = {},
  ) {
    this.random = new Random(seed);
    this.#makeServer = (name) => this.#serve(name, limits, keys, keeper);
    this.server = this.#makeServer('server');
  }

  #serve(
    name: string,
    limits: Partial<DtlsLimits>,
    keys: Readonly<Record<string, Uint8Array>>,
    keeper: AssociationKeeper | undefined,
  ): DtlsServer {
    return new DtlsServer({
      ...{ clock: this.clock, random: this.random.fork(name), limits, keeper },
      keysOf: (identity) => {
        const key = Object.hasOwn(keys, identity) ? keys[identity] : undefined;
        return key && [{ id: 'one', key: new Secret(key) }];
      },
      opened: (association) => void this.opened.push(association),
      data: (association, bytes) => {
        this.atServer.push(bytes.toString('latin1'));
        association.send(Buffer.concat([Buffer.from('> '), bytes]));
      },
      ended: (_, reason) => void this.ended.push(reason),
    });
  }

  /** Another process in the server's place, which has what was kept. */
  restart(kept: readonly KeptEntry[], name = `server ${this.wire.length}`): readonly Association[] {
    this.server = this.#makeServer(name);
    return this.server.restore(kept, (path) => ({ key: path, send: (back) => this.#toClient(back, path) }));
  }

  /** Puts a datagram on the line to the server. */
  toServer(datagram: Uint8Array, path = this.path): void {
    this.wire.push({ from: 'client', datagram, path });
    this.#carry(datagram, (copy) =>
      this.server.receive(copy, { key: path, send: (back) => this.#toClient(back, path) }),
    );
  }

  #toClient(back: Uint8Array, path: string): void {
    this.wire.push({ from: 'server', datagram: back.slice(), path });
    this.#carry(back, (answer) => {
      if (path !== this.path) return; // nobody is there any more
      for (const piece of this.client.dtlsReceive(this.#ms(), answer)) {
        this.atClient.push(Buffer.from(piece).toString('latin1'));
      }
      this.flush();
    });
  }

  begin(options: DtlsOptions | null = {}, key = KEY, identity = IDENTITY): void {
    if (options !== null) this.client.dtlsNew(options);
    this.client.dtlsBegin(this.#ms(), this.random.bytes(32), ascii(identity), key);
    this.flush();
  }

  /** Until it is open or over; the client's state. */
  async handshake(options: DtlsOptions | null = {}, key = KEY, identity = IDENTITY): Promise<number> {
    this.begin(options, key, identity);
    await this.run(() => [DtlsState.Open, DtlsState.Closed].includes(this.client.dtlsStatus().state as 0 | 5));
    return this.client.dtlsStatus().state;
  }

  write(text: string): void {
    this.client.dtlsWrite(ascii(text));
    this.flush();
  }

  /** Says something until there is an answer, as CoAP does. */
  async talk(text: string): Promise<boolean> {
    for (let attempt = 0; attempt < 12; attempt++) {
      this.write(text);
      if (await this.run(() => this.atClient.includes(`> ${text}`), 2 * SECOND)) return true;
    }
    return false;
  }

  async run(until: () => boolean, within: Nanoseconds = 300 * SECOND): Promise<boolean> {
    return (await this.clock.run({ until, deadline: this.clock.now() + within })) === 'until';
  }

  /** Sends what the client has to send, and wakes it when it wants to. */
  flush(): void {
    const { client } = this;
    for (let out = client.dtlsOutput(); out !== undefined; out = client.dtlsOutput()) this.toServer(out);
    this.#timer?.cancel();
    const due = client.dtlsDeadline();
    if (due === Infinity) return;
    this.#timer = this.clock.at(Math.max(due * MS, this.clock.now() + MS), () => {
      client.dtlsStep(this.#ms());
      this.flush();
    });
  }

  #ms(): number {
    return Math.floor(this.clock.now() / MS);
  }

  #carry(datagram: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    const { loss = 0, repeat = 0, delay = 0, corrupt = 0 } = this.faults;
    for (let copies = this.random.next() < repeat ? 2 : 1; copies > 0; copies--) {
      if (this.random.next() < loss) continue;
      const copy = datagram.slice();
      if (this.random.next() < corrupt) {
        const at = this.random.below(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << this.random.below(8));
      }
      this.clock.after(10 * MS + this.random.next() * delay, () => deliver(copy));
    }
  }
}
