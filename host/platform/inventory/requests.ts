// What operators ask of devices: kept until the device can be asked, with what came of it. How long a request waits goes by the platform's
// running time: a wall clock that is wrong expires none.

import type { Random } from '../../random.js';
import { INVENTORY } from '../choices.js';
import { type Database, storedJson } from '../database.js';
import { INVENTORY_LIMITS } from '../limits.js';
import type { RunningTime } from '../running-time.js';
import { type Keeping, randomName } from './devices.js';
import type { FirmwareProgress } from './firmware-state.js';

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
  /** It goes on: the outcome so far. */
  readonly progress?: FirmwareProgress | undefined;
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
  /** UNIX milliseconds, as it looks now. */
  readonly expiresMs: number;
  /** The same in running time. */
  readonly untilMs: number;
}

const LIFE_MS = INVENTORY.requestLife / 1e6;

const TABLES = [
  `CREATE TABLE inventory_requests (
     sequence INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL UNIQUE, device_id TEXT NOT NULL,
     operation TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT, created_ms INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL) STRICT;
   CREATE INDEX inventory_requests_device ON inventory_requests (device_id, sequence);`,
  // Life by running time; what was there before counts from now on.
  `ALTER TABLE inventory_requests DROP COLUMN expires_ms;
   ALTER TABLE inventory_requests ADD COLUMN until_ms INTEGER;`,
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
  readonly #running: RunningTime;

  constructor({ database, random, unixMs, running }: Keeping & { readonly running: RunningTime }) {
    this.#database = database;
    this.#random = random;
    this.#unixMs = unixMs;
    this.#running = running;
    database.define('inventory_requests', TABLES);
    const latest = database.get('SELECT MAX(until_ms) AS ms FROM inventory_requests')?.['ms'];
    if (latest != null) running.atLeast(Number(latest) - LIFE_MS);
    database.run('UPDATE inventory_requests SET until_ms = ? WHERE until_ms IS NULL', running.ms() + LIFE_MS);
    // What was under way when the process ended.
    for (const request of this.#all(`WHERE state = 'running'`)) {
      if (request.outcome?.progress === undefined) this.unanswered(request, 'the platform was restarted');
    }
  }

  /** Undefined: too many wait already. */
  add(deviceId: string, operation: Operation): DeviceRequest | undefined {
    const now = this.#unixMs();
    if (this.waiting(deviceId).length >= INVENTORY_LIMITS.waitingRequests) return undefined;
    const request: DeviceRequest = {
      ...{ requestId: `r-${randomName(this.#random, 20)}`, deviceId, operation, state: 'queued', outcome: undefined },
      ...{ createdMs: now, expiresMs: now + LIFE_MS, untilMs: this.#running.ms() + LIFE_MS },
    };
    this.#database.run(
      `INSERT INTO inventory_requests (request_id, device_id, operation, state, created_ms, until_ms)
       VALUES (?, ?, ?, 'queued', ?, ?)`,
      ...[request.requestId, deviceId, JSON.stringify(operation), now, request.untilMs],
    );
    this.#database.run(
      `DELETE FROM inventory_requests WHERE device_id = ?1 AND state NOT IN ('queued', 'running') AND sequence NOT IN
         (SELECT sequence FROM inventory_requests WHERE device_id = ?1 ORDER BY sequence DESC LIMIT ?2)`,
      ...[deviceId, INVENTORY_LIMITS.keptRequests],
    );
    return request;
  }

  get(deviceId: string, requestId: string): DeviceRequest | undefined {
    this.#expire(deviceId);
    return this.#all('WHERE device_id = ? AND request_id = ?', deviceId, requestId)[0];
  }

  /** The newest first. */
  list(deviceId: string): readonly DeviceRequest[] {
    this.#expire(deviceId);
    return this.#all('WHERE device_id = ? ORDER BY sequence DESC', deviceId);
  }

  /** In the order in which they came; none whose time is over. */
  waiting(deviceId: string): readonly DeviceRequest[] {
    this.#expire(deviceId);
    return this.#all(`WHERE device_id = ? AND state = 'queued' ORDER BY sequence`, deviceId);
  }

  /** The one of the device that goes on by itself. */
  underWay(deviceId: string): DeviceRequest | undefined {
    const running = this.#all(`WHERE device_id = ? AND state = 'running' ORDER BY sequence DESC`, deviceId);
    return running.find(({ outcome }) => outcome?.progress !== undefined);
  }

  /** Those of all devices. */
  allUnderWay(): readonly DeviceRequest[] {
    return this.#all(`WHERE state = 'running'`).filter(({ outcome }) => outcome?.progress !== undefined);
  }

  running({ requestId }: DeviceRequest): void {
    this.#database.run(`UPDATE inventory_requests SET state = 'running' WHERE request_id = ?`, requestId);
  }

  done(request: DeviceRequest, outcome: Outcome): DeviceRequest {
    if (outcome.progress !== undefined) return this.#finish(request, 'running', outcome);
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

  #expire(deviceId: string): void {
    this.#database.run(
      `UPDATE inventory_requests SET state = 'expired' WHERE device_id = ? AND state = 'queued' AND until_ms <= ?`,
      ...[deviceId, this.#running.ms()],
    );
  }

  #all(condition: string, ...values: readonly string[]): readonly DeviceRequest[] {
    const ahead = this.#unixMs() - this.#running.ms();
    return this.#database.all(`SELECT * FROM inventory_requests ${condition}`, ...values).map((row) => ({
      requestId: String(row['request_id']),
      deviceId: String(row['device_id']),
      operation: storedJson<Operation>(row, 'operation'),
      state: String(row['state']) as RequestState,
      outcome: row['outcome'] == null ? undefined : storedJson<Outcome>(row, 'outcome'),
      createdMs: Number(row['created_ms']),
      ...{ untilMs: Number(row['until_ms']), expiresMs: Number(row['until_ms']) + ahead },
    }));
  }
}
