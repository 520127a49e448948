import { Status } from './abi.js';

/** A board's non-volatile memory: small values by number, each replaced as a whole or not at all. */
export interface Store {
  read(key: number): Uint8Array | undefined;
  /** Ok, or NoSpace, Io. May throw `PowerCut`. */
  write(key: number, value: Uint8Array): Status;
}

/** Thrown out of a store write when power fails there; a `Board` switches off on it. */
export class PowerCut extends Error {
  constructor() {
    super('power was cut at a store write');
    this.name = 'PowerCut';
  }
}

/** What happens to one write: done, refused with a status, or cut off before or after it took effect. */
export type WriteFate = 'done' | 'cut-before' | 'cut-after' | Extract<Status, -4 | -5>;

/** Bytes that one store holds; a value costs its length and ENTRY_OVERHEAD. */
const CAPACITY = 64 * 1024;
const ENTRY_OVERHEAD = 32;

/** A store in memory that outlives its board's power, and can be made to fail at any write. */
export class MemoryStore implements Store {
  /** Asked for each write, counted from 0 over the life of the store. */
  fate: ((write: number, key: number, value: Uint8Array) => WriteFate) | undefined;
  #writes = 0;
  readonly #values = new Map<number, Uint8Array>();
  readonly #capacity: number;

  constructor(options: { capacity?: number; values?: Iterable<readonly [number, Uint8Array]> } = {}) {
    this.#capacity = options.capacity ?? CAPACITY;
    for (const [key, value] of options.values ?? []) this.#values.set(key, Uint8Array.from(value));
  }

  /** How many writes were asked for so far. */
  get writes(): number {
    return this.#writes;
  }

  read(key: number): Uint8Array | undefined {
    return this.#values.get(key);
  }

  write(key: number, value: Uint8Array): Status {
    const fate = this.fate?.(this.#writes, key, value) ?? 'done';
    this.#writes++;
    if (typeof fate === 'number') return fate;
    if (fate === 'cut-before') throw new PowerCut();
    let used = ENTRY_OVERHEAD + value.length;
    for (const [otherKey, other] of this.#values) if (otherKey !== key) used += ENTRY_OVERHEAD + other.length;
    if (used > this.#capacity) return Status.NoSpace;
    this.#values.set(key, Uint8Array.from(value));
    if (fate === 'cut-after') throw new PowerCut();
    return Status.Ok;
  }

  entries(): IterableIterator<[number, Uint8Array]> {
    return this.#values.entries();
  }
}
