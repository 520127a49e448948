import type { AsyncWork, Clock, Nanoseconds, Timer } from './clock.js';
import { DeadlineQueue } from './queue.js';

/** Wall-clock time. Deadlines that are due run together, in their order, so that fast lines need few timers. */
export class RealClock implements Clock {
  readonly kind = 'real';
  readonly #queue = new DeadlineQueue();
  readonly #start = process.hrtime.bigint();
  #wake: { time: Nanoseconds; handle: NodeJS.Timeout } | undefined;
  #closed = false;
  readonly #takes: (error: unknown) => boolean;

  /** `takes`: whether an error that a deadline's action threw is dealt with; others end the process, as errors do. */
  constructor(takes: (error: unknown) => boolean = () => false) {
    this.#takes = takes;
  }

  now(): Nanoseconds {
    return Number(process.hrtime.bigint() - this.#start);
  }

  unixMs(): number {
    return Date.now();
  }

  at(time: Nanoseconds, action: () => void): Timer {
    const timer = this.#queue.add(Math.round(time), action);
    if (this.#wake === undefined || timer.time < this.#wake.time) this.#arm();
    return timer;
  }

  after(delay: Nanoseconds, action: () => void): Timer {
    return this.at(this.now() + delay, action);
  }

  sleep(delay: Nanoseconds): Promise<void> {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  stir(_work?: AsyncWork): void {
    // Real time waits for nobody.
  }

  hold(): () => void {
    return () => undefined;
  }

  /** Drops all deadlines, so that the process can end. */
  close(): void {
    this.#closed = true;
    if (this.#wake) clearTimeout(this.#wake.handle);
    this.#wake = undefined;
  }

  #arm(): void {
    if (this.#wake) clearTimeout(this.#wake.handle);
    this.#wake = undefined;
    const next = this.#queue.next();
    if (next === undefined || this.#closed) return;
    const delayMs = Math.max(0, Math.ceil((next - this.now()) / 1e6));
    this.#wake = { time: next, handle: setTimeout(() => this.#runDue(), Math.min(delayMs, 2 ** 31 - 1)) };
  }

  #runDue(): void {
    this.#wake = undefined;
    const now = this.now();
    for (let next = this.#queue.next(); next !== undefined && next <= now && !this.#closed; next = this.#queue.next()) {
      try {
        this.#queue.take()?.();
      } catch (error) {
        if (this.#takes(error)) continue;
        this.#arm(); // the other deadlines stand
        throw error;
      }
    }
    this.#arm();
  }
}
