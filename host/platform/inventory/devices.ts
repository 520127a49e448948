// The devices of all operators, as the platform knows them: kept in its database.

import type { Random } from '../../random.js';
import { type Database, type Row, storedJson } from '../database.js';

/** What a registration says (OMA LwM2M Core 6.2.1). */
export interface Registration {
  readonly id: string;
  /** Seconds; 0: for ever. */
  readonly lifetime: number;
  readonly version: string;
  readonly binding: string;
  readonly queueMode: boolean;
  /** What comes before all paths; usually nothing. */
  readonly root: string;
  /** Content formats that the device prefers. */
  readonly formats: readonly number[];
  /** Paths of objects and instances, with the versions of objects: `{"/3/0": {}, "/5": {"ver": "1.1"}}`. */
  readonly objects: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly registeredMs: number;
  readonly updatedMs: number;
  /** The same in running time, by which its lifetime counts; undefined: of an earlier version of the platform. */
  readonly updatedRanMs?: number;
}

export interface DeviceRecord {
  readonly deviceId: string;
  readonly operatorId: string;
  readonly endpoint: string;
  readonly groupId: string | undefined;
  /** Of the first bootstrap. */
  readonly imsi: string | undefined;
  readonly imei: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly ipAddress: string | undefined;
  /** Resources 0 to 3 of object 3, as last read. */
  readonly facts: Readonly<Record<string, string>>;
  /** The registration that there is, or was last. */
  readonly registration: Registration | undefined;
  /** The registration is good. */
  readonly online: boolean;
}

export type DeviceChange = Partial<
  Pick<DeviceRecord, 'groupId' | 'tags' | 'ipAddress' | 'facts' | 'registration' | 'online'>
>;

const TABLES = [
  `CREATE TABLE inventory_devices (
     device_id TEXT PRIMARY KEY, operator_id TEXT NOT NULL, endpoint TEXT NOT NULL, group_id TEXT, imsi TEXT, imei TEXT,
     tags TEXT NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL, ip_address TEXT, facts TEXT NOT NULL,
     registration TEXT, online INTEGER NOT NULL, UNIQUE (operator_id, endpoint)) STRICT;`,
  'CREATE INDEX inventory_devices_sim ON inventory_devices (operator_id, imsi)',
];

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `length` characters that nobody guesses. */
export function randomName(random: Random, length: number): string {
  return Array.from({ length }, () => LETTERS.charAt(random.below(LETTERS.length))).join('');
}

/** What each of Inventory's tables is kept with. */
export interface Keeping {
  readonly database: Database;
  readonly random: Random;
  readonly unixMs: () => number;
}

export class Devices {
  readonly #database: Database;
  readonly #random: Random;
  readonly #unixMs: () => number;
  readonly #regrouped: (deviceId: string) => void;

  /** `regrouped` is called when a device has come into another group, or into none. */
  constructor({
    database,
    random,
    unixMs,
    regrouped = () => undefined,
  }: Keeping & { readonly regrouped?: (deviceId: string) => void }) {
    this.#regrouped = regrouped;
    this.#database = database;
    this.#random = random;
    this.#unixMs = unixMs;
    database.define('inventory_devices', TABLES);
  }

  get(deviceId: string): DeviceRecord | undefined {
    const row = this.#database.get('SELECT * FROM inventory_devices WHERE device_id = ?', deviceId);
    return row && readDevice(row);
  }

  byEndpoint(operatorId: string, endpoint: string): DeviceRecord | undefined {
    const sql = 'SELECT * FROM inventory_devices WHERE operator_id = ? AND endpoint = ?';
    const row = this.#database.get(sql, operatorId, endpoint);
    return row && readDevice(row);
  }

  /** All of an operator, by id. */
  list(operatorId: string): readonly DeviceRecord[] {
    const sql = 'SELECT * FROM inventory_devices WHERE operator_id = ? ORDER BY device_id';
    return this.#database.all(sql, operatorId).map(readDevice);
  }

  count(operatorId: string): number {
    const sql = 'SELECT COUNT(*) AS n FROM inventory_devices WHERE operator_id = ?';
    return Number(this.#database.get(sql, operatorId)?.['n'] ?? 0);
  }

  /** Of those, the ones that bootstraps of this SIM have made. */
  countOf(operatorId: string, imsi: string): number {
    const sql = 'SELECT COUNT(*) AS n FROM inventory_devices WHERE operator_id = ? AND imsi = ?';
    return Number(this.#database.get(sql, operatorId, imsi)?.['n'] ?? 0);
  }

  /** Those whose registration is good. */
  online(): readonly DeviceRecord[] {
    return this.#database.all('SELECT * FROM inventory_devices WHERE online = 1').map(readDevice);
  }

  /** The endpoint must be new to the operator; it is the device's id unless given. */
  create(
    device: Pick<DeviceRecord, 'operatorId'> & {
      readonly [N in 'endpoint' | 'groupId' | 'imsi' | 'imei' | 'tags']?: DeviceRecord[N] | undefined;
    },
  ): DeviceRecord {
    let deviceId = this.#newId();
    // The same seed gives the same ids again, over a database that has them already.
    while (this.get(deviceId) !== undefined) deviceId = this.#newId();
    const { operatorId, endpoint = deviceId, groupId, imsi, imei, tags = {} } = device;
    const now = this.#unixMs();
    this.#database.run(
      `INSERT INTO inventory_devices
         (device_id, operator_id, endpoint, group_id, imsi, imei, tags, created_ms, modified_ms, facts, online)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', 0)`,
      ...[deviceId, operatorId, endpoint, groupId ?? null, imsi ?? null, imei ?? null, JSON.stringify(tags), now, now],
    );
    return {
      ...{ deviceId, operatorId, endpoint, groupId, imsi, imei, tags, createdMs: now, modifiedMs: now },
      ...{ ipAddress: undefined, facts: {}, registration: undefined, online: false },
    };
  }

  /** Returns the device as it is then; undefined if it is gone. */
  change(deviceId: string, change: DeviceChange): DeviceRecord | undefined {
    const before = this.get(deviceId);
    if (before === undefined) return undefined;
    const after = { ...before, ...change, modifiedMs: this.#unixMs() };
    this.#database.run(
      `UPDATE inventory_devices SET group_id = ?, tags = ?, modified_ms = ?, ip_address = ?, facts = ?, registration = ?,
         online = ? WHERE device_id = ?`,
      ...[after.groupId ?? null, JSON.stringify(after.tags), after.modifiedMs, after.ipAddress ?? null],
      ...[JSON.stringify(after.facts), after.registration ? JSON.stringify(after.registration) : null],
      ...[after.online ? 1 : 0, deviceId],
    );
    if (after.groupId !== before.groupId) this.#regrouped(deviceId);
    return after;
  }

  delete(deviceId: string): void {
    this.#database.run('DELETE FROM inventory_devices WHERE device_id = ?', deviceId);
  }

  #newId(): string {
    return `d-${randomName(this.#random, 20)}`;
  }
}

function readDevice(row: Row): DeviceRecord {
  const text = (name: string): string | undefined => (row[name] == null ? undefined : String(row[name]));
  return {
    deviceId: String(row['device_id']),
    operatorId: String(row['operator_id']),
    endpoint: String(row['endpoint']),
    ...{ groupId: text('group_id'), imsi: text('imsi'), imei: text('imei'), ipAddress: text('ip_address') },
    tags: storedJson<Record<string, string>>(row, 'tags'),
    createdMs: Number(row['created_ms']),
    modifiedMs: Number(row['modified_ms']),
    facts: storedJson<Record<string, string>>(row, 'facts'),
    registration: row['registration'] == null ? undefined : storedJson<Registration>(row, 'registration'),
    online: row['online'] === 1,
  };
}
