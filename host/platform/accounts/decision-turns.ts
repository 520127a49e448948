// Access decisions that take long, on the thread that serves everybody. A caller whose decisions do is in turns with others like
// it for a while: all of them together have a small share of the time, and everybody else is served as before. How long a
// decision takes is counted in steps, so that it is the same on every machine and clock.

import type { Clock, Nanoseconds } from '../../clock/clock.js';
import { DECISION } from '../limits.js';
import { BusyError } from './busy-error.js';
import { Turns } from './turns.js';

/** Of a step of the budget. */
const STEP: Nanoseconds = 10;

interface Waiting {
  readonly decide: () => void;
  readonly refuse: () => void;
}

export class DecisionTurns {
  readonly #clock: Clock;
  readonly #turns = new Turns<Waiting>({
    ...{ last: DECISION.waiting, step: DECISION.waiting, all: DECISION.allWaiting },
  });
  /** Until when a caller counts as costly, the one that began first before the others. */
  readonly #costly = new Map<string, Nanoseconds>();
  /** When the next of the costly ones may be decided. */
  #free: Nanoseconds = 0;
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isCostly(caller: string): boolean {
    return (this.#costly.get(caller) ?? 0) > this.#clock.now();
  }

  /** Undefined: it may be decided now; otherwise resolves when it may. Rejects with BusyError. */
  turn(caller: string): Promise<void> | undefined {
    if (!this.isCostly(caller)) return undefined;
    return new Promise((resolve, reject) => {
      const refuse = (): void => reject(new BusyError('costly decisions'));
      this.#turns.add({ decide: resolve, refuse }, [caller])?.refuse();
      if (!this.#running) this.#next();
    });
  }

  /** Tells what a decision took. */
  spent(caller: string, steps: number): void {
    if (steps <= DECISION.light) return;
    const now = this.#clock.now();
    this.#free = Math.max(now, this.#free) + steps * STEP * (DECISION.share - 1);
    this.#costly.delete(caller);
    this.#costly.set(caller, now + DECISION.memory);
    for (const [old, until] of this.#costly) {
      if (until > now && this.#costly.size <= DECISION.allWaiting) break;
      this.#costly.delete(old);
    }
  }

  #next(): void {
    this.#running = true;
    this.#clock.at(this.#free, () => {
      const next = this.#turns.next();
      this.#running = next !== undefined;
      if (next === undefined) return;
      next.decide();
      this.#clock.stir('promises');
      // What it takes is told by then.
      this.#clock.after(0, () => this.#next());
    });
  }
}
