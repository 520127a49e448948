// Files of all operators: what they are called and are is a table of the platform's database, their bytes are blobs.
//
// An upload writes a new blob to the disk, then one transaction makes the name point at it, then the old blob goes. Power
// may fail between any two of these: the name then has the old version or the new one, whole, and what nothing points at
// is swept away at the next start. Files are read from the version that was there when reading began.

import { createHash, type Hash } from 'node:crypto';
import type { Clock } from '../../clock/clock.js';
import { type Database, DatabaseError, type Row } from '../database.js';
import { RunningTime } from '../running-time.js';
import type { BodySource } from '../http/front.js';
import { FILES_LIMITS, PRUNE_STEP } from '../limits.js';
import type { BlobReader, Blobs } from './blobs.js';
import { Room, type RoomLimits } from './room.js';

export const SCOPES = ['private', 'public'] as const;
export type Scope = (typeof SCOPES)[number];

/** `operatorId`: empty for the scope `public`, which is the platform's own. */
export interface FileKey {
  readonly operatorId: string;
  readonly scope: Scope;
  /** As path.ts has checked it, without a slash at the end. */
  readonly path: string;
}

export interface FileRecord {
  readonly path: string;
  readonly contentType: string;
  readonly length: number;
  /** With its quotes; the same for the same bytes. */
  readonly etag: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** A file, or a directory that has files below it. */
export type Listed = { readonly directory: string } | { readonly file: FileRecord };

const TABLES = [
  `CREATE TABLE harvest_files (
     operator_id TEXT NOT NULL, scope TEXT NOT NULL, path TEXT NOT NULL, content_type TEXT NOT NULL,
     length INTEGER NOT NULL, etag TEXT NOT NULL, blob_id TEXT NOT NULL UNIQUE,
     created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
     PRIMARY KEY (operator_id, scope, path)) STRICT, WITHOUT ROWID;
   CREATE INDEX harvest_files_modified ON harvest_files (modified_ms);`,
  // Retention by running time; what was there before counts from now on.
  `ALTER TABLE harvest_files ADD COLUMN kept_ms INTEGER NOT NULL DEFAULT 0;
   DROP INDEX harvest_files_modified;
   CREATE INDEX harvest_files_kept ON harvest_files (kept_ms);`,
];

const OF = 'operator_id = ? AND scope = ?';
const PIECE = 64 * 1024;
const PRUNE_MS = 3_600_000;

export interface FileStoreOptions {
  readonly clock: Clock;
  readonly database: Database;
  readonly blobs: Blobs;
  /** One of its own unless given. */
  readonly running?: RunningTime;
  /** Of FILES_LIMITS unless given. */
  readonly room?: RoomLimits;
}

export class FileStore {
  readonly #clock: Clock;
  readonly #database: Database;
  readonly #blobs: Blobs;
  readonly #running: RunningTime;
  readonly #room: Room;
  #prunedMs = -Infinity;

  /** One process at a time may have it: the sweep would take another one's uploads. */
  constructor({
    clock,
    database,
    blobs,
    running = new RunningTime(database, clock),
    room = FILES_LIMITS,
  }: FileStoreOptions) {
    this.#room = new Room(room);
    this.#clock = clock;
    this.#database = database;
    this.#blobs = blobs;
    this.#running = running;
    database.define('harvest-files', TABLES);
    running.atLeast(Number(database.get('SELECT MAX(kept_ms) AS ms FROM harvest_files')?.['ms'] ?? 0));
    for (const row of database.all(
      'SELECT operator_id, SUM(length) AS bytes FROM harvest_files GROUP BY operator_id',
    )) {
      this.#room.has(String(row['operator_id']), Number(row['bytes']));
    }
    blobs.sweep(new Set(database.all('SELECT blob_id FROM harvest_files').map((row) => String(row['blob_id']))));
  }

  get(key: FileKey): FileRecord | undefined {
    const row = this.#row(key);
    return row && readRecord(row);
  }

  /**
   * The bytes `from..to` of the version that is there now; undefined when there is none. `release` it. Throws DatabaseError
   * when they are gone; of a whole file, the last bytes come only when all are those that were stored.
   */
  open(key: FileKey, range: (record: FileRecord) => { from: number; to: number }): BodySource | undefined {
    const row = this.#row(key);
    if (row === undefined) return undefined;
    const record = readRecord(row);
    const { from, to } = range(record);
    const reader = this.#openBlob(String(row['blob_id']), record.length);
    const clock = this.#clock;
    const hash = from === 0 && to === record.length - 1 ? createHash('sha256') : undefined;
    return {
      length: to - from + 1,
      async *chunks() {
        for (let at = from; at <= to;) {
          const bytes = await held(clock, () => reader.read(at, Math.min(PIECE, to - at + 1)));
          if (bytes.length === 0) throw spoilt('length');
          at += bytes.length;
          hash?.update(bytes);
          if (at > to && hash !== undefined && etagOf(hash) !== record.etag) throw spoilt('digest');
          yield bytes;
        }
      },
      release: () => reader.close(),
    };
  }

  #openBlob(id: string, length: number): BlobReader {
    let reader: BlobReader;
    try {
      reader = this.#blobs.open(id);
    } catch (error) {
      const { code = 'blob' } = error as NodeJS.ErrnoException;
      throw new DatabaseError('the bytes of a stored file cannot be read', 'unusable', code, { cause: error });
    }
    if (reader.length === length) return reader;
    reader.close();
    throw spoilt('length');
  }

  /**
   * Stores what `body` gives; rejects with what it rejects with, and then all is as before. `permits` is asked once more
   * before the name changes, with what is there by then.
   */
  async put(
    key: FileKey,
    contentType: string,
    body: AsyncIterable<Uint8Array>,
    permits: (now: FileRecord | undefined) => void = () => undefined,
  ): Promise<{ readonly record: FileRecord; readonly created: boolean }> {
    await this.#prune();
    const writer = await held(this.#clock, () => this.#blobs.create());
    const hash = createHash('sha256');
    let length = 0;
    let old: Row | undefined;
    let record: FileRecord;
    try {
      for await (const bytes of body) {
        this.#room.take(key.operatorId, bytes.length);
        length += bytes.length;
        hash.update(bytes);
        await held(this.#clock, () => writer.write(bytes));
      }
      await held(this.#clock, () => writer.finish());
      const now = this.#clock.unixMs();
      const etag = etagOf(hash);
      old = this.#row(key);
      permits(old && readRecord(old));
      record = {
        ...{ path: key.path, contentType, length, etag, modifiedMs: now },
        createdMs: old === undefined ? now : Number(old['created_ms']),
      };
      this.#database.run(
        `INSERT OR REPLACE INTO harvest_files
           (operator_id, scope, path, content_type, length, etag, blob_id, created_ms, modified_ms, kept_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[key.operatorId, key.scope, key.path, contentType, length, etag, writer.id, record.createdMs, now],
        this.#running.ms(),
      );
    } catch (error) {
      this.#room.give(key.operatorId, length);
      // What cannot be removed now is swept away at the next start.
      await held(this.#clock, () => writer.discard()).catch(() => undefined);
      throw error;
    }
    if (old !== undefined) {
      this.#room.give(key.operatorId, Number(old['length']));
      await this.#removeBlob(String(old['blob_id']));
    }
    return { record, created: old === undefined };
  }

  /** Resolves to whether it was there. */
  async delete(key: FileKey): Promise<boolean> {
    const row = this.#row(key);
    if (row === undefined) return false;
    const { operatorId, scope, path } = key;
    this.#database.run(`DELETE FROM harvest_files WHERE ${OF} AND path = ?`, operatorId, scope, path);
    this.#room.give(operatorId, Number(row['length']));
    await this.#removeBlob(String(row['blob_id']));
    return true;
  }

  /** Everything below a directory (`/a/`). Resolves to whether there was anything. */
  async deleteBelow({ operatorId, scope, path }: FileKey): Promise<boolean> {
    const below = this.#below(operatorId, scope, path, '', -1);
    for (const row of below) await this.delete({ operatorId, scope, path: String(row['path']) });
    return below.length > 0;
  }

  /** What is directly in a directory (`/` or `/a/`), by name, behind `after`: at most `limit`, and whether more follow. */
  list({ operatorId, scope, path }: FileKey, limit: number, after = ''): { listed: readonly Listed[]; more: boolean } {
    const listed: Listed[] = [];
    for (let from = behind(after); ;) {
      const [row] = this.#below(operatorId, scope, path, from, 1);
      if (row === undefined) return { listed, more: false };
      if (listed.length === limit) return { listed, more: true };
      const found = String(row['path']);
      const slash = found.indexOf('/', path.length);
      const name = slash === -1 ? found : found.slice(0, slash + 1);
      listed.push(slash === -1 ? { file: readRecord(row) } : { directory: name });
      from = behind(name);
    }
  }

  /** Files whose path begins with `prefix`. */
  find(operatorId: string, scope: Scope, prefix: string, limit: number, after = ''): readonly FileRecord[] {
    return this.#below(operatorId, scope, prefix, behind(after), limit).map(readRecord);
  }

  close(): void {
    this.#blobs.close();
  }

  #row({ operatorId, scope, path }: FileKey): Row | undefined {
    const sql = `SELECT * FROM harvest_files WHERE ${OF} AND path = ? AND kept_ms > ?`;
    return this.#database.get(sql, operatorId, scope, path, this.#oldestMs());
  }

  /** In the order of UTF-8, which is SQLite's; `from` is the first to give. */
  #below(operatorId: string, scope: Scope, prefix: string, from: string, limit: number): readonly Row[] {
    return this.#database.all(
      `SELECT * FROM harvest_files
       WHERE ${OF} AND path >= ? AND path >= ? AND path < ? AND substr(path, 1, length(?)) = ? AND kept_ms > ?
       ORDER BY path LIMIT ?`,
      ...[operatorId, scope, prefix, from, prefix.endsWith('/') ? behind(prefix) : '0'],
      ...[prefix, prefix, this.#oldestMs(), limit],
    );
  }

  #oldestMs(): number {
    return this.#running.ms() - FILES_LIMITS.retentionDays * 86_400_000;
  }

  async #removeBlob(id: string): Promise<void> {
    // What cannot be removed now is swept away at the next start.
    await held(this.#clock, () => this.#blobs.remove(id)).catch(() => undefined);
  }

  /** Once an hour, in steps: one for each upload until nothing old is left. */
  async #prune(): Promise<void> {
    const now = this.#running.ms();
    if (now - this.#prunedMs < PRUNE_MS) return;
    const oldest = this.#oldestMs();
    const sql = 'SELECT * FROM harvest_files WHERE kept_ms <= ? ORDER BY kept_ms LIMIT ?';
    const old = this.#database.transaction(() => {
      const rows = this.#database.all(sql, oldest, PRUNE_STEP.rows);
      for (const row of rows) {
        this.#database.run('DELETE FROM harvest_files WHERE blob_id = ?', String(row['blob_id']));
      }
      this.#running.keep();
      return rows;
    });
    if (old.length < PRUNE_STEP.rows) this.#prunedMs = now;
    for (const row of old) this.#room.give(String(row['operator_id']), Number(row['length']));
    for (const row of old) await this.#removeBlob(String(row['blob_id']));
  }
}

/**
 * The first name that may come behind this one, and behind all that is in it when it is a directory: 0 follows / among
 * the characters, and nothing below U+0020 is in a path.
 */
const behind = (name: string): string =>
  name.endsWith('/') ? `${name.slice(0, -1)}0` : name === '' ? '' : `${name}\u0001`;

/** Half of the digest names the bytes well enough. */
const etagOf = (hash: Hash): string => `"${hash.digest('hex').slice(0, 32)}"`;

const spoilt = (code: string): DatabaseError =>
  new DatabaseError('the bytes of a stored file are not those that were stored', 'damaged', code);

/** Emulated time stands still while the disk works. */
async function held<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const release = clock.hold();
  try {
    return await work();
  } finally {
    release();
  }
}

const readRecord = (row: Row): FileRecord => ({
  path: String(row['path']),
  contentType: String(row['content_type']),
  length: Number(row['length']),
  etag: String(row['etag']),
  createdMs: Number(row['created_ms']),
  modifiedMs: Number(row['modified_ms']),
});
