import { inspect } from 'node:util';
import { toHex } from './bytes.js';

const HIDDEN = '[redacted]';

/** Bytes that never show by accident: printing, templates and JSON give `[redacted]`; `reveal()` is the only way in. */
export class Secret {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  reveal(): Uint8Array {
    return this.#bytes;
  }

  revealHex(): string {
    return toHex(this.#bytes);
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
