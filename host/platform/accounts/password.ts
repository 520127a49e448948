// Passwords and AuthKeys at rest: scrypt (RFC 7914), `scrypt$N$r$p$salt$hash` in base64url, over
// the password's SHA-256: HMAC takes a short key and the same key with zeros after it for one. Checks run one at a time, so
// that many at once cost time and not memory; who may not even wait is told so.

import { randomBytes, scrypt, scryptSync, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { API_LIMITS } from '../choices.js';
import { sha256 } from '../digest.js';

/** 16 MiB and some 40 ms each. */
const COST = { N: 2 ** 14, r: 8, p: 1 } as const;
const SALT = 16;
const LENGTH = 32;

export class BusyError extends Error {
  constructor() {
    super('too many passwords are waiting to be checked');
    this.name = 'BusyError';
  }
}

export function hashPassword(password: string | Uint8Array): string {
  const salt = randomBytes(SALT);
  const hash = scryptSync(sha256(password), salt, LENGTH, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

export class PasswordChecks {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Takes as long as any other when there is nothing to compare with. */
  #nobody: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the password is the one of this hash; undefined: nobody's. Rejects with BusyError. */
  async check(password: string, hash: string | undefined): Promise<boolean> {
    if (this.#waiting >= API_LIMITS.waitingChecks) throw new BusyError();
    this.#waiting++;
    const turn = this.#last.then(() =>
      this.#check(password, hash ?? (this.#nobody ??= hashPassword(randomBytes(LENGTH)))),
    );
    this.#last = turn.catch(() => undefined);
    try {
      return (await turn) && hash !== undefined;
    } finally {
      this.#waiting--;
    }
  }

  async #check(password: string, stored: string): Promise<boolean> {
    const [, N, r, p, salt = '', hash = ''] = stored.split('$');
    const wanted = Buffer.from(hash, 'base64url');
    const release = this.#clock.hold();
    try {
      const cost = { N: Number(N), r: Number(r), p: Number(p) };
      return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), wanted.length, cost), wanted);
    } finally {
      release();
    }
  }
}

const derive = (password: string, salt: Buffer, length: number, cost: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(sha256(password), salt, length, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
