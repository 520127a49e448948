// What the platform signs for itself to read again: API tokens, and links to files. JWTs (RFC 7519) by HS256 (RFC 7518 3.2)
// with one key that is sealed in the database. Everybody who holds one can read it: it holds no secret.

import { createHmac, randomBytes } from 'node:crypto';
import type { Database } from '../database.js';
import { sameSecret } from '../digest.js';
import { Secret } from '../../secret.js';
import type { Seal } from '../seal.js';

const TABLES = [`CREATE TABLE token_keys (kid TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;`];

/** As long as the hash, RFC 7518 3.2. */
const KEY_BYTES = 32;
const KID_BYTES = 8;
/** Longest that is looked at: a token that the platform made is far shorter, but for the path in a link. */
const MAX_LENGTH = 8192;

/** What it is for: a token of one kind is none of another. */
export type Audience = 'api' | 'download';

export interface Claims extends Readonly<Record<string, unknown>> {
  /** UNIX seconds at which it ends. */
  readonly exp: number;
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export class TokenSigner {
  readonly #key: Secret;
  readonly #header: string;

  /** Throws SealError when the stored key cannot be opened. */
  constructor(database: Database, seal: Seal) {
    database.define('token-keys', TABLES);
    const stored = database.get('SELECT * FROM token_keys LIMIT 1');
    const kid = stored === undefined ? randomBytes(KID_BYTES).toString('hex') : String(stored['kid']);
    const place = `token-keys/${kid}`;
    this.#key = new Secret(
      stored === undefined ? randomBytes(KEY_BYTES) : seal.open(stored['sealed'] as Uint8Array, place),
    );
    this.#header = part({ kid, typ: 'JWT', alg: 'HS256' });
    if (stored === undefined) {
      const sealed = seal.close(this.#key.reveal(), place);
      database.run('INSERT INTO token_keys (kid, sealed) VALUES (?, ?)', kid, sealed);
    }
  }

  sign(aud: Audience, claims: Claims): string {
    const signed = `${this.#header}.${part({ aud, ...claims })}`;
    return `${signed}.${this.#mac(signed)}`;
  }

  /** The claims of a token that was signed here for this, and has not ended; undefined for any other text. */
  verify(aud: Audience, token: string, unixMs: number): Claims | undefined {
    if (token.length > MAX_LENGTH) return undefined;
    const [header, payload = '', mac = '', ...more] = token.split('.');
    // The one header that is ever signed: no other algorithm, and none, comes in question.
    if (more.length > 0 || header !== this.#header) return undefined;
    if (!sameSecret(Buffer.from(this.#mac(`${header}.${payload}`)), mac)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
    return claims['aud'] === aud && claims.exp * 1000 > unixMs ? claims : undefined;
  }

  #mac(signed: string): string {
    return createHmac('sha256', this.#key.reveal()).update(signed).digest('base64url');
  }
}
