// Permissions as they were last read, by their text. What is asked often is read once; what is kept has a limit in all.

import { UndecidedError } from './budget.js';
import { parsePermission, PermissionError, type Statement } from './permission.js';

export class PermissionCache {
  /** The one used longest ago is the first. */
  readonly #kept = new Map<string, readonly Statement[]>();
  readonly #limit: number;
  #size = 0;

  /** `limit`: characters of all texts. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Characters of the texts that are kept. */
  get size(): number {
    return this.#size;
  }

  of(text: string): readonly Statement[] {
    const found = this.#kept.get(text);
    if (found !== undefined) {
      this.#kept.delete(text);
      this.#kept.set(text, found);
      return found;
    }
    const read = statementsOf(text);
    this.#kept.set(text, read);
    this.#size += text.length;
    for (const old of this.#kept.keys()) {
      if (this.#size <= this.#limit) break;
      this.#kept.delete(old);
      this.#size -= old.length;
    }
    return read;
  }
}

/** A stored permission that is understood no more lets nothing be done, and says why. */
function statementsOf(text: string): readonly Statement[] {
  try {
    return parsePermission(text);
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    const { message } = error;
    const condition = (): never => {
      throw new UndecidedError(message);
    };
    return [{ effect: 'deny', api: ['*'], condition }];
  }
}
