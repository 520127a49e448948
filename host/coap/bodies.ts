// Bodies of a server that go in blocks: those of requests are put together, those of responses are cut (RFC 7959 2.3, 2.4).

import { createHash } from 'node:crypto';
import { Alarm } from '../alarm.js';
import type { Clock } from '../clock/clock.js';
import type { CoapLimits } from './limits.js';
import {
  type Block,
  blockOption,
  blockSize,
  type CoapOption,
  findBlock,
  findUint,
  Option,
  szxFor,
  uintOption,
} from './options.js';
import type { CoapResponse, CoapRoom, IncomingRequest } from './types.js';

/** Bodies of different requests that may come in blocks at the same time. */
const MAX_BODIES = 4;

const NOTHING = Buffer.alloc(0);

type BodyLimits = Pick<CoapLimits, 'exchangeLifetime' | 'bodyBytes'>;

/** A body that comes in blocks. */
interface Incoming {
  readonly parts: Buffer[];
  size: number;
  readonly format: number | undefined;
  until: number;
}

/** Bodies of requests that are on their way. */
export class Bodies {
  readonly #clock: Clock;
  readonly #limits: BodyLimits;
  readonly #room: CoapRoom | undefined;
  readonly #alarm: Alarm;
  readonly #incoming = new Map<string, Incoming>();

  constructor(clock: Clock, limits: BodyLimits, room?: CoapRoom) {
    this.#clock = clock;
    this.#limits = limits;
    this.#room = room;
    this.#alarm = new Alarm(clock);
  }

  clear(): void {
    for (const key of [...this.#incoming.keys()]) this.#drop(key);
  }

  #drop(key: string): void {
    this.#room?.remove(this.#incoming.get(key)?.size ?? 0);
    this.#incoming.delete(key);
    if (this.#incoming.size === 0) this.#alarm.clear();
  }

  /** What does not go on takes no memory for longer than an exchange may last. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [key, { until }] of [...this.#incoming]) if (until <= now) this.#drop(key);
    const [oldest] = this.#incoming.values();
    if (oldest !== undefined) this.#alarm.set(oldest.until - now, () => this.#sweep());
  }

  /** The request with its whole body, or what is answered as long as that is not there (RFC 7959 2.3). */
  take(request: IncomingRequest): IncomingRequest | CoapResponse {
    const block = findBlock(request.options, Option.Block1);
    if (block === undefined) return request;
    const refuse = (code: string, options: readonly CoapOption[] = []): CoapResponse => ({
      ...{ code, options, payload: NOTHING },
    });
    if (block === 'reserved') return refuse('4.00');
    const key = `${request.method} ${JSON.stringify([request.path, request.query])}`;
    const now = this.#clock.now();
    const format = findUint(request.options, Option.ContentFormat);
    const { exchangeLifetime, bodyBytes } = this.#limits;
    const size = blockSize(block.szx);
    if (block.num === 0) this.#drop(key);
    const kept = this.#incoming.get(key);
    const body = kept ?? { parts: [], size: 0, format, until: 0 };
    const fits = block.num * size === body.size && body.format === format && (kept === undefined || kept.until > now);
    const { length } = request.payload;
    if (!fits || (block.more ? length !== size : length > size)) {
      this.#drop(key);
      return refuse('4.08');
    }
    if (body.size + length > bodyBytes) {
      this.#drop(key);
      return refuse('4.13', [uintOption(Option.Size1, bodyBytes)]);
    }
    if (!block.more) {
      this.#drop(key);
      return { ...request, payload: Buffer.concat([...body.parts, request.payload]) };
    }
    // One body at a time for each request; of many requests, the oldest makes room.
    if (kept === undefined && this.#incoming.size >= MAX_BODIES) this.#drop([...this.#incoming.keys()][0] ?? '');
    const fault = this.#room?.add(length);
    if (fault !== undefined) {
      this.#drop(key);
      return refuse(fault === 'caller' ? '4.29' : '5.03');
    }
    body.parts.push(request.payload);
    body.size += length;
    body.until = now + exchangeLifetime;
    this.#incoming.delete(key);
    this.#incoming.set(key, body);
    this.#sweep();
    return refuse('2.31', [blockOption(Option.Block1, block)]);
  }
}

const etagOf = (payload: Uint8Array): Buffer => createHash('sha256').update(payload).digest().subarray(0, 4);

/** The block of a response that was asked for, or its first if it is too long for a datagram (RFC 7959 2.4). */
export function cut(response: CoapResponse, request: IncomingRequest, blockBytes: number): CoapResponse {
  const block1 = findBlock(request.options, Option.Block1);
  const has = (number: number): boolean => response.options.some((option) => option.number === number);
  const echoed =
    block1 === undefined || block1 === 'reserved' || has(Option.Block1) ? [] : [blockOption(Option.Block1, block1)];
  const options = [...response.options, ...echoed];
  const asked = findBlock(request.options, Option.Block2);
  if (asked === 'reserved') return { code: '4.00', options: [], payload: NOTHING };
  const { payload } = response;
  const szx = Math.min(asked?.szx ?? 6, szxFor(blockBytes));
  const size = blockSize(szx);
  if (!response.code.startsWith('2.') || (payload.length <= size && (asked === undefined || asked.num === 0))) {
    const only =
      asked && response.code.startsWith('2.') ? [blockOption(Option.Block2, { num: 0, more: false, szx })] : [];
    return { ...response, options: [...options, ...only] };
  }
  const start = (asked?.num ?? 0) * (asked === undefined ? size : blockSize(asked.szx));
  if (start >= payload.length) return { code: '4.00', options: [], payload: Buffer.from('no such block') };
  const block: Block = { num: start / size, more: start + size < payload.length, szx };
  const tag = has(Option.ETag) ? [] : [{ number: Option.ETag, value: etagOf(payload) }];
  const total = block.num === 0 ? [uintOption(Option.Size2, payload.length)] : [];
  return {
    code: response.code,
    options: [...options, ...tag, blockOption(Option.Block2, block), ...total],
    payload: payload.subarray(start, start + size),
  };
}
