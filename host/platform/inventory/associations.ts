// Associations with devices, sealed at rest: a platform that is restarted goes on with them, and devices need not notice.

import { z } from 'zod';
import type { Nanoseconds } from '../../clock/clock.js';
import {
  type AssociationKeeper,
  CipherSuite,
  type KeptAssociation,
  type KeptEntry,
  type Marks,
} from '../../dtls/index.js';
import { Secret } from '../../secret.js';
import type { Database } from '../database.js';
import type { RunningTime } from '../running-time.js';
import { type Seal, SealError } from '../seal.js';

const TABLES = [
  `CREATE TABLE inventory_associations (
     id TEXT PRIMARY KEY, sealed BLOB NOT NULL, path TEXT NOT NULL, next_write INTEGER NOT NULL, next_read INTEGER NOT NULL,
     heard_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
  // Life by running time; what was there before counts from now on.
  'ALTER TABLE inventory_associations ADD COLUMN heard_ran_ms INTEGER;',
];

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const stored = z.object({
  ...{ identity: z.string(), keyId: z.string(), extendedMasterSecret: z.boolean() },
  suite: z.literal([CipherSuite.TLS_PSK_WITH_AES_128_CCM_8, CipherSuite.TLS_PSK_WITH_AES_128_GCM_SHA256]),
  ...{ master: bytes, clientRandom: bytes, serverRandom: bytes, sessionId: bytes },
  ...{ cid: bytes.optional(), clientCid: bytes.optional(), maxFragment: z.number().optional() },
});

/**
 * Somebody may put the database back from an old copy, in which the marks are those of then. Numbers go on at one of the calendar, so
 * that none comes twice as long as nobody turns the clock back: no process sends more than 64,000 records a second, and the
 * 48 bits of a number last until 2159.
 */
const CALENDAR_FROM_MS = Date.UTC(2020);
const RECORDS_PER_MS = 64;

export class Associations implements AssociationKeeper {
  readonly #database: Database;
  readonly #seal: Seal;
  readonly #unixMs: () => number;
  readonly #running: RunningTime;

  constructor({
    database,
    seal,
    unixMs,
    running,
  }: {
    readonly database: Database;
    readonly seal: Seal;
    readonly unixMs: () => number;
    readonly running: RunningTime;
  }) {
    this.#database = database;
    this.#seal = seal;
    this.#unixMs = unixMs;
    this.#running = running;
    database.define('inventory_associations', TABLES);
    running.atLeast(Number(database.get('SELECT MAX(heard_ran_ms) AS ms FROM inventory_associations')?.['ms'] ?? 0));
    database.run('UPDATE inventory_associations SET heard_ran_ms = ? WHERE heard_ran_ms IS NULL', running.ms());
  }

  opened({ id, master, ...rest }: KeptAssociation, { pathKey, nextWrite, nextRead, silentFor }: Marks): void {
    const text = (value: unknown): unknown =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    const all = Object.entries({ ...rest, master: master.reveal() }).map(([name, value]) => [name, text(value)]);
    const sealed = this.#seal.close(Buffer.from(JSON.stringify(Object.fromEntries(all))), placeOf(id));
    this.#database.run(
      `INSERT OR REPLACE INTO inventory_associations (id, sealed, path, next_write, next_read, heard_ms, heard_ran_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      ...[id, sealed, pathKey, nextWrite, nextRead, ...this.#heard(silentFor)],
    );
  }

  marked(id: string, { pathKey, nextWrite, nextRead, silentFor }: Marks): void {
    this.#database.run(
      'UPDATE inventory_associations SET path = ?, next_write = ?, next_read = ?, heard_ms = ?, heard_ran_ms = ? WHERE id = ?',
      ...[pathKey, nextWrite, nextRead, ...this.#heard(silentFor), id],
    );
  }

  ended(id: string): void {
    this.#database.run('DELETE FROM inventory_associations WHERE id = ?', id);
  }

  /** By the wall clock, and in running time. */
  #heard(silentFor: Nanoseconds): readonly [number, number] {
    const agoMs = Math.floor(silentFor / 1e6);
    return [this.#unixMs() - agoMs, this.#running.ms() - agoMs];
  }

  get #calendar(): number {
    return (this.#unixMs() - CALENDAR_FROM_MS) * RECORDS_PER_MS;
  }

  /**
   * The longest silent first, in running time. `asleepFor`: by whatever clock says more, for what a silent device may have done meanwhile.
   * Records that were sealed with another master key are deleted.
   */
  all(): readonly (KeptEntry & { readonly asleepFor: Nanoseconds })[] {
    return this.#database.all('SELECT * FROM inventory_associations ORDER BY heard_ran_ms, id').flatMap((row) => {
      const id = String(row['id']);
      try {
        const opened = this.#seal.open(row['sealed'] as Uint8Array, placeOf(id));
        const { master, cid, clientCid, maxFragment, ...rest } = stored.parse(JSON.parse(opened.toString()));
        const association: KeptAssociation = { id, master: new Secret(master), cid, clientCid, maxFragment, ...rest };
        const marks = {
          pathKey: String(row['path']),
          ...{ nextWrite: Math.max(Number(row['next_write']), this.#calendar), nextRead: Number(row['next_read']) },
          silentFor: Math.max(0, this.#running.ms() - Number(row['heard_ran_ms'])) * 1e6,
        };
        const asleepFor = Math.max(marks.silentFor, (this.#unixMs() - Number(row['heard_ms'])) * 1e6);
        return [{ association, marks, asleepFor }];
      } catch (error) {
        if (!(error instanceof SealError) && !(error instanceof z.ZodError)) throw error;
        this.ended(id);
        return [];
      }
    });
  }
}

const placeOf = (id: string): string => `inventory_associations/${id}`;
