// A build passes over a target of which nothing has changed, and over no other.

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Target, compile, targetsOf } from '../../host/build/compile.js';
import { dropRecord, isUpToDate, keepRecord } from '../../host/build/record.js';
import { akari } from '../cli/akari.js';

const CONFIGURATION = {
  options: { runtime: 'stub', noColors: true },
  targets: { 'app-debug': { outFile: 'build/app.wasm', debug: true, sourceMap: true } },
};

let folder: string;
let target: Target;

const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const configure = (configuration: unknown): void => write('asconfig.json', JSON.stringify(configuration));
const recordFile = (): string => join(folder, 'build/record/app-debug.json');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-record-'));
  mkdirSync(join(folder, 'assembly'));
  configure(CONFIGURATION);
  write('assembly/index.ts', 'import { two } from "./part";\nexport function four(): i32 { return two() + two(); }\n');
  write('assembly/part.ts', 'export function two(): i32 { return 2; }\n');
  const [only] = targetsOf(folder);
  if (only === undefined) throw new Error('no target');
  target = only;
  keepRecord(folder, target, await compile(folder, target));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('the record of a compilation', () => {
  it('holds while nothing changes', async () => {
    expect(await isUpToDate(folder, target)).toBe(true);
  });

  it.each<[string, () => void]>([
    ['an imported source differs', () => write('assembly/part.ts', 'export function two(): i32 { return 3; }\n')],
    ['a source is gone', () => rmSync(join(folder, 'assembly/part.ts'))],
    ['the binary differs', () => write('build/app.wasm', '')],
    ['the binary is gone', () => rmSync(join(folder, 'build/app.wasm'))],
    ['the source map is gone', () => rmSync(join(folder, 'build/app.wasm.map'))],
    ['options for all targets differ', () => configure({ ...CONFIGURATION, options: { runtime: 'minimal' } })],
    ['the record is cut off', () => writeFileSync(recordFile(), readFileSync(recordFile()).subarray(0, 100))],
    [
      'the record is of other tools',
      () => {
        const record = JSON.parse(readFileSync(recordFile(), 'utf8')) as Record<string, unknown>;
        writeFileSync(recordFile(), JSON.stringify({ ...record, tools: '0' }));
      },
    ],
    [
      'a source lies where it is looked for first',
      () => {
        mkdirSync(join(folder, 'assembly/app'));
        write('assembly/app/index.ts', 'export function five(): i32 { return 5; }\n');
      },
    ],
    ['a compilation began and did not end', () => dropRecord(folder, target)],
  ])('does not hold when %s', async (_what, change) => {
    change();
    expect(await isUpToDate(folder, target)).toBe(false);
  });

  it('is kept of a target whose name no file could have', async () => {
    const odd = { ...target, target: 'a/b-debug' };
    keepRecord(folder, odd, await compile(folder, target));
    expect(await isUpToDate(folder, odd)).toBe(true);
  });

  it('does not hold when a file appears where the compiler looked first', async () => {
    const { read } = await compile(folder, target);
    const missing = [...read].filter(([, text]) => text === null).map(([name]) => name);
    keepRecord(folder, target, { layouts: [], read: new Map([...read, ['assembly/first.ts', null]]), written: [] });
    expect(await isUpToDate(folder, target)).toBe(true);
    copyFileSync(join(folder, 'assembly/part.ts'), join(folder, missing[0] ?? 'assembly/first.ts'));
    expect(await isUpToDate(folder, target)).toBe(false);
  });

  it('is not kept where a transform of the project takes part', async () => {
    const { read } = await compile(folder, target);
    dropRecord(folder, target);
    const configuration = JSON.stringify({ ...CONFIGURATION, options: { transform: ['./mine.mjs'] } });
    keepRecord(folder, target, {
      layouts: [],
      read: new Map([...read, ['asconfig.json', configuration]]),
      written: [],
    });
    expect(await isUpToDate(folder, target)).toBe(false);
  });
});

it('akari build compiles what has changed, or all of it', async () => {
  const types = async (...args: string[]): Promise<unknown[]> => {
    const { code, stdout, stderr } = await akari(['build', '--json', ...args], { cwd: folder });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n').slice(0, -1);
    return lines.map((line) => (JSON.parse(line) as { type: string }).type);
  };
  dropRecord(folder, target);
  expect(await types()).toEqual(['built']);
  expect(await types()).toEqual(['unchanged']);
  expect(await types('--force')).toEqual(['built']);
  write('assembly/part.ts', 'export function two(): i32 { return 5; }\n');
  expect(await types()).toEqual(['built']);
  const module = new WebAssembly.Module(readFileSync(join(folder, 'build/app.wasm')));
  const instance = new WebAssembly.Instance(module, { env: { abort: () => undefined } });
  expect((instance.exports['four'] as () => number)()).toBe(10);
});
