// A wall clock that is wrong deletes nothing: retention counts the time that the platform has run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { Accounts } from '../../host/platform/accounts/index.js';
import { TokenSigner } from '../../host/platform/accounts/signer.js';
import { DiskBlobs } from '../../host/platform/harvest-files/blobs.js';
import { FileStore } from '../../host/platform/harvest-files/store.js';
import { DataStore, type Resource } from '../../host/platform/harvest/store.js';
import { Database, Seal } from '../../host/platform/index.js';
import { RunningTime } from '../../host/platform/running-time.js';
import { VirtualClock } from '../../host/clock/virtual.js';

const DAY_MS = 86_400_000;
const SIM: Resource = { operatorId: 'OP0012345678', resourceType: 'Subscriber', resourceId: '440103123456789' };
const FILE = { operatorId: SIM.operatorId, scope: 'private', path: '/a.txt' } as const;

/** A platform's storage whose wall clock may be wrong while time goes on as it does. */
class Lab {
  readonly #seal = new Seal();
  readonly #folder = mkdtempSync(join(tmpdir(), 'akari-running-'));
  clock = new VirtualClock(0);
  wallMs = Date.UTC(2026, 0, 1);
  #ranMs = 0;
  database!: Database;
  running!: RunningTime;
  data!: DataStore;
  files!: FileStore;
  accounts!: Accounts;

  constructor() {
    onTestFinished(() => rmSync(this.#folder, { recursive: true }));
    this.start();
  }

  start(): void {
    this.clock = Object.assign(new VirtualClock(0), { unixMs: () => this.wallMs, now: () => this.#ranMs * 1e6 });
    this.database = new Database(join(this.#folder, 'platform.db'));
    this.running = new RunningTime(this.database, this.clock);
    const signer = new TokenSigner(this.database, this.#seal);
    const shared = { database: this.database, running: this.running, signer };
    this.data = new DataStore({ ...shared, unixMs: () => this.wallMs, retentionDays: 40 });
    this.files = new FileStore({ ...shared, clock: this.clock, blobs: new DiskBlobs(join(this.#folder, 'files')) });
    this.accounts = new Accounts({ ...shared, clock: this.clock });
  }

  /** `kept`: the process ended as it should. */
  restart(kept: boolean): void {
    if (kept) this.running.keep();
    this.database.close();
    this.start();
  }

  pass(ms: number): void {
    this.#ranMs += ms;
    this.wallMs += ms;
  }

  async write(content: string): Promise<void> {
    this.data.add(SIM, [{ timeMs: this.wallMs, contentType: 'text/plain', content }]);
    const bytes = (async function* () {
      yield Buffer.from(content);
    })();
    await this.files.put({ ...FILE, path: `/${content}` }, 'text/plain', bytes);
  }

  get kept(): string[] {
    const entries = this.data.list(SIM, { limit: 100, sort: 'asc' }).entries.map(({ content }) => content);
    const files = this.files.find(SIM.operatorId, 'private', '/', 100).map(({ path }) => path.slice(1));
    return [
      ...new Set([...entries, ...files.filter((name) => !entries.includes(name)).map((name) => `file ${name}`)]),
    ].sort();
  }
}

describe('a wall clock that jumps', () => {
  it.each([41, 3650, -41, -20_000])('by %d days, and back, deletes nothing, nor over a restart', async (days) => {
    const lab = new Lab();
    await lab.write('before');
    lab.pass(2 * 3_600_000);
    lab.wallMs += days * DAY_MS;
    await lab.write('while');
    expect(lab.kept).toEqual(['before', 'while']);
    lab.pass(2 * 3_600_000);
    lab.restart(false);
    await lab.write('restarted');
    lab.wallMs -= days * DAY_MS;
    lab.pass(2 * 3_600_000);
    await lab.write('after');
    expect(lab.kept).toEqual(['after', 'before', 'restarted', 'while']);
  });

  it('at a restart with a wrong clock deletes nothing', async () => {
    const lab = new Lab();
    await lab.write('before');
    lab.wallMs += 41 * DAY_MS;
    lab.restart(true);
    await lab.write('after');
    expect(lab.kept).toEqual(['after', 'before']);
  });

  it('takes no token away: it is good again when the clock is right', async () => {
    const lab = new Lab();
    const owner = { operatorId: SIM.operatorId, userName: undefined };
    lab.accounts.seed({ [SIM.operatorId]: { authKeys: {} } }, 'test');
    const { authKeyId, authKey } = await lab.accounts.makeAuthKey(owner);
    const signIn = () => lab.accounts.signIn({ authKeyId, authKey: Buffer.from(authKey.reveal()).toString() }, 3600);
    const ticket = await signIn();
    if (ticket === undefined) throw new Error('no ticket');
    lab.wallMs += 41 * DAY_MS;
    expect(lab.accounts.callerOf(ticket.apiKey, ticket.token)).toBeUndefined();
    await signIn();
    lab.wallMs -= 41 * DAY_MS;
    expect(lab.accounts.callerOf(ticket.apiKey, ticket.token)).toBeDefined();
    // A clock that goes back makes no token last longer.
    lab.wallMs -= 41 * DAY_MS;
    lab.pass(3_600_000);
    expect(lab.accounts.callerOf(ticket.apiKey, ticket.token)).toBeUndefined();
  });
});

describe('retention', () => {
  it('counts the time that the platform has run, over restarts and kills', async () => {
    const lab = new Lab();
    await lab.write('old');
    for (let day = 1; day <= 41; day++) {
      lab.pass(DAY_MS);
      if (day === 20) await lab.write('half');
      else
        lab.data.add({ ...SIM, resourceId: '440103000000000' }, [
          { timeMs: lab.wallMs, contentType: 'text/plain', content: '.' },
        ]);
      lab.restart(day % 2 === 0);
    }
    expect(lab.kept).toEqual(['file old', 'half']);
    expect(lab.database.all(`SELECT content FROM harvest_entries WHERE content IN ('old', 'half')`)).toEqual([
      { content: 'half' },
    ]);
  });

  it('of a database of an earlier version begins when it is opened by this one', () => {
    const database = new Database();
    database.define('harvest', [
      `CREATE TABLE harvest_entries (
         operator_id TEXT NOT NULL, resource_type TEXT NOT NULL, resource_id TEXT NOT NULL, time_ms INTEGER NOT NULL,
         sequence INTEGER NOT NULL, content_type TEXT NOT NULL, content TEXT NOT NULL, category TEXT,
         stored_ms INTEGER NOT NULL,
         PRIMARY KEY (operator_id, resource_type, resource_id, time_ms, sequence)) STRICT, WITHOUT ROWID;
       CREATE INDEX harvest_entries_stored ON harvest_entries (stored_ms);`,
    ]);
    const values = [SIM.operatorId, SIM.resourceType, SIM.resourceId, 1, 0, 'text/plain', 'x', null, 1];
    database.run(`INSERT INTO harvest_entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, ...values);
    let now = 0;
    const running = new RunningTime(database, { now: () => now });
    const data = new DataStore({ database, running, unixMs: () => Date.UTC(2026, 0, 1), retentionDays: 40 });
    expect(data.list(SIM).entries).toHaveLength(1);
    now = 40 * DAY_MS * 1e6;
    expect(data.list(SIM).entries).toHaveLength(0);
  });
});
