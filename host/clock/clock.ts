// Time in a world. Everything that waits, waits here: nothing in host/ calls setTimeout or Date.now by itself.
//
// Time is a whole number of nanoseconds since the world began, in a double: exact for 104 days, to 2 ns for a year.

/** Nanoseconds since the world began. */
export type Nanoseconds = number;

export const US = 1_000;
export const MS = 1_000_000;
export const SECOND = 1_000_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A deadline that can be taken back. */
export interface Timer {
  readonly time: Nanoseconds;
  cancel(): void;
}

/** What was handed to Node's event loop: continuations of promises, which the next turn has done, or more. */
export type AsyncWork = 'promises' | 'streams';

export interface Clock {
  readonly kind: 'virtual' | 'real';
  now(): Nanoseconds;
  /** Wall-clock time of the world, UNIX milliseconds. */
  unixMs(): number;
  /** Calls `action` at `time` (or at once when that is past). Equal times run in the order in which they were set. */
  at(time: Nanoseconds, action: () => void): Timer;
  after(delay: Nanoseconds, action: () => void): Timer;
  sleep(delay: Nanoseconds): Promise<void>;
  /**
   * Says that work was handed to Node's event loop. A virtual clock then stands still until that is done. Call it wherever emulated time
   * meets async code: with `promises` where a promise was settled and nothing but continuations follow, else with `streams` (the default),
   * for streams and TLS take several turns of the loop.
   */
  stir(work?: AsyncWork): void;
  /** Like `stir` for work whose end the loop cannot show (a real socket, a file): time stands still until release. */
  hold(): () => void;
}
