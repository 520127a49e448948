// A server's side of a conversation with the kit's sample objects, message by message, on a time of its own.
import { expect } from 'vitest';
import { loadKit, type CoapOptionPair, type CoapParsed } from '../../host/kit/index.js';
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
  readonly block1?: number;
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

/** The server's answer to a request of the device. */
export interface Response {
  readonly code: number;
  readonly options?: readonly CoapOptionPair[];
  readonly payload?: Uint8Array;
}

/** What the server does with a notification: acknowledges it if it wants to be, refuses it, never hears of it, or keeps it without a word. */
export type Reply = 'ack' | 'reset' | 'silent' | 'hold';

/** The sample objects, or a device of standard objects whose image has that version. */
export type Kind = 'sample' | { readonly version: string; readonly isNew: boolean };

export interface LabOptions {
  readonly kind?: Kind;
  /** The format of answers to a server without a wish. */
  readonly preferred?: number;
  /** Bytes of an answer of the sample objects. */
  readonly limit?: number;
  readonly szx?: number;
}

const nameOf = (path: string): string => [...path.slice(1).split('/'), '-1', '-1', '-1'].slice(0, 4).join('/');

export class Lab {
  /** Milliseconds. */
  now = 0;
  readonly notifications: Notification[] = [];
  /** Requests that the device makes itself (Send). */
  readonly requests: CoapParsed[] = [];
  reply: Reply = 'ack';
  /** Notifications that were kept; how many were lost. */
  readonly held: CoapParsed[] = [];
  silent = 0;
  /** Answers a request of the device; 'silent': it never comes. */
  serve: ((request: CoapParsed) => Response | 'silent') | undefined;
  readonly #isSample: boolean;
  #mid = 0;

  constructor({ kind = 'sample', preferred = 112, limit = 2048, szx = 6 }: LabOptions = {}) {
    kit.coapBegin({ seed: 1n, limit: 2048, szx });
    this.#isSample = kind === 'sample';
    if (kind === 'sample') kit.lwm2mObjectsBegin(preferred, limit);
    else kit.lwm2mStandardBegin(kind.version, kind.isNew);
  }

  /** One request; returns the answer to it. */
  ask(method: number, path: string, parts: Parts = {}): CoapParsed {
    const { query = '', format, accept, observe, token = 1, block2, block1, body = NONE } = parts;
    const number = (option: number, value: number | undefined): [number, Uint8Array][] =>
      value === undefined ? [] : [[option, kit.coapUint(value)]];
    const options = [
      ...uri(path.slice(1), query),
      ...number(6, observe),
      ...number(12, format),
      ...number(17, accept),
      ...number(23, block2),
      ...number(27, block1),
    ].sort(([a], [b]) => a - b);
    const payload = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body;
    this.#mid = (this.#mid + 1) % 32_768;
    const mid = this.#mid;
    const bytes = kit.coapWrite({ type: CON, code: method, mid, token: Uint8Array.of(token), options, payload });
    this.#event(kit.coapReceive(this.now, bytes));
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
      const deadline = Math.min(kit.coapDeadline(), this.#observeDeadline);
      if (deadline > end) break;
      if (deadline <= this.now) expect(++turns).toBeLessThan(1_000);
      else turns = 0;
      this.now = Math.max(this.now, deadline);
      this.#event(kit.coapStep(this.now));
    }
    this.now = end;
    return this.notifications.slice(from);
  }

  /** A number of the device's own changes, and it says so; or it does not. */
  set(path: string, value: number): void {
    kit.lwm2mObjectsPut(nameOf(path), value);
  }
  setSilently(path: string, value: number): void {
    kit.lwm2mObjectsPut(nameOf(path), value, true);
  }

  #event(event: number): void {
    if (event === 0) return;
    if (this.#isSample) kit.lwm2mObjectsHandle(event, this.now);
    else kit.lwm2mStandardHandle(event, this.now);
  }

  get #observeDeadline(): number {
    return this.#isSample ? kit.lwm2mObserveDeadline() : kit.lwm2mStandardDeadline();
  }

  #pump(): void {
    for (;;) {
      if (this.#observeDeadline <= this.now) {
        if (this.#isSample) kit.lwm2mObserveStep(this.now);
        else kit.lwm2mStandardStep(this.now);
      }
      const bytes = kit.coapOutput();
      if (bytes.length === 0) return;
      this.#take(kit.coapParse(bytes));
    }
  }

  #take(message: CoapParsed): void {
    if (message.code === 0) return;
    if (message.code < 32) {
      this.requests.push(message);
      const response = this.serve?.(message) ?? 'silent';
      if (response === 'silent') return;
      const { code, options = [], payload = NONE } = response;
      const { mid, token } = message;
      this.#event(kit.coapReceive(this.now, kit.coapWrite({ type: ACK, code, mid, token, options, payload })));
      return;
    }
    const con = message.type === CON;
    if (this.reply === 'silent') this.silent++;
    if (this.reply === 'hold') this.held.push(message);
    if (this.reply === 'silent' || this.reply === 'hold') return;
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
