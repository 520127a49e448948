// `akari new` where it cannot make a folder: words and wrong usage, and what is there stays as it is.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { akariSpecifier } from '../../host/build/project.js';
import { newCommand } from '../../host/cli/commands/new.js';
import { UsageError } from '../../host/cli/output.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'akari-new-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('akari new', () => {
  it.each([
    ['a file', 'ENOTDIR', (at: string) => (writeFileSync(at, 'mine'), at)],
    ['a place below a file', 'ENOTDIR', (at: string) => (writeFileSync(at, 'mine'), join(at, 'below'))],
    ['a link to nothing', 'ENOENT', (at: string) => (symlinkSync(join(at, '..', 'nowhere', 'x'), at), at)],
    ['a link to itself', 'ELOOP', (at: string) => (symlinkSync(at, at), at)],
    ['a link to a file', 'ENOTDIR', (at: string) => (writeFileSync(`${at}.f`, 'mine'), symlinkSync(`${at}.f`, at), at)],
    ['a name that is too long', 'ENAMETOOLONG', (at: string) => join(at, 'n'.repeat(300))],
  ])('%s is wrong usage, told in words (%s)', async (_, code, make) => {
    const at = join(folder, 'project');
    const path = make(at);
    const outcome = newCommand().parseAsync([path, '--example', 'beam-udp'], { from: 'user' });
    await expect(outcome).rejects.toBeInstanceOf(UsageError);
    await expect(outcome).rejects.toThrow(`${path} cannot be used (${code}): `);
    if (existsSync(at) && lstatSync(at).isFile()) expect(readFileSync(at, 'utf8')).toBe('mine');
  });

  it('a folder with something in it is left alone', async () => {
    const at = join(folder, 'project');
    mkdirSync(at);
    writeFileSync(join(at, 'letter.txt'), 'mine');
    const outcome = newCommand().parseAsync([at], { from: 'user' });
    await expect(outcome).rejects.toThrow(`${at} is there and not empty`);
  });
});

describe('a new project depends on', () => {
  const installed = (resolved?: string): string => {
    const modules = join(folder, 'host project/node_modules');
    mkdirSync(join(modules, 'akari'), { recursive: true });
    if (resolved !== undefined) {
      writeFileSync(
        join(modules, '.package-lock.json'),
        JSON.stringify({ packages: { 'node_modules/akari': { resolved } } }),
      );
    }
    return akariSpecifier(join(folder, 'device'), join(modules, 'akari'), '1.2.3');
  };

  it('the checkout', () => {
    expect(akariSpecifier(join(folder, 'device'), join(folder, 'my akari'), '1.2.3')).toBe('file:../my akari');
  });
  it('the tarball that Akari was installed from', () => {
    expect(installed('file:../pack/akari-1.2.3.tgz')).toBe('file:../pack/akari-1.2.3.tgz');
    expect(installed('file:akari.tgz')).toBe('file:../host project/akari.tgz');
  });
  it('the version where a registry gave it, or npm left no record', () => {
    expect(installed()).toBe('^1.2.3');
    expect(installed('https://registry.example/akari/-/akari-1.2.3.tgz')).toBe('^1.2.3');
  });
});
