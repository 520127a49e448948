// What devices said last, and what they are to be observed for: kept by path. What is observed goes to Harvest Data as
// well, where the group says so.

import { type Leaf, type Models, pathText } from '../../lwm2m/index.js';
import { type Database, storedJson } from '../database.js';
import type { DataStore, NewEntry } from '../harvest/store.js';
import type { DeviceRecord } from './devices.js';
import { type Notification, notificationsOf } from './notifications.js';
import { jsonValue } from './view.js';

const TABLES = [
  `CREATE TABLE inventory_readings (
     device_id TEXT NOT NULL, path TEXT NOT NULL, value TEXT NOT NULL, time_ms INTEGER NOT NULL,
     PRIMARY KEY (device_id, path)) STRICT, WITHOUT ROWID;
   CREATE TABLE inventory_observed (
     device_id TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (device_id, path)) STRICT, WITHOUT ROWID;`,
];

/** Of one device: it may send whatever it likes. */
const MAX_READINGS = 1024;
const MAX_VALUE = 4096;

export interface Reading {
  readonly path: string;
  readonly value: unknown;
  readonly timeMs: number;
}

export class Readings {
  readonly #database: Database;
  readonly #data: DataStore;
  readonly #unixMs: () => number;

  constructor({
    database,
    data,
    unixMs,
  }: {
    readonly database: Database;
    readonly data: DataStore;
    readonly unixMs: () => number;
  }) {
    this.#database = database;
    this.#data = data;
    this.#unixMs = unixMs;
    database.define('inventory_readings', TABLES);
  }

  /** The last of each path, by path. */
  list(deviceId: string): readonly Reading[] {
    const sql = 'SELECT path, value, time_ms FROM inventory_readings WHERE device_id = ? ORDER BY path';
    return this.#database.all(sql, deviceId).map((row) => ({
      path: String(row['path']),
      value: storedJson<unknown>(row, 'value'),
      timeMs: Number(row['time_ms']),
    }));
  }

  keep(deviceId: string, leaves: readonly Leaf[]): void {
    const counted = 'SELECT COUNT(*) AS n FROM inventory_readings WHERE device_id = ?';
    this.#database.transaction(() => {
      let room = MAX_READINGS - Number(this.#database.get(counted, deviceId)?.['n'] ?? 0);
      for (const { path, value, time } of leaves) {
        const json = JSON.stringify(jsonValue(value));
        if (json.length > MAX_VALUE) continue;
        const row = [json, this.#msOf(time), deviceId, pathText(path)] as const;
        const sql = 'UPDATE inventory_readings SET value = ?, time_ms = ? WHERE device_id = ? AND path = ?';
        if (this.#database.run(sql, ...row) > 0 || room <= 0) continue;
        room--;
        this.#database.run(
          'INSERT INTO inventory_readings (value, time_ms, device_id, path) VALUES (?, ?, ?, ?)',
          ...row,
        );
      }
    });
  }

  /** One for each instance and moment. */
  notifications({ deviceId }: DeviceRecord, leaves: readonly Leaf[], models: Models): readonly Notification[] {
    const now = this.#unixMs();
    return notificationsOf(deviceId, leaves, models, ({ time }) => this.#msOf(time, now));
  }

  /** One entry for each. */
  harvest({ operatorId, deviceId }: DeviceRecord, notifications: readonly Notification[]): void {
    const entries = notifications.map(({ timeMs, json }): NewEntry => ({
      timeMs,
      contentType: 'application/json',
      content: json,
    }));
    this.#data.add({ operatorId, resourceType: 'Device', resourceId: deviceId }, entries);
  }

  observed(deviceId: string): readonly string[] {
    const sql = 'SELECT path FROM inventory_observed WHERE device_id = ? ORDER BY path';
    return this.#database.all(sql, deviceId).map((row) => String(row['path']));
  }

  observe(deviceId: string, path: string): void {
    this.#database.run('INSERT OR IGNORE INTO inventory_observed (device_id, path) VALUES (?, ?)', deviceId, path);
  }

  unobserve(deviceId: string, path: string): void {
    this.#database.run('DELETE FROM inventory_observed WHERE device_id = ? AND path = ?', deviceId, path);
  }

  delete(deviceId: string): void {
    this.#database.run('DELETE FROM inventory_readings WHERE device_id = ?', deviceId);
    this.#database.run('DELETE FROM inventory_observed WHERE device_id = ?', deviceId);
  }

  /** A device's clock may say anything: what is no time of ours is now. */
  #msOf(time: number | undefined, now = this.#unixMs()): number {
    const ms = time === undefined ? NaN : Math.floor(1000 * time);
    return Number.isSafeInteger(ms) && ms >= 0 && ms < 1e15 ? ms : now;
  }
}
