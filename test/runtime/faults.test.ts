// What goes wrong on a board, and what then: apps that trap, hang, or are for another board.
import { spawnSync } from 'node:child_process';
import { afterAll, expect } from 'vitest';
import { ModuleError } from '../../host/board/index.js';
import { ExportError, exportProject } from '../../host/export/index.js';
import { RealBoard, assemble, build } from './native.js';
import { eventually } from '../until.js';
import { scratch } from './scratch.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('gcc', 'libc', 'make', 'wasm2c', 'wat2wasm');

/** An app whose setup() does nothing and whose loop() is `loop`; restarts show in the log. */
const app = (loop: string, extra = '', abi = 1): string => `(module
  (import "board" "uart_open" (func $open (param i32 i32 i32) (result i32)))
  (import "board" "log" (func $log (param i32 i32 i32)))
  ${extra}
  (memory (export "memory") 1 1)
  (func (export "board_abi") (result i32) (i32.const ${abi}))
  (func (export "setup") (drop (call $open (i32.const 0) (i32.const 9600) (i32.const 0))))
  (func $loop (export "loop") (result i32) ${loop}))`;

const boards: RealBoard[] = [];
afterAll(() => Promise.all(boards.map((board) => board.kill())));

async function boot(file: string, ...args: string[]): Promise<RealBoard> {
  const program = await build(file, { make: ['OPTIMIZE=-O1'] });
  const board = await RealBoard.posix(program, { args: ['--store', scratch(), ...args] });
  boards.push(board);
  return board;
}

const logged = (board: RealBoard, wanted: RegExp): Promise<true> =>
  eventually(
    () => `${wanted} in ${board.log}`,
    5_000,
    () => wanted.test(board.log) || undefined,
  );

describe('a trap is logged with module and reason, and the board restarts', () => {
  it.each([
    ['outside', 'memory access out of bounds', '(i32.load (i32.const 65533))'],
    ['far-outside', 'memory access out of bounds', '(i32.load offset=4294967295 (i32.const -1))'],
    ['divide', 'divide by zero', '(i32.div_s (i32.const 1) (i32.load (i32.const 0)))'],
    [
      'overflow',
      'integer overflow',
      '(i32.div_s (i32.const 0x80000000) (i32.sub (i32.load (i32.const 0)) (i32.const 1)))',
    ],
    ['deep', 'call stack exhausted', '(i32.add (call $loop) (i32.const 1))'],
    ['unreachable', 'unreachable', 'unreachable'],
  ])('%s: %s', async (name, reason, loop) => {
    const board = await boot(assemble(name, app(loop)));
    await logged(board, new RegExp(`error ${name}: trap: ${reason}\n.*info {2}${name}: start: trap\n`));
  });

  it('gives a module no more memory than it was built with', async () => {
    const file = assemble('small', app('(i32.store8 (i32.const 1024) (i32.const 1)) (i32.const -1)'));
    const program = await build(file, { memory: 1024 });
    const board = await RealBoard.posix(program, { args: ['--store', scratch()] });
    boards.push(board);
    await logged(board, /error small: trap: memory access out of bounds/);
  });
});

describe('a loop() that does not return', () => {
  it('is ended by the watchdog, and the app finds the cause', async () => {
    const board = await boot(assemble('spin', app('(loop $again (br $again)) unreachable')), '--watchdog', '1');
    await logged(board, /watchdog: the app did not come back\n.*spin: start: watchdog\n/);
    // The signal is not left blocked by the restart.
    await logged(board, /start: watchdog\n.*watchdog: the app did not come back\n.*start: watchdog\n/);
  });
});

describe('an app for another board', () => {
  it('with a newer ABI is named and not started', async () => {
    const program = await build(assemble('newer', app('unreachable', '', 2)));
    const { status, stderr } = spawnSync(program, ['--store', scratch()], { encoding: 'utf8', timeout: 10_000 });
    expect(status).toBe(1);
    expect(stderr).toMatch(/error newer: not started: needs board ABI 2, this board has 1\n$/);
  });

  it('with an unknown import is named at export', () => {
    const file = assemble('fly', app('(i32.const -1)', '(import "board" "uart_fly" (func))'));
    const make = (): void => exportProject({ target: 'posix', app: file, folder: scratch() });
    expect(make).toThrow(ModuleError);
    expect(make).toThrow('fly.wasm: imports function "board.uart_fly", which no board with ABI 1 has');
  });

  it('with a known import of another type does not build, and the compiler names it', async () => {
    const file = assemble(
      'typed',
      app('(i32.const -1)', '(import "board" "clock_ms" (func (param i32) (result i32)))'),
    );
    await expect(build(file)).rejects.toThrow(/conflicting types for .Z_boardZ_clock_ms/);
  });

  it('with no import at all is refused', () => {
    const file = assemble(
      'mute',
      '(module (memory (export "memory") 1) (func (export "setup"))' +
        '(func (export "loop") (result i32) (i32.const 0)) (func (export "board_abi") (result i32) (i32.const 1)))',
    );
    expect(() => exportProject({ target: 'posix', app: file, folder: scratch() })).toThrow(/imports nothing/);
  });

  it('with a name that no Makefile takes, or more memory than it has, is refused', () => {
    const file = assemble('fine', app('(i32.const -1)'));
    const folder = scratch();
    expect(() => exportProject({ target: 'posix', app: file.replace('fine', 'a b$(x)'), folder })).toThrow(ExportError);
    expect(() => exportProject({ target: 'posix', app: file, folder, memory: 65_544 })).toThrow(
      /65536 bytes of memory/,
    );
  });
});

describe('a line whose far end goes away', () => {
  it('is a hang-up, told once, and no end of the app', async () => {
    const events = '(import "board" "uart_events" (func $events (param i32) (result i32)))';
    const loop = `(local $e i32) (local.set $e (call $events (i32.const 0)))
      (if (local.get $e) (then
        (i32.store8 (i32.const 0) (i32.add (local.get $e) (i32.const 0x30)))
        (call $log (i32.const 2) (i32.const 0) (i32.const 1))))
      (i32.const -1)`;
    const board = await boot(assemble('lonely', app(loop, events)));
    board.uart.destroy();
    await logged(board, /info {2}8\n/);
    expect(board.exit).toBeUndefined();
    expect(board.log.match(/info {2}8\n/g)).toHaveLength(1);
  });
});

describe('the engine WAMR', () => {
  it.each([
    [[], /check-wamr: not run\. WAMR_PREFIX is not set/],
    [['WAMR_PREFIX=/nonexistent'], /check-wamr: not run\. \/nonexistent\/include\/wasm_export\.h is not there/],
  ])('is not checked without an installed WAMR, and says so: %j', (args, message) => {
    const command = ['-C', 'runtime', 'check-wamr', 'WAMR_PREFIX=', ...args];
    const { status, stderr } = spawnSync('make', command, { encoding: 'utf8' });
    expect(stderr).toMatch(message);
    expect(status).not.toBe(0);
  });

  it('is not built without one either', async () => {
    const make = ['ENGINE=wamr', 'WAMR_PREFIX=/nonexistent'];
    await expect(build('build/release/probe.wasm', { make })).rejects.toThrow(/ENGINE=wamr needs WAMR_PREFIX/);
  });
});
