// Passwords and AuthKeys at rest: scrypt (RFC 7914), `scrypt$N$r$p$salt$hash` in base64url, over
// the password's SHA-256: HMAC takes a short key and the same key with zeros after it for one. Checks run one at a time, so
// that many at once cost time and not memory, in turns that are fair to each source (turns.ts); who may not even wait is told so.

import { randomBytes, scrypt, scryptSync, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { sha256 } from '../digest.js';
import { API_LIMITS } from '../limits.js';
import { Turns } from './turns.js';

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

/** Where a check comes from: an address, and the name that wants to sign in. */
export interface CheckSource {
  readonly address: string;
  readonly name: string;
}

interface Job {
  readonly password: string;
  readonly hash: string | undefined;
  readonly settle: (result: Promise<boolean>) => void;
}

export class PasswordChecks {
  readonly #clock: Clock;
  readonly #turns = new Turns<Job>({ name: API_LIMITS.waitingChecks, all: API_LIMITS.allWaitingChecks });
  #busy = false;
  /** Takes as long as any other when there is nothing to compare with. */
  #nobody: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the password is the one of this hash; undefined: nobody's. Rejects with BusyError. */
  check(password: string, hash: string | undefined, { address, name }: CheckSource): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const job: Job = { password, hash, settle: (result) => void result.then(resolve, reject) };
      this.#turns.add(job, address, name)?.settle(Promise.reject(new BusyError()));
      if (!this.#busy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let job = this.#turns.next(); job !== undefined; job = this.#turns.next()) {
      const { password, hash, settle } = job;
      const stored = hash ?? (this.#nobody ??= hashPassword(randomBytes(LENGTH)));
      const result = this.#check(password, stored).then((isRight) => isRight && hash !== undefined);
      settle(result);
      await result.catch(() => undefined);
    }
    this.#busy = false;
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
