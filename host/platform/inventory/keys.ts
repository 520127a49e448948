// Keys of devices, sealed at rest. A device has the key that it last registered with, and those given to it since: which
// of them it has really taken is known only when it comes back with one. Then, and not before, the others are gone.

import type { PskKey } from '../../dtls/index.js';
import type { Random } from '../../random.js';
import { Secret } from '../../secret.js';
import { INVENTORY } from '../choices.js';
import type { Database } from '../database.js';
import { INVENTORY_LIMITS } from '../limits.js';
import type { Seal } from '../seal.js';
import { randomName } from './devices.js';

const TABLES = [
  `CREATE TABLE inventory_keys (
     device_id TEXT NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL, used INTEGER NOT NULL, sequence INTEGER NOT NULL,
     PRIMARY KEY (device_id, key_id)) STRICT;`,
  'ALTER TABLE inventory_keys ADD COLUMN imsi TEXT',
];

export class DeviceKeys {
  readonly #database: Database;
  readonly #seal: Seal;
  readonly #random: Random;

  constructor({
    database,
    seal,
    random,
  }: {
    readonly database: Database;
    readonly seal: Seal;
    readonly random: Random;
  }) {
    this.#database = database;
    this.#seal = seal;
    this.#random = random;
    database.define('inventory_keys', TABLES);
  }

  /** A new key beside those that there are. `imsi`: of the SIM in whose session it is given. */
  create(deviceId: string, imsi?: string): PskKey {
    const key = new Secret(this.#random.bytes(INVENTORY.keyBytes));
    const id = `k-${randomName(this.#random, 20)}`;
    this.#database.transaction(() => {
      this.#database.run(
        `INSERT INTO inventory_keys (device_id, key_id, sealed, used, sequence, imsi)
         SELECT ?1, ?2, ?3, 0, COALESCE(MAX(sequence) + 1, 0), ?4 FROM inventory_keys WHERE device_id = ?1`,
        ...[deviceId, id, this.#seal.close(key.reveal(), placeOf(deviceId, id)), imsi ?? null],
      );
      this.#database.run(
        `DELETE FROM inventory_keys WHERE device_id = ?1 AND used = 0 AND key_id NOT IN
           (SELECT key_id FROM inventory_keys WHERE device_id = ?1 AND used = 0 ORDER BY sequence DESC LIMIT ?2)`,
        ...[deviceId, INVENTORY_LIMITS.newKeys],
      );
    });
    return { id, key };
  }

  /** The newest first. */
  of(deviceId: string): readonly PskKey[] {
    const sql = 'SELECT key_id, sealed FROM inventory_keys WHERE device_id = ? ORDER BY sequence DESC';
    return this.#database.all(sql, deviceId).map((row) => {
      const id = String(row['key_id']);
      return { id, key: new Secret(this.#seal.open(row['sealed'] as Uint8Array, placeOf(deviceId, id))) };
    });
  }

  /** Those that were made by hand, each shown once to the operator. */
  madeByHand(deviceId: string): readonly PskKey[] {
    return this.of(deviceId).filter(({ id }) => this.simOf(deviceId, id) === undefined);
  }

  /** The SIM in whose session the key was given; undefined when it was made by hand. */
  simOf(deviceId: string, keyId: string): string | undefined {
    const sql = 'SELECT imsi FROM inventory_keys WHERE device_id = ? AND key_id = ?';
    const imsi = this.#database.get(sql, deviceId, keyId)?.['imsi'];
    return imsi == null ? undefined : String(imsi);
  }

  /**
   * The device has come back with this key: what came before it is good no longer. Keys given out since stay: the device
   * may be about to use one. Returns whether the key is used for the first time.
   */
  used(deviceId: string, keyId: string): boolean {
    return this.#database.transaction(() => {
      const sql = 'UPDATE inventory_keys SET used = 1 WHERE device_id = ? AND key_id = ? AND used = 0';
      if (this.#database.run(sql, deviceId, keyId) === 0) return false;
      this.#database.run(
        `DELETE FROM inventory_keys WHERE device_id = ?1 AND sequence <
           (SELECT sequence FROM inventory_keys WHERE device_id = ?1 AND key_id = ?2)`,
        ...[deviceId, keyId],
      );
      return true;
    });
  }

  delete(deviceId: string): void {
    this.#database.run('DELETE FROM inventory_keys WHERE device_id = ?', deviceId);
  }
}

const placeOf = (deviceId: string, keyId: string): string => `inventory_keys/${deviceId}/${keyId}`;
