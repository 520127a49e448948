// Handshake messages of a PSK server: what clients send, taken apart; what the server sends, put together; fragments on
// their way in and out (RFC 6347 4.2, RFC 5246 7.4).

import { Alert, CipherSuite, Extension, HandshakeType, MESSAGE_HEAD, RENEGOTIATION_SCSV, VERSION } from './fields.js';
import { DtlsError, Reader, uint, vector } from './reader.js';

export interface HandshakeMessage {
  readonly type: number;
  /** message_seq */
  readonly sequence: number;
  readonly body: Buffer;
}

/** A message with its head, as it counts for the transcript: as if it had not been fragmented. */
export const whole = ({ type, sequence, body }: HandshakeMessage): Buffer =>
  Buffer.concat([uint(type, 1), uint(body.length, 3), uint(sequence, 2), uint(0, 3), uint(body.length, 3), body]);

/** The message in pieces of at most `room` bytes, each with its head. */
export function fragments(message: HandshakeMessage, room: number): Buffer[] {
  const { type, sequence, body } = message;
  const step = Math.max(1, room - MESSAGE_HEAD);
  if (body.length <= step) return [whole(message)];
  return Array.from({ length: Math.ceil(body.length / step) }, (_, i) => {
    const part = body.subarray(i * step, (i + 1) * step);
    const head = [uint(type, 1), uint(body.length, 3), uint(sequence, 2), uint(i * step, 3), uint(part.length, 3)];
    return Buffer.concat([...head, part]);
  });
}

export interface Fragment {
  readonly type: number;
  readonly length: number;
  readonly sequence: number;
  readonly offset: number;
  readonly bytes: Buffer;
}

/** The fragments in a record. Throws DtlsError. */
export function readFragments(content: Buffer): Fragment[] {
  const reader = new Reader(content);
  const found: Fragment[] = [];
  while (reader.left > 0) {
    const type = reader.uint(1, 'message type');
    const length = reader.uint(3, 'message length');
    const sequence = reader.uint(2, 'message_seq');
    const offset = reader.uint(3, 'fragment offset');
    const bytes = reader.vector(3, 'fragment');
    if (offset + bytes.length > length) throw new DtlsError(Alert.DecodeError, 'a fragment reaches behind its message');
    found.push({ type, length, sequence, offset, bytes });
  }
  return found;
}

/** Messages of a client: a ClientHello with many extensions is the longest. */
export const MAX_MESSAGE = 4096;

/** One message as its fragments come, in any order, with overlaps. */
export class Reassembly {
  readonly #type: number;
  readonly #sequence: number;
  readonly #body: Buffer;
  readonly #have: Uint8Array;
  #missing: number;

  /** Throws DtlsError for a message that is too long. */
  constructor({ type, sequence, length }: Fragment) {
    if (length > MAX_MESSAGE) throw new DtlsError(Alert.IllegalParameter, `a message of ${length} bytes`);
    this.#type = type;
    this.#sequence = sequence;
    this.#body = Buffer.alloc(length);
    this.#have = new Uint8Array(length);
    this.#missing = length;
  }

  /** The message, once it is complete. A fragment that contradicts what is known of the message is left out. */
  add({ type, sequence, length, offset, bytes }: Fragment): HandshakeMessage | undefined {
    if (type !== this.#type || sequence !== this.#sequence || length !== this.#body.length) return undefined;
    for (const [i, byte] of bytes.entries()) {
      if (this.#have[offset + i] === 1) continue;
      this.#have[offset + i] = 1;
      this.#body[offset + i] = byte;
      this.#missing--;
    }
    return this.#missing === 0 ? { type, sequence, body: this.#body } : undefined;
  }
}

export interface ClientHello {
  readonly version: number;
  readonly random: Buffer;
  readonly sessionId: Buffer;
  readonly cookie: Buffer;
  /** The body without its cookie: the same in both ClientHellos of a handshake. */
  readonly uncooked: Buffer;
  readonly suites: readonly number[];
  readonly secureRenegotiation: boolean;
  readonly extendedMasterSecret: boolean;
  /** What the client wants to be sent; undefined: it does not know connection IDs. */
  readonly cid: Buffer | undefined;
  /** As it is in the extension: 1 for 2^9 bytes to 4 for 2^12. */
  readonly maxFragment: number | undefined;
}

/** Throws DtlsError. */
export function readClientHello(body: Buffer): ClientHello {
  const reader = new Reader(body);
  const version = reader.uint(2, 'client_version');
  const random = reader.take(32, 'random');
  const sessionId = reader.vector(1, 'session_id', 0, 32);
  const before = body.length - reader.left;
  const cookie = reader.vector(1, 'cookie');
  const uncooked = Buffer.concat([body.subarray(0, before), body.subarray(body.length - reader.left)]);
  const list = reader.vector(2, 'cipher_suites', 2);
  if (list.length % 2 !== 0) throw new DtlsError(Alert.DecodeError, 'cipher_suites: an odd number of bytes');
  const suites = Array.from({ length: list.length / 2 }, (_, i) => list.readUInt16BE(2 * i));
  const compressions = reader.vector(1, 'compression_methods', 1);
  if (!compressions.includes(0)) throw new DtlsError(Alert.IllegalParameter, 'no null compression');
  const extensions = readExtensions(reader);
  const renegotiation = extensions.get(Extension.Renegotiation);
  if (renegotiation !== undefined && !renegotiation.equals(Buffer.of(0))) {
    throw new DtlsError(Alert.HandshakeFailure, 'renegotiation_info is not empty');
  }
  const cid = extensions.get(Extension.Cid);
  const ems = extensions.get(Extension.Ems);
  if (ems !== undefined && ems.length > 0) throw new DtlsError(Alert.DecodeError, 'extended_master_secret has a value');
  return {
    ...{ version, random, sessionId, cookie, uncooked, suites },
    secureRenegotiation: renegotiation !== undefined || suites.includes(RENEGOTIATION_SCSV),
    extendedMasterSecret: ems !== undefined,
    cid: cid && only(cid, (inner) => inner.vector(1, 'connection_id')),
    maxFragment: maxFragmentOf(extensions.get(Extension.Mfl)),
  };
}

function readExtensions(reader: Reader): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  if (reader.left === 0) return found;
  const list = new Reader(reader.vector(2, 'extensions'));
  reader.end('ClientHello');
  while (list.left > 0) {
    const type = list.uint(2, 'extension type');
    if (found.has(type)) throw new DtlsError(Alert.IllegalParameter, `extension ${type} is there twice`);
    found.set(type, list.vector(2, 'extension'));
  }
  return found;
}

function only<T>(bytes: Buffer, read: (reader: Reader) => T): T {
  const reader = new Reader(bytes);
  const value = read(reader);
  reader.end('extension');
  return value;
}

function maxFragmentOf(value: Buffer | undefined): number | undefined {
  if (value === undefined) return undefined;
  const code = only(value, (reader) => reader.uint(1, 'max_fragment_length'));
  if (code < 1 || code > 4) throw new DtlsError(Alert.IllegalParameter, `max_fragment_length ${code}`);
  return code;
}

/** The version is not looked at by clients here (RFC 6347 4.2.1); DTLS 1.2 is also what tinydtls and Mbed TLS say. */
export const helloVerifyRequest = (cookie: Uint8Array): Buffer => Buffer.concat([uint(VERSION, 2), vector(1, cookie)]);

export interface ServerHello {
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly suite: CipherSuite;
  /** What the client wants to be sent back of its own hello. */
  readonly hello: ClientHello;
  /** What this server wants to be sent; undefined: connection IDs are not used. */
  readonly cid: Uint8Array | undefined;
}

export function serverHello({ random, sessionId, suite, hello, cid }: ServerHello): Buffer {
  const extension = (type: number, value: Uint8Array): Buffer => Buffer.concat([uint(type, 2), vector(2, value)]);
  const extensions = [
    ...(hello.secureRenegotiation ? [extension(Extension.Renegotiation, Buffer.of(0))] : []),
    ...(hello.extendedMasterSecret ? [extension(Extension.Ems, Buffer.alloc(0))] : []),
    ...(cid ? [extension(Extension.Cid, vector(1, cid))] : []),
    ...(hello.maxFragment !== undefined ? [extension(Extension.Mfl, uint(hello.maxFragment, 1))] : []),
  ];
  return Buffer.concat([
    ...[uint(VERSION, 2), random, vector(1, sessionId), uint(suite, 2), uint(0, 1)],
    ...(extensions.length > 0 ? [vector(2, Buffer.concat(extensions))] : []),
  ]);
}

/** The PSK identity, up to 2^16-1 bytes (RFC 4279 2). Throws DtlsError. */
export function readClientKeyExchange(body: Buffer): Buffer {
  const reader = new Reader(body);
  const identity = reader.vector(2, 'psk_identity');
  reader.end('ClientKeyExchange');
  return identity;
}

export const isClientHello = ({ type }: Pick<Fragment, 'type'>): boolean => type === HandshakeType.ClientHello;
