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
import { DecisionTurns } from './decision-turns.js';
import { LimitError } from '../limit-error.js';
import { SAM_LIMITS } from '../limits.js';
import { type DeriveKey, hashPasswordNow, Passwords, scryptKey } from './password.js';
import { ownerTurns, provenTurns, SignInPlaces, strangerTurns } from './places.js';
import { ProvenSecrets } from './proven.js';
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
  // An owner's, in the order in which they end.
  `CREATE INDEX api_tokens_owner ON api_tokens (operator_id, user_name, expires_ms);`,
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

/** Where a sign-in comes from: an address, and who the caller is already, by a token that is good. */
export interface SignInSource {
  readonly address?: string;
  readonly signedIn?: Owner | undefined;
}

export interface Ticket extends Owner {
  readonly apiKey: string;
  readonly token: string;
}

export class Accounts {
  readonly sam: Sam;
  /** For decisions of `sam`. */
  readonly decisions: DecisionTurns;
  readonly #database: Database;
  readonly #unixMs: () => number;
  readonly #running: RunningTime;
  readonly #passwords: Passwords;
  readonly #places: SignInPlaces;
  readonly #proven = new ProvenSecrets();
  readonly #signer: TokenSigner;

  constructor({
    database,
    clock,
    signer,
    running,
    deriveKey = scryptKey(clock),
  }: {
    readonly database: Database;
    readonly clock: Clock;
    readonly signer: TokenSigner;
    readonly running: RunningTime;
    /** What takes the time of a check. */
    readonly deriveKey?: DeriveKey;
  }) {
    this.#signer = signer;
    this.#database = database;
    this.#running = running;
    this.#unixMs = () => clock.unixMs();
    this.#passwords = new Passwords(deriveKey);
    database.define('accounts', TABLES);
    this.#places = new SignInPlaces(database);
    this.sam = new Sam(database, this.#unixMs);
    this.decisions = new DecisionTurns(clock);
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
          const hash = hashPasswordNow(password.reveal());
          const sql = 'UPDATE operators SET email = ?, password = ? WHERE operator_id = ?';
          this.#database.run(sql, email.toLowerCase(), hash, operatorId);
        }
        for (const [authKeyId, authKey] of Object.entries(authKeys)) {
          const row = this.#authKeyRow(authKeyId);
          if (row === undefined)
            this.#addAuthKey({ operatorId, userName: undefined }, authKeyId, hashPasswordNow(authKey.reveal()));
          else if (readOwner(row).operatorId !== operatorId) throw fault(operatorId, `authKeys["${authKeyId}"]`);
        }
      }
    });
  }

  /** By id. */
  operators(): readonly Operator[] {
    return this.#database
      .all('SELECT operator_id FROM operators ORDER BY operator_id')
      .flatMap((row) => this.operator(String(row['operator_id'])) ?? []);
  }

  operator(operatorId: string): Operator | undefined {
    const row = this.#database.get('SELECT * FROM operators WHERE operator_id = ?', operatorId);
    const email = row?.['email'] == null ? undefined : String(row['email']);
    return row && { operatorId, email, createdMs: Number(row['created_ms']) };
  }

  /** True when nobody could sign in as this operator: the program that starts the platform then has to make an AuthKey. */
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

  /**
   * A new one: the key itself is told this once. `keep` is done with it, or neither is. Rejects with BusyError or LimitError.
   */
  async makeAuthKey(owner: Owner, keep?: (made: NewAuthKey) => void): Promise<NewAuthKey> {
    this.#wantFewAuthKeys(owner, SAM_LIMITS.authKeys - 1);
    const authKeyId = `keyId-${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const authKey = new Secret(Buffer.from(`secret-${randomBytes(SECRET_BYTES).toString('base64url')}`));
    const hash = await this.#passwords.hash(authKey.reveal(), ownerTurns(owner));
    const made = { authKeyId, authKey };
    this.#database.transaction(() => {
      this.#addAuthKey(owner, authKeyId, hash);
      // Others may have been made meanwhile.
      this.#wantFewAuthKeys(owner, SAM_LIMITS.authKeys);
      keep?.(made);
    });
    return made;
  }

  /** Returns whether it was there. Tokens that it gave stay good. */
  deleteAuthKey({ operatorId, userName }: Owner, authKeyId: string): boolean {
    const sql = 'DELETE FROM auth_keys WHERE auth_key_id = ? AND operator_id = ? AND user_name IS ?';
    return this.#database.run(sql, authKeyId, operatorId, userName ?? null) > 0;
  }

  /** A SAM user with all that it could sign in with. Returns whether it was there. */
  deleteUser(operatorId: string, userName: string): boolean {
    return this.#database.transaction(() => {
      this.#places.forget({ operatorId, userName });
      for (const table of ['auth_keys', 'api_tokens']) {
        this.#database.run(`DELETE FROM ${table} WHERE operator_id = ? AND user_name = ?`, operatorId, userName);
      }
      return this.sam.deleteUser(operatorId, userName);
    });
  }

  // --- Tokens ---

  /** Undefined: nobody, or not with these. Takes as long for both. Rejects with BusyError. */
  async signIn(login: Login, seconds: number, from: SignInSource = {}): Promise<Ticket | undefined> {
    const { owner, hash, secret } = this.#known(login);
    const right = await this.#passwords.check(secret, hash, this.#turnsOf(login, owner, from));
    if (owner === undefined) return undefined;
    this.#proven.learn(loginName(login), secret, right);
    if (!right) return undefined;
    const apiKey = `api-${randomBytes(SECRET_BYTES).toString('base64url')}`;
    return this.#database.transaction(() => {
      if ('authKeyId' in login) {
        const sql = 'UPDATE auth_keys SET used_ms = ? WHERE auth_key_id = ?';
        this.#database.run(sql, this.#unixMs(), login.authKeyId);
      }
      this.#places.keep(owner, from.address ?? '', this.#unixMs());
      return { ...owner, apiKey, token: this.#issue(owner, apiKey, seconds) };
    });
  }

  /**
   * Sets a SAM user's password, or takes it away. `before`: the one that it has to have. Resolves to false when it has
   * another, or has one while none is stated. Rejects with BusyError.
   */
  async changePassword(
    { operatorId, userName }: { readonly operatorId: string; readonly userName: string },
    password: string,
    before?: string,
  ): Promise<boolean> {
    const turns = ownerTurns({ operatorId, userName });
    const old = this.sam.passwordHash(operatorId, userName) ?? null;
    if (before === undefined ? old !== null : !(await this.#passwords.check(before, old ?? undefined, turns)))
      return false;
    const hash = await this.#passwords.hash(password, turns);
    // It may have been changed meanwhile.
    return this.sam.setPasswordHash(operatorId, userName, hash, old);
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
      this.#database.run(
        `DELETE FROM api_tokens WHERE token_hash IN (
           SELECT token_hash FROM api_tokens WHERE operator_id = ?1 AND user_name IS ?2 AND token_hash <> ?3
           ORDER BY expires_ms DESC LIMIT -1 OFFSET ?4)`,
        ...[operatorId, userName ?? null, sha256(token), SAM_LIMITS.tokens - 1],
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

  #addAuthKey({ operatorId, userName }: Owner, authKeyId: string, hash: string): void {
    this.#database.run(
      'INSERT INTO auth_keys (auth_key_id, operator_id, user_name, hash, created_ms) VALUES (?, ?, ?, ?, ?)',
      ...[authKeyId, operatorId, userName ?? null, hash, this.#unixMs()],
    );
  }

  /** Throws LimitError. */
  #wantFewAuthKeys(owner: Owner, limit: number): void {
    if (this.authKeys(owner).length > limit) throw new LimitError(`${SAM_LIMITS.authKeys} AuthKeys are the limit`);
  }

  /** Where a sign-in waits: with a proof among few, from a place of its owner's behind those that try there, all others by where they come from. */
  #turnsOf(login: Login, owner: Owner | undefined, { address = '', signedIn }: SignInSource): readonly string[] {
    if (owner !== undefined) {
      const secret = 'authKey' in login ? login.authKey : login.password;
      if (isSame(owner, signedIn) || this.#proven.isProven(loginName(login), secret)) return provenTurns(owner);
      if (this.#places.isUsual(owner, address)) return ownerTurns(owner);
    }
    if ('email' in login) return strangerTurns(address, 'email', login.email.toLowerCase());
    if ('userName' in login) return strangerTurns(address, 'user', `${login.operatorId}/${login.userName}`);
    // An AuthKey's id is no word that could be found by trying: all that are none count as one.
    return owner === undefined ? strangerTurns(address, 'no key', '') : strangerTurns(address, 'key', login.authKeyId);
  }

  #authKeyRow(authKeyId: string): Row | undefined {
    return this.#database.get('SELECT * FROM auth_keys WHERE auth_key_id = ?', authKeyId);
  }
}

const loginName = (login: Login): string =>
  'authKeyId' in login
    ? `key ${login.authKeyId}`
    : 'email' in login
      ? `email ${login.email.toLowerCase()}`
      : `user ${login.operatorId}/${login.userName}`;

const isSame = (one: Owner, other: Owner | undefined): boolean =>
  one.operatorId === other?.operatorId && one.userName === other.userName;

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
