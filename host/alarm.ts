import type { Clock, Nanoseconds, Timer } from './clock/clock.js';

/** One deadline at a time, on the world's clock. */
export class Alarm {
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Replaces the deadline that was set before. */
  set(delay: Nanoseconds, action: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(delay, () => {
      this.#timer = undefined;
      this.#clock.stir();
      action();
    });
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
