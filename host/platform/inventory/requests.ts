// What operators ask of devices: kept until the device can be asked, with what came of it.

import type { Random } from '../../random.js';
import { INVENTORY } from '../choices.js';
import { type Database, type Row, storedJson } from '../database.js';
import { INVENTORY_LIMITS } from '../limits.js';
import { type Keeping, randomName } from './devices.js';

/** What a device is asked. `path`: `/3/0/9`; of a composite operation several, see composite.ts. `body`: JSON, as the operator wrote it; it is shown to nobody. */
export interface Operation {
  readonly kind:
    | 'read'
    | 'discover'
    | 'write'
    | 'update'
    | 'execute'
    | 'create'
    | 'delete'
    | 'attributes'
    | 'observe'
    | 'unobserve'
    | 'firmware'
    | 'read-composite'
    | 'write-composite'
    | 'observe-composite'
    | 'unobserve-composite';
  readonly path: string;
  readonly body?: unknown;
}

export const REQUEST_STATES = ['queued', 'running', 'done', 'failed', 'expired'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

export interface Outcome {
  /** The device's answer, `2.05`; undefined when it gave none. */
  readonly code?: string;
  /** JSON for the operator. */
  readonly result?: unknown;
  readonly reason?: string;
  /** What the device answered cannot be understood: `reason` says why. */
  readonly isUnreadable?: boolean;
}

export interface DeviceRequest {
  readonly requestId: string;
  readonly deviceId: string;
  readonly operation: Operation;
  readonly state: RequestState;
  readonly outcome: Outcome | undefined;
  readonly createdMs: number;
  readonly expiresMs: number;
}

const TABLES = [
  `CREATE TABLE inventory_requests (
     sequence INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, device_id TEXT NOT NULL,
     operation TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT, created_ms INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL) STRICT;
   CREATE INDEX inventory_requests_device ON inventory_requests (device_id, sequence);`,
];

/** Done twice is the same as done once. */
const REPEATABLE: ReadonlySet<Operation['kind']> = new Set([
  ...(['read', 'discover', 'write', 'attributes', 'observe', 'unobserve'] as const),
  ...(['read-composite', 'write-composite', 'observe-composite', 'unobserve-composite'] as const),
]);

export class Requests {
  readonly #database: Database;
  readonly #random: Random;
  readonly #unixMs: () => number;

  constructor({ database, random, unixMs }: Keeping) {
    this.#database = database;
    this.#random = random;
    this.#unixMs = unixMs;
    database.define('inventory_requests', TABLES);
    // What was under way when the process ended.
    for (const row of database.all(`SELECT * FROM inventory_requests WHERE state = 'running'`)) {
      this.unanswered(readRequest(row), 'the platform was restarted');
    }
  }

  /** Undefined: too many wait already. */
  add(deviceId: string, operation: Operation): DeviceRequest | undefined {
    const now = this.#unixMs();
    this.#expire(deviceId, now);
    if (this.waiting(deviceId).length >= INVENTORY_LIMITS.waitingRequests) return undefined;
    const request: DeviceRequest = {
      ...{ requestId: `r-${randomName(this.#random, 20)}`, deviceId, operation, state: 'queued', outcome: undefined },
      ...{ createdMs: now, expiresMs: now + INVENTORY.requestLife / 1e6 },
    };
    this.#database.run(
      `INSERT INTO inventory_requests (request_id, device_id, operation, state, created_ms, expires_ms)
       VALUES (?, ?, ?, 'queued', ?, ?)`,
      ...[request.requestId, deviceId, JSON.stringify(operation), now, request.expiresMs],
    );
    this.#database.run(
      `DELETE FROM inventory_requests WHERE device_id = ?1 AND state NOT IN ('queued', 'running') AND sequence NOT IN
         (SELECT sequence FROM inventory_requests WHERE device_id = ?1 ORDER BY sequence DESC LIMIT ?2)`,
      ...[deviceId, INVENTORY_LIMITS.keptRequests],
    );
    return request;
  }

  get(deviceId: string, requestId: string): DeviceRequest | undefined {
    this.#expire(deviceId, this.#unixMs());
    const sql = 'SELECT * FROM inventory_requests WHERE device_id = ? AND request_id = ?';
    const row = this.#database.get(sql, deviceId, requestId);
    return row && readRequest(row);
  }

  /** The newest first. */
  list(deviceId: string): readonly DeviceRequest[] {
    this.#expire(deviceId, this.#unixMs());
    const sql = 'SELECT * FROM inventory_requests WHERE device_id = ? ORDER BY sequence DESC';
    return this.#database.all(sql, deviceId).map(readRequest);
  }

  /** In the order in which they came. */
  waiting(deviceId: string): readonly DeviceRequest[] {
    const sql = `SELECT * FROM inventory_requests WHERE device_id = ? AND state = 'queued' ORDER BY sequence`;
    return this.#database.all(sql, deviceId).map(readRequest);
  }

  running({ requestId }: DeviceRequest): void {
    this.#database.run(`UPDATE inventory_requests SET state = 'running' WHERE request_id = ?`, requestId);
  }

  done(request: DeviceRequest, outcome: Outcome): DeviceRequest {
    return this.#finish(request, outcome.code?.startsWith('2.') === true ? 'done' : 'failed', outcome);
  }

  /** The device said nothing: asked again later, unless it may have done what cannot be done twice. */
  unanswered(request: DeviceRequest, reason: string): DeviceRequest {
    if (!REPEATABLE.has(request.operation.kind)) return this.#finish(request, 'failed', { reason });
    return this.#finish(request, 'queued', undefined);
  }

  delete(deviceId: string): void {
    this.#database.run('DELETE FROM inventory_requests WHERE device_id = ?', deviceId);
  }

  #finish(request: DeviceRequest, state: RequestState, outcome: Outcome | undefined): DeviceRequest {
    this.#database.run(
      'UPDATE inventory_requests SET state = ?, outcome = ? WHERE request_id = ?',
      ...[state, outcome ? JSON.stringify(outcome) : null, request.requestId],
    );
    return { ...request, state, outcome };
  }

  #expire(deviceId: string, now: number): void {
    this.#database.run(
      `UPDATE inventory_requests SET state = 'expired' WHERE device_id = ? AND state = 'queued' AND expires_ms <= ?`,
      ...[deviceId, now],
    );
  }
}

const readRequest = (row: Row): DeviceRequest => ({
  requestId: String(row['request_id']),
  deviceId: String(row['device_id']),
  operation: storedJson<Operation>(row, 'operation'),
  state: String(row['state']) as RequestState,
  outcome: row['outcome'] == null ? undefined : storedJson<Outcome>(row, 'outcome'),
  createdMs: Number(row['created_ms']),
  expiresMs: Number(row['expires_ms']),
});
