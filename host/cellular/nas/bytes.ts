// Reading and writing the octets of a NAS message. One error type for everything that a peer can get wrong.

/** A message that is not what TS 24.301 says it has to be. Never thrown for our own mistakes. */
export class NasError extends Error {
  constructor(
    readonly code: 'short' | 'unknown-message' | 'bad-element' | 'missing-element' | 'protected',
    message: string,
  ) {
    super(message);
    this.name = 'NasError';
  }
}

/** Reads from the front; each read checks the length first. */
export class NasReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(what: string): number {
    return this.take(1, what)[0] as number;
  }

  /** A copy of `length` bytes. */
  take(length: number, what: string): Uint8Array {
    if (this.left < length) {
      throw new NasError('short', `${what}: expected ${length} bytes at offset ${this.#at}, got ${this.left}`);
    }
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  /** LV: one length octet, then the value (TS 24.007 11.2.1.1). */
  lv(what: string): Uint8Array {
    return this.take(this.u8(what), what);
  }

  /** LV-E: two length octets, then the value. */
  lve(what: string): Uint8Array {
    const high = this.u8(what);
    return this.take((high << 8) | this.u8(what), what);
  }

  rest(): Uint8Array {
    return this.take(this.left, 'rest');
  }

  /**
   * The optional elements, to the end of the message: IEI -> value. `tv` gives the value lengths of elements of
   * format TV. Unknown ones are skipped by the rules of TS 24.007 11.2.4: IEI 8x..Fx is one octet (and is filed under
   * its high nibble, value in the low one), IEI 7x has a two-octet length, all others one. A repeated element is ignored.
   */
  optionals(tv: Readonly<Record<number, number>> = {}): Map<number, Uint8Array> {
    const found = new Map<number, Uint8Array>();
    while (this.left > 0) {
      const octet = this.u8('IEI');
      const name = `element ${octet.toString(16)}`;
      const half = octet >= 0x80;
      const iei = half ? octet & 0xf0 : octet;
      const length = tv[iei];
      let value: Uint8Array;
      if (half) value = Uint8Array.of(octet & 0x0f);
      else if (length !== undefined) value = this.take(length, name);
      else if (octet >> 4 === 7) value = this.lve(name);
      else value = this.lv(name);
      if (!found.has(iei)) found.set(iei, value);
    }
    return found;
  }
}

/** LV. Throws RangeError when the value does not fit its length octet: our own mistake. */
export function lv(value: Uint8Array): Uint8Array {
  if (value.length > 0xff) throw new RangeError(`an element of ${value.length} bytes does not fit one length octet`);
  return Uint8Array.of(value.length, ...value);
}

export function lve(value: Uint8Array): Uint8Array {
  return Uint8Array.of(value.length >> 8, value.length & 0xff, ...value);
}

/** TLV, or nothing when there is no value. */
export function tlv(iei: number, value: Uint8Array | undefined): Uint8Array {
  return value === undefined ? new Uint8Array() : Uint8Array.of(iei, ...lv(value));
}
