// Secrets at rest: AES-256-GCM under the platform's master key. A sealed value is nonce (12 bytes), tag (16), text.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Secret } from '../secret.js';

const NONCE = 12;
const TAG = 16;

export class SealError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SealError';
  }
}

export class Seal {
  readonly #key: Secret;

  /** 32 bytes; a new random key unless given, good for as long as the process lives. */
  constructor(key: Secret = new Secret(randomBytes(32))) {
    if (key.reveal().length !== 32) throw new SealError('the master key has to have 32 bytes');
    this.#key = key;
  }

  /** `place` says where the value belongs: it opens nowhere else. */
  close(plain: Uint8Array, place: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key.reveal(), nonce).setAAD(Buffer.from(place));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Throws SealError for another key, another place or damage. */
  open(sealed: Uint8Array, place: string): Buffer {
    if (sealed.length < NONCE + TAG) throw new SealError(`${place}: what is stored is too short`);
    const decipher = createDecipheriv('aes-256-gcm', this.#key.reveal(), sealed.subarray(0, NONCE))
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
    } catch {
      throw new SealError(`${place}: what is stored was sealed with another master key, or is damaged`);
    }
  }
}
