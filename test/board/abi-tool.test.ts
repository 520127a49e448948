// tools/abi.mjs: what repeats the board ABI in TypeScript and C follows its declaration.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const INDEX = 'assembly/board/index.ts';
const STATUS = 'assembly/board/status.ts';
const HOST = 'host/board/abi.ts';
const HEADER = 'runtime/include/akari_abi.h';
const WASM2C = 'runtime/engine/wasm2c/imports.c';
const WAMR = 'runtime/engine/wamr/imports.c';
const WRITTEN = [HOST, HEADER, WASM2C, WAMR];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'akari-abi-'));
  for (const file of [INDEX, STATUS, ...WRITTEN, '.prettierrc.json']) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(file, join(folder, file));
  }
});

afterEach(() => rmSync(folder, { recursive: true }));

const text = (file: string): string => readFileSync(join(folder, file), 'utf8');

function change(file: string, from: string | RegExp, to: string): void {
  const before = text(file);
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(join(folder, file), after);
}

function run(...args: string[]): { status: number | null; said: string } {
  const { status, stderr } = spawnSync(process.execPath, [resolve('tools/abi.mjs'), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, said: stderr };
}

const LAST = /(?=\/\/ --- Log ---|$(?![^]))/;
const SLEEP = `
// --- Sleep ---

@external("board", "sleep_hint")
export declare function sleep_hint(ptr: usize, until: i64, mode: i32): void;
`;

describe('npm run abi', () => {
  it('finds nothing to write in this repository', () => {
    expect(run('--check')).toEqual({ status: 0, said: '' });
  });

  it('hands on a new import to the host, the header and both engines', () => {
    change(INDEX, LAST, SLEEP);
    const { status, said } = run('--check');
    expect(status).toBe(1);
    for (const file of WRITTEN) expect(said).toContain(file);
    expect(text(HOST)).not.toContain('sleep_hint');
    expect(run()).toEqual({ status: 0, said: '' });
    expect(text(HOST)).toContain("sleep_hint: { params: ['i32', 'i64', 'i32'], result: null },");
    expect(text(HEADER)).toContain('/* Sleep */\nvoid akari_sleep_hint(akari_ptr ptr, int64_t until, int32_t mode);');
    expect(text(WASM2C)).toContain('void Z_boardZ_sleep_hint(BOARD, u32 ptr, u64 until, u32 mode) {');
    expect(text(WASM2C)).toContain('  akari_sleep_hint(ptr, (int64_t)until, (int32_t)mode);');
    expect(text(WAMR)).toContain('{"sleep_hint", (void *)board_sleep_hint, "(iIi)", NULL},');
    expect(run('--check')).toEqual({ status: 0, said: '' });
  });

  it('hands on the ABI number, and the values of an enum', () => {
    change(INDEX, /BOARD_ABI: i32 = (\d+);/, 'BOARD_ABI: i32 = 77;');
    change(STATUS, /(export const enum Status \{)/, '$1\n  Example = -99,');
    expect(run().status).toBe(0);
    expect(text(HOST)).toContain('export const BOARD_ABI = 77;');
    expect(text(HEADER)).toContain('#define AKARI_BOARD_ABI 77');
    expect(text(HOST)).toMatch(/Status = \{[^}]*Example: -99/);
    expect(text(HEADER)).toContain('AKARI_EXAMPLE = -99,');
  });

  it('says which file somebody changed by hand, and no other', () => {
    change(WAMR, '"(ii)i"', '"(ii)I"');
    const { status, said } = run('--check');
    expect(status).toBe(1);
    expect(said).toContain(WAMR);
    expect(said).not.toContain(HEADER);
  });

  it.each<[string, string, string | RegExp, string, string]>([
    ['a type that the ABI has not', INDEX, LAST, SLEEP.replace('i64', 'f64'), 'the type "f64"'],
    ['another name outside than inside', INDEX, LAST, SLEEP.replace('"sleep_hint"', '"sleep"'), 'external "sleep"'],
    ['a form that it cannot read', INDEX, LAST, SLEEP.replace('): void', ')'), 'of a form that is known'],
    ['a member without a number', STATUS, /(export const enum Status \{)/, '$1\n  Example,', 'a number of its own'],
    ['no ABI number', INDEX, /BOARD_ABI: i32 = \d+;/, 'BOARD_ABI: i32 = 1 + 1;', 'BOARD_ABI is not there'],
  ])('refuses %s, and writes nothing', (_what, file, from, to, said) => {
    const before = WRITTEN.map(text);
    change(file, from, to);
    const ended = run();
    expect(ended.status).toBe(1);
    expect(ended.said).toContain(said);
    expect(WRITTEN.map(text)).toEqual(before);
  });
});
