// SORACOM Access Management: an operator's users and roles. Roles are also what Harvest Files lets devices assume.

import { Database, type Row } from '../database.js';
import { hashPassword } from './password.js';
import { UndecidedError } from './budget.js';
import { parsePermission, PermissionError, type Statement } from './permission.js';

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

/** Nothing: what a new user may do until told otherwise. */
export const NO_PERMISSION = '{"statements":[]}';

export class Sam {
  readonly #database: Database;
  readonly #unixMs: () => number;
  /** Compiled statements of roles and users, by their text. */
  readonly #compiled = new Map<string, readonly Statement[]>();

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

  /** What a role lets do; undefined when there is no such role. */
  statements(operatorId: string, roleId: string): readonly Statement[] | undefined {
    const role = this.role(operatorId, roleId);
    return role && this.#compile(role.permission);
  }

  /** Makes or replaces a role. Throws PermissionError. */
  putRole(operatorId: string, roleId: string, permission: string, description = ''): void {
    parsePermission(permission);
    const now = this.#unixMs();
    this.#database.run(
      `INSERT INTO sam_roles (operator_id, role_id, description, permission, created_ms, modified_ms)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (operator_id, role_id) DO UPDATE
         SET description = excluded.description, permission = excluded.permission, modified_ms = excluded.modified_ms`,
      ...[operatorId, roleId, description, permission, now, now],
    );
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

  createUser(operatorId: string, userName: string, description: string): void {
    const now = this.#unixMs();
    this.#database.run(
      `INSERT INTO sam_users (operator_id, user_name, description, permission, created_ms, modified_ms)
       VALUES (?, ?, ?, ?, ?, ?)`,
      ...[operatorId, userName, description, NO_PERMISSION, now, now],
    );
  }

  /** Of a user that is there. Throws PermissionError. `password` null: none. */
  changeUser(
    operatorId: string,
    userName: string,
    change: { readonly description?: string; readonly permission?: string; readonly password?: string | null },
  ): void {
    const { description, permission, password } = change;
    if (permission !== undefined) parsePermission(permission);
    const set = (column: string, value: string | null): void =>
      void this.#database.run(
        `UPDATE sam_users SET ${column} = ?, modified_ms = ? WHERE operator_id = ? AND user_name = ?`,
        ...[value, this.#unixMs(), operatorId, userName],
      );
    this.#database.transaction(() => {
      if (description !== undefined) set('description', description);
      if (permission !== undefined) set('permission', permission);
      if (password !== undefined) set('password', password === null ? null : hashPassword(password));
    });
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

  /** Both have to be there. */
  attach(operatorId: string, userName: string, roleId: string): void {
    this.#database.run(
      'INSERT OR IGNORE INTO sam_user_roles (operator_id, user_name, role_id) VALUES (?, ?, ?)',
      ...[operatorId, userName, roleId],
    );
  }

  /** Returns whether it was attached. */
  detach(operatorId: string, userName: string, roleId: string): boolean {
    const sql = 'DELETE FROM sam_user_roles WHERE operator_id = ? AND user_name = ? AND role_id = ?';
    return this.#database.run(sql, operatorId, userName, roleId) > 0;
  }

  /** What a user may do by itself and by its roles. */
  userStatements(operatorId: string, userName: string): readonly Statement[] {
    const user = this.user(operatorId, userName);
    if (user === undefined) return [];
    const roles = user.roles.flatMap((roleId) => this.statements(operatorId, roleId) ?? []);
    return [...this.#compile(user.permission), ...roles];
  }

  #compile(permission: string): readonly Statement[] {
    const found = this.#compiled.get(permission) ?? read(permission);
    if (this.#compiled.size > MAX_COMPILED) this.#compiled.clear();
    this.#compiled.set(permission, found);
    return found;
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

/** A stored permission that is understood no more lets nothing be done, and says why. */
function read(permission: string): readonly Statement[] {
  try {
    return parsePermission(permission);
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    const { message } = error;
    const condition = (): never => {
      throw new UndecidedError(message);
    };
    return [{ effect: 'deny', api: ['*'], condition }];
  }
}

/** Texts whose compiled form is kept; then all are compiled again. */
const MAX_COMPILED = 1000;

const common = (row: Row): Omit<Role, 'roleId'> => ({
  description: String(row['description']),
  permission: String(row['permission']),
  createdMs: Number(row['created_ms']),
  modifiedMs: Number(row['modified_ms']),
});

const readRole = (row: Row): Role => ({ roleId: String(row['role_id']), ...common(row) });
