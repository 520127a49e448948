// Writes to Harvest Data beside plain SQLite inserts of the same bytes, with the same durability (WAL, synchronous=FULL: each
// write is on the disk before the next begins), each in a database file of its own in one folder.
//
// A figure is of the time that passes, not of the processor's: what a write waits for is the disk.
import Sqlite from 'libsql';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../dist/host/platform/database.js';
import { DataStore } from '../dist/host/platform/harvest/store.js';
import { RunningTime } from '../dist/host/platform/running-time.js';

export const title = 'Harvest Data: acknowledged writes a second';

const UNIT = 'writes/s';
const PLAIN = 'plain SQLite insert';
const CONTENT = '{"temperature":21.5,"humidity":48.25,"battery":3.712}';
const IMSI = '440101234567890';
const OPERATOR = 'OP0012345678';

const seconds = (job) => {
  const start = process.hrtime.bigint();
  job();
  return Number(process.hrtime.bigint() - start) / 1e9;
};

export function contenders() {
  const folder = mkdtempSync(join(tmpdir(), 'akari-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const database = new Database(join(folder, 'harvest.db'));
  const store = new DataStore({
    database,
    running: new RunningTime(database, { now: () => 0 }),
    retentionDays: 40,
    unixMs: () => 1_700_000_000_000,
  });
  const resource = { operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: IMSI };
  let time = 0;

  const plain = new Sqlite(join(folder, 'plain.db'));
  plain.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;');
  plain.exec(
    'CREATE TABLE entries (imsi TEXT, time INTEGER, type TEXT, content TEXT, PRIMARY KEY (imsi, time)) WITHOUT ROWID',
  );
  const insert = plain.prepare('INSERT INTO entries VALUES (?, ?, ?, ?)');
  let row = 0;

  return [
    {
      ...{ name: 'Harvest Data, single entries', unit: UNIT, peers: [PLAIN] },
      run: (n) =>
        seconds(() => {
          for (let i = 0; i < n; i++) {
            store.add(resource, [{ timeMs: time++, contentType: 'application/json', content: CONTENT }]);
          }
        }),
    },
    {
      ...{ name: PLAIN, unit: UNIT },
      run: (n) =>
        seconds(() => {
          for (let i = 0; i < n; i++) insert.run(IMSI, row++, 'application/json', CONTENT);
        }),
    },
  ];
}
