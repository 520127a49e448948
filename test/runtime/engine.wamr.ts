// The posix port with WAMR's interpreter in place of wasm2c: the same binaries, the same proofs.
import { afterEach, describe, expect, it } from 'vitest';
import { personaliseFolder } from './card-cuts.js';
import { attachWith, wirePlainCard } from './card-world.js';
import { CONFORMANCE, MILLIVOLTS, type Probe, take } from './conformance.js';
import { dialogue, harnessDialogue, modemIsUp } from './dialogue.js';
import { join, modemWorld, verified } from './modem-line.js';
import { RealBoard, assemble, build } from './native.js';
import { eventually } from '../until.js';
import { scratch } from './scratch.js';
import type { Scene } from '../world/demo-world.js';

const prefix = process.env['WAMR_PREFIX'];
if (prefix === undefined) throw new Error('WAMR_PREFIX is not set: make -C runtime check-wamr WAMR_PREFIX=DIR');
const make = ['ENGINE=wamr', `WAMR_PREFIX=${prefix}`];

let board: RealBoard | undefined;
let s: Scene | undefined;
afterEach(async () => {
  await board?.kill();
  await s?.world.close();
  board = s = undefined;
});

const start = async (app: string, ...args: string[]): Promise<RealBoard> =>
  (board = await RealBoard.posix(await build(app, { make }), { args: ['--store', scratch(), ...args] }));

it('the probe answers as on the host', async () => {
  const store = scratch();
  const program = await build('build/release/probe.wasm', { make });
  const args = ['--store', store, '--adc', `0=${MILLIVOLTS}`];
  const boot = async (): Promise<RealBoard> => (board = await RealBoard.posix(program, { args }));
  let running = await boot();
  const probe: Probe = {
    ask: (command, length) => running.ask(command, length),
    restart: (command) => running.restart(command),
    powerCycle: async () => {
      await running.kill();
      running = await boot();
    },
  };
  for (const step of CONFORMANCE.filter(({ pins }) => !pins))
    expect(await take(probe, step), step.name).toBeUndefined();
});

it('proof 1: the device says what it says on the harness, and the customer verifies its reading', async () => {
  const harness = await harnessDialogue();
  const scene = (s = await modemWorld());
  await eventually('the modem', 20_000, () => modemIsUp(scene) || undefined);
  const running = await start('build/release/beam-telemetry.wasm', '--adc', '0=715');
  join(scene.device, running.uart);
  await verified(scene, 1, 40_000, () => running.log);
  await eventually('the end of the dialogue', 10_000, () => dialogue(scene).length >= harness.length || undefined);
  expect(dialogue(scene)).toEqual(harness);
});

it('proof 2: the card authenticates its subscriber, and a reading is verified under its IMSI', async () => {
  const store = scratch();
  personaliseFolder(store);
  const program = await build('build/release/sim.wasm', { make });
  const running = (board = await RealBoard.posix(program, { line: 'pty', args: ['--store', store] }));
  await attachWith(running, (slot) => wirePlainCard(slot, running.uart, running.unread));
});

describe('an app that cannot run is named, and why', () => {
  const app = (loop: string, extra = ''): string => `(module
    (import "board" "clock_ms" (func (result i64)))
    ${extra}
    (memory (export "memory") 1 1)
    (func (export "board_abi") (result i32) (i32.const 1))
    (func (export "setup"))
    (func (export "loop") (result i32) ${loop}))`;
  it.each([
    ['outside', app('(i32.load (i32.const 65533))'), /error outside: trap: out of bounds memory access\n.*start: trap/],
    [
      'typed',
      app('(i32.const -1)', '(import "board" "entropy" (func (param i64) (result i32)))'),
      /imports "board.entropy"/,
    ],
  ])('%s', async (name, wat, wanted) => {
    const running = await start(assemble(name, wat));
    await eventually(
      () => running.log,
      10_000,
      () => wanted.test(running.log) || undefined,
    );
  });
});
