// What is temporary: in a folder of the run, and gone with the process that made it.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('a run of tests has a folder of its own, which its programs use, too', async () => {
  expect(basename(tmpdir())).toMatch(/^akari-\w{6}$/);
  expect(process.env['TMPDIR']).toBe(tmpdir());
  const { stdout } = await promisify(execFile)('node', ['-p', 'os.tmpdir()']);
  expect(stdout.trim()).toBe(tmpdir());
  expect(dirname(tmpdir())).not.toBe(tmpdir());
});

it('files of a platform that nobody closed go with the process', async () => {
  const place = mkdtempSync(join(tmpdir(), 'akari-temporary-'));
  const program = `
    import { readdirSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { DiskBlobs } from './dist/host/platform/harvest-files/blobs.js';
    for (let i = 0; i < 3; i++) {
      const blobs = new DiskBlobs();
      const writer = await blobs.create();
      await writer.write(Buffer.from('x'));
      await writer.finish();
      if (i === 0) blobs.close();
    }
    console.log(readdirSync(tmpdir()).length);
  `;
  const { stdout } = await promisify(execFile)('node', ['--input-type=module', '-e', program], {
    env: { ...process.env, TMPDIR: place },
  });
  expect(stdout).toBe('2\n');
  expect(readdirSync(place)).toEqual([]);
});
