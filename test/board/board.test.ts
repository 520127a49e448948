import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Board, MemoryStore, ModuleError, SerialLine, Status, type BoardOptions } from '../../host/board/index.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

const EPOCH = Date.UTC(2026, 0, 1);
const probe = readFileSync('build/release/probe.wasm');

describe('a board runs the probe', () => {
  let clock: VirtualClock;
  let store: MemoryStore;
  let line: SerialLine;
  let events: TraceEvent[];
  let received: number[];
  let board: Board;

  function make(options: Partial<BoardOptions> = {}): Board {
    clock = new VirtualClock(EPOCH);
    store = new MemoryStore();
    line = new SerialLine(clock);
    events = [];
    received = [];
    line.far.received = (bytes) => received.push(...bytes);
    const trace = new Trace(clock);
    trace.listen((event) => events.push(event));
    const random = new Random('probe');
    board = new Board({ name: 'probe', module: probe, clock, trace, random, store, uarts: [line.near], ...options });
    return board;
  }

  /** Sends one command and lets everything that follows within 10 ms happen. */
  async function ask(...bytes: (number | string)[]): Promise<Buffer> {
    received = [];
    line.far.send(
      new Uint8Array(Buffer.concat(bytes.map((b) => (typeof b === 'number' ? Buffer.of(b) : Buffer.from(b))))),
    );
    await clock.run({ deadline: clock.now() + 10 * MS });
    return Buffer.from(received);
  }

  beforeEach(() => {
    make();
    board.powerOn();
  });

  it('starts it, takes its log, and says why it started', async () => {
    expect((await ask('B')).readInt32LE()).toBe(0);
    expect(events).toMatchObject([
      { type: 'board', event: 'start', app: 'probe', cause: 'power' },
      { type: 'log', level: 'info', text: 'probe' },
    ]);
  });

  it('refuses every pointer that leaves memory', async () => {
    expect((await ask('P')).readInt32LE()).toBeLessThan(0);
  });

  it('tells time since start, and the wall clock only when it has one', async () => {
    await clock.run({ deadline: 2 * SECOND });
    const unset = await ask('C');
    expect(Number(unset.readBigInt64LE(0))).toBe(2_000);
    expect(unset.readBigInt64LE(8)).toBe(-1n);
    make({ knowsTime: true }).powerOn();
    expect(Number((await ask('C')).readBigInt64LE(8))).toBe(EPOCH);
  });

  it('gives entropy from its seed', async () => {
    const first = await ask('E');
    const second = await ask('E');
    expect(first).toHaveLength(8);
    expect(second).not.toEqual(first);
    make().powerOn();
    expect(await ask('E')).toEqual(first);
  });

  it('keeps its store over a power cut, and passes its failures on', async () => {
    expect((await ask('s', 7)).readInt32LE()).toBe(Status.NotFound);
    expect((await ask('S', 7, 'abcd')).readInt32LE()).toBe(Status.Ok);
    board.powerOff();
    board.powerOn();
    expect((await ask('s', 7)).subarray(4).toString()).toBe('abcd');
    store.fate = () => Status.Io;
    expect((await ask('S', 7, 'efgh')).readInt32LE()).toBe(Status.Io);
    expect((await ask('s', 7)).subarray(4).toString()).toBe('abcd');
  });

  it.each([
    ['cut-before', 'abcd'],
    ['cut-after', 'efgh'],
  ] as const)('has the old or the new value after a %s', async (fate, value) => {
    await ask('S', 7, 'abcd');
    store.fate = () => fate;
    expect(await ask('S', 7, 'efgh')).toHaveLength(0);
    expect(board.exports).toBeUndefined();
    store.fate = undefined;
    board.powerOn();
    expect((await ask('s', 7)).subarray(4).toString()).toBe(value);
  });

  it('says NoSpace when the store is full', async () => {
    make({ store: new MemoryStore({ capacity: 40 }) }).powerOn();
    expect((await ask('S', 1, 'abcd')).readInt32LE()).toBe(Status.Ok);
    expect((await ask('S', 2, 'abcd')).readInt32LE()).toBe(Status.NoSpace);
    expect((await ask('S', 1, 'efgh')).readInt32LE()).toBe(Status.Ok);
  });

  it('starts the app again on request and on a trap, with the cause', async () => {
    await ask('R');
    await clock.run({ deadline: clock.now() + SECOND });
    expect((await ask('B')).readInt32LE()).toBe(1);
    await ask('T');
    await clock.run({ deadline: clock.now() + SECOND });
    expect((await ask('B')).readInt32LE()).toBe(2);
    expect(board.restarts).toBe(2);
    expect(events.filter((event) => event.type === 'board').map((event) => event.event)).toEqual([
      'start',
      'restart',
      'start',
      'trap',
      'start',
    ]);
  });

  it('runs the app again when it asked to, without input', async () => {
    expect(await ask('W')).toHaveLength(0);
    await clock.run({ deadline: clock.now() + SECOND });
    expect(Buffer.from(received).toString()).toBe('w');
  });

  it('reaches sensors and actuators, and says Invalid or Io for what is not there', async () => {
    const written: [number, number][] = [];
    make({
      sensors: {
        analog: (channel) => (channel === 0 ? 712.6 : undefined),
        readPin: (pin) => (pin === 4 ? 1 : undefined),
        writePin: (pin, level) => pin === 5 && written.push([pin, level]) > 0,
        i2c: (_bus, address, bytes) => (address === 0x48 ? Uint8Array.of(bytes[0] ?? 0, 0xaa) : undefined),
      },
    }).powerOn();
    expect((await ask('A', 0)).readInt32LE()).toBe(713);
    expect((await ask('A', 1)).readInt32LE()).toBe(Status.Invalid);
    expect((await ask('g', 4)).readInt32LE()).toBe(1);
    expect((await ask('g', 5)).readInt32LE()).toBe(Status.Invalid);
    expect((await ask('G', 5, 1)).readInt32LE()).toBe(Status.Ok);
    expect((await ask('G', 6, 1)).readInt32LE()).toBe(Status.Invalid);
    expect(written).toEqual([[5, 1]]);
    expect((await ask('I', 0x48, 0x0f)).toString('hex')).toBe('020000000faa');
    expect((await ask('I', 0x49, 0x0f)).readInt32LE()).toBe(Status.Io);
  });

  it('has no second UART unless one is wired', async () => {
    expect((await ask('U', '\0\0\0\0')).readInt32LE()).toBe(Status.Invalid);
  });
});

describe('a module that no board can run is named', () => {
  const make = (module: Uint8Array) => () => {
    const clock = new VirtualClock(0);
    const board = new Board({
      name: 'bad.wasm',
      module,
      clock,
      trace: new Trace(clock),
      random: new Random('bad'),
      store: new MemoryStore(),
    });
    board.powerOn();
  };

  it('no WebAssembly at all', () => {
    expect(make(Buffer.from('hello'))).toThrow(ModuleError);
    expect(make(Buffer.from('hello'))).toThrow(/^bad\.wasm: not a WebAssembly module/);
  });

  it('an import that boards do not have', () => {
    // (module (import "board" "uart_fly" (func)))
    const module = Buffer.from(
      '0061736d01000000010401600000021201' + '05' + '626f617264' + '08' + '756172745f666c79' + '0000',
      'hex',
    );
    expect(make(module)).toThrow('bad.wasm: imports function "board.uart_fly", which no board with ABI 1 has');
  });

  it('exports missing', () => {
    expect(make(Buffer.from('0061736d01000000', 'hex'))).toThrow('bad.wasm: exports no "memory"');
  });
});
