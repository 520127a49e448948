// Operators and their ways in: e-mail and password, AuthKeys, SAM users; and the tokens that they are given. A token is a
// JWT that names its operator, as clients expect; it is good as long as its hash is kept. A restart ends none.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { Secret } from '../../secret.js';
import type { Database, Row } from '../database.js';
import { sha256 } from '../digest.js';
import { DEFAULT_OPERATOR, PlatformConfigError } from '../directory/index.js';
import type { RunningTime } from '../running-time.js';
import type { OperatorConfig } from '../directory/schema.js';
import { hashPassword, PasswordChecks } from './password.js';
import { Sam } from './sam.js';
import type { TokenSigner } from './signer.js';

const TABLES = [
  `CREATE TABLE operators (
     operator_id TEXT PRIMARY KEY, email TEXT UNIQUE, password TEXT, created_ms INTEGER NOT NULL) STRICT;
   CREATE TABLE auth_keys (
     auth_key_id TEXT PRIMARY KEY, operator_id TEXT NOT NULL, user_name TEXT, hash TEXT NOT NULL,
     created_ms INTEGER NOT NULL, used_ms INTEGER) STRICT;
   CREATE TABLE api_tokens (
     token_hash BLOB PRIMARY KEY, api_key_hash BLOB NOT NULL, operator_id TEXT NOT NULL, user_name TEXT,
     expires_ms INTEGER NOT NULL) STRICT;
   CREATE INDEX api_tokens_keys ON api_tokens (api_key_hash);
   CREATE INDEX api_tokens_expiry ON api_tokens (expires_ms);`,
  // Running time at which it ends, too; 0: by the wall clock alone.
  `ALTER TABLE api_tokens ADD COLUMN ends_ms INTEGER NOT NULL DEFAULT 0;`,
];

/** Bytes of chance in keys. */
const SECRET_BYTES = 32;
/** And in a token, which no two of one second may share. */
const TOKEN_ID_BYTES = 16;

/** Whose: the operator's root, or one of its SAM users. */
export interface Owner {
  readonly operatorId: string;
  readonly userName: string | undefined;
}

export interface Operator {
  readonly operatorId: string;
  readonly email: string | undefined;
  readonly createdMs: number;
}

export interface AuthKey extends Owner {
  readonly authKeyId: string;
  readonly createdMs: number;
  readonly usedMs: number | undefined;
}

export interface NewAuthKey {
  readonly authKeyId: string;
  readonly authKey: Secret;
}

/** By one of the three ways of `POST /v1/auth`. */
export type Login =
  | { readonly authKeyId: string; readonly authKey: string }
  | { readonly email: string; readonly password: string }
  | { readonly operatorId: string; readonly userName: string; readonly password: string };

export interface Ticket extends Owner {
  readonly apiKey: string;
  readonly token: string;
}

export class Accounts {
  readonly sam: Sam;
  readonly #database: Database;
  readonly #unixMs: () => number;
  readonly #running: RunningTime;
  readonly #checks: PasswordChecks;
  readonly #signer: TokenSigner;

  constructor({
    database,
    clock,
    signer,
    running,
  }: {
    readonly database: Database;
    readonly clock: Clock;
    readonly signer: TokenSigner;
    readonly running: RunningTime;
  }) {
    this.#signer = signer;
    this.#database = database;
    this.#running = running;
    this.#unixMs = () => clock.unixMs();
    this.#checks = new PasswordChecks(clock);
    database.define('accounts', TABLES);
    this.sam = new Sam(database, this.#unixMs);
    this.#addOperator(DEFAULT_OPERATOR);
  }

  /**
   * Adds operators and AuthKeys that are not there yet; what is there stays as it is. All or nothing. Throws
   * PlatformConfigError for an e-mail address or AuthKey that is another operator's.
   */
  seed(operators: Readonly<Record<string, OperatorConfig>>, source: string): void {
    const fault = (operatorId: string, what: string): PlatformConfigError =>
      new PlatformConfigError(source, [`operators.${operatorId}.${what} is another operator's`]);
    this.#database.transaction(() => {
      for (const [operatorId, { email, password, authKeys }] of Object.entries(operators)) {
        this.#addOperator(operatorId);
        if (email !== undefined && password !== undefined && this.operator(operatorId)?.email === undefined) {
          if (this.#database.get('SELECT 1 FROM operators WHERE email = ?', email.toLowerCase()) !== undefined) {
            throw fault(operatorId, 'email');
          }
          const hash = hashPassword(password.reveal());
          const sql = 'UPDATE operators SET email = ?, password = ? WHERE operator_id = ?';
          this.#database.run(sql, email.toLowerCase(), hash, operatorId);
        }
        for (const [authKeyId, authKey] of Object.entries(authKeys)) {
          const row = this.#authKeyRow(authKeyId);
          if (row === undefined) this.#addAuthKey({ operatorId, userName: undefined }, authKeyId, authKey);
          else if (readOwner(row).operatorId !== operatorId) throw fault(operatorId, `authKeys["${authKeyId}"]`);
        }
      }
    });
  }

  operator(operatorId: string): Operator | undefined {
    const row = this.#database.get('SELECT * FROM operators WHERE operator_id = ?', operatorId);
    const email = row?.['email'] == null ? undefined : String(row['email']);
    return row && { operatorId, email, createdMs: Number(row['created_ms']) };
  }

  /** True when nobody could sign in as this operator: whoever starts the platform then has to make an AuthKey. */
  isLocked(operatorId: string): boolean {
    return (
      this.operator(operatorId)?.email === undefined && this.authKeys({ operatorId, userName: undefined }).length === 0
    );
  }

  // --- AuthKeys ---

  authKeys({ operatorId, userName }: Owner): readonly AuthKey[] {
    const sql = 'SELECT * FROM auth_keys WHERE operator_id = ? AND user_name IS ? ORDER BY created_ms, auth_key_id';
    return this.#database.all(sql, operatorId, userName ?? null).map(readAuthKey);
  }

  /** A new one: the key itself is told this once. */
  makeAuthKey(owner: Owner): NewAuthKey {
    const authKeyId = `keyId-${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const authKey = new Secret(Buffer.from(`secret-${randomBytes(SECRET_BYTES).toString('base64url')}`));
    this.#addAuthKey(owner, authKeyId, authKey);
    return { authKeyId, authKey };
  }

  /** Returns whether it was there. Tokens that it gave stay good. */
  deleteAuthKey({ operatorId, userName }: Owner, authKeyId: string): boolean {
    const sql = 'DELETE FROM auth_keys WHERE auth_key_id = ? AND operator_id = ? AND user_name IS ?';
    return this.#database.run(sql, authKeyId, operatorId, userName ?? null) > 0;
  }

  /** A SAM user with all that it could sign in with. Returns whether it was there. */
  deleteUser(operatorId: string, userName: string): boolean {
    return this.#database.transaction(() => {
      for (const table of ['auth_keys', 'api_tokens']) {
        this.#database.run(`DELETE FROM ${table} WHERE operator_id = ? AND user_name = ?`, operatorId, userName);
      }
      return this.sam.deleteUser(operatorId, userName);
    });
  }

  // --- Tokens ---

  /** Undefined: nobody, or not with these. Takes as long for both. `address`: who calls. Rejects with BusyError. */
  async signIn(login: Login, seconds: number, address = ''): Promise<Ticket | undefined> {
    const { owner, hash, secret } = this.#known(login);
    const source = { address, name: nameOf(login) };
    if (!(await this.#checks.check(secret, hash, source)) || owner === undefined) return undefined;
    if ('authKeyId' in login) {
      const sql = 'UPDATE auth_keys SET used_ms = ? WHERE auth_key_id = ?';
      this.#database.run(sql, this.#unixMs(), login.authKeyId);
    }
    const apiKey = `api-${randomBytes(SECRET_BYTES).toString('base64url')}`;
    return { ...owner, apiKey, token: this.#issue(owner, apiKey, seconds) };
  }

  /** Rejects with BusyError. */
  isPassword(operatorId: string, userName: string, password: string): Promise<boolean> {
    const source = { address: operatorId, name: userName };
    return this.#checks.check(password, this.sam.passwordHash(operatorId, userName), source);
  }

  /** Who holds this key and token. */
  callerOf(apiKey: string, token: string): Owner | undefined {
    const now = this.#unixMs();
    if (this.#signer.verify('api', token, now) === undefined) return undefined;
    const sql =
      'SELECT * FROM api_tokens WHERE token_hash = ? AND api_key_hash = ? AND expires_ms > ? AND (ends_ms = 0 OR ends_ms > ?)';
    const row = this.#database.get(sql, sha256(token), sha256(apiKey), now, this.#running.ms());
    return row && readOwner(row);
  }

  /** A further token for the same key. */
  renew(owner: Owner, apiKey: string, seconds: number): string {
    return this.#issue(owner, apiKey, seconds);
  }

  /** Ends all tokens of the key. */
  signOut(apiKey: string): void {
    this.#database.run('DELETE FROM api_tokens WHERE api_key_hash = ?', sha256(apiKey));
  }

  #issue({ operatorId, userName }: Owner, apiKey: string, seconds: number): string {
    const now = this.#unixMs();
    const [iat, exp] = [Math.floor(now / 1000), Math.ceil(now / 1000) + seconds];
    const token = this.#signer.sign('api', {
      jti: randomBytes(TOKEN_ID_BYTES).toString('base64url'),
      operator: { operatorId },
      ...(userName !== undefined && { samUser: { operatorId, userName } }),
      ...{ iat, exp },
    });
    this.#database.transaction(() => {
      // A wall clock that is wrong takes none away: the token is good again when the clock is right.
      this.#database.run('DELETE FROM api_tokens WHERE expires_ms <= ? AND ends_ms <= ?', now, this.#running.ms());
      this.#database.run(
        `INSERT INTO api_tokens (token_hash, api_key_hash, operator_id, user_name, expires_ms, ends_ms)
         VALUES (?, ?, ?, ?, ?, ?)`,
        ...[sha256(token), sha256(apiKey), operatorId, userName ?? null, now + seconds * 1000],
        this.#running.ms() + seconds * 1000,
      );
    });
    return token;
  }

  #known(login: Login): { readonly owner?: Owner; readonly hash?: string | undefined; readonly secret: string } {
    if ('authKeyId' in login) {
      const row = this.#authKeyRow(login.authKeyId);
      const secret = login.authKey;
      return row === undefined ? { secret } : { secret, owner: readOwner(row), hash: String(row['hash']) };
    }
    const { password: secret } = login;
    if ('email' in login) {
      const row = this.#database.get('SELECT * FROM operators WHERE email = ?', login.email.toLowerCase());
      if (row?.['password'] == null) return { secret };
      const owner = { operatorId: String(row['operator_id']), userName: undefined };
      return { secret, owner, hash: String(row['password']) };
    }
    const { operatorId, userName } = login;
    return { secret, owner: { operatorId, userName }, hash: this.sam.passwordHash(operatorId, userName) };
  }

  #addOperator(operatorId: string): void {
    const sql = 'INSERT OR IGNORE INTO operators (operator_id, created_ms) VALUES (?, ?)';
    this.#database.run(sql, operatorId, this.#unixMs());
  }

  #addAuthKey({ operatorId, userName }: Owner, authKeyId: string, authKey: Secret): void {
    this.#database.run(
      'INSERT INTO auth_keys (auth_key_id, operator_id, user_name, hash, created_ms) VALUES (?, ?, ?, ?, ?)',
      ...[authKeyId, operatorId, userName ?? null, hashPassword(authKey.reveal()), this.#unixMs()],
    );
  }

  #authKeyRow(authKeyId: string): Row | undefined {
    return this.#database.get('SELECT * FROM auth_keys WHERE auth_key_id = ?', authKeyId);
  }
}

/** Whom the caller wants to be. */
const nameOf = (login: Login): string => {
  if ('authKeyId' in login) return login.authKeyId;
  return 'email' in login ? login.email.toLowerCase() : `${login.operatorId}/${login.userName}`;
};

const readOwner = (row: Row): Owner => ({
  operatorId: String(row['operator_id']),
  userName: row['user_name'] == null ? undefined : String(row['user_name']),
});

const readAuthKey = (row: Row): AuthKey => ({
  authKeyId: String(row['auth_key_id']),
  ...readOwner(row),
  createdMs: Number(row['created_ms']),
  usedMs: row['used_ms'] == null ? undefined : Number(row['used_ms']),
});
