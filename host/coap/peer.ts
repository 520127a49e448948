// A conversation with one CoAP endpoint, as client and as server (RFC 7252 4 and 5, RFC 7641, RFC 7959): datagrams in and
// out, time from the world's clock. Confirmable messages are repeated, repeated ones are known again, bodies go in blocks.

import type { Clock, Timer } from '../clock/clock.js';
import type { Random } from '../random.js';
import { Bodies, cut } from './bodies.js';
import { Exchange, type ExchangeHost } from './exchange.js';
import { COAP_LIMITS, type CoapLimits } from './limits.js';
import { type CoapMessage, emit, empty, parse } from './message.js';
import { Observation } from './observation.js';
import {
  blockSize,
  type CoapOption,
  findBlock,
  findTexts,
  findUint,
  Option,
  szxFor,
  understood,
  uintOption,
} from './options.js';
import { CoapError, type CoapRequest, type CoapResponse, type CoapRoom, type IncomingRequest } from './types.js';
import { Transfer } from './transfer.js';

export interface CoapPeerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly send: (datagram: Uint8Array) => void;
  /** Answers requests of the other side; 5.00 if it throws, 4.04 without it. */
  readonly handle?: (request: IncomingRequest) => CoapResponse | Promise<CoapResponse>;
  /** Bytes that a datagram takes. */
  readonly maxBytes?: number;
  /** Where bodies that come in blocks are counted besides. */
  readonly room?: CoapRoom;
  /** Overrides of COAP_LIMITS. */
  readonly limits?: Partial<CoapLimits>;
}

/** Room for header, token and options beside a block. */
const OVERHEAD = 128;
/** The longest, as from Californium: published clients of SORACOM Inventory take every token for one of 8 bytes. */
const TOKEN_BYTES = 8;
const NOTHING = Buffer.alloc(0);

/** What was answered to a message of the other side, should it come again. */
interface Remembered {
  readonly until: number;
  answer: Buffer | undefined;
}

export class CoapPeer {
  readonly #options: CoapPeerOptions;
  readonly #limits: CoapLimits;
  readonly #remembered = new Map<number, Remembered>();
  readonly #bodies: Bodies;
  /** By token, hexadecimal. */
  readonly #exchanges = new Map<string, Exchange>();
  readonly #observations = new Map<string, Observation>();
  readonly #queue: (() => void)[] = [];
  readonly #host: ExchangeHost;
  #busy = false;
  /** Requests of the other side that are not done with. */
  #answering = 0;
  #mid: number;
  #closed = false;

  constructor(options: CoapPeerOptions) {
    this.#options = options;
    this.#limits = { ...COAP_LIMITS, ...options.limits };
    this.#bodies = new Bodies(options.clock, this.#limits, options.room);
    this.#mid = options.random.below(0x10000);
    this.#host = {
      clock: options.clock,
      random: options.random,
      limits: this.#limits,
      send: (bytes) => this.#send(bytes),
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Nothing is under way in either direction. */
  get quiet(): boolean {
    return this.#exchanges.size === 0 && this.#queue.length === 0;
  }

  /** Bytes of the largest block that a datagram takes. */
  get blockBytes(): number {
    const { maxBytes = Infinity } = this.#options;
    return blockSize(szxFor(Math.max(16, Math.min(this.#limits.blockBytes, maxBytes - OVERHEAD))));
  }

  // --- Client ---

  /**
   * Asks, one request after the other (NSTART 1). Resolves to the response, whatever its code; the bodies of both may go in
   * blocks. Rejects with CoapError.
   */
  request(request: CoapRequest): Promise<CoapResponse> {
    return this.#inTurn(() => new Transfer(this.#sender, this.#limits.bodyBytes, this.blockBytes).run(request));
  }

  /**
   * Asks to be told of changes (RFC 7641). Resolves to the first state; `notify` gets the later ones in their order. The
   * observation is there if the response has Observe; `ended` is called once when it is over, other than by `cancel`.
   */
  async observe(
    request: CoapRequest,
    notify: (response: CoapResponse) => void,
    ended: (reason: string) => void = () => undefined,
  ): Promise<{ readonly response: CoapResponse; readonly observation: Observation | undefined }> {
    return this.#inTurn(async () => {
      if (this.#observations.size >= this.#limits.observations) throw new CoapError('busy', 'too many observations');
      const token = this.#token();
      const asked = { ...request, options: [...(request.options ?? []), uintOption(Option.Observe, 0)] };
      const first = await this.#ask(asked, token);
      const sequence = findUint(first.options, Option.Observe);
      if (sequence === undefined || !first.code.startsWith('2.')) return { response: first, observation: undefined };
      const key = token.toString('hex');
      const rest = (begun: CoapResponse): Promise<CoapResponse> =>
        new Transfer(this.#sender, this.#limits.bodyBytes, this.blockBytes).rest(request, begun);
      /** The first block of a notification whose others are not asked for yet: of several only the newest counts. */
      let begun: CoapResponse | undefined;
      const whole = async (): Promise<CoapResponse> => {
        const newest = begun;
        begun = undefined;
        return newest === undefined ? Promise.reject(new CoapError('closed', 'the observation is over')) : rest(newest);
      };
      const observation = new Observation(this.#options.clock, this.#limits, sequence, {
        notify: (response) => {
          const isWaiting = begun !== undefined;
          begun = isFirstOfMany(response) ? response : undefined;
          if (begun === undefined) return notify(response);
          if (!isWaiting) void this.#inTurn(whole).then(notify, () => undefined);
        },
        ended: (reason) => {
          this.#observations.delete(key);
          ended(reason);
        },
        cancel: () => {
          this.#observations.delete(key);
          const over = { ...request, options: [...(request.options ?? []), uintOption(Option.Observe, 1)] };
          return this.#inTurn(() => this.#ask(over, token));
        },
      });
      this.#observations.set(key, observation);
      return { response: isFirstOfMany(first) ? await rest(first) : first, observation };
    });
  }

  /** Whether the other side says something within the time that a confirmable message takes. */
  async ping(): Promise<boolean> {
    try {
      await this.#inTurn(() => this.#exchange(undefined, NOTHING));
      return true;
    } catch (error) {
      // A Reset is the answer to a ping (RFC 7252 4.3).
      if (error instanceof CoapError && error.code === 'reset') return true;
      if (error instanceof CoapError) return false;
      throw error;
    }
  }

  /** What was asked and is not answered yet fails; the conversation goes on. */
  abandon(reason: string): void {
    for (const exchange of [...this.#exchanges.values()]) exchange.fail(new CoapError('closed', reason));
  }

  /** Everything under way fails; nothing is sent any more. */
  close(reason = 'closed'): void {
    if (this.#closed) return;
    this.#closed = true;
    this.abandon(reason);
    for (const observation of [...this.#observations.values()]) observation.end(reason);
    for (const start of this.#queue.splice(0)) start();
    this.#remembered.clear();
    this.#bodies.clear();
  }

  readonly #sender = (request: CoapRequest): Promise<CoapResponse> => this.#ask(request, this.#token());

  #token(): Buffer {
    for (;;) {
      const token = Buffer.from(this.#options.random.bytes(TOKEN_BYTES));
      const key = token.toString('hex');
      if (!this.#exchanges.has(key) && !this.#observations.has(key)) return token;
    }
  }

  /** Runs `work` when what was asked before is done. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) {
      if (this.#queue.length >= this.#limits.waiting) throw new CoapError('busy', 'too many requests wait');
      // Who is woken has the turn already.
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    }
    this.#busy = true;
    try {
      if (this.#closed) throw new CoapError('closed', 'the conversation is over');
      return await work();
    } finally {
      this.#options.clock.stir();
      const next = this.#queue.shift();
      if (next === undefined) this.#busy = false;
      else next();
    }
  }

  #ask(request: CoapRequest, token: Buffer): Promise<CoapResponse> {
    return this.#exchange(request, token);
  }

  #exchange(request: CoapRequest | undefined, token: Buffer): Promise<CoapResponse> {
    const mid = this.#nextMid();
    const message: CoapMessage = {
      ...{ type: 'CON', mid, token },
      code: request?.method ?? '0.00',
      options: request === undefined ? [] : optionsOf(request),
      payload: Buffer.from(request?.payload ?? NOTHING),
    };
    const key = token.toString('hex');
    return new Promise((resolve, reject) => {
      const { clock } = this.#options;
      const { patience } = request ?? {};
      const over = (): void => {
        limit?.cancel();
        this.#exchanges.delete(key);
        clock.stir();
      };
      const exchange = new Exchange(this.#host, message, {
        done: (response) => {
          over();
          resolve(response);
        },
        failed: (error) => {
          over();
          reject(error);
        },
      });
      const gaveUp = (): void => exchange.fail(new CoapError('timeout', 'no answer'));
      const limit = patience === undefined ? undefined : clock.after(patience, gaveUp);
      this.#exchanges.set(key, exchange);
      exchange.start();
    });
  }

  #nextMid(): number {
    this.#mid = (this.#mid + 1) & 0xffff;
    return this.#mid;
  }

  #send(datagram: Uint8Array): void {
    if (!this.#closed) this.#options.send(datagram);
  }

  // --- What comes ---

  /** Takes one datagram. Never throws. */
  receive(datagram: Uint8Array): void {
    if (this.#closed) return;
    const message = parse(datagram);
    if ('malformed' in message) {
      if (message.reject !== undefined) this.#send(empty('RST', message.reject));
      return;
    }
    if (message.code === '0.00') this.#empty(message);
    else if (message.code.startsWith('0.')) this.#request(message);
    else this.#response(message);
  }

  #empty({ type, mid }: CoapMessage): void {
    if (type === 'CON') {
      this.#send(empty('RST', mid));
      return;
    }
    for (const exchange of this.#exchanges.values()) {
      if (exchange.mid !== mid) continue;
      if (type === 'ACK') exchange.acknowledged();
      else exchange.fail(new CoapError('reset', 'the other side rejects the message'));
      return;
    }
  }

  #response(message: CoapMessage): void {
    const { type, mid, token, code, payload } = message;
    const key = token.toString('hex');
    const exchange = this.#exchanges.get(key);
    const observation = this.#observations.get(key);
    if (type === 'ACK') {
      if (exchange?.mid !== mid) return;
    } else if (exchange === undefined && observation === undefined) {
      if (type === 'CON') this.#send(this.#known(mid) ?? this.#remember(mid, 'CON', empty('RST', mid)));
      return;
    }
    const { options, critical } = understood(message.options);
    if (critical !== undefined) {
      if (type === 'CON') this.#send(empty('RST', mid));
      exchange?.fail(new CoapError('malformed', `the response has the critical option ${critical}`));
      return;
    }
    if (type === 'CON') {
      const again = this.#known(mid);
      this.#send(again ?? this.#remember(mid, 'CON', empty('ACK', mid)));
      if (again !== undefined) return;
    }
    const response = { code, options, payload };
    if (exchange !== undefined) exchange.answered(response);
    else observation?.notified(response);
  }

  // --- Server ---

  #known(mid: number): Buffer | undefined {
    const found = this.#remembered.get(mid);
    return found !== undefined && found.until > this.#options.clock.now() ? found.answer : undefined;
  }

  #remember(mid: number, type: 'CON' | 'NON', answer: Buffer): Buffer;
  #remember(mid: number, type: 'CON' | 'NON', answer: undefined): undefined;
  #remember(mid: number, type: 'CON' | 'NON', answer: Buffer | undefined): Buffer | undefined {
    const { exchangeLifetime, nonLifetime, remembered } = this.#limits;
    const until = this.#options.clock.now() + (type === 'CON' ? exchangeLifetime : nonLifetime);
    this.#remembered.delete(mid);
    this.#remembered.set(mid, { until, answer });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= remembered) break;
      this.#remembered.delete(oldest);
    }
    return answer;
  }

  #request(message: CoapMessage): void {
    const { mid } = message;
    const type = message.type === 'CON' ? 'CON' : 'NON';
    const before = this.#remembered.get(mid);
    if (before !== undefined && before.until > this.#options.clock.now()) {
      if (before.answer !== undefined) this.#send(before.answer);
      return;
    }
    const { options, critical } = understood(message.options);
    if (critical !== undefined && type === 'NON') return;
    this.#remember(mid, type, undefined);
    const request: IncomingRequest = {
      method: message.code,
      path: findTexts(options, Option.UriPath),
      query: findTexts(options, Option.UriQuery),
      options,
      payload: message.payload,
      confirmable: type === 'CON',
    };
    const isMany = this.#answering >= this.#limits.answering;
    this.#answering++;
    const answer = this.#answerer(message, request);
    if (isMany) {
      answer({ code: '4.29', options: [], payload: NOTHING });
      return;
    }
    if (critical !== undefined) {
      answer({ code: '4.02', options: [], payload: Buffer.from(`option ${critical}`) });
      return;
    }
    const assembled = this.#bodies.take(request);
    if ('code' in assembled) {
      answer(assembled);
      return;
    }
    this.#handle(assembled, answer);
  }

  #handle(request: IncomingRequest, answer: (response: CoapResponse) => void): void {
    const failed: CoapResponse = { code: '5.00', options: [], payload: NOTHING };
    let answered: CoapResponse | Promise<CoapResponse>;
    try {
      answered = this.#options.handle?.(request) ?? { code: '4.04', options: [], payload: NOTHING };
    } catch {
      answered = failed;
    }
    if (!(answered instanceof Promise)) {
      answer(answered);
      return;
    }
    const { clock } = this.#options;
    clock.stir();
    void answered
      .catch(() => failed)
      .then((response) => {
        clock.stir();
        answer(response);
      });
  }

  /** How this request is answered: with its Acknowledgement, or after it; once. */
  #answerer(message: CoapMessage, request: IncomingRequest): (response: CoapResponse) => void {
    const { clock } = this.#options;
    const { mid, token } = message;
    let late: Timer | undefined;
    let acknowledged = false;
    if (request.confirmable) {
      late = clock.after(this.#limits.processingDelay, () => {
        acknowledged = true;
        this.#send(this.#remember(mid, 'CON', empty('ACK', mid)));
      });
    }
    return (response) => {
      late?.cancel();
      this.#answering--;
      if (this.#closed) return;
      const { code, options, payload } = cut(response, request, this.blockBytes);
      const reply = { code, token, options, payload: Buffer.from(payload) };
      if (request.confirmable && !acknowledged) {
        this.#send(this.#remember(mid, 'CON', emit({ ...reply, type: 'ACK', mid })));
      } else if (request.confirmable) {
        // A separate response (RFC 7252 5.2.2), repeated until it is acknowledged.
        const separate = { ...reply, type: 'CON', mid: this.#nextMid() } as const;
        const key = `separate ${separate.mid}`;
        // Until then it counts: who acknowledges nothing has no further ones kept.
        const over = (): void => {
          this.#answering--;
          this.#exchanges.delete(key);
        };
        this.#answering++;
        const exchange = new Exchange(this.#host, separate, { done: over, failed: over }, 'response');
        this.#exchanges.set(key, exchange);
        exchange.start();
      } else {
        const answer = emit({ ...reply, type: 'NON', mid: this.#nextMid() });
        this.#send(this.#remember(mid, 'NON', answer));
      }
    };
  }
}

function isFirstOfMany({ options }: CoapResponse): boolean {
  const block = findBlock(options, Option.Block2);
  return block !== undefined && block !== 'reserved' && block.num === 0 && block.more;
}

function optionsOf({ path, query = [], contentFormat, accept, options = [] }: CoapRequest): CoapOption[] {
  return [
    ...path.map((text) => ({ number: Option.UriPath, value: Buffer.from(text) })),
    ...(contentFormat === undefined ? [] : [uintOption(Option.ContentFormat, contentFormat)]),
    ...query.map((text) => ({ number: Option.UriQuery, value: Buffer.from(text) })),
    ...(accept === undefined ? [] : [uintOption(Option.Accept, accept)]),
    ...options,
  ];
}
