// A data folder with something else in the place of each of its entries: the start ends at once, and its words name the entry.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import { DataFolder, FolderError, loadServeConfig } from '../../host/serve/index.js';

const config = await loadServeConfig(EXAMPLE_WORLD);
const profile = config.sims[0]?.profile;
if (profile === undefined) throw new Error('the example has no SIM');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'akari-layout-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const made = new DataFolder(folder);
  made.card(profile);
  made.close();
});

const FILES = [
  ...[
    'in-use.lock',
    'in-use.lock-journal',
    'platform.db',
    'platform.db-wal',
    'platform.db-wal.left',
    'platform.db-shm',
  ],
  ...['platform.db-journal', 'master.key', 'master.key.new', 'operator.json', 'operator.json.new'],
  ...[`cards/${profile.iccid}.json`, `files/${'0'.repeat(32)}`],
];
const FOLDERS = ['files', 'cards'];

/** Closing removes the socket; a name relative to the working folder keeps below the system's limit of 108 bytes. */
async function listen(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(relative('.', path), resolve));
  onTestFinished(() => void server.close());
}

/** What may stand there, with the words for it. */
const KINDS: readonly (readonly [string, (path: string) => unknown])[] = [
  ['a folder', (path) => mkdirSync(path)],
  ['a file', (path) => writeFileSync(path, 'x', { mode: 0o600 })],
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a socket', listen],
  ['a device', (path) => symlinkSync('/dev/null', path)],
  ['a link that leads to nothing', (path) => symlinkSync('nowhere', path)],
  ['a link that leads back to itself', (path) => symlinkSync(path, path)],
];

describe.each(KINDS)('%s', (kind, make) => {
  const expected = [...FILES.map((name) => [name, 'a file']), ...FOLDERS.map((name) => [name, 'a folder'])] as const;
  it.each(expected.filter(([, right]) => right !== kind))('in the place of %s', async (name = '', right = '') => {
    const path = join(folder, name);
    rmSync(path, { recursive: true, force: true });
    await make(path);
    const before = readdirSync(folder);
    expect(() => new DataFolder(folder)).toThrow(
      new FolderError(`${path} is ${kind}; it must be ${right}: move it away, or put a copy of the data folder back`),
    );
    expect(readdirSync(folder)).toEqual(before);
  });
});

it('an entry by a link that leads to what it must be is that', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'akari-layout-'));
  onTestFinished(() => rmSync(elsewhere, { recursive: true, force: true }));
  rmSync(join(folder, 'files'), { recursive: true });
  symlinkSync(elsewhere, join(folder, 'files'));
  new DataFolder(folder).close();
});
