// A process that puts version after version of one file until it is killed: DATABASE FOLDER. Tells its parent each version
// that is acknowledged.

import { Buffer } from 'node:buffer';
import process from 'node:process';
import { RealClock } from '../../dist/host/clock/real.js';
import { Database } from '../../dist/host/platform/database.js';
import { DiskBlobs } from '../../dist/host/platform/harvest-files/blobs.js';
import { FileStore } from '../../dist/host/platform/harvest-files/store.js';

const [file, folder] = process.argv.slice(2);
const store = new FileStore({ clock: new RealClock(), database: new Database(file), blobs: new DiskBlobs(folder) });
const key = { operatorId: 'OP0012345678', scope: 'private', path: '/f' };

async function* version(n) {
  for (let part = 0; part < 20; part++) yield Buffer.from(`${n} `.repeat(1000));
}

for (let n = 0; ; n++) {
  await store.put(key, 'text/plain', version(n));
  await new Promise((resolve) => process.send(n, resolve));
}
