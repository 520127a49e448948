// CoAP of the device (assembly/kit/coap.ts): messages, URIs, and one endpoint, a state machine that takes and gives datagrams.

import { concat } from '../bytes.js';
import { within } from './check.js';

export type CoapOptionPair = readonly [number: number, value: Uint8Array];

export interface CoapMessageFields {
  /** 0 CON, 1 NON, 2 ACK, 3 RST. */
  readonly type: number;
  /** As on the wire: 0x45 is 2.05. */
  readonly code: number;
  readonly mid: number;
  readonly token: Uint8Array;
  /** In ascending order. */
  readonly options: readonly CoapOptionPair[];
  readonly payload: Uint8Array;
}

export interface CoapParsed extends CoapMessageFields {
  /** `Status`: Ok, Short, Unsupported (version), Malformed (then only type and mid are known). */
  readonly status: number;
  /** Number of the first critical option that is unknown, has a bad length or stands twice; 0 for none. */
  readonly critical: number;
  /** -1 when absent. */
  readonly format: number;
  readonly accept: number;
  readonly observe: number;
  readonly block1: number;
  readonly block2: number;
  readonly size1: number;
  readonly size2: number;
}

export const CoapEvent = {
  None: 0,
  Request: 1,
  Block: 2,
  Response: 3,
  ResponseBlock: 4,
  Notification: 5,
  Delivered: 6,
  Undelivered: 7,
} as const;

export interface CoapAsk {
  readonly method: number;
  /** Uri-Path and Uri-Query. */
  readonly options?: readonly CoapOptionPair[];
  readonly non?: boolean;
  readonly format?: number;
  readonly accept?: number;
  readonly observe?: 0 | 1;
  readonly body?: Uint8Array;
  /** Milliseconds that a response may take after the ACK. */
  readonly limit?: number;
}

export interface CoapReply {
  readonly code: number;
  readonly format?: number;
  readonly body?: Uint8Array;
  /** Location-Path created/NUMBER. */
  readonly created?: number;
  /** Sequence number: an observation begins. */
  readonly observe?: number;
}

export interface CoapKit {
  coapParse(bytes: Uint8Array): CoapParsed;
  coapWrite(message: CoapMessageFields): Uint8Array;
  /** A number as the value of an option. */
  coapUint(value: number): Uint8Array;
  /** Whether the notification numbered `b` is newer than `a`, which came `elapsed` ms before. */
  coapIsNewer(a: number, b: number, elapsed: number): boolean;
  /** Status, and where to send to and with which options. */
  coapUri(uri: string): {
    readonly status: number;
    readonly secure: boolean;
    readonly host: string;
    readonly port: number;
    readonly options: readonly CoapOptionPair[];
  };
  /** A kit has one endpoint; `coapBegin` makes it new. Bodies of several blocks may have `limit` bytes, at most 8192. */
  coapBegin(options: { seed: bigint; szx?: number; tokenBytes?: number; limit?: number }): void;
  /** The CoapEvent that a datagram brings. */
  coapReceive(now: number, bytes: Uint8Array): number;
  coapStep(now: number): number;
  /** Infinity for none. */
  coapDeadline(): number;
  /** The next datagram that is to be sent; empty for none. */
  coapOutput(): Uint8Array;
  /** Status. */
  coapRequest(now: number, ask: CoapAsk): number;
  coapRespond(reply: CoapReply): void;
  coapDefer(): boolean;
  coapRespondLater(now: number, reply: CoapReply): number;
  coapNotify(now: number, confirmable: boolean, token: Uint8Array, sequence: number, reply: CoapReply): number;
  coapKeep(now: number): void;
  coapTake(now: number): void;
  coapCancel(): void;
  coapForget(): void;
  coapPing(now: number): number;
  coapIdle(): boolean;
  coapResult(): number;
  /** The message that came last. */
  coapMessage(): CoapParsed;
  coapBody(): Uint8Array;
  coapOffset(): number;
  /** Of the observation that a Delivered or Undelivered notification belongs to. */
  coapToken(): Uint8Array;
}

/** What kit.wasm exports for it. */
export interface CoapExports {
  coapParse(bytes: Uint8Array): Int32Array;
  coapContents(): Uint8Array;
  coapWrite(
    type: number,
    code: number,
    mid: number,
    token: Uint8Array,
    options: Uint32Array,
    values: Uint8Array,
    payload: Uint8Array,
  ): Uint8Array;
  coapUint(value: number): Uint8Array;
  coapIsNewer(a: number, b: number, elapsed: number): number;
  coapUriParse(bytes: Uint8Array): Int32Array;
  coapUriHost(): Uint8Array;
  coapUriOptions(): Uint8Array;
  coapBegin(seed: bigint, szx: number, tokenBytes: number, limit: number): void;
  coapReceive(now: number, bytes: Uint8Array): number;
  coapStep(now: number): number;
  coapDeadline(): number;
  coapOutput(): Uint8Array;
  coapRequest(
    now: number,
    type: number,
    method: number,
    options: Uint32Array,
    values: Uint8Array,
    format: number,
    accept: number,
    observe: number,
    body: Uint8Array,
    limit: number,
  ): number;
  coapRespond(code: number, format: number, body: Uint8Array, created: number, observe: number): void;
  coapDefer(): number;
  coapRespondLater(now: number, code: number, format: number, body: Uint8Array): number;
  coapNotify(
    now: number,
    confirmable: boolean,
    token: Uint8Array,
    sequence: number,
    code: number,
    format: number,
    body: Uint8Array,
  ): number;
  coapKeep(now: number): void;
  coapTake(now: number): void;
  coapCancel(): void;
  coapForget(): void;
  coapPing(now: number): number;
  coapIdle(): number;
  coapResult(): number;
  coapMessage(): Int32Array;
  coapMessageContents(): Uint8Array;
  coapBody(): Uint8Array;
  coapOffset(): number;
  coapToken(): Uint8Array;
}

const FIXED = 15;
const NOTHING = new Uint8Array();

/** Puts a description and the bytes it speaks of together; see assembly/kit/coap.ts. */
function assemble(fields: Int32Array, contents: () => Uint8Array): CoapParsed {
  const field = (i: number): number => fields[i] ?? 0;
  const well = field(0) === 0;
  const bytes = well ? contents() : NOTHING;
  let at = 0;
  const next = (length: number): Uint8Array => bytes.slice(at, (at += length));
  const token = next(well ? field(13) : 0);
  const options: CoapOptionPair[] = [];
  for (let i = FIXED; i < fields.length; i += 2) options.push([field(i), next(field(i + 1))]);
  return {
    status: field(0),
    type: field(1),
    code: field(2),
    mid: field(3),
    critical: field(4),
    format: field(5),
    accept: field(6),
    observe: field(7),
    block1: field(8),
    block2: field(9),
    size1: field(10),
    size2: field(11),
    token,
    options,
    payload: next(field(14)),
  };
}

/** Options as the module takes them: numbers with lengths, and the values. */
function flat(options: readonly CoapOptionPair[]): [Uint32Array, Uint8Array] {
  for (let i = 1; i < options.length; i++) {
    if ((options[i]?.[0] ?? 0) < (options[i - 1]?.[0] ?? 0)) throw new RangeError('options: not in ascending order');
  }
  for (const [number, value] of options) {
    within('option number', number, 0, 65_535);
    within('option length', value.length, 0, 65_535);
  }
  return [
    Uint32Array.from(options.flatMap(([number, value]) => [number, value.length])),
    concat(...options.map(([, value]) => value)),
  ];
}

export function coapKit(wasm: CoapExports): CoapKit {
  const parse = (bytes: Uint8Array): CoapParsed => assemble(wasm.coapParse(bytes), () => wasm.coapContents());
  return {
    coapParse: parse,
    coapWrite({ type, code, mid, token, options, payload }) {
      within('type', type, 0, 3);
      within('code', code, 0, 255);
      within('mid', mid, 0, 65_535);
      within('token length', token.length, 0, 8);
      return wasm.coapWrite(type, code, mid, token, ...flat(options), payload);
    },
    coapUint: (value) => wasm.coapUint(within('value', value, 0, 2 ** 32 - 1)),
    coapIsNewer: (a, b, elapsed) => wasm.coapIsNewer(a, b, elapsed) !== 0,
    coapUri(uri) {
      const [status = 0, secure = 0, port = 0] = wasm.coapUriParse(Buffer.from(uri));
      if (status !== 0) return { status, secure: false, host: '', port: 0, options: [] };
      const host = Buffer.from(wasm.coapUriHost()).toString();
      return { status, secure: secure !== 0, host, port, options: parse(wasm.coapUriOptions()).options };
    },
    coapBegin: ({ seed, szx = 6, tokenBytes = 4, limit = 8192 }) =>
      wasm.coapBegin(
        seed,
        within('szx', szx, 0, 6),
        within('tokenBytes', tokenBytes, 1, 8),
        within('limit', limit, 0, 8192),
      ),
    coapReceive: (now, bytes) => wasm.coapReceive(now, bytes),
    coapStep: (now) => wasm.coapStep(now),
    coapDeadline: () => wasm.coapDeadline(),
    coapOutput: () => wasm.coapOutput(),
    coapRequest: (
      now,
      { method, options = [], non = false, format = -1, accept = -1, observe = -1, body, limit = 0 },
    ) => wasm.coapRequest(now, non ? 1 : 0, method, ...flat(options), format, accept, observe, body ?? NOTHING, limit),
    coapRespond: ({ code, format = -1, body = NOTHING, created = -1, observe = -1 }) =>
      wasm.coapRespond(code, format, body, created, observe),
    coapDefer: () => wasm.coapDefer() !== 0,
    coapRespondLater: (now, { code, format = -1, body = NOTHING }) => wasm.coapRespondLater(now, code, format, body),
    coapNotify(now, confirmable, token, sequence, { code, format = -1, body = NOTHING }) {
      within('token length', token.length, 0, 8);
      return wasm.coapNotify(now, confirmable, token, sequence, code, format, body);
    },
    coapKeep: (now) => wasm.coapKeep(now),
    coapTake: (now) => wasm.coapTake(now),
    coapCancel: () => wasm.coapCancel(),
    coapForget: () => wasm.coapForget(),
    coapPing: (now) => wasm.coapPing(now),
    coapIdle: () => wasm.coapIdle() !== 0,
    coapResult: () => wasm.coapResult(),
    coapMessage: () => assemble(wasm.coapMessage(), () => wasm.coapMessageContents()),
    coapBody: () => wasm.coapBody(),
    coapOffset: () => wasm.coapOffset(),
    coapToken: () => wasm.coapToken(),
  };
}
