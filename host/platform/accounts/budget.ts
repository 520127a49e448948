// How much work one access decision may take, counted in steps and not in time: the answer is the same on every machine.

import { DECISION } from '../limits.js';

/** An access decision that cannot be made: the answer is no. The message says why. */
export class UndecidedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UndecidedError';
  }
}

/** A step is some 10 ns: a character that a pattern looks at in one of its states, or a part of a comparison. */
export class Budget {
  #left: number;

  constructor(steps: number = DECISION.steps) {
    this.#left = steps;
  }

  /** So far, with those that were too many. */
  get spent(): number {
    return DECISION.steps - this.#left;
  }

  /** Throws UndecidedError. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new UndecidedError(`it takes more than ${DECISION.steps} steps to decide`);
  }
}
