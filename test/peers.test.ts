// Tests that need programs nobody here wrote: declared, counted when they are not run, failing where they are required.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { howToInstall, peers } from '../tools/peers.mjs';
import { withPrograms } from './peers.js';

/** Of every Debian system, beside what this project itself runs. */
const ALWAYS_THERE = [
  'ls',
  'mkfifo',
  'node',
  'npm',
  'nsenter',
  'sed',
  'sh',
  'sha256sum',
  'tar',
  'truncate',
  'unshare',
  'wc',
];

const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('test', file));
const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));

/** What a file starts by its name, itself or by the tests' files that it imports. */
function started(file: string, seen = new Set<string>()): string[] {
  const text = texts.get(file);
  if (text === undefined || seen.has(file)) return [];
  seen.add(file);
  const calls = /\b(?:spawn|execFile)(?:Sync)?\(\s*'([^'/]+)'/g;
  const imports = [...text.matchAll(/from '(\.[^']*)\.js'/g)].map(([, path = '']) => join(dirname(file), `${path}.ts`));
  return [
    ...[...text.matchAll(calls)].map(([, name = '']) => name),
    ...imports.flatMap((path) => started(normalize(path), seen)),
  ];
}

describe('a program that a test starts', () => {
  const names = [...new Set(files.flatMap((file) => started(file)))].filter((name) => !ALWAYS_THERE.includes(name));

  it('is in the list that npm run peers installs', () => {
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !peers.has(name))).toEqual([]);
  });

  it('is declared by the test, itself or by another of its Debian package', () => {
    const packages = (programs: readonly string[]): Set<string | undefined> =>
      new Set(programs.map((name) => peers.get(name)?.package));
    const undeclared = files.flatMap((file) => {
      if (!/\.(test|soak)\.ts$/.test(file)) return [];
      const calls = [...(texts.get(file) ?? '').matchAll(/withPrograms\(([^)]*)\)/g)].map(([, list = '']) => list);
      const declared = packages([...calls.join().matchAll(/'([^']+)'/g)].map(([, name = '']) => name));
      const needed = packages(started(file).filter((name) => peers.has(name)));
      return [...needed].filter((name) => !declared.has(name)).map((name) => `${file}: ${name}`);
    });
    expect(undeclared).toEqual([]);
  });

  it('comes from Debian, or is compiled from sources that a package of npm or of a later Debian carries', () => {
    expect(howToInstall(['tshark', 'wakaama-client', 'wakaama-server'])).toBe(
      'missing tshark, wakaama-client, wakaama-server; `npm run peers` installs them (Debian: tshark; compiled, from npm: node-red-contrib-lwm2m)',
    );
    expect(howToInstall(['mbedtls-library'])).toMatch(/\(compiled, from Debian's sources: mbedtls\)$/);
    expect(howToInstall(['curl'])).toMatch(/\(Debian: curl\)$/);
  });

  it('of another name is refused', () => {
    expect(() => withPrograms('no-such-program')).toThrow('tools/peers.txt does not name no-such-program');
  });
});

describe('on a machine without osmo-auc-gen and qemu-system-riscv32', () => {
  let bare = '';
  beforeAll(() => {
    bare = mkdtempSync(join(tmpdir(), 'akari-peers-'));
    for (const command of ['sh', 'dirname']) {
      const { stdout } = spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' });
      symlinkSync(stdout.trim(), join(bare, command));
    }
    for (const command of ['node', 'make']) symlinkSync(process.execPath, join(bare, command));
  });
  afterAll(() => rmSync(bare, { recursive: true }));

  const run = (env: Record<string, string>): Promise<{ code: number; stdout: string; stderr: string }> =>
    promisify(execFile)(
      process.execPath,
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        'test/runtime/qemu.test.ts',
        'test/cellular/hss/vector-command.test.ts',
      ],
      { env: { PATH: bare, NO_COLOR: '1', ...env } },
    ).then(
      (done) => ({ code: 0, ...done }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );

  it('their tests count as not run, the others pass, and the last line says what to install', async () => {
    const { code, stdout, stderr } = await run({});
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/Tests {2}3 passed \| 4 skipped/);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^4 tests not run: missing osmo-auc-gen, .*qemu-system-riscv32, .*; `npm run peers` installs them \(Debian: .*libosmocore-utils.* qemu-system-misc/,
    );
  });

  it('they fail where AKARI_PEERS=required, which is what .ci/run says', async () => {
    const { code, stdout, stderr } = await run({ AKARI_PEERS: 'required' });
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/AKARI_PEERS=required, and missing .*qemu-system-riscv32/);
    expect(readFileSync('.ci/run', 'utf8')).toMatch(/^AKARI_PEERS=required npm test /m);
  });

  it('npm run peers would install just those of the list that are missing', () => {
    const { status, stderr } = spawnSync('tools/peers.sh', { env: { PATH: bare }, encoding: 'utf8' });
    expect(status).toBe(1);
    const told = stderr.trim().split(':').at(-1)?.trim().split(' ') ?? [];
    const commands = [...peers].filter(([name, { file }]) => file === undefined && name !== 'make');
    expect(told).toEqual(expect.arrayContaining(commands.map(([, peer]) => peer.package)));
    expect(told).not.toContain('make');
  });
});
