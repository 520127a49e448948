// Two conversations of the host with a line between, on the virtual clock.
import { MS, SECOND, type Nanoseconds } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { type CoapLimits, CoapPeer, type CoapResponse, type IncomingRequest } from '../../host/coap/index.js';
import { Random } from '../../host/random.js';

export type Handle = (request: IncomingRequest) => CoapResponse | Promise<CoapResponse>;
export const answer = (
  code: string,
  payload: Uint8Array | string = '',
  options: CoapResponse['options'] = [],
): CoapResponse => ({
  ...{ code, options, payload: Buffer.from(payload as string) },
});

export interface Faults {
  readonly loss?: number;
  readonly repeat?: number;
  readonly delay?: Nanoseconds;
}

export class Pair {
  readonly clock = new VirtualClock(0);
  readonly wire: { from: 'client' | 'server'; bytes: Uint8Array; t: Nanoseconds }[] = [];
  readonly client: CoapPeer;
  readonly server: CoapPeer;
  readonly requests: IncomingRequest[] = [];
  faults: Faults = {};
  readonly #random: Random;

  constructor(handle: Handle, { seed = 'pair', limits = {} }: { seed?: string; limits?: Partial<CoapLimits> } = {}) {
    const { clock } = this;
    this.#random = new Random(seed);
    const [a, b] = [new Random(`${seed} a`), new Random(`${seed} b`)];
    this.client = new CoapPeer({
      ...{ clock, random: a, limits },
      send: (bytes) => this.#carry('client', bytes, (copy) => this.server.receive(copy)),
    });
    this.server = new CoapPeer({
      ...{ clock, random: b, limits },
      send: (bytes) => this.#carry('server', bytes, (copy) => this.client.receive(copy)),
      handle: (request) => {
        this.requests.push(request);
        return handle(request);
      },
    });
  }

  #carry(from: 'client' | 'server', bytes: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    this.wire.push({ from, bytes: bytes.slice(), t: this.clock.now() });
    const { loss = 0, repeat = 0, delay = 0 } = this.faults;
    for (let copies = this.#random.next() < repeat ? 2 : 1; copies > 0; copies--) {
      if (this.#random.next() < loss) continue;
      const copy = bytes.slice();
      this.clock.after(10 * MS + this.#random.next() * delay, () => {
        this.clock.stir();
        deliver(copy);
      });
    }
  }

  /** Lets time pass until this is settled. */
  async await<T>(work: Promise<T>, within: Nanoseconds = 3600 * SECOND): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
      this.clock.stir();
    };
    work.then(end, end);
    await this.clock.run({ until: () => over, deadline: this.clock.now() + within });
    if (!over) throw new Error('it never comes to an end');
    return work;
  }
}
