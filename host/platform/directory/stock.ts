// SIMs that were delivered and belong to no operator yet. To register one, an operator has to know the secret that came with it.

import type { Database } from '../database.js';
import { sameSecret } from '../digest.js';
import type { Seal } from '../seal.js';
import type { StockSim } from './schema.js';

const TABLES = [
  `CREATE TABLE stock (
     imsi TEXT PRIMARY KEY, iccid TEXT NOT NULL, sim_id TEXT, msisdn TEXT, secret BLOB NOT NULL) STRICT;`,
];

export class Stock {
  readonly #database: Database;
  readonly #seal: Seal;

  constructor(database: Database, seal: Seal) {
    this.#database = database;
    this.#seal = seal;
    database.define('stock', TABLES);
  }

  /** Adds a SIM that is not there yet. */
  add({ imsi, iccid, simId, msisdn, registrationSecret }: StockSim): void {
    this.#database.run(
      'INSERT OR IGNORE INTO stock (imsi, iccid, sim_id, msisdn, secret) VALUES (?, ?, ?, ?, ?)',
      ...[imsi, iccid, simId ?? null, msisdn ?? null],
      this.#seal.close(registrationSecret.reveal(), place(imsi)),
    );
  }

  /** Takes a SIM out for the operator who knows its secret. */
  take(imsi: string, secret: string): Omit<StockSim, 'registrationSecret'> | undefined {
    const row = this.#database.get('SELECT * FROM stock WHERE imsi = ?', imsi);
    if (row === undefined) return undefined;
    const known = this.#seal.open(row['secret'] as Uint8Array, place(imsi));
    if (!sameSecret(known, secret)) return undefined;
    this.#database.run('DELETE FROM stock WHERE imsi = ?', imsi);
    const text = (column: string): string | undefined => (row[column] == null ? undefined : String(row[column]));
    return { imsi, iccid: String(row['iccid']), simId: text('sim_id'), msisdn: text('msisdn') };
  }
}

const place = (imsi: string): string => `stock/${imsi}`;
