// A data folder whose files something else writes to while a world runs: it is noticed before anything more is acknowledged, the log
// says so, and what has been put there stays as it is.
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  closeSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import { Database, DatabaseError } from '../../host/platform/index.js';
import { DataFolder, loadServeConfig, Serve } from '../../host/serve/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { ask } from './ask.mjs';
import { freeBlock } from './block.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'akari-overwritten-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});

function writeAt(path: string, bytes: Uint8Array, at: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** What people and programs do to the file of a database that is in use. */
const CHANGES: Readonly<Record<string, (file: string) => void>> = {
  'a copy written over it': (file) => copyFileSync(`${file}.copy`, file),
  'a copy renamed onto it': (file) => renameSync(`${file}.copy`, file),
  removed: (file) => rmSync(file),
  emptied: (file) => truncateSync(file, 0),
  'cut in half': (file) => truncateSync(file, statSync(file).size / 2),
  'its header overwritten': (file) => writeAt(file, Buffer.alloc(100), 0),
  'one byte overwritten': (file) => writeAt(file, Buffer.of(7), 5000),
  'its log removed': (file) => rmSync(`${file}-wal`),
  'its log emptied': (file) => truncateSync(`${file}-wal`, 0),
  'its log overwritten': (file) => writeAt(`${file}-wal`, Buffer.alloc(200), 0),
};

describe('a database whose file is changed while it is open', () => {
  function opened(): { database: Database; file: string; lost: string[] } {
    const file = join(folder, 'platform.db');
    const make = (): Database => {
      const database = new Database(file, { exclusive: true });
      database.define('t', ['CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)']);
      return database;
    };
    const before = make();
    before.run("INSERT INTO t (text) VALUES ('old')");
    before.close();
    copyFileSync(file, `${file}.copy`);
    const database = make();
    onTestFinished(() => database.close());
    const lost: string[] = [];
    database.onLost = ({ message }) => void lost.push(message);
    database.run('INSERT INTO t (text) VALUES (?)', 'x'.repeat(10_000));
    return { database, file, lost };
  }

  it.each(Object.entries(CHANGES))('%s: refuses to write and to read, for good, and says so once', (_name, change) => {
    const { database, file, lost } = opened();
    const calls = [
      () => database.run("INSERT INTO t (text) VALUES ('new')"),
      () => database.transaction(() => 1),
      () => database.get('SELECT * FROM t'),
      () => database.all('SELECT * FROM t'),
    ];
    change(file);
    for (const call of calls) {
      expect(call).toThrow(DatabaseError);
      expect(call).toThrow(
        /^\S+platform\.db(-wal)? was (changed|removed) by another program while this one has it: stop/,
      );
    }
    expect(lost).toHaveLength(1);
  });

  it('goes on when it is read or linked, and over its own checkpoints and a transaction that is rolled back', () => {
    const { database, file, lost } = opened();
    readFileSync(file);
    linkSync(file, join(folder, 'link'));
    writeFileSync(join(folder, 'other'), 'x');
    utimesSync(folder, 1, 1);
    for (let i = 0; i < 500; i++) database.run('INSERT INTO t (text) VALUES (?)', 'y'.repeat(10_000)); // over many checkpoints
    expect(() =>
      database.transaction(() => {
        database.run('DELETE FROM t');
        throw new Error('roll back');
      }),
    ).toThrow('roll back');
    expect(database.get('SELECT COUNT(*) AS n FROM t')).toEqual({ n: 502 });
    expect(lost).toEqual([]);
  });

  it.each([
    ['with a copy that was closed', 'none'],
    ['with a copy and its log', 'log'],
  ])('%s: the copy stays as it was put there when the process ends, and opens', async (_name, log) => {
    const { database, file } = opened();
    database.close();
    const other = join(folder, 'other.db');
    const copy = new Database(other, { exclusive: log === 'none' }); // otherwise one that is open, with a log
    copy.define('t', ['CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)']);
    if (log === 'none') copy.close();
    copyFileSync(other, `${file}.copy`);
    if (log === 'log') copyFileSync(`${other}-wal`, `${file}.copy-wal`);
    await promisify(execFile)(process.execPath, ['--expose-gc', 'test/serve/overwritten.mjs', file, log]);
    expect(readFileSync(file, 'hex')).toBe(readFileSync(`${file}.copy`, 'hex'));
    if (log === 'log') expect(readFileSync(`${file}-wal`, 'hex')).toBe(readFileSync(`${file}.copy-wal`, 'hex'));
    const again = new Database(file, { exclusive: true });
    onTestFinished(() => again.close());
    again.check();
    expect(again.get('SELECT COUNT(*) AS n FROM t')).toEqual({ n: 0 });
  });

  it('that is damaged where it reads is read on, and writes no more: the next start would refuse all of it', () => {
    const database = new Database(join(folder, 'platform.db'), { exclusive: true });
    onTestFinished(() => database.close());
    const lost: string[] = [];
    database.onLost = ({ message }) => void lost.push(message);
    database.define('t', ['CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)']);
    database.run("INSERT INTO t (text) VALUES ('right'), (CAST(x'ff' AS TEXT))");
    for (let i = 0; i < 2; i++) expect(() => database.get('SELECT * FROM t WHERE n = 2')).toThrow(/damaged/);
    expect(database.get('SELECT * FROM t WHERE n = 1')).toEqual({ n: 1, text: 'right' });
    expect(() => database.run("INSERT INTO t (text) VALUES ('more')")).toThrow(/damaged/);
    expect(() => database.transaction(() => 1)).toThrow(/damaged/);
    expect(lost).toHaveLength(1);
  });
});

describe('a served world whose folder is changed', () => {
  it('answers 503 instead of taking what would be lost, and its log names the file and what to do', async () => {
    const config = await loadServeConfig(EXAMPLE_WORLD);
    const events: TraceEvent[] = [];
    const served = await Serve.start({
      ...{ config, block: await freeBlock('start'), folder: new DataFolder(folder) },
      sink: (event) => events.push(event),
    });
    onTestFinished(() => served.close());
    const device = async (name: string, method: string, path: string, body: string): Promise<number> => {
      const point = served.entryPoints.find((p) => p.name === `${name}.soracom.io` && p.hostPort === 8080);
      const to = { host: point?.host, port: 8080, localAddress: '127.64.0.1' };
      return (await ask({ ...to, method, path, headers: { 'content-type': 'application/json' } }, body)).status;
    };
    const imsi = config.sims[0]?.profile.imsi ?? '';
    expect(await device('harvest', 'POST', '/', '{"a":1}')).toBe(201);
    const file = join(folder, 'platform.db');
    copyFileSync(file, join(folder, 'copy'));
    copyFileSync(join(folder, 'copy'), file);
    const answers = [
      await device('harvest', 'POST', '/', '{"a":2}'),
      await device('harvest-files', 'PUT', '/a', 'a'),
      await device('metadata', 'PUT', '/v1/subscriber/tags', '[{"tagName":"a","tagValue":"b"}]'),
      await device('harvest', 'POST', '/', '{"a":3}'),
    ];
    expect(answers).toEqual([503, 503, 503, 503]);
    const told = events.flatMap((event) =>
      event.type === 'service' && event.event === 'storage-fault' ? [event] : [],
    );
    expect(told.map(({ reason }) => reason)).toEqual([
      `${file} was changed by another program while this one has it: stop this one, and put a copy of the whole folder back`,
    ]);
    expect(imsi).not.toBe('');
  });
});
