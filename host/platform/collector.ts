// Bytes that come in pieces of any size, put together without a cost for each piece.

/** The first piece is kept as it is; a second one begins a buffer that doubles, up to the length that is known. */
export class Collector {
  readonly #expected: number;
  #buffer: Buffer = Buffer.alloc(0);
  #length = 0;

  /** `expected`: bytes of all of it; NaN unless it is known. */
  constructor(expected = NaN) {
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that `add` of so many bytes takes besides what is taken already. */
  cost(bytes: number): number {
    const wanted = this.#length + bytes;
    return wanted <= this.#buffer.length ? 0 : this.#grown(wanted) - this.#buffer.length;
  }

  add(bytes: Buffer): void {
    const wanted = this.#length + bytes.length;
    if (this.#length === 0) {
      this.#buffer = bytes;
    } else {
      if (wanted > this.#buffer.length) {
        const grown = Buffer.allocUnsafeSlow(this.#grown(wanted));
        this.#buffer.copy(grown, 0, 0, this.#length);
        this.#buffer = grown;
      }
      bytes.copy(this.#buffer, this.#length);
    }
    this.#length = wanted;
  }

  /** All of it. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
  }

  #grown(wanted: number): number {
    if (this.#length === 0) return wanted;
    const doubled = 2 * this.#buffer.length;
    return Math.max(wanted, wanted <= this.#expected ? Math.min(doubled, this.#expected) : doubled);
  }
}
