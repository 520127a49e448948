// Firmware updates on the host's board: staging, the check, the switch at restart, and the way back.
import binaryen from 'binaryen';
import { beforeEach, describe, expect, test } from 'vitest';
import { Board, FirmwareFlash, MemoryStore, Status, type AppExports } from '../../host/board/index.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

/** An app that does nothing but what its exports are called for. */
function image(name: string, { loop = 'i32.const -1', abi = 1 } = {}): Uint8Array {
  const text = `(module
    (import "board" "firmware_write" (func $write (param i32 i32 i32) (result i32)))
    (import "board" "firmware_commit" (func $commit (param i32) (result i32)))
    (import "board" "restart" (func $restart (param i32)))
    (import "board" "log" (func $log (param i32 i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "${name}")
    (func (export "setup") (call $log (i32.const 2) (i32.const 0) (i32.const ${name.length})))
    (func (export "loop") (result i32) (${loop}))
    (func (export "board_abi") (result i32) (i32.const ${abi}))
    (func (export "stage") (param i32 i32 i32) (result i32)
      (call $write (local.get 0) (local.get 1) (local.get 2)))
    (func (export "commit") (param i32) (result i32) (call $commit (local.get 0)))
    (func (export "again") (call $restart (i32.const 1))))`;
  return binaryen.parseText(text).emitBinary();
}

interface Updatable extends AppExports {
  stage(offset: number, ptr: number, len: number): number;
  commit(len: number): number;
  again(): void;
}

let clock: VirtualClock;
let flash: FirmwareFlash;
let events: TraceEvent[];
let board: Board;
beforeEach(async () => {
  flash = new FirmwareFlash({ capacity: 4096 });
  await start();
});

/** A board that comes with the image "one"; another one with the same flash, after the first, is the same board later. */
async function start(): Promise<void> {
  clock = new VirtualClock(Date.UTC(2026, 0, 1));
  events = [];
  const trace = new Trace(clock);
  trace.listen((event) => events.push(event));
  const store = new MemoryStore();
  board = new Board({ name: 'app', module: image('one'), clock, trace, random: new Random('x'), store, flash });
  board.powerOn();
  await pass();
}
const pass = async (): Promise<void> => void (await clock.run({ deadline: clock.now() + SECOND }));
const logs = (): string[] => events.flatMap((event) => (event.type === 'log' ? [event.text] : []));
const call = <T>(action: (app: Updatable) => T): T | undefined => board.call((exports) => action(exports as Updatable));

/** The running app stages an image, in parts of 64 bytes; Status of the commit. */
function update(bytes: Uint8Array, length = bytes.length): number | undefined {
  for (let at = 0; at < bytes.length; at += 64) {
    const status = call((app) => {
      const part = bytes.subarray(at, at + 64);
      new Uint8Array(app.memory.buffer).set(part, 1024);
      return app.stage(at, 1024, part.length);
    });
    if (status !== Status.Ok) return status;
  }
  return call((app) => app.commit(length));
}
async function again(): Promise<void> {
  call((app) => app.again());
  await pass();
}

describe('an update', () => {
  test('runs after the next restart, and stays', async () => {
    expect(update(image('two'))).toBe(Status.Ok);
    expect(logs()).toEqual(['one']);
    await again();
    await again();
    board.powerOff();
    board.powerOn();
    expect(logs()).toEqual(['one', 'two', 'two', 'two']);
  });

  test('that traps in its first turn is left for the one before', async () => {
    expect(update(image('two', { loop: 'unreachable' }))).toBe(Status.Ok);
    await again();
    await pass();
    expect(logs()).toEqual(['one', 'two', 'one']);
    expect(flash.onTrial).toBe(false);
  });

  test('that wants a newer board is left, too', async () => {
    expect(update(image('two', { abi: 99 }))).toBe(Status.Ok);
    await again();
    await pass();
    expect(logs()).toEqual(['one', 'one']);
  });

  test('power that fails before its first turn is over leaves the one before', async () => {
    expect(update(image('two'))).toBe(Status.Ok);
    board.powerOff();
    board.powerOn();
    board.powerOff();
    board.powerOn();
    await pass();
    expect(logs()).toEqual(['one', 'two', 'one']);
  });
});

test.each([
  ['no module', () => new TextEncoder().encode('not an image at all'), undefined, Status.Malformed],
  ['half a module', () => image('two').subarray(0, 100), undefined, Status.Malformed],
  ['longer than what was staged', () => image('two'), 4000, Status.Invalid],
  ['of no bytes', () => image('two'), 0, Status.Invalid],
  ['larger than the slot', () => new Uint8Array(5000), undefined, Status.NoSpace],
])('refused: %s', async (_what, bytes, length, status) => {
  expect(update(bytes(), length)).toBe(status);
  await again();
  expect(logs()).toEqual(['one', 'one']);
});

test('parts come in order; one may come again; offset 0 starts again', () => {
  expect(flash.write(8, Uint8Array.of(1))).toBe(Status.Invalid);
  expect(flash.write(0, new Uint8Array(8))).toBe(Status.Ok);
  expect(flash.write(8, new Uint8Array(8))).toBe(Status.Ok);
  expect(flash.write(8, new Uint8Array(8))).toBe(Status.Ok);
  expect(flash.filled).toBe(16);
  expect(flash.write(17, new Uint8Array(8))).toBe(Status.Invalid);
  expect(flash.write(0, new Uint8Array(4))).toBe(Status.Ok);
  expect(flash.filled).toBe(4);
});

test('power that fails at any write or at the commit leaves a board that starts', async () => {
  const bytes = image('two');
  const parts = Math.ceil(bytes.length / 64);
  for (const fate of ['cut-before', 'cut-within', 'cut-after'] as const) {
    for (let cut = 0; cut <= parts; cut++) {
      flash = new FirmwareFlash();
      flash.fate = (write) => (write === cut ? fate : 'done');
      await start();
      expect(update(bytes)).toBe(undefined);
      expect(board.exports).toBe(undefined);
      board.powerOn();
      await pass();
      const committed = cut === parts && fate === 'cut-after';
      expect(logs()).toEqual(['one', committed ? 'two' : 'one']);
      // And the update is done in the end.
      if (!committed) expect(update(bytes)).toBe(Status.Ok);
      await again();
      expect(logs().at(-1)).toBe('two');
    }
  }
});

test('a board without a flash has no updates', async () => {
  const trace = new Trace(clock);
  const options = {
    name: 'app',
    module: image('one'),
    clock,
    trace,
    random: new Random('x'),
    store: new MemoryStore(),
  };
  board = new Board(options);
  board.powerOn();
  await pass();
  expect(update(image('two'))).toBe(Status.Unsupported);
  expect(call((app) => app.commit(1))).toBe(Status.Unsupported);
});
