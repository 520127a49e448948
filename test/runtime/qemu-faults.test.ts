// What goes wrong on the board in QEMU, and what then.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, expect } from 'vitest';
import { Random } from '../../host/random.js';
import { RealBoard, assemble, build } from './native.js';
import { eventually } from '../until.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms(
  'make',
  'picolibc',
  'qemu-system-riscv32',
  'riscv64-unknown-elf-gcc',
  'wasm2c',
  'wat2wasm',
);

const target = 'qemu-rv32';
const FLASH_BYTES = 32 << 20;

let board: RealBoard | undefined;
afterEach(async () => {
  await board?.kill();
  board = undefined;
});

const app = (loop: string): string => `(module
  (import "board" "clock_ms" (func (result i64)))
  (import "board" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1 1)
  (data (i32.const 0) "fine")
  (func (export "board_abi") (result i32) (i32.const 1))
  (func (export "setup"))
  (func $loop (export "loop") (result i32) ${loop}))`;

async function logs(wat: string, name: string, wanted: RegExp, ...make: readonly string[]): Promise<void> {
  const running = (board = await RealBoard.qemu(await build(assemble(name, wat), { target, make })));
  await eventually(
    () => `${wanted} in ${running.log}`,
    20_000,
    () => wanted.test(running.log) || undefined,
  );
}

describe('an app that fails is restarted, and finds the cause', () => {
  it.each([
    ['outside', '(i32.load (i32.const 65533))', /error outside: trap: memory access out of bounds\n.*: start: trap\n/],
    [
      'far-outside',
      '(i32.load offset=4294967295 (i32.const -1))',
      /error far-outside: trap: memory access out of bounds\n.*: start: trap\n/,
    ],
    ['deep', '(i32.add (call $loop) (i32.const 1))', /error deep: trap: call stack exhausted\n.*: start: trap\n/],
    ['spin', '(loop $l (br $l)) unreachable', /watchdog: the app did not come back\n.*: start: watchdog\n/],
  ])('%s', (name, loop, wanted) => logs(app(loop), name, wanted));

  it('a stack that is nearly used up is noticed before it runs into the rest of memory', () =>
    logs(app('(i32.const 1)'), 'tight', /error stack: \d+ of 1280 bytes used\n.*tight: start: trap\n/, 'STACK=1280'));
});

describe('loads and stores of the module', () => {
  const FROM = 1024;
  const PATTERN = 0x8899aabbccddeeffn;
  /** Every width at every offset from a word boundary, up to the last byte of memory: written whole, read back byte by byte. */
  const widths = [
    ['i32.store8', 'i32.load8_u', 1, 'i32'],
    ['i32.store16', 'i32.load16_u', 2, 'i32'],
    ['i32.store', 'i32.load', 4, 'i32'],
    ['i64.store', 'i64.load', 8, 'i64'],
    ['i64.store32', 'i64.load32_u', 4, 'i64'],
    ['i64.store16', 'i64.load16_u', 2, 'i64'],
  ] as const;
  const places = [0, 1, 2, 3, 4, 5, 6, 7].map((offset) => FROM + 16 + offset);
  const checks = widths.flatMap(([put, get, bytes, type]) =>
    [...places, 65_536 - bytes].flatMap((place) => {
      const value = BigInt.asUintN(8 * bytes, PATTERN);
      const whole = `(if (${type}.ne (${get} (i32.const ${place})) (${type}.const ${value})) (then unreachable))`;
      const single = Array.from({ length: bytes }, (_, i) => {
        const byte = (value >> BigInt(8 * i)) & 0xffn;
        return `(if (i32.ne (i32.load8_u (i32.const ${place + i})) (i32.const ${byte})) (then unreachable))`;
      });
      const around = [place - 1, place + bytes]
        .filter((at) => at < 65_536)
        .map((at) => `(if (i32.load8_u (i32.const ${at})) (then unreachable))`);
      const clear = [0, 8].map((at) => `(i64.store (i32.const ${Math.min(place + at, 65_528)}) (i64.const 0))`);
      return [
        ...clear,
        `(${put} (i32.const ${place}) (${type}.const ${value}))`,
        ...[whole, ...single, ...around],
        ...clear,
      ];
    }),
  );

  it('work at any address, aligned or not, up to the very end', () =>
    logs(
      app(`${checks.join('\n')} (call $log (i32.const 2) (i32.const 0) (i32.const 4)) (i32.const -1)`),
      'odd',
      /info {2}fine\n/,
    ));

  it.each([widths[0], widths[2], widths[3]])('%s and %s one byte further are a trap', async (put, get, bytes, type) => {
    const name = `${put.replace('.', '-')}-beyond`;
    const past = `(i32.const ${65_536 - bytes + 1})`;
    const trap = new RegExp(`error ${name}: trap: memory access out of bounds`);
    await logs(app(`(${put} ${past} (${type}.const 1)) (i32.const -1)`), name, trap);
    await board?.kill();
    await logs(app(`(drop (${get} ${past})) (i32.const -1)`), name, trap);
  });
});

describe('a store that is no good', () => {
  let elf: string;
  beforeAll(async () => {
    elf = await build('build/release/probe.wasm', { target, memory: 2048 });
  });
  const image = (): string => join(dirname(elf), 'store.img');
  const status = async (command: string, length: number): Promise<number> =>
    ((await board?.ask(Buffer.from(command), length)) as Buffer).readInt32LE();

  it.each(['zeros', 'noise', 'a foreign head'])(
    'full of %s: the board boots and keeps what is written from now on',
    async (what) => {
      const random = new Random(what);
      mkdirSync(dirname(image()), { recursive: true });
      const bytes = Buffer.alloc(FLASH_BYTES);
      if (what === 'noise') for (let i = 0; i < 0x80000; i += 4) bytes.writeUInt32LE(random.below(2 ** 32), i);
      if (what === 'a foreign head') bytes.fill('AKSL', 0, 0x80000);
      writeFileSync(image(), bytes);
      board = await RealBoard.qemu(elf);
      expect(await status('s\x07', 8)).toBe(-3);
      // A sector that looks like ours and is full moves on to the other one; nothing else may be refused.
      expect(await status('S\x07abcd', 4)).toBe(0);
      await board.kill();
      board = await RealBoard.qemu(elf);
      expect(await status('s\x07', 8)).toBe(4);
    },
  );

  it('worn out: the board boots, and the app is told at each write', async () => {
    rmSync(image(), { force: true });
    board = await RealBoard.qemu(elf, 'FLASH=,readonly=on');
    expect(board.log).toMatch(/probe: start: power/);
    expect(await status('S\x07abcd', 4)).toBe(-5);
    expect(await status('s\x07', 8)).toBe(-3);
  });
});
