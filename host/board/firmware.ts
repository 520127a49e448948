// Where a board keeps its app's images: what came by firmware update outlives the power. Two slots, as on real boards: one runs, the other
// is being filled, or waits for its trial. An image on trial that does not get through its first turn is not started again.

import { createHash } from 'node:crypto';
import { Status } from './abi.js';
import { ModuleError, loadModule } from './module.js';
import { PowerCut } from './store.js';

/** What happens to one write or commit: done, refused with a status, or cut off before, in the middle, or after it. */
export type FlashFate = 'done' | 'cut-before' | 'cut-within' | 'cut-after' | Extract<Status, -4 | -5>;

/** Bytes of a slot, unless said. */
const CAPACITY = 256 * 1024;

interface Image {
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

export interface FlashOptions {
  /** Bytes of a slot. */
  readonly capacity?: number;
}

/** Images in memory that outlive their board's power, and can be made to fail at any write. */
export class FirmwareFlash {
  /** Asked for each write and commit, counted from 0 over the life of the flash. */
  fate: ((write: number, kind: 'write' | 'commit', offset: number, length: number) => FlashFate) | undefined;
  readonly #capacity: number;
  #writes = 0;
  #staged = new Uint8Array(0);
  /** Bytes of the slot that have been written without a gap. */
  #filled = 0;
  #current: Image | undefined;
  #next: Image | undefined;
  #tried = false;

  constructor({ capacity = CAPACITY }: FlashOptions = {}) {
    this.#capacity = capacity;
  }

  /** How many writes and commits were asked for so far. */
  get writes(): number {
    return this.#writes;
  }

  /** Bytes that have been staged without a gap. */
  get filled(): number {
    return this.#filled;
  }

  /** An image has been committed and has not run yet. */
  get onTrial(): boolean {
    return this.#next !== undefined;
  }

  #fate(kind: 'write' | 'commit', offset: number, length: number): FlashFate {
    return this.fate?.(this.#writes++, kind, offset, length) ?? 'done';
  }

  /** In order from offset 0, which starts again; a part may be written again. Ok, Invalid, NoSpace, Io. May throw `PowerCut`. */
  write(offset: number, bytes: Uint8Array): Status {
    const fate = this.#fate('write', offset, bytes.length);
    if (typeof fate === 'number') return fate;
    if (fate === 'cut-before') throw new PowerCut();
    if (offset < 0 || offset > this.#filled) return Status.Invalid;
    const end = offset + bytes.length;
    if (end > this.#capacity) return Status.NoSpace;
    if (offset === 0) this.#filled = 0;
    if (end > this.#staged.length) {
      const grown = new Uint8Array(Math.min(this.#capacity, Math.max(end, 2 * this.#staged.length)));
      grown.set(this.#staged);
      this.#staged = grown;
    }
    if (fate === 'cut-within') {
      // The first half is there, and nobody knows.
      this.#staged.set(bytes.subarray(0, bytes.length >> 1), offset);
      throw new PowerCut();
    }
    this.#staged.set(bytes, offset);
    this.#filled = Math.max(this.#filled, end);
    if (fate === 'cut-after') throw new PowerCut();
    return Status.Ok;
  }

  /** Checks what is staged; it is started next. Ok, Invalid (not all of it is there), Malformed (no board can run it), NoSpace, Io. */
  commit(length: number): Status {
    const fate = this.#fate('commit', 0, length);
    if (typeof fate === 'number') return fate;
    if (fate === 'cut-before' || fate === 'cut-within') throw new PowerCut();
    if (length <= 0 || length > this.#filled) return Status.Invalid;
    const bytes = this.#staged.slice(0, length);
    try {
      loadModule('image', bytes);
    } catch (error) {
      if (error instanceof ModuleError) return Status.Malformed;
      throw error;
    }
    this.#next = { bytes, sha256: digestOf(bytes) };
    this.#tried = false;
    this.#filled = 0;
    if (fate === 'cut-after') throw new PowerCut();
    return Status.Ok;
  }

  /** The image to start, undefined for the one that the board came with. One on trial is started once. */
  boot(): Uint8Array | undefined {
    const next = this.#next;
    if (next !== undefined && !this.#tried && digestOf(next.bytes) === next.sha256) {
      this.#tried = true;
      return next.bytes;
    }
    this.#next = undefined;
    return this.#current?.bytes;
  }

  /** What was started last has run: it stays. */
  proven(): void {
    if (this.#next === undefined || !this.#tried) return;
    this.#current = this.#next;
    this.#next = undefined;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
