// A disk that is full: a world that runs answers 503 and goes on.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freeBlock } from './block.js';

const run = promisify(execFile);
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'akari-storage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('a disk that is really full', () => {
  it('is answered with 503 everywhere; reads go on, and so does all else when there is room again', async () => {
    const place = join(temporary(), 'disk');
    mkdirSync(place);
    const args = ['--mount', process.execPath, 'test/serve/full-disk.mjs', place, String(await freeBlock('start'))];
    const { stdout } = await run('unshare', args);
    const told = JSON.parse(stdout) as { signedIn: number; rounds: Record<string, unknown>[]; faults: string[] };
    expect(told.faults).toEqual([]);
    expect(told.signedIn).toBe(200);
    const [full, room] = told.rounds;
    expect(full).toEqual({
      ...{ at: 'full', signIn: 503, tags: 503, group: 503, device: 503, harvest: 503, files: 503 },
      ...{ metadataRead: 200, endorse: 503, bootstrap: '5.03' },
    });
    expect(room).toMatchObject({
      signIn: 200,
      tags: 200,
      group: 201,
      device: 201,
      harvest: 201,
      files: 201,
      endorse: 200,
      bootstrap: '2.04',
    });
  });
});
