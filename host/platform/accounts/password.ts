// Passwords and AuthKeys at rest: scrypt (RFC 7914), `scrypt$N$r$p$salt$hash` in base64url, over
// the password's SHA-256: HMAC takes a short key and the same key with zeros after it for one. One is made or checked at a
// time, so that many at once cost time and not memory, in turns that are fair (turns.ts); who may not even wait is told so.

import { randomBytes, scrypt, scryptSync, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { sha256 } from '../digest.js';
import { SIGN_IN_LIMITS } from '../limits.js';
import { BusyError } from './busy-error.js';
import { Turns } from './turns.js';

/** 16 MiB and some 40 ms each. */
const COST = { N: 2 ** 14, r: 8, p: 1 } as const;
const SALT = 16;
const LENGTH = 32;

export type DeriveKey = (secret: Buffer, salt: Buffer, length: number, cost: ScryptOptions) => Promise<Buffer>;

/** At once, and in no turn: for what is configured, before anybody is served. */
export function hashPasswordNow(password: string | Uint8Array): string {
  const salt = randomBytes(SALT);
  return written(salt, scryptSync(sha256(password), salt, LENGTH, COST));
}

const written = (salt: Buffer, hash: Buffer): string =>
  ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');

interface Job {
  /** Never rejects. */
  readonly run: () => Promise<void>;
  readonly refuse: () => void;
}

export class Passwords {
  readonly #deriveKey: DeriveKey;
  readonly #turns = new Turns<Job>({
    ...{ last: SIGN_IN_LIMITS.name, step: SIGN_IN_LIMITS.place, all: SIGN_IN_LIMITS.all },
  });
  #busy = false;
  /** Takes as long as any other when there is nothing to compare with. */
  #nobody: string | undefined;

  constructor(deriveKey: DeriveKey) {
    this.#deriveKey = deriveKey;
  }

  /**
   * True if the password belongs to this hash. Without a hash the answer is false and takes as long. `turns`: the queue in which the check
   * waits. Rejects with BusyError.
   */
  check(password: string, hash: string | undefined, turns: readonly string[]): Promise<boolean> {
    return this.#inTurn(turns, async () => {
      this.#nobody ??= written(randomBytes(SALT), randomBytes(LENGTH));
      const [, N, r, p, salt = '', told = ''] = (hash ?? this.#nobody).split('$');
      const wanted = Buffer.from(told, 'base64url');
      const cost = { N: Number(N), r: Number(r), p: Number(p) };
      const found = await this.#deriveKey(sha256(password), Buffer.from(salt, 'base64url'), wanted.length, cost);
      return timingSafeEqual(found, wanted) && hash !== undefined;
    });
  }

  /** What is kept of a password. `turns`: where it waits. Rejects with BusyError. */
  hash(password: string | Uint8Array, turns: readonly string[]): Promise<string> {
    return this.#inTurn(turns, async () => {
      const salt = randomBytes(SALT);
      return written(salt, await this.#deriveKey(sha256(password), salt, LENGTH, COST));
    });
  }

  #inTurn<T>(turns: readonly string[], work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const job: Job = {
        run: () => work().then(resolve, reject),
        refuse: () => reject(new BusyError('passwords')),
      };
      this.#turns.add(job, turns)?.refuse();
      if (!this.#busy) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    for (let job = this.#turns.next(); job !== undefined; job = this.#turns.next()) {
      await job.run();
    }
    this.#busy = false;
  }
}

/** scrypt, in a thread of Node's. */
export const scryptKey =
  (clock: Clock): DeriveKey =>
  (secret, salt, length, cost) =>
    new Promise((resolve, reject) => {
      // No virtual clock sees a thread.
      const release = clock.hold();
      scrypt(secret, salt, length, cost, (error, key) => {
        release();
        if (error) reject(error);
        else resolve(key);
      });
    });
