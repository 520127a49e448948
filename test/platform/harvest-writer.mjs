// A process that writes to Harvest Data's store until it is killed or done: FILE IMSI COUNT. Tells its parent each number
// that is acknowledged. Below 1,000 writes these are single entries, else batches of three.

import process from 'node:process';
import { Database } from '../../dist/host/platform/database.js';
import { DataStore } from '../../dist/host/platform/harvest/store.js';
import { RunningTime } from '../../dist/host/platform/running-time.js';

const [file, resourceId, count] = process.argv.slice(2);
const database = new Database(file);
const store = new DataStore({
  ...{ database, retentionDays: 40, unixMs: () => 1_700_000_000_000 },
  running: new RunningTime(database, { now: () => 0 }),
});
const resource = { operatorId: 'OP0012345678', resourceType: 'Subscriber', resourceId };
const parts = Number(count) < 1000 ? [0] : [0, 1, 2];

for (let n = 0; n < Number(count); n++) {
  const entries = parts.map((part) => ({
    timeMs: n,
    contentType: 'application/json',
    content: JSON.stringify({ n, part }),
  }));
  store.add(resource, entries);
  await new Promise((resolve) => process.send(n, resolve));
}
process.disconnect();
