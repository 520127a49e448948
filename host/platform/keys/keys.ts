// The keys with which the platform signs tokens (RS256, RFC 7518 3.3): Endorse's tokens and Funk's x-soracom-token.
//
// A key is made when the first token wants one. Private keys are sealed in the database; public ones are published
// (site.ts) for as long as the database lives, so that tokens made before a change of keys can still be checked.

import { createPrivateKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { type JWTPayload, SignJWT } from 'jose';
import type { Clock } from '../../clock/clock.js';
import type { Database } from '../database.js';
import type { Seal } from '../seal.js';

/** Bits of the modulus. */
const MODULUS = 2048;

const TABLES = [
  `CREATE TABLE signing_keys (
     serial INTEGER PRIMARY KEY, kid TEXT NOT NULL UNIQUE, sealed BLOB NOT NULL, public_pem TEXT NOT NULL,
     created_ms INTEGER NOT NULL) STRICT;`,
];

/** The name of a published key: what a verifier lets a token's `kid` be before it fetches anything. */
export const KID = /^v1-[0-9a-f]{32}-x509\.pem$/;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

export interface SigningKeysOptions {
  readonly clock: Clock;
  readonly database: Database;
  readonly seal: Seal;
}

export class SigningKeys {
  readonly #options: SigningKeysOptions;
  #current: Promise<SigningKey> | undefined;

  constructor(options: SigningKeysOptions) {
    this.#options = options;
    options.database.define('signing-keys', TABLES);
  }

  /** A JWT (RFC 7519, compact) of these claims, as they are. Throws SealError when the stored key cannot be opened. */
  async sign(claims: JWTPayload): Promise<string> {
    const release = this.#options.clock.hold();
    try {
      const { kid, privateKey } = await (this.#current ?? this.#become(this.#load()));
      return await new SignJWT(claims).setProtectedHeader({ kid, alg: 'RS256' }).sign(privateKey);
    } finally {
      release();
    }
  }

  /** Name of the key that signs from now on. Tokens signed by the ones before stay good. */
  async rotate(): Promise<string> {
    const release = this.#options.clock.hold();
    try {
      return (await this.#become(this.#make())).kid;
    } finally {
      release();
    }
  }

  /** A published key: PEM, SubjectPublicKeyInfo. */
  published(kid: string): string | undefined {
    const row = this.#options.database.get('SELECT public_pem FROM signing_keys WHERE kid = ?', kid);
    return row && String(row['public_pem']);
  }

  /** What cannot be had now is asked for again next time. */
  #become(key: Promise<SigningKey>): Promise<SigningKey> {
    const before = this.#current;
    this.#current = key;
    key.catch(() => {
      if (this.#current === key) this.#current = before;
    });
    return key;
  }

  async #load(): Promise<SigningKey> {
    const { database, seal } = this.#options;
    const row = database.get('SELECT kid, sealed FROM signing_keys ORDER BY serial DESC LIMIT 1');
    if (row === undefined) return this.#make();
    const kid = String(row['kid']);
    const der = seal.open(row['sealed'] as Uint8Array, place(kid));
    return { kid, privateKey: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
  }

  async #make(): Promise<SigningKey> {
    const { clock, database, seal } = this.#options;
    const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS });
    const kid = `v1-${randomBytes(16).toString('hex')}-x509.pem`;
    database.run(
      'INSERT INTO signing_keys (kid, sealed, public_pem, created_ms) VALUES (?, ?, ?, ?)',
      kid,
      seal.close(privateKey.export({ format: 'der', type: 'pkcs8' }), place(kid)),
      publicKey.export({ format: 'pem', type: 'spki' }).toString(),
      clock.unixMs(),
    );
    return { kid, privateKey };
  }
}

const place = (kid: string): string => `signing-keys/${kid}`;
