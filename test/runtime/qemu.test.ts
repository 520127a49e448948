// Firmware for a 32-bit RISC-V core in QEMU: the probe's table, and the device's binary against the emulated modem.
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join as path } from 'node:path';
import { afterEach, beforeAll, expect } from 'vitest';
import { Random } from '../../host/random.js';
import { type Scene, sequence } from '../world/demo-world.js';
import { CONFORMANCE, type Probe, take } from './conformance.js';
import { dialogue, harnessDialogue, modemIsUp } from './dialogue.js';
import { APP, APP_MEMORY, join, modemWorld, verified } from './modem-line.js';
import { RealBoard, build } from './native.js';
import { eventually } from '../until.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('make', 'picolibc', 'qemu-system-riscv32', 'riscv64-unknown-elf-gcc', 'wasm2c');

const target = 'qemu-rv32';
const flashOf = (elf: string): string => path(dirname(elf), 'store.img');

let board: RealBoard | undefined;
let s: Scene | undefined;
afterEach(async () => {
  await board?.kill();
  await s?.world.close();
  board = s = undefined;
});

describe('the probe on RV32', () => {
  let elf: string;
  beforeAll(async () => {
    elf = await build('build/release/probe.wasm', { target, memory: 2048 });
  });

  it('answers as on the host', async () => {
    board = await RealBoard.qemu(elf);
    const probe: Probe = {
      ask: (command, length) => (board as RealBoard).ask(command, length),
      restart: (command) => (board as RealBoard).restart(command),
      powerCycle: async () => {
        await board?.kill();
        board = await RealBoard.qemu(elf);
      },
    };
    // The machine has no pins: every one is Invalid.
    for (const step of CONFORMANCE.filter(({ pins }) => !pins)) {
      expect(await take(probe, step), step.name).toBeUndefined();
    }
    for (const pin of ['g\x04', 'G\x05\x01']) expect((await board.ask(Buffer.from(pin), 4)).readInt32LE()).toBe(-2);
  });

  it('keeps what was acknowledged when its power is cut at random instants', async () => {
    const random = new Random('flash');
    rmSync(flashOf(elf), { force: true });
    let written = 0;
    let acknowledged = 0;
    const value = (n: number): Buffer => Buffer.from([n & 0xff, n >> 8, 0x5a, 0xa5]);
    for (let cut = 0; cut < 8; cut++) {
      const running = (board = await RealBoard.qemu(elf));
      const found = await running.ask(Buffer.from('s\x09'), 8);
      if (written === 0) {
        expect(found.readInt32LE()).toBe(-3);
      } else {
        const n = found.readUInt16LE(4);
        expect(found.subarray(4)).toEqual(value(n));
        expect(n).toBeGreaterThanOrEqual(acknowledged);
        expect(n).toBeLessThanOrEqual(written);
      }
      // As fast as it goes, without waiting for answers; each answer is one more that must not be lost.
      const before = acknowledged;
      const burst = 200 + random.below(800);
      const commands = Array.from({ length: burst }, (_, i) =>
        Buffer.concat([Buffer.from('S\x09'), value(before + i + 1)]),
      );
      written = before + burst;
      running.uart.write(Buffer.concat(commands));
      // The instant is one of progress, not of time: a busy machine may not have begun after any number of milliseconds.
      const answers = 1 + random.below(burst >> 2);
      await eventually(`${answers} answers`, 30_000, () => (running.unread.length >= 4 * answers ? true : undefined));
      await running.kill();
      acknowledged = before + Math.floor(running.unread.length / 4);
      expect(running.unread.subarray(0, (acknowledged - before) * 4).every((byte) => byte === 0)).toBe(true);
    }
    expect(acknowledged).toBeGreaterThanOrEqual(8);
  });
});

describe('beam-telemetry on RV32', () => {
  it('says to the modem what it says on the harness, and sends a reading that the customer verifies', async () => {
    const elf = await build(APP, { target, memory: APP_MEMORY });
    const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(sha256(path(dirname(elf), '..', 'beam-telemetry.wasm'))).toBe(sha256(APP));

    const harness = await harnessDialogue();
    const scene = (s = await modemWorld());
    await eventually('the modem', 20_000, () => modemIsUp(scene) || undefined);
    const running = (board = await RealBoard.qemu(elf));
    join(scene.device, running.uart);
    await verified(scene, 1, 40_000, () => running.log);
    // The same words on both sides, to the last line.
    await eventually('the end of the dialogue', 10_000, () => dialogue(scene).length >= harness.length || undefined);
    expect(harness.length).toBeGreaterThan(40);
    expect(dialogue(scene)).toEqual(harness);
    expect(running.log).toMatch(/debug stack: \d+ of 32768 bytes used\n/);
    expect(scene.of('verified')).toMatchObject([{ ok: true }]);
    expect(JSON.parse(scene.customer.messages[0]?.body.toString() ?? '')).toMatchObject({ seq: 0, temperature: 21.5 });

    // Power off and on: the store in flash knows that 0 was sent.
    await running.kill();
    const again = (board = await RealBoard.qemu(elf));
    join(scene.device, again.uart);
    await verified(scene, 2, 40_000, () => again.log);
    expect(sequence(scene.customer)).toEqual([0, 1]);
  });
});
