// Work on the thread that serves everybody, in portions. What a connection brings may take much more work than its bytes let
// expect: a piece of 64 KiB holds ten thousand chunks of one byte. Such a connection has its bytes read in small portions, and
// of all that wait for their next portion one has it in each turn of the event loop; everything else goes on between them. So
// waits, too, who brings many bytes: a socket that is not paused is read for megabytes in one turn.

import type { Duplex } from 'node:stream';
import type { Clock } from '../clock/clock.js';
import { WORK } from './limits.js';

/** Portions that wait: those of one caller in their order, the callers in turns. */
export class Pace {
  readonly #callers = new Map<string, (() => void)[]>();
  /** Bytes that all connections have had read in this turn. */
  #bytes = 0;

  /** Counts what a connection reads now. */
  read(bytes: number): void {
    if (this.#bytes === 0) setImmediate(() => (this.#bytes = 0));
    this.#bytes += bytes;
  }

  /** So much was read in this turn that the next connection waits for another. */
  get isFull(): boolean {
    return this.#bytes >= WORK.bytesInTurn;
  }
  /** Those who had a portion without waiting in this turn of the event loop. */
  readonly #served = new Set<string>();

  /** Runs it in a turn of the event loop that has no other portion. `caller`: an IMSI or an address. */
  later(caller: string, portion: () => void): void {
    const own = this.#callers.get(caller);
    if (own !== undefined) return void own.push(portion);
    if (this.#callers.size === 0) setImmediate(this.#run);
    this.#callers.set(caller, [portion]);
  }

  /**
   * Undefined: the caller has had no portion in this turn of the event loop, and may have one now. Otherwise resolves in a turn that has
   * no other.
   */
  turn(caller: string): Promise<void> | undefined {
    if (this.#served.has(caller) || this.#callers.has(caller)) {
      return new Promise((resolve) => {
        this.later(caller, resolve);
      });
    }
    if (this.#served.size === 0) setImmediate(() => this.#served.clear());
    this.#served.add(caller);
    return undefined;
  }

  readonly #run = (): void => {
    const [next] = this.#callers;
    if (next === undefined) return;
    const [caller, [portion, ...others]] = next;
    this.#callers.delete(caller);
    if (others.length > 0) this.#callers.set(caller, others);
    if (this.#callers.size > 0) setImmediate(this.#run);
    portion?.();
  };
}

/** The process has one thread, and so one pace. */
export const pace = new Pace();

export interface PacedOptions {
  readonly clock: Clock;
  readonly caller: string;
  /** Reads a portion. */
  take(bytes: Buffer): void;
  /** What `take` and others have done for the stream since this was asked last: see WORK. */
  work(): number;
  /** The other end has finished, and all its bytes were taken. */
  end(): void;
  readonly pace?: Pace;
}

/** Reads a stream in portions, and lets it wait where these were much work. */
export class PacedInput {
  readonly #stream: Duplex;
  readonly #options: PacedOptions;
  readonly #pace: Pace;
  #bytes: Buffer = Buffer.alloc(0);
  /** Bytes of the next portion. */
  #size: number = WORK.leastPortion;
  /** Bytes since it waited for a turn. */
  #taken = 0;
  #paused = false;
  #waiting = false;
  #ended = false;
  #stopped = false;

  constructor(stream: Duplex, options: PacedOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#pace = options.pace ?? pace;
    stream.on('data', this.#onData).once('end', this.#onEnd);
  }

  /** Nothing is taken until `resume`; may be called by `take`. */
  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#go();
  }

  /** Takes nothing more, and leaves the stream paused. What was read of it and not taken is the caller's. */
  stop(): Buffer {
    this.#stopped = true;
    this.#stream.off('data', this.#onData).off('end', this.#onEnd).pause();
    const bytes = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    return bytes;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (!this.#waiting) this.#go();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    if (!this.#waiting) this.#go();
  };

  #go(): void {
    const { clock, caller, work } = this.#options;
    while (!this.#paused && !this.#stopped && this.#bytes.length > 0) {
      const heavy = work() > WORK.light;
      if (heavy || this.#taken >= WORK.bytes || this.#pace.isFull) {
        if (heavy) this.#size = WORK.leastPortion;
        this.#taken = 0;
        this.#waiting = true;
        this.#stream.pause();
        const release = clock.hold();
        this.#pace.later(caller, () => {
          this.#waiting = false;
          this.#portion();
          this.#go();
          release();
        });
        return;
      }
      this.#portion();
    }
    if (this.#paused || this.#stopped) return;
    if (this.#ended) {
      this.#stopped = true;
      this.#options.end();
    } else this.#stream.resume();
  }

  #portion(): void {
    if (this.#paused || this.#stopped) return;
    const bytes = this.#bytes.subarray(0, this.#size);
    this.#bytes = this.#bytes.subarray(bytes.length);
    // Each portion that is full and light lets the next be larger.
    if (bytes.length === this.#size) this.#size = Math.min(2 * this.#size, WORK.portion);
    this.#taken += bytes.length;
    this.#pace.read(bytes.length);
    this.#options.take(bytes);
  }
}
