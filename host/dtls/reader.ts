// Reading the vectors of TLS (RFC 5246 4.3). One error for everything that a peer can get wrong.

import type { Alert } from './fields.js';

/** What a peer sent cannot be; `alert` is what the standard answers. */
export class DtlsError extends Error {
  constructor(
    readonly alert: Alert,
    message: string,
  ) {
    super(message);
    this.name = 'DtlsError';
  }
}

const DECODE_ERROR = 50;

/** Reads from the front; each read checks the length first. Throws DtlsError decode_error. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** A view of `length` bytes. */
  take(length: number, what: string): Buffer {
    if (this.left < length) throw new DtlsError(DECODE_ERROR, `${what}: expected ${length} bytes, got ${this.left}`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A big-endian number of one to six bytes. */
  uint(length: number, what: string): number {
    return this.take(length, what).readUIntBE(0, length);
  }

  /** A vector whose length has `lengthBytes` bytes; from `min` to `max` bytes long. */
  vector(lengthBytes: number, what: string, min = 0, max = Infinity): Buffer {
    const length = this.uint(lengthBytes, what);
    if (length < min || length > max) throw new DtlsError(DECODE_ERROR, `${what}: ${length} bytes`);
    return this.take(length, what);
  }

  end(what: string): void {
    if (this.left > 0) throw new DtlsError(DECODE_ERROR, `${what}: ${this.left} bytes too many`);
  }
}

/** Big-endian, in `length` bytes. */
export function uint(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

/** Length, then the bytes. */
export const vector = (lengthBytes: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([uint(bytes.length, lengthBytes), bytes]);
