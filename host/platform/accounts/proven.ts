// Whose secret was right lately. Wrong passwords must not lock an owner out (OWASP, Authentication Cheat Sheet: "Account Lockout"), also
// when they come from the owner's own address: one who states the secret that was right the last time waits among those alone.
// That decides in which queue the check waits, never what comes of it. In memory, under a key of this process: what is kept of
// a password on the disk takes long to try out, and this would not.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SIGN_IN_LIMITS } from '../limits.js';

const KEY_BYTES = 32;

export class ProvenSecrets {
  readonly #key = randomBytes(KEY_BYTES);
  /** By login: what was right, the latest last. */
  readonly #digests = new Map<string, Buffer>();

  /** `login`: the name that the secret belongs to. */
  isProven(login: string, secret: string): boolean {
    const kept = this.#digests.get(login);
    return kept !== undefined && timingSafeEqual(kept, this.#digestOf(secret));
  }

  /** What came of a check. */
  learn(login: string, secret: string, right: boolean): void {
    if (!right) {
      // It was changed since.
      if (this.isProven(login, secret)) this.#digests.delete(login);
      return;
    }
    this.#digests.delete(login);
    this.#digests.set(login, this.#digestOf(secret));
    for (const oldest of this.#digests.keys()) {
      if (this.#digests.size <= SIGN_IN_LIMITS.proven) break;
      this.#digests.delete(oldest);
    }
  }

  #digestOf(secret: string): Buffer {
    return createHmac('sha256', this.#key).update(secret).digest();
  }
}
