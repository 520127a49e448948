// The platform's storage: SQLite, in a file or in memory. What is committed survives a crash and a power cut (WAL with
// synchronous=FULL). Everything here is synchronous, so that a world on the virtual clock stays deterministic.

import Sqlite from 'libsql';

/** What SQLite stores and gives back. Integers are exact to 2^53. */
export type SqlValue = string | number | bigint | Uint8Array | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** Milliseconds to wait for another process that is writing. */
const BUSY_MS = 5_000;

/** The storage cannot be used: its message names the file and what to do. */
export class DatabaseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseError';
  }
}

type Statement = Sqlite.Statement;

export class Database {
  readonly #sqlite: Sqlite.Database;
  readonly #statements = new Map<string, Statement>();
  #depth = 0;

  /** `file`: a path, made when it is not there. Throws DatabaseError. */
  constructor(readonly file = ':memory:') {
    try {
      this.#sqlite = new Sqlite(file);
      this.#sqlite.exec(`PRAGMA busy_timeout=${BUSY_MS}; PRAGMA foreign_keys=ON;`);
      if (file !== ':memory:') this.#sqlite.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;');
      this.#sqlite.exec('CREATE TABLE IF NOT EXISTS parts (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
    } catch (error) {
      throw new DatabaseError(`${file} is not a database that can be used: ${text(error)}`, { cause: error });
    }
  }

  /**
   * The tables of one part of the platform. `steps[n]` brings version n to n + 1: never change a step that was released,
   * add one. Throws DatabaseError when the file was written by a newer version.
   */
  define(name: string, steps: readonly string[]): void {
    this.transaction(() => {
      const version = Number(this.get('SELECT version FROM parts WHERE name = ?', name)?.['version'] ?? 0);
      if (version > steps.length) {
        throw new DatabaseError(`${this.file}: "${name}" has version ${version}, this program knows ${steps.length}`);
      }
      for (const step of steps.slice(version)) this.#sqlite.exec(step);
      this.run('INSERT OR REPLACE INTO parts (name, version) VALUES (?, ?)', name, steps.length);
    });
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: readonly SqlValue[]): number {
    // As one array: a lone blob or null would be taken for named values.
    return this.#prepare(sql).run([...values]).changes;
  }

  /** The first row, if there is one. */
  get(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.all(sql, ...values)[0];
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    return (this.#prepare(sql).all([...values]) as Record<string, SqlValue | ArrayBuffer>[]).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, value instanceof ArrayBuffer ? Buffer.from(value) : value]),
      ),
    );
  }

  /** All of it happens, or nothing. May be nested: the outermost one commits. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#sqlite.exec('BEGIN IMMEDIATE');
    this.#depth++;
    try {
      const result = work();
      this.#sqlite.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#sqlite.inTransaction) this.#sqlite.exec('ROLLBACK');
      throw error;
    } finally {
      this.#depth--;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#sqlite.close();
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
