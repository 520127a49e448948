// SORACOM Access Management: an operator's users and roles. Roles are also what Harvest Files lets devices assume.

import { Database, type Row } from '../database.js';
import { LimitError } from '../limit-error.js';
import { PERMISSION_CACHE, SAM_LIMITS } from '../limits.js';
import { Budget } from './budget.js';
import { type Asked, decide, type Decision, type Facts, parsePermission, type Statement } from './permission.js';
import { PermissionCache } from './permission-cache.js';

const TABLES = [
  `CREATE TABLE sam_users (
     operator_id TEXT NOT NULL, user_name TEXT NOT NULL, description TEXT NOT NULL, permission TEXT NOT NULL,
     password TEXT, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
     PRIMARY KEY (operator_id, user_name)) STRICT;
   CREATE TABLE sam_roles (
     operator_id TEXT NOT NULL, role_id TEXT NOT NULL, description TEXT NOT NULL, permission TEXT NOT NULL,
     created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL, PRIMARY KEY (operator_id, role_id)) STRICT;
   CREATE TABLE sam_user_roles (
     operator_id TEXT NOT NULL, user_name TEXT NOT NULL, role_id TEXT NOT NULL,
     PRIMARY KEY (operator_id, user_name, role_id),
     FOREIGN KEY (operator_id, user_name) REFERENCES sam_users (operator_id, user_name) ON DELETE CASCADE,
     FOREIGN KEY (operator_id, role_id) REFERENCES sam_roles (operator_id, role_id) ON DELETE CASCADE) STRICT;`,
];

export interface Role {
  readonly roleId: string;
  readonly description: string;
  /** As it was written: JSON in a string. */
  readonly permission: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

export interface SamUser extends Omit<Role, 'roleId'> {
  readonly userName: string;
  readonly hasPassword: boolean;
  readonly roles: readonly string[];
}

export interface SamDecision extends Decision {
  /** That it took: see DECISION. */
  readonly steps: number;
}

/** Nothing: what a new user may do until told otherwise. */
export const NO_PERMISSION = '{"statements":[]}';

/**
 * Steps of the budget in which a byte of a permission is read. They count whether it was read before or not: the same is
 * permitted after a restart.
 */
const READ_STEPS = 8;

export class Sam {
  readonly #database: Database;
  readonly #unixMs: () => number;
  readonly #permissions = new PermissionCache(PERMISSION_CACHE.characters);

  constructor(database: Database, unixMs: () => number) {
    this.#database = database;
    this.#unixMs = unixMs;
    database.define('sam', TABLES);
  }

  // --- Roles ---

  roles(operatorId: string): readonly Role[] {
    return this.#database
      .all('SELECT * FROM sam_roles WHERE operator_id = ? ORDER BY role_id', operatorId)
      .map(readRole);
  }

  role(operatorId: string, roleId: string): Role | undefined {
    const row = this.#database.get('SELECT * FROM sam_roles WHERE operator_id = ? AND role_id = ?', operatorId, roleId);
    return row && readRole(row);
  }

  /** Whether a role lets this be called; one that is not there lets nothing. */
  roleMay(operatorId: string, roleId: string, asked: Asked, facts: Facts): SamDecision {
    const role = this.role(operatorId, roleId);
    return this.#decide(role === undefined ? [] : [role.permission], asked, facts);
  }

  /** Makes or replaces a role. Throws PermissionError or LimitError. */
  putRole(operatorId: string, roleId: string, permission: string, description = ''): void {
    parsePermission(permission);
    const now = this.#unixMs();
    this.#database.transaction(() => {
      const isNew = this.role(operatorId, roleId) === undefined;
      this.#database.run(
        `INSERT INTO sam_roles (operator_id, role_id, description, permission, created_ms, modified_ms)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (operator_id, role_id) DO UPDATE
           SET description = excluded.description, permission = excluded.permission, modified_ms = excluded.modified_ms`,
        ...[operatorId, roleId, description, permission, now, now],
      );
      if (isNew) this.#wantFew('sam_roles', operatorId, SAM_LIMITS.roles);
      this.#wantSmall(operatorId, 'role_id', roleId);
    });
  }

  /** Returns whether it was there. */
  deleteRole(operatorId: string, roleId: string): boolean {
    return this.#database.run('DELETE FROM sam_roles WHERE operator_id = ? AND role_id = ?', operatorId, roleId) > 0;
  }

  // --- Users ---

  users(operatorId: string): readonly SamUser[] {
    return this.#database
      .all('SELECT * FROM sam_users WHERE operator_id = ? ORDER BY user_name', operatorId)
      .map((row) => this.#readUser(row));
  }

  user(operatorId: string, userName: string): SamUser | undefined {
    const row = this.#database.get(
      'SELECT * FROM sam_users WHERE operator_id = ? AND user_name = ?',
      operatorId,
      userName,
    );
    return row && this.#readUser(row);
  }

  /** Throws LimitError. */
  createUser(operatorId: string, userName: string, description: string): void {
    const now = this.#unixMs();
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO sam_users (operator_id, user_name, description, permission, created_ms, modified_ms)
         VALUES (?, ?, ?, ?, ?, ?)`,
        ...[operatorId, userName, description, NO_PERMISSION, now, now],
      );
      this.#wantFew('sam_users', operatorId, SAM_LIMITS.users);
    });
  }

  /** Of a user that is there. Throws PermissionError or LimitError. */
  changeUser(
    operatorId: string,
    userName: string,
    { description, permission }: { readonly description?: string; readonly permission?: string },
  ): void {
    if (permission !== undefined) parsePermission(permission);
    const set = (column: string, value: string): void =>
      void this.#database.run(
        `UPDATE sam_users SET ${column} = ?, modified_ms = ? WHERE operator_id = ? AND user_name = ?`,
        ...[value, this.#unixMs(), operatorId, userName],
      );
    this.#database.transaction(() => {
      if (description !== undefined) set('description', description);
      if (permission === undefined) return;
      set('permission', permission);
      this.#wantSmall(operatorId, 'user_name', userName);
    });
  }

  /** Returns false when the user is not there, or what is kept of its password is not `before`; null: it has none. */
  setPasswordHash(operatorId: string, userName: string, hash: string, before: string | null): boolean {
    const sql =
      'UPDATE sam_users SET password = ?, modified_ms = ? WHERE operator_id = ? AND user_name = ? AND password IS ?';
    return this.#database.run(sql, hash, this.#unixMs(), operatorId, userName, before) > 0;
  }

  deletePassword(operatorId: string, userName: string): void {
    const sql = 'UPDATE sam_users SET password = NULL, modified_ms = ? WHERE operator_id = ? AND user_name = ?';
    this.#database.run(sql, this.#unixMs(), operatorId, userName);
  }

  /** Returns whether it was there. */
  deleteUser(operatorId: string, userName: string): boolean {
    const sql = 'DELETE FROM sam_users WHERE operator_id = ? AND user_name = ?';
    return this.#database.run(sql, operatorId, userName) > 0;
  }

  passwordHash(operatorId: string, userName: string): string | undefined {
    const sql = 'SELECT password FROM sam_users WHERE operator_id = ? AND user_name = ?';
    const hash = this.#database.get(sql, operatorId, userName)?.['password'];
    return hash == null ? undefined : String(hash);
  }

  /** Both have to be there. Throws LimitError. */
  attach(operatorId: string, userName: string, roleId: string): void {
    this.#database.transaction(() => {
      this.#database.run(
        'INSERT OR IGNORE INTO sam_user_roles (operator_id, user_name, role_id) VALUES (?, ?, ?)',
        ...[operatorId, userName, roleId],
      );
      this.#wantSmall(operatorId, 'user_name', userName);
    });
  }

  /** Returns whether it was attached. */
  detach(operatorId: string, userName: string, roleId: string): boolean {
    const sql = 'DELETE FROM sam_user_roles WHERE operator_id = ? AND user_name = ? AND role_id = ?';
    return this.#database.run(sql, operatorId, userName, roleId) > 0;
  }

  /** Whether a user may call this, by itself or by its roles. */
  userMay(operatorId: string, userName: string, asked: Asked, facts: Facts): SamDecision {
    const rows = this.#database.all(
      `SELECT permission, NULL AS role_id FROM sam_users WHERE operator_id = ?1 AND user_name = ?2
       UNION ALL
       SELECT permission, role_id FROM sam_user_roles JOIN sam_roles USING (operator_id, role_id)
         WHERE operator_id = ?1 AND user_name = ?2
       ORDER BY role_id LIMIT ?3`,
      ...[operatorId, userName, MOST_TEXTS + 1],
    );
    if (rows.length > MOST_TEXTS) {
      return { permitted: false, fault: `no more than ${SAM_LIMITS.roles} roles of a user are read`, steps: 0 };
    }
    return this.#decide(
      rows.map((row) => String(row['permission'])),
      asked,
      facts,
    );
  }

  #decide(permissions: readonly string[], asked: Asked, facts: Facts): SamDecision {
    const budget = new Budget();
    return { ...decide(this.#read(permissions, budget), asked, facts, budget), steps: budget.spent };
  }

  /** Throws UndecidedError, before anything is read for which the budget is too small. */
  *#read(permissions: readonly string[], budget: Budget): Generator<Statement> {
    for (const text of permissions) {
      budget.spend(READ_STEPS * Buffer.byteLength(text));
      yield* this.#permissions.of(text);
    }
  }

  #wantFew(table: string, operatorId: string, limit: number): void {
    const row = this.#database.get(`SELECT count(*) AS n FROM ${table} WHERE operator_id = ?`, operatorId);
    if (Number(row?.['n']) > limit) throw new LimitError(`${limit} are the limit`);
  }

  /** All that the user, or each user with the role, may do can be read for one decision. Throws LimitError. */
  #wantSmall(operatorId: string, column: 'user_name' | 'role_id', value: string): void {
    const row = this.#database.get(
      `SELECT user_name, length(CAST(sam_users.permission AS BLOB)) + (
         SELECT coalesce(sum(length(CAST(sam_roles.permission AS BLOB))), 0)
         FROM sam_user_roles AS own JOIN sam_roles USING (operator_id, role_id)
         WHERE own.operator_id = sam_users.operator_id AND own.user_name = sam_users.user_name) AS bytes
       FROM sam_users LEFT JOIN sam_user_roles AS roles USING (operator_id, user_name)
       WHERE operator_id = ?1 AND ${column} = ?2 AND bytes > ?3 LIMIT 1`,
      ...[operatorId, value, SAM_LIMITS.userPermission],
    );
    if (row === undefined) return;
    const name = String(row['user_name']);
    throw new LimitError(
      `${SAM_LIMITS.userPermission} bytes are the limit of what "${name}" and its roles say together`,
    );
  }

  #readUser(row: Row): SamUser {
    const [operatorId, userName] = [String(row['operator_id']), String(row['user_name'])];
    const roles = this.#database.all(
      'SELECT role_id FROM sam_user_roles WHERE operator_id = ? AND user_name = ? ORDER BY role_id',
      ...[operatorId, userName],
    );
    return {
      userName,
      ...common(row),
      hasPassword: row['password'] != null,
      roles: roles.map(({ role_id }) => String(role_id)),
    };
  }
}

/** Of a user and its roles. */
const MOST_TEXTS = 1 + SAM_LIMITS.roles;

const common = (row: Row): Omit<Role, 'roleId'> => ({
  description: String(row['description']),
  permission: String(row['permission']),
  createdMs: Number(row['created_ms']),
  modifiedMs: Number(row['modified_ms']),
});

const readRole = (row: Row): Role => ({ roleId: String(row['role_id']), ...common(row) });
