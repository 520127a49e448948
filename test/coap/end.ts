// A device endpoint with a clock and something that carries its datagrams: the lossy link below, or a real socket.
import { Random } from '../../host/random.js';
import { MS, type Clock, type Timer } from '../../host/clock/clock.js';
import { CoapEvent, loadKit, type CoapAsk, type CoapParsed, type CoapReply, type Kit } from '../../host/kit/index.js';

/** What became of a request of ours. */
export interface Outcome {
  /** `Status`. */
  readonly result: number;
  readonly code: number;
  readonly body: Buffer;
  readonly message: CoapParsed;
}

export interface Request {
  readonly message: CoapParsed;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: Buffer;
}

/** 'defer': the answer comes by `respondLater`. */
export type Handler = (request: Request) => CoapReply | 'defer';

const URI_PATH = 11;
const URI_QUERY = 15;

export class End {
  handler: Handler = () => ({ code: 0x84 });
  /** Blocks of bodies are gathered by the endpoint, or taken one by one into `taken`. */
  gather = true;
  readonly taken: Buffer[] = [];
  readonly offsets: number[] = [];
  readonly outcomes: Outcome[] = [];
  readonly notifications: Outcome[] = [];
  readonly delivered: string[] = [];
  readonly undelivered: { token: string; result: number }[] = [];
  send: (bytes: Uint8Array) => void = () => undefined;
  onEvent: () => void = () => undefined;

  readonly #clock: Clock;
  #timer: Timer | undefined;

  private constructor(
    readonly kit: Kit,
    clock: Clock,
  ) {
    this.#clock = clock;
  }

  static async create(
    clock: Clock,
    options: { seed: bigint; szx?: number; tokenBytes?: number; limit?: number },
  ): Promise<End> {
    const kit = await loadKit();
    kit.coapBegin(options);
    return new End(kit, clock);
  }

  get now(): number {
    return Math.floor(this.#clock.now() / MS);
  }

  receive(bytes: Uint8Array): void {
    this.#event(this.kit.coapReceive(this.now, bytes));
    this.pump();
  }

  ask(ask: CoapAsk): number {
    const status = this.kit.coapRequest(this.now, ask);
    this.pump();
    return status;
  }

  notify(confirmable: boolean, token: Uint8Array, sequence: number, reply: CoapReply): number {
    const status = this.kit.coapNotify(this.now, confirmable, token, sequence, reply);
    this.pump();
    return status;
  }

  respondLater(reply: CoapReply): number {
    const status = this.kit.coapRespondLater(this.now, reply);
    this.pump();
    return status;
  }

  ping(): number {
    const status = this.kit.coapPing(this.now);
    this.pump();
    return status;
  }

  /** Sends what waits and sets the timer. */
  pump(): void {
    for (;;) {
      const bytes = this.kit.coapOutput();
      if (bytes.length === 0) break;
      this.send(bytes);
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    const deadline = this.kit.coapDeadline();
    if (deadline === Infinity) return;
    this.#timer = this.#clock.at(deadline * MS, () => {
      this.#timer = undefined;
      this.#event(this.kit.coapStep(this.now));
      this.pump();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #event(event: number): void {
    const { kit } = this;
    switch (event) {
      case CoapEvent.Request:
        this.#serve();
        break;
      case CoapEvent.Block:
      case CoapEvent.ResponseBlock:
        if (this.gather) {
          kit.coapKeep(this.now);
        } else {
          this.offsets.push(kit.coapOffset());
          this.taken.push(Buffer.from(kit.coapBody()));
          kit.coapTake(this.now);
        }
        break;
      case CoapEvent.Response:
      case CoapEvent.Notification:
        (event === CoapEvent.Response ? this.outcomes : this.notifications).push({
          result: kit.coapResult(),
          code: kit.coapMessage().code,
          body: kit.coapResult() === 0 ? Buffer.from(kit.coapBody()) : Buffer.alloc(0),
          message: kit.coapMessage(),
        });
        break;
      case CoapEvent.Delivered:
        this.delivered.push(Buffer.from(kit.coapToken()).toString('hex'));
        break;
      case CoapEvent.Undelivered:
        this.undelivered.push({ token: Buffer.from(kit.coapToken()).toString('hex'), result: kit.coapResult() });
        break;
      default:
    }
    if (event !== CoapEvent.None) this.onEvent();
  }

  #serve(): void {
    const message = this.kit.coapMessage();
    const texts = (wanted: number): string[] =>
      message.options.filter(([number]) => number === wanted).map(([, value]) => Buffer.from(value).toString());
    const answer = this.handler({
      message,
      path: texts(URI_PATH).join('/'),
      query: texts(URI_QUERY),
      body: Buffer.from(this.kit.coapBody()),
    });
    if (answer === 'defer') {
      if (!this.kit.coapDefer()) this.kit.coapRespond({ code: 0xa3 });
    } else {
      this.kit.coapRespond(answer);
    }
  }
}

/** Shares of datagrams, 0 to 1, each way. A late one is overtaken by those sent up to three seconds after it. */
export interface Faults {
  readonly loss?: number;
  readonly duplication?: number;
  readonly reordering?: number;
  readonly corruption?: number;
}

/** Carries datagrams between two ends, badly. Returns all that was sent, in order. */
export function connect(clock: Clock, seed: string, a: End, b: End, faults: Faults = {}): Uint8Array[] {
  const random = new Random(seed);
  const sent: Uint8Array[] = [];
  const happens = (share = 0): boolean => share > 0 && random.next() < share;
  const carry = (to: End) => (bytes: Uint8Array) => {
    sent.push(bytes);
    const copies = happens(faults.duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delay = 20 + random.below(80) + (happens(faults.reordering) ? random.below(3_000) : 0);
      if (happens(faults.loss)) continue;
      const copy = bytes.slice();
      if (happens(faults.corruption)) copy[random.below(copy.length)] = random.below(256);
      clock.after(delay * MS, () => to.receive(copy));
    }
  };
  a.send = carry(b);
  b.send = carry(a);
  return sent;
}
