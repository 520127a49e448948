// Where the entries of all operators' devices are kept: one table of the platform's database.
//
// An entry's key is operator, resource, time and a sequence number among entries of that millisecond: several devices'
// parts, a batch, or a clock that stands still may give the same time, and none of them overwrites another. The public
// API names entries by time alone: it then means all of that millisecond (the newest, where it can have only one).

import type { Database, Row } from '../database.js';
import { HARVEST_LIMITS, type HarvestQuotas, PRUNE_STEP } from '../limits.js';
import { pace } from '../pace.js';
import type { RunningTime } from '../running-time.js';
import { Quota } from './quota.js';

/** API, DataEntry. Entries of SIMs are `Subscriber`. */
export const RESOURCE_TYPES = ['Subscriber', 'LoraDevice', 'Sim', 'SigfoxDevice', 'Device', 'SoraCam'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** Whose entries. `resourceId`: the IMSI for a Subscriber. */
export interface Resource {
  readonly operatorId: string;
  readonly resourceType: ResourceType;
  readonly resourceId: string;
}

export interface NewEntry {
  /** UNIX milliseconds. */
  readonly timeMs: number;
  readonly contentType: string;
  readonly content: string;
  readonly category?: string | undefined;
}

/** As the public API shows it. */
export interface DataEntry {
  readonly time: number;
  readonly contentType: string;
  readonly content: string;
  readonly resourceType: ResourceType;
  readonly resourceId: string;
  readonly category?: string;
}

export interface EntryQuery {
  /** UNIX milliseconds, both included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Newest first unless given. */
  readonly sort?: 'asc' | 'desc' | undefined;
  readonly limit?: number | undefined;
  /** What `nextKey` of the page before was, or an entry's time: goes on after it. */
  readonly after?: string | undefined;
  readonly category?: string | undefined;
}

export interface EntryPage {
  readonly entries: readonly DataEntry[];
  /** Undefined on the last page. */
  readonly nextKey: string | undefined;
}

const TABLES = [
  `CREATE TABLE harvest_entries (
     operator_id TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL, time_ms INTEGER NOT NULL,
     sequence INTEGER NOT NULL, content_type TEXT NOT NULL, content TEXT NOT NULL, category TEXT,
     stored_ms INTEGER NOT NULL,
     PRIMARY KEY (operator_id, resource_type, resource_id, time_ms, sequence)) STRICT, WITHOUT ROWID;
   CREATE INDEX harvest_entries_stored ON harvest_entries (stored_ms);`,
  // Retention by running time; what was there before counts from now on.
  `ALTER TABLE harvest_entries ADD COLUMN kept_ms INTEGER NOT NULL DEFAULT 0;
   DROP INDEX harvest_entries_stored;
   CREATE INDEX harvest_entries_kept ON harvest_entries (kept_ms);`,
  `CREATE INDEX harvest_entries_category ON harvest_entries
     (operator_id, resource_type, resource_id, category, time_ms, sequence) WHERE category IS NOT NULL;`,
];

const OF = 'operator_id = ? AND resource_type = ? AND resource_id = ?';

/** Whose, how many, and bytes of contents. */
const COUNTED =
  'operator_id, resource_type, resource_id, COUNT(*) AS entries, SUM(length(CAST(content AS BLOB))) AS bytes';
const KEY = 'operator_id, resource_type, resource_id, time_ms, sequence';
/** The oldest ones up to a running time, so many at most, in the order of the index. */
const OLDEST = `FROM harvest_entries WHERE kept_ms <= ? ORDER BY kept_ms, ${KEY} LIMIT ?`;

/** In one statement, so that two processes that write at once never give out one sequence number twice. */
const ADD = `
  INSERT INTO harvest_entries
    (operator_id, resource_type, resource_id, time_ms, content_type, content, category, stored_ms, kept_ms, sequence)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, COALESCE(MAX(sequence) + 1, 0) FROM harvest_entries
  WHERE operator_id = ?1 AND resource_type = ?2 AND resource_id = ?3 AND time_ms = ?4`;

/** How often old entries are looked for, in running time. */
const PRUNE_MS = 3_600_000;

export interface DataStoreOptions {
  readonly database: Database;
  readonly unixMs: () => number;
  readonly running: RunningTime;
  /** Days of running time from the moment an entry came, whatever its own time says. */
  readonly retentionDays: number;
  /** Of HARVEST_LIMITS unless given. */
  readonly quotas?: HarvestQuotas;
}

export class DataStore {
  readonly #database: Database;
  readonly #unixMs: () => number;
  readonly #running: RunningTime;
  readonly #retentionMs: number;
  readonly quota: Quota;
  /** When old entries were last looked for, and when the last step was. */
  #prunedMs = -Infinity;
  #stepMs = -Infinity;

  constructor({ database, unixMs, running, retentionDays, quotas = HARVEST_LIMITS.quotas }: DataStoreOptions) {
    this.#database = database;
    this.#unixMs = unixMs;
    this.#running = running;
    this.#retentionMs = retentionDays * 86_400_000;
    database.define('harvest', TABLES);
    running.atLeast(Number(database.get('SELECT MAX(kept_ms) AS ms FROM harvest_entries')?.['ms'] ?? 0));
    this.quota = new Quota(quotas);
    for (const row of database.all(`SELECT ${COUNTED} FROM harvest_entries GROUP BY 1, 2, 3`)) {
      this.quota.add(ownerOf(row), amountOf(row));
    }
  }

  /**
   * Stores all of them or none; what it has returned from survives a crash. Throws DatabaseError, for example disk full, and LimitError
   * when there is no room.
   */
  add(resource: Resource, entries: readonly NewEntry[]): void {
    const giveBack = this.#begin(resource, entries);
    try {
      this.#insertAll(resource, entries);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** The same, together with what others store in this turn of the event loop. */
  async addTogether(resource: Resource, entries: readonly NewEntry[]): Promise<void> {
    const giveBack = this.#begin(resource, entries);
    try {
      await this.#database.together(() => this.#insertAll(resource, entries));
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  /** Takes the room for them. Throws LimitError. */
  #begin(resource: Resource, entries: readonly NewEntry[]): () => void {
    this.#prune();
    const bytes = entries.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
    const amount = { entries: entries.length, bytes };
    this.quota.take(resource, amount);
    return () => this.quota.give(resource, amount);
  }

  #insertAll(resource: Resource, entries: readonly NewEntry[]): void {
    const [first] = entries;
    if (first !== undefined && entries.length === 1) this.#insert(resource, first);
    else this.#database.transaction(() => entries.forEach((entry) => this.#insert(resource, entry)));
  }

  #insert({ operatorId, resourceType, resourceId }: Resource, entry: NewEntry): void {
    const { timeMs, contentType, content, category = null } = entry;
    const key = [operatorId, resourceType, resourceId, timeMs] as const;
    this.#database.run(ADD, ...key, contentType, content, category, this.#unixMs(), this.#running.ms());
  }

  list(resource: Resource, query: EntryQuery = {}): EntryPage {
    const { from = 0, to = Number.MAX_SAFE_INTEGER, sort = 'desc', limit = 10, after, category } = query;
    const up = sort === 'asc';
    // One bound at each end: SQLite looks one up, and would go through all that is between two.
    const edge: Position = up ? [from, -1] : [to, Number.MAX_SAFE_INTEGER];
    const begin = furthest(edge, position(after, up), up);
    const rows = this.#database.all(
      `SELECT * FROM harvest_entries ${category === undefined ? '' : 'INDEXED BY harvest_entries_category'}
       WHERE ${OF} ${category === undefined ? '' : 'AND category = ?'}
         AND (time_ms, sequence) ${up ? '>' : '<'} (?, ?) AND time_ms ${up ? '<=' : '>='} ? AND kept_ms > ?
       ORDER BY time_ms ${sort}, sequence ${sort} LIMIT ?`,
      ...keyOf(resource),
      ...(category === undefined ? [] : [category]),
      ...[...begin, up ? to : from, this.#oldestMs()],
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      entries: page.map(readEntry),
      nextKey: rows.length > limit && last ? `${last['time_ms']}-${last['sequence']}` : undefined,
    };
  }

  /** The newest of this millisecond. */
  get(resource: Resource, timeMs: number): DataEntry | undefined {
    const sql = `SELECT * FROM harvest_entries WHERE ${OF} AND time_ms = ? AND kept_ms > ? ORDER BY sequence DESC LIMIT 1`;
    const row = this.#database.get(sql, ...keyOf(resource), timeMs, this.#oldestMs());
    return row && readEntry(row);
  }

  /** All of this millisecond that are there now, in steps. Resolves to whether there were any. */
  async delete(resource: Resource, timeMs: number): Promise<boolean> {
    // What comes between the steps stays: it has a higher number, since the lowest go first.
    const newest = `SELECT MAX(sequence) AS sequence FROM harvest_entries WHERE ${OF} AND time_ms = ?`;
    const last = this.#database.get(newest, ...keyOf(resource), timeMs)?.['sequence'] ?? undefined;
    if (last === undefined) return false;
    while (this.#deleteStep(resource, timeMs, Number(last)) === PRUNE_STEP.rows) {
      await new Promise<void>((resolve) => {
        pace.later(resource.operatorId, resolve);
      });
    }
    return true;
  }

  /** Those with the lowest numbers, up to `last`. Returns how many. */
  #deleteStep(resource: Resource, timeMs: number, last: number): number {
    const those = `FROM harvest_entries WHERE ${OF} AND time_ms = ? AND sequence <= ?`;
    const values = [...keyOf(resource), timeMs] as const;
    const counted = this.#database.transaction(() => {
      const lowest = `SELECT * ${those} ORDER BY sequence LIMIT ?`;
      const sql = `SELECT ${COUNTED}, MAX(sequence) AS last FROM (${lowest})`;
      const row = this.#database.get(sql, ...values, last, PRUNE_STEP.rows) ?? {};
      this.#database.run(`DELETE ${those}`, ...values, Number(row['last'] ?? -1));
      return amountOf(row);
    });
    this.quota.give(resource, counted);
    return counted.entries;
  }

  #oldestMs(): number {
    return this.#running.ms() - this.#retentionMs;
  }

  /** Once an hour, in steps: one for each call until nothing old is left. */
  #prune(): void {
    const now = this.#running.ms();
    if (now - this.#prunedMs < PRUNE_MS || now - this.#stepMs < PRUNE_STEP.everyMs) return;
    this.#stepMs = now;
    const those = [this.#oldestMs(), PRUNE_STEP.rows] as const;
    const deleted = this.#database.transaction(() => {
      const rows = this.#database.all(`SELECT ${COUNTED} FROM (SELECT * ${OLDEST}) GROUP BY 1, 2, 3`, ...those);
      this.#database.run(`DELETE FROM harvest_entries WHERE (${KEY}) IN (SELECT ${KEY} ${OLDEST})`, ...those);
      this.#running.keep();
      return rows;
    });
    for (const row of deleted) this.quota.give(ownerOf(row), amountOf(row));
    const count = deleted.reduce((sum, row) => sum + amountOf(row).entries, 0);
    if (count < PRUNE_STEP.rows) this.#prunedMs = now;
  }
}

const keyOf = ({ operatorId, resourceType, resourceId }: Resource): [string, string, string] => [
  operatorId,
  resourceType,
  resourceId,
];

/** Time and sequence number. */
type Position = readonly [timeMs: number, sequence: number];

/** `TIME-SEQUENCE`, or a time: then after all of that millisecond. */
function position(key: string | undefined, up: boolean): Position | undefined {
  const [, time, sequence] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(key ?? '') ?? [];
  if (time === undefined) return undefined;
  return [Number(time), sequence === undefined ? (up ? Number.MAX_SAFE_INTEGER : -1) : Number(sequence)];
}

/** The one of both that leaves less. */
function furthest(edge: Position, key: Position | undefined, up: boolean): Position {
  if (key === undefined) return edge;
  const isLater = key[0] === edge[0] ? key[1] > edge[1] : key[0] > edge[0];
  return isLater === up ? key : edge;
}

const ownerOf = (row: Row): Resource => ({
  operatorId: String(row['operator_id']),
  resourceType: String(row['resource_type']) as ResourceType,
  resourceId: String(row['resource_id']),
});

const amountOf = (row: Row): { entries: number; bytes: number } => ({
  entries: Number(row['entries'] ?? 0),
  bytes: Number(row['bytes'] ?? 0),
});

const readEntry = (row: Row): DataEntry => ({
  time: Number(row['time_ms']),
  contentType: String(row['content_type']),
  content: String(row['content']),
  resourceType: String(row['resource_type']) as ResourceType,
  resourceId: String(row['resource_id']),
  ...(row['category'] != null && { category: String(row['category']) }),
});
