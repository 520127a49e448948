// CoAP messages over datagrams (RFC 7252 3). The codec is coap-packet's; what it lets pass that the standard does not is
// refused before it.

import { generate, parse as parsePacket } from 'coap-packet';
import { type CoapOption, nameOf, numberOf } from './options.js';

export type CoapType = 'CON' | 'NON' | 'ACK' | 'RST';

export interface CoapMessage {
  readonly type: CoapType;
  /** `0.01` to `0.31` methods, `2.05` and so on responses, `0.00` an empty message. */
  readonly code: string;
  readonly mid: number;
  readonly token: Buffer;
  readonly options: readonly CoapOption[];
  readonly payload: Buffer;
}

/** A datagram that is no message. */
export interface Malformed {
  readonly malformed: string;
  /** Message ID to reject with a Reset: that of a confirmable message. */
  readonly reject?: number;
}

const HEAD = 4;
const MARKER = 0xff;
const TYPES: readonly CoapType[] = ['CON', 'NON', 'ACK', 'RST'];

export function parse(datagram: Uint8Array): CoapMessage | Malformed {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
  if (bytes.length < HEAD) return { malformed: 'shorter than the header' };
  if (bytes.readUInt8(0) >> 6 !== 1) return { malformed: 'unknown version' };
  const type = TYPES[(bytes.readUInt8(0) >> 4) & 3] ?? 'CON';
  const mid = bytes.readUInt16BE(2);
  const fault = faultIn(bytes, type);
  if (fault !== undefined) return { malformed: fault, ...(type === 'CON' && { reject: mid }) };
  const { code, token, options, payload } = parsePacket(bytes);
  return {
    ...{ type, code, mid, token, payload },
    options: options.map(({ name, value }) => ({ number: numberOf(String(name)), value })),
  };
}

/** What is wrong with a message that has a header of this version (RFC 7252 3, 3.1 and 4.2). */
function faultIn(bytes: Buffer, type: CoapType): string | undefined {
  const tokenLength = bytes.readUInt8(0) & 15;
  const code = bytes.readUInt8(1);
  const codeClass = code >> 5;
  if (tokenLength > 8) return 'token length 9 to 15 is reserved';
  if (code === 0)
    return bytes.length > HEAD ? 'an empty message is not empty' : type === 'NON' ? 'an empty NON' : undefined;
  if (type === 'RST') return 'a Reset is not empty';
  if (codeClass === 1 || codeClass === 3 || codeClass > 5) return `code class ${codeClass} is reserved`;
  if (codeClass === 0 && type === 'ACK') return 'a request in an Acknowledgement';
  if (HEAD + tokenLength > bytes.length) return 'the token is cut';
  return faultInOptions(bytes, HEAD + tokenLength);
}

function faultInOptions(bytes: Buffer, start: number): string | undefined {
  let at = start;
  let number = 0;
  /** The value of a nibble with its extension; undefined: reserved, or cut. */
  const extended = (nibble: number): number | undefined => {
    if (nibble < 13) return nibble;
    const length = nibble - 12;
    if (nibble === 15 || at + length > bytes.length) return undefined;
    at += length;
    return bytes.readUIntBE(at - length, length) + (length === 1 ? 13 : 269);
  };
  while (at < bytes.length) {
    const head = bytes.readUInt8(at++);
    if (head === MARKER) return at === bytes.length ? 'a payload marker without payload' : undefined;
    const delta = extended(head >> 4);
    const length = extended(head & 15);
    if (delta === undefined || length === undefined) return 'an option header is reserved or cut';
    number += delta;
    if (number > 0xffff) return 'an option number is too large';
    at += length;
    if (at > bytes.length) return 'an option value is cut';
  }
  return undefined;
}

/** More than any datagram takes: the carrier limits the size. */
const NO_LIMIT = 0xffff;

export const emit = ({ type, code, mid, token, options, payload }: CoapMessage): Buffer =>
  generate(
    {
      ...{ code, token, payload, messageId: mid },
      ...{ confirmable: type === 'CON', ack: type === 'ACK', reset: type === 'RST' },
      options: options.map(({ number, value }) => ({ name: nameOf(number), value: Buffer.from(value) })),
    },
    NO_LIMIT,
  );

const NOTHING = Buffer.alloc(0);

/** An empty Acknowledgement or Reset, or a ping. */
export const empty = (type: CoapType, mid: number): Buffer =>
  emit({ type, code: '0.00', mid, token: NOTHING, options: [], payload: NOTHING });
