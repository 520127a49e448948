// DTLS on the wire as tests see it: datagrams taken apart into records, records into handshake messages, and back.
import { concat } from '../../host/bytes.js';

export const Type = { ChangeCipherSpec: 20, Alert: 21, Handshake: 22, Data: 23, Cid: 25 } as const;
export const Message = {
  ...{ HelloRequest: 0, ClientHello: 1, ServerHello: 2, HelloVerifyRequest: 3, NewSessionTicket: 4, Certificate: 11 },
  ...{ ServerKeyExchange: 12, ServerHelloDone: 14, ClientKeyExchange: 16, Finished: 20 },
} as const;

export interface WireRecord {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequence: number;
  /** Of a record of type 25. */
  readonly cid: Uint8Array;
  readonly fragment: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface WireMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

export const u8 = (value: number): Uint8Array => Uint8Array.of(value);
export const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value);
export const u24 = (value: number): Uint8Array => Uint8Array.of(value >> 16, value >> 8, value);
export const u48 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return new Uint8Array(bytes);
};

/** A vector with a length of one byte, or of two. */
export const vector8 = (bytes: Uint8Array): Uint8Array => concat(u8(bytes.length), bytes);
export const vector16 = (bytes: Uint8Array): Uint8Array => concat(u16(bytes.length), bytes);

/** `cidLength`: of records of type 25. Throws where the datagram is not records from end to end. */
export function records(datagram: Uint8Array, cidLength = 0): WireRecord[] {
  const view = Buffer.from(datagram);
  const list: WireRecord[] = [];
  for (let at = 0; at < view.length;) {
    const type = view.readUInt8(at);
    const cid = type === Type.Cid ? cidLength : 0;
    const start = at + 13 + cid;
    const end = start + view.readUInt16BE(start - 2);
    if (end > view.length) throw new Error('a record is longer than its datagram');
    list.push({
      ...{ type, version: view.readUInt16BE(at + 1), epoch: view.readUInt16BE(at + 3) },
      ...{ sequence: view.readUIntBE(at + 5, 6), cid: datagram.slice(at + 11, at + 11 + cid) },
      ...{ fragment: datagram.slice(start, end), bytes: datagram.slice(at, end) },
    });
    at = end;
  }
  return list;
}

/** Whole messages of a record. Throws on a fragment. */
export function messages(fragment: Uint8Array): WireMessage[] {
  const view = Buffer.from(fragment);
  const list: WireMessage[] = [];
  for (let at = 0; at < view.length;) {
    const length = view.readUIntBE(at + 1, 3);
    if (view.readUIntBE(at + 6, 3) !== 0 || view.readUIntBE(at + 9, 3) !== length) throw new Error('a fragment');
    list.push({
      ...{ type: view.readUInt8(at), sequence: view.readUInt16BE(at + 4) },
      body: fragment.slice(at + 12, at + 12 + length),
    });
    at += 12 + length;
  }
  return list;
}

/** A message with its head, or `length` bytes of it from `offset` on. */
export function message(
  { type, sequence, body }: WireMessage,
  offset = 0,
  length: number = body.length - offset,
): Uint8Array {
  const head = concat(u8(type), u24(body.length), u16(sequence), u24(offset), u24(length));
  return concat(head, body.slice(offset, offset + length));
}

export function record(
  type: number,
  epoch: number,
  sequence: number,
  fragment: Uint8Array,
  { version = 0xfefd, cid = new Uint8Array() }: { version?: number; cid?: Uint8Array } = {},
): Uint8Array {
  return concat(u8(type), u16(version), u16(epoch), u48(sequence), cid, vector16(fragment));
}
