import { createHash, randomBytes } from 'node:crypto';

/**
 * Random bytes from a seed: SHA-256 in counter mode. The same seed and name give the same bytes on every machine.
 * Each part of a world forks its own stream by name, so that one part's use does not shift another's.
 */
export class Random {
  readonly #key: Buffer;
  #counter = 0n;
  #pool: Buffer = Buffer.alloc(0);

  constructor(readonly seed: string) {
    this.#key = createHash('sha256').update(`akari random\0${seed}`).digest();
  }

  /** A seed nobody can guess, for worlds on the real clock. */
  static freshSeed(): string {
    return randomBytes(16).toString('hex');
  }

  fork(name: string): Random {
    return new Random(`${this.seed}/${name}`);
  }

  bytes(length: number): Uint8Array {
    while (this.#pool.length < length) {
      const block = Buffer.alloc(8);
      block.writeBigUInt64BE(this.#counter++);
      this.#pool = Buffer.concat([this.#pool, createHash('sha256').update(this.#key).update(block).digest()]);
    }
    const out = new Uint8Array(this.#pool.subarray(0, length));
    this.#pool = this.#pool.subarray(length);
    return out;
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = this.bytes(6);
    return (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) / 2 ** 48;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
}
