// Has a database, which is overwritten with its copy (.copy) meanwhile, and ends as a program does. Run by overwritten.test.ts.
import { copyFileSync } from 'node:fs';
import { Database } from '../../dist/host/platform/index.js';

const file = process.argv[2];
const database = new Database(file, { exclusive: true });
for (let i = 0; i < 50; i++) database.run('INSERT INTO t (text) VALUES (?)', 'x'.repeat(5000));
copyFileSync(`${file}.copy`, file);
if (process.argv[3] === 'log') copyFileSync(`${file}.copy-wal`, `${file}-wal`);
database.close();
globalThis.gc();
