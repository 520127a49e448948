// The kit as a package: found from wherever it runs, alone, silent.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { loadKit } from '../../host/kit/index.js';

it('is the export akari/kit, finds its module from any working directory, and prints nothing of its own', () => {
  const kit = import.meta.resolve('akari/kit');
  const script = `
    const { loadKit } = await import(${JSON.stringify(kit)});
    const kit = await loadKit();
    console.log(Buffer.from(kit.sha256(Buffer.from('akari'))).toString('hex'));`;
  const node = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: tmpdir(), encoding: 'utf8' });
  expect(node.stderr).toBe('');
  expect(node.stdout.trim()).toBe(createHash('sha256').update('akari').digest('hex'));
});

it('gives each caller a module of its own', async () => {
  const [a, b] = [await loadKit(), await loadKit()];
  expect(a).not.toBe(b);
  expect(toHex(a.sha256())).toBe(toHex(b.sha256()));
});

it('goes on after a refused call', async () => {
  const kit = await loadKit();
  const key = new Uint8Array(16);
  const before = toHex(kit.aesEncrypt(key, key));
  expect(() => kit.aesEncrypt(key, new Uint8Array(3))).toThrow(RangeError);
  expect(toHex(kit.aesEncrypt(key, key))).toBe(before);
});

it('leaves its arguments as they are', async () => {
  const kit = await loadKit();
  const key = new Uint8Array(16).fill(7);
  const block = new Uint8Array(32).fill(9);
  kit.aesEncrypt(key, block);
  kit.hmacSha256(key, block);
  kit.wipe(block, 0, 32);
  expect([key, block]).toEqual([new Uint8Array(16).fill(7), new Uint8Array(32).fill(9)]);
});
