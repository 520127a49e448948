// A server's side of a conversation with the kit's sample objects, message by message, on a time of its own.
import { expect } from 'vitest';
import { loadKit, type CoapParsed } from '../../host/kit/index.js';
import { uri } from '../coap/hex.js';

export const kit = await loadKit();
export const NONE = new Uint8Array();
export const GET = 1;
export const POST = 2;
export const PUT = 3;
export const DELETE = 4;
export const FETCH = 5;
export const IPATCH = 7;

const CON = 0;
const ACK = 2;
const RST = 3;

export const dotted = (m: CoapParsed): string => `${m.code >> 5}.${String(m.code & 31).padStart(2, '0')}`;
export const text = (m: CoapParsed): string => Buffer.from(m.payload).toString();

export interface Parts {
  readonly query?: string;
  readonly format?: number;
  readonly accept?: number;
  readonly observe?: number;
  readonly token?: number;
  readonly block2?: number;
  readonly body?: Uint8Array | string;
}

export interface Notification {
  /** Seconds. */
  readonly at: number;
  readonly token: number;
  readonly con: boolean;
  readonly code: string;
  readonly observe: number;
  readonly text: string;
  readonly message: CoapParsed;
}

/** What the server does with a notification: acknowledges it if it wants to be, refuses it, or never hears of it. */
export type Reply = 'ack' | 'reset' | 'silent';

export class Lab {
  /** Milliseconds. */
  now = 0;
  readonly notifications: Notification[] = [];
  /** Requests that the device makes itself (Send). */
  readonly requests: CoapParsed[] = [];
  reply: Reply = 'ack';
  #mid = 0;

  /** `preferred`: the format of answers to a server without a wish. */
  constructor(preferred = 112, limit = 2048, szx = 6) {
    kit.coapBegin({ seed: 1n, limit: 2048, szx });
    kit.lwm2mObjectsBegin(preferred, limit);
  }

  /** One request; returns the answer to it. */
  ask(method: number, path: string, parts: Parts = {}): CoapParsed {
    const { query = '', format, accept, observe, token = 1, block2, body = NONE } = parts;
    const number = (option: number, value: number | undefined): [number, Uint8Array][] =>
      value === undefined ? [] : [[option, kit.coapUint(value)]];
    const options = [
      ...uri(path.slice(1), query),
      ...number(6, observe),
      ...number(12, format),
      ...number(17, accept),
      ...number(23, block2),
    ].sort(([a], [b]) => a - b);
    const payload = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body;
    this.#mid = (this.#mid + 1) % 32_768;
    const mid = this.#mid;
    const bytes = kit.coapWrite({ type: CON, code: method, mid, token: Uint8Array.of(token), options, payload });
    kit.lwm2mObjectsHandle(kit.coapReceive(this.now, bytes), this.now);
    const answer = kit.coapParse(kit.coapOutput());
    expect(answer).toMatchObject({ status: 0, mid, type: ACK });
    this.#pump();
    return answer;
  }

  /** Time goes on for so many seconds, deadline by deadline. */
  run(seconds: number): Notification[] {
    const end = this.now + seconds * 1000;
    const from = this.notifications.length;
    let turns = 0;
    for (;;) {
      this.#pump();
      const deadline = Math.min(kit.coapDeadline(), kit.lwm2mObserveDeadline());
      if (deadline > end) break;
      if (deadline <= this.now) expect(++turns).toBeLessThan(1_000);
      else turns = 0;
      this.now = Math.max(this.now, deadline);
      this.#event(kit.coapStep(this.now));
    }
    this.now = end;
    return this.notifications.slice(from);
  }

  /** A number of the device's own changes. */
  set(path: string, value: number): void {
    const ids = path.slice(1).split('/');
    kit.lwm2mObjectsPut([...ids, '-1', '-1', '-1', '-1'].slice(0, 4).join('/'), value);
  }

  #event(event: number): void {
    if (event !== 0) kit.lwm2mObjectsHandle(event, this.now);
  }

  #pump(): void {
    for (;;) {
      kit.lwm2mObserveStep(this.now);
      const bytes = kit.coapOutput();
      if (bytes.length === 0) return;
      this.#take(kit.coapParse(bytes));
    }
  }

  #take(message: CoapParsed): void {
    if (message.code === 0) return;
    if (message.code < 32) {
      this.requests.push(message);
      return;
    }
    const con = message.type === CON;
    if (this.reply === 'silent') return;
    this.notifications.push({
      ...{ at: this.now / 1000, token: message.token[0] ?? 0, con, code: dotted(message) },
      ...{ observe: message.observe, text: text(message), message },
    });
    if (con || this.reply === 'reset') this.answer(message.mid, this.reply === 'reset' ? RST : ACK);
  }

  /** An empty message of the server. */
  answer(mid: number, type: number): void {
    const bytes = kit.coapWrite({ type, code: 0, mid, token: NONE, options: [], payload: NONE });
    this.#event(kit.coapReceive(this.now, bytes));
  }
}
