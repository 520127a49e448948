// Records: their heads, their protection with an AEAD (RFC 6347 4.1, RFC 5288 3, RFC 6655 3), connection IDs (RFC 9146),
// and which sequence numbers were seen (RFC 6347 4.1.2.6).

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { CipherSuite, ContentType, LAST_SEQUENCE, MAX_PLAINTEXT, RECORD_HEAD, VERSION, VERSION_1_0 } from './fields.js';
import type { WriteKey } from './key-schedule.js';
import { uint } from './reader.js';

export interface DtlsRecord {
  readonly type: number;
  readonly version: number;
  readonly epoch: number;
  readonly sequence: number;
  /** Of a record of type tls12_cid; empty elsewhere. */
  readonly cid: Buffer;
  readonly fragment: Buffer;
}

/** The records of a datagram, as far as they can be told apart: what is wrong, and all behind it, is nothing. */
export function* records(datagram: Uint8Array, cidLength: number): Generator<DtlsRecord> {
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
  for (let at = 0; at + RECORD_HEAD <= bytes.length;) {
    const type = bytes.readUInt8(at);
    const version = bytes.readUInt16BE(at + 1);
    if (type < ContentType.ChangeCipherSpec || type > ContentType.Tls12Cid || type === 24) return;
    if (version !== VERSION && version !== VERSION_1_0) return;
    const head = RECORD_HEAD + (type === ContentType.Tls12Cid ? cidLength : 0);
    if (at + head > bytes.length) return;
    const end = at + head + bytes.readUInt16BE(at + head - 2);
    if (end > bytes.length) return;
    yield {
      ...{ type, version, epoch: bytes.readUInt16BE(at + 3), sequence: bytes.readUIntBE(at + 5, 6) },
      ...{ cid: bytes.subarray(at + 11, at + head - 2), fragment: bytes.subarray(at + head, end) },
    };
    at = end;
  }
}

/** One record of the epoch that is not protected. */
export const plainRecord = (type: number, sequence: number, content: Uint8Array, version: number = VERSION): Buffer =>
  Buffer.concat([uint(type, 1), uint(version, 2), uint(0, 2), uint(sequence, 6), uint(content.length, 2), content]);

export interface Opened {
  /** What the content is, whatever the record's own type says. */
  readonly type: number;
  readonly content: Buffer;
}

const EXPLICIT_NONCE = 8;

/** Bytes that protection adds to a content. `cid`: bytes of the receiver's connection ID. */
export const overhead = (suite: CipherSuite, cid: number): number =>
  RECORD_HEAD + EXPLICIT_NONCE + tagLength(suite) + (cid === 0 ? 0 : cid + 1);

const tagLength = (suite: CipherSuite): 8 | 16 => (suite === CipherSuite.TLS_PSK_WITH_AES_128_CCM_8 ? 8 : 16);

/** Seals or opens the records of one direction in epoch 1. */
export class Protection {
  readonly #suite: CipherSuite;
  readonly #key: WriteKey;
  /** That the receiver of these records asked for; empty: none. */
  readonly #cid: Uint8Array;

  constructor(suite: CipherSuite, key: WriteKey, cid: Uint8Array) {
    this.#suite = suite;
    this.#key = key;
    this.#cid = cid;
  }

  /** A whole record. */
  seal(type: number, epoch: number, sequence: number, content: Uint8Array): Buffer {
    if (sequence > LAST_SEQUENCE) throw new RangeError('sequence numbers are used up');
    const hidden = this.#cid.length > 0;
    const outer = hidden ? ContentType.Tls12Cid : type;
    const inner = hidden ? Buffer.concat([content, uint(type, 1)]) : content;
    const explicit = Buffer.concat([uint(epoch, 2), uint(sequence, 6)]);
    const nonce = Buffer.concat([this.#key.iv, explicit]);
    const aad = this.#aad(outer, epoch, sequence, inner.length);
    const authTagLength = tagLength(this.#suite);
    const cipher =
      this.#suite === CipherSuite.TLS_PSK_WITH_AES_128_CCM_8
        ? createCipheriv('aes-128-ccm', this.#key.key, nonce, { authTagLength })
        : createCipheriv('aes-128-gcm', this.#key.key, nonce, { authTagLength });
    cipher.setAAD(aad, { plaintextLength: inner.length });
    const body = Buffer.concat([cipher.update(inner), cipher.final()]);
    const fragment = Buffer.concat([explicit, body, cipher.getAuthTag()]);
    const head = [uint(outer, 1), uint(VERSION, 2), explicit, hidden ? this.#cid : Buffer.alloc(0)];
    return Buffer.concat([...head, uint(fragment.length, 2), fragment]);
  }

  /** Undefined for a record that was not sealed with this key, or was changed on its way. */
  open({ type, version, epoch, sequence, cid, fragment }: DtlsRecord): Opened | undefined {
    const hidden = type === ContentType.Tls12Cid;
    // Who was given a connection ID has to use it (RFC 9146 3).
    if (version !== VERSION || hidden !== this.#cid.length > 0 || !cid.equals(this.#cid)) return undefined;
    const authTagLength = tagLength(this.#suite);
    const length = fragment.length - EXPLICIT_NONCE - authTagLength;
    if (length < 0 || length > MAX_PLAINTEXT + 1) return undefined;
    const nonce = Buffer.concat([this.#key.iv, fragment.subarray(0, EXPLICIT_NONCE)]);
    const decipher =
      this.#suite === CipherSuite.TLS_PSK_WITH_AES_128_CCM_8
        ? createDecipheriv('aes-128-ccm', this.#key.key, nonce, { authTagLength })
        : createDecipheriv('aes-128-gcm', this.#key.key, nonce, { authTagLength });
    let inner: Buffer;
    try {
      decipher.setAuthTag(fragment.subarray(fragment.length - authTagLength));
      decipher.setAAD(this.#aad(type, epoch, sequence, length), { plaintextLength: length });
      inner = decipher.update(fragment.subarray(EXPLICIT_NONCE, EXPLICIT_NONCE + length));
      inner = Buffer.concat([inner, decipher.final()]);
    } catch {
      return undefined;
    }
    if (!hidden) return { type, content: inner };
    let end = inner.length;
    while (end > 0 && inner[end - 1] === 0) end--;
    const real = inner[end - 1];
    return real === undefined ? undefined : { type: real, content: inner.subarray(0, end - 1) };
  }

  #aad(type: number, epoch: number, sequence: number, length: number): Buffer {
    const number = Buffer.concat([uint(epoch, 2), uint(sequence, 6)]);
    if (type !== ContentType.Tls12Cid) {
      return Buffer.concat([number, uint(type, 1), uint(VERSION, 2), uint(length, 2)]);
    }
    // RFC 9146 5
    const placeholder = Buffer.alloc(8, 0xff);
    const head = [placeholder, uint(type, 1), uint(this.#cid.length, 1), uint(type, 1), uint(VERSION, 2)];
    return Buffer.concat([...head, number, this.#cid, uint(length, 2)]);
  }
}

const WINDOW = 64n;
const MASK = (1n << WINDOW) - 1n;

/** Sequence numbers seen in one epoch: the highest, and which of the 64 up to it. */
export class ReplayWindow {
  #highest = -1;
  #seen = 0n;

  /** -1: none was seen. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether nothing newer was seen. */
  newest(sequence: number): boolean {
    return sequence > this.#highest;
  }

  fresh(sequence: number): boolean {
    const behind = BigInt(this.#highest - sequence);
    return behind < 0n || (behind < WINDOW && ((this.#seen >> behind) & 1n) === 0n);
  }

  /** After a record was found genuine. `all before`: what came before it counts as seen. */
  mark(sequence: number, how: 'one' | 'all before' = 'one'): void {
    if (how === 'all before') {
      this.#highest = sequence;
      this.#seen = MASK;
      return;
    }
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      this.#seen = ahead >= Number(WINDOW) ? 1n : ((this.#seen << BigInt(ahead)) | 1n) & MASK;
      this.#highest = sequence;
    } else {
      this.#seen |= 1n << BigInt(-ahead);
    }
  }
}
