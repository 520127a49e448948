// The platform's storage: SQLite, in a file or in memory. What is committed survives a crash and a power cut (WAL with
// synchronous=FULL). Everything here is synchronous, so that a world on the virtual clock stays deterministic.

import { isUtf8 } from 'node:buffer';
import Sqlite from 'libsql';
import { SealError } from './seal.js';
import { WrittenFiles } from './written-files.js';

/** What SQLite stores and gives back. Integers are exact to 2^53. */
export type SqlValue = string | number | bigint | Uint8Array | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** Milliseconds to wait for another process that is writing. */
const BUSY_MS = 5_000;

/** What is wrong with the storage. `damaged` stays until somebody puts a copy back; the others may pass. */
export type StorageFault = 'damaged' | 'full' | 'unusable';

/** The storage cannot be used: its message names the file and what to do. It quotes nothing that is stored. */
export class DatabaseError extends Error {
  constructor(
    message: string,
    readonly fault: StorageFault = 'unusable',
    /** SQLite's name for it, as SQLITE_FULL; or the operating system's. */
    readonly code = 'storage',
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DatabaseError';
  }
}

const WORDS: Readonly<Record<StorageFault, string>> = {
  damaged: 'is damaged: put a copy of the whole folder back',
  full: 'cannot grow, the disk is full: make room there',
  unusable: 'cannot be used: is the disk there, and may this user write to it?',
};

/** Result codes of SQLite (https://www.sqlite.org/rescode.html), extended ones by their beginning. Those of our own mistakes are none. */
const FAULTS: readonly (readonly [RegExp, StorageFault])[] = [
  [/^SQLITE_(CORRUPT|NOTADB|FORMAT|EMPTY)/, 'damaged'],
  [/^SQLITE_FULL/, 'full'],
  [/^SQLITE_(IOERR|CANTOPEN|READONLY|PERM|AUTH|BUSY|LOCKED|NOLFS|NOMEM|PROTOCOL)/, 'unusable'],
];

/** A table that `define` has made, or a column of it, is gone: SQLite knows no better code for that. */
const LOST = /^(no such (table|column|index)|malformed database schema)/;

/** The library has a class for most of them, not for all. */
const isOfSqlite = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_');

function faultIn({ code, message }: { readonly code: string; readonly message: string }): StorageFault | undefined {
  const fault = FAULTS.find(([pattern]) => pattern.test(code))?.[1];
  return fault ?? (code === 'SQLITE_ERROR' && LOST.test(message) ? 'damaged' : undefined);
}

type Statement = Sqlite.Statement;

/** What a column is declared to hold; undefined for an expression. */
interface Column {
  readonly name: string;
  readonly type: string | undefined;
}

/** A query, read as bytes where it has text. */
interface Reader {
  readonly statement: Statement;
  readonly columns: readonly Column[];
}

type Stored = string | number | bigint | Buffer | null;

const IN_MEMORY = ':memory:';

/** Work that waits for the end of this turn of the event loop. */
interface Gathered {
  readonly work: () => unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class Database {
  readonly #sqlite: Sqlite.Database;
  readonly #exclusive: boolean;
  readonly #statements = new Map<string, Statement>();
  readonly #readers = new Map<string, Reader>();
  /** Of an exclusive database. */
  #written: WrittenFiles | undefined;
  /** Something else has written to the files: nothing is read or written any more. */
  #changed: DatabaseError | undefined;
  /** Damage was met in an exclusive database: nothing is written any more, since the next start refuses the file. What can be read is read. */
  #damaged: DatabaseError | undefined;
  #gathered: Gathered[] = [];
  #depth = 0;
  /** Told once of what ends writing for good: only a person can mend it. */
  onLost: (error: DatabaseError) => void = () => undefined;

  /**
   * `file`: a path, made when it is not there. `mayBeNew`: an empty file is refused otherwise. `exclusive`: no other connection may
   * have it, nothing of it is mapped into memory (https://www.sqlite.org/wal.html#noshm), and it is refused for good once something
   * else writes to it. Throws DatabaseError.
   */
  constructor(
    readonly file = IN_MEMORY,
    { mayBeNew = true, exclusive = false }: { readonly mayBeNew?: boolean; readonly exclusive?: boolean } = {},
  ) {
    this.#exclusive = exclusive;
    try {
      this.#sqlite = new Sqlite(file);
    } catch (error) {
      throw this.#error('unusable', 'SQLITE_CANTOPEN', error); // the library names no other reason
    }
    try {
      this.#guarded(() => {
        this.#sqlite.exec(`PRAGMA busy_timeout=${BUSY_MS}; PRAGMA foreign_keys=ON;`);
        if (exclusive) this.#sqlite.exec('PRAGMA locking_mode=EXCLUSIVE');
        if (!mayBeNew && this.all('SELECT name FROM sqlite_schema').length === 0) {
          throw new DatabaseError(
            `${file} is empty, but there are keys or cards beside it: put a copy back`,
            'damaged',
          );
        }
        if (file !== IN_MEMORY) this.#sqlite.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;');
        this.#sqlite.exec('CREATE TABLE IF NOT EXISTS parts (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
      });
      if (exclusive) this.#written = new WrittenFiles(file);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads every page and every row. Throws DatabaseError for a file that is damaged, of whatever part. */
  check(): void {
    const [found] = this.all('SELECT integrity_check FROM pragma_integrity_check(1)');
    if (found?.['integrity_check'] !== 'ok') throw this.#error('damaged', 'integrity_check');
    // That does not look into texts.
    for (const { name } of this.all("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
      const { statement, columns } = this.#reader(`SELECT * FROM "${String(name).replaceAll('"', '""')}"`);
      this.#guarded(() => {
        for (const row of statement.iterate([])) this.#row(row as unknown as readonly Stored[], columns);
      });
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
      for (const step of steps.slice(version)) this.#guarded(() => this.#sqlite.exec(step));
      this.run('INSERT OR REPLACE INTO parts (name, version) VALUES (?, ?)', name, steps.length);
    });
  }

  /** Returns the number of changed rows. */
  run(sql: string, ...values: readonly SqlValue[]): number {
    return this.#writing(() =>
      // As one array: a lone blob or null would be taken for named values.
      this.#guarded(() => this.#prepare(sql).run([...values]).changes),
    );
  }

  /** The first row, if there is one. */
  get(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    this.#refuseChanged();
    return this.#guarded(() => {
      const { statement, columns } = this.#reader(sql);
      const row = statement.get([...values]) as readonly Stored[] | undefined;
      return row && this.#row(row, columns);
    });
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly Row[] {
    this.#refuseChanged();
    return this.#guarded(() => {
      const { statement, columns } = this.#reader(sql);
      return (statement.all([...values]) as (readonly Stored[])[]).map((row) => this.#row(row, columns));
    });
  }

  /** All of it happens, or nothing. May be nested: the outermost one commits. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    return this.#writing(() => {
      this.#guarded(() => this.#sqlite.exec('BEGIN IMMEDIATE'));
      this.#depth++;
      try {
        const result = work();
        this.#guarded(() => this.#sqlite.exec('COMMIT'));
        return result;
      } catch (error) {
        // Where SQLite has rolled back by itself, or cannot, what went wrong before is the news.
        this.#rollBack();
        throw error;
      } finally {
        this.#depth--;
      }
    });
  }

  /**
   * As `transaction`, together with all that is asked for in the same turn of the event loop: a disk takes as long for one commit as
   * for a hundred writes. Resolves when it is on the disk. Work that throws is undone alone.
   */
  together<T>(work: () => T): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      // In memory there is no disk to wait for.
      if (this.file === IN_MEMORY) return resolve(this.transaction(work));
      if (this.#gathered.length === 0) setImmediate(() => this.#commitGathered());
      this.#gathered.push({ work, resolve, reject });
    }) as Promise<T>;
  }

  #commitGathered(): void {
    const all = this.#gathered;
    if (all.length === 0) return;
    this.#gathered = [];
    try {
      const answers = this.transaction(() => all.map((one) => this.#apart(one)));
      for (const answer of answers) answer();
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }

  /** Returns what tells its caller, once all is on the disk. Throws when SQLite has given up the whole transaction. */
  #apart({ work, resolve, reject }: Gathered): () => void {
    this.#guarded(() => this.#sqlite.exec('SAVEPOINT apart'));
    try {
      const result = work();
      this.#guarded(() => this.#sqlite.exec('RELEASE apart'));
      return () => resolve(result);
    } catch (error) {
      if (!this.#sqlite.inTransaction) throw error;
      this.#guarded(() => this.#sqlite.exec('ROLLBACK TO apart; RELEASE apart'));
      return () => reject(error);
    }
  }

  /** What waits is written first. May be called again. */
  close(): void {
    if (this.#sqlite.open) this.#commitGathered();
    this.#statements.clear();
    this.#readers.clear();
    if (!this.#sqlite.open) return;
    try {
      // The library closes the file when its statements are collected, and leaves what is in the log there. What is in the file
      // itself shows when it is damaged; the end of a log does not.
      if (this.#written?.changed() !== undefined) this.#written.disown();
      else if (this.#exclusive) {
        this.#sqlite.exec(
          'PRAGMA journal_mode=DELETE; PRAGMA locking_mode=NORMAL; SELECT 1 FROM sqlite_schema LIMIT 1',
        );
      }
    } catch {
      // then the log keeps it, and this process the lock
    }
    this.#sqlite.close();
  }

  /** What `work` writes is known as this process's own. Throws DatabaseError when nothing may be written. */
  #writing<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#refuseChanged();
    if (this.#damaged !== undefined) throw this.#damaged;
    try {
      return work();
    } finally {
      this.#written?.accept();
    }
  }

  #refuseChanged(): void {
    // Closing has written to the files, and another may do so now.
    if (!this.#sqlite.open) throw new DatabaseError(`${this.file} is closed`, 'unusable', 'closed');
    if (this.#changed !== undefined) throw this.#changed;
    const what = this.#depth > 0 ? undefined : this.#written?.changed();
    if (what === undefined) return;
    const message = `${what} by another program while this one has it: stop this one, and put a copy of the whole folder back`;
    this.#changed = new DatabaseError(message, 'damaged', 'changed');
    this.onLost(this.#changed);
    throw this.#changed;
  }

  #rollBack(): void {
    try {
      if (this.#sqlite.inTransaction) this.#sqlite.exec('ROLLBACK');
    } catch {
      // the next BEGIN says so
    }
  }

  #error(fault: StorageFault, code: string, cause?: unknown): DatabaseError {
    const error = new DatabaseError(`${this.file} ${WORDS[fault]} (${code})`, fault, code, { cause });
    if (this.#exclusive && fault === 'damaged' && this.#damaged === undefined) {
      this.#damaged = error;
      this.onLost(error);
    }
    return error;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!isOfSqlite(error)) throw error;
      const fault = faultIn(error);
      throw fault === undefined ? error : this.#error(fault, error.code, error);
    }
  }

  /** Throws DatabaseError for what no program has written: bytes that are no text, text among numbers. */
  #row(values: readonly Stored[], columns: readonly Column[]): Row {
    const row: Record<string, SqlValue> = {};
    for (const [i, { name, type }] of columns.entries()) {
      const value = values[i] ?? null;
      if (!Buffer.isBuffer(value) || type === 'BLOB') row[name] = value;
      else if (type === 'TEXT' || type === undefined) row[name] = this.#text(value);
      else throw this.#error('damaged', 'text');
    }
    return row;
  }

  #text(bytes: Buffer): string {
    const text = bytes.toString();
    if (text.includes('\ufffd') && !isUtf8(bytes)) throw this.#error('damaged', 'UTF-8');
    return text;
  }

  /** The library ends the process over text that is not UTF-8, which a damaged page may hold: it is given none to read. */
  #reader(sql: string): Reader {
    const known = this.#readers.get(sql);
    if (known !== undefined) return known;
    const columns = this.#sqlite
      .prepare(sql)
      .columns()
      .map(({ name, type }): Column => ({ name, type: type ?? undefined }));
    const read = columns.map(({ name, type }) => {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      const cast = `CAST(${quoted} AS BLOB)`;
      // NULL stays what it is.
      const bytes = type === 'TEXT' ? cast : `CASE typeof(${quoted}) WHEN 'text' THEN ${cast} ELSE ${quoted} END`;
      return `${bytes} AS ${quoted}`;
    });
    // What a PRAGMA says is no query's answer, and none of ours is text that is stored.
    const safe = /^\s*PRAGMA\b/i.test(sql) ? sql : `SELECT ${read.join(', ')} FROM (${sql})`;
    const statement = this.#sqlite.prepare(safe).raw(true);
    const reader = { statement, columns };
    this.#readers.set(sql, reader);
    return reader;
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

/** A column that holds JSON of ours. Throws DatabaseError when it does not. */
export function storedJson<T>(row: Row, column: string): T {
  try {
    return JSON.parse(String(row[column])) as T;
  } catch {
    // The parser's message would quote what is stored.
    throw new DatabaseError(`the database ${WORDS.damaged} ("${column}" is not JSON)`, 'damaged', column);
  }
}

/**
 * In words for who asked, when what is stored cannot be read or written now and nothing is wrong with the request;
 * undefined for any other error. Names no file of this computer and quotes nothing.
 */
export function storageFaultOf(error: unknown): string | undefined {
  if (error instanceof DatabaseError) return `storage fault (${error.code})`;
  return error instanceof SealError ? 'storage fault (sealed)' : undefined;
}
