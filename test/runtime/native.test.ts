// The device's binary as a Linux program under AddressSanitizer and UBSan, against the emulated modem.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join as path } from 'node:path';
import { afterEach, beforeAll, expect } from 'vitest';
import type { Scene } from '../world/demo-world.js';
import { sequence } from '../world/demo-world.js';
import { APP, APP_MEMORY, join, modemWorld, verified } from './modem-line.js';
import { RealBoard, build } from './native.js';
import { scratch } from './scratch.js';
import { cutPower } from './power-cuts.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('gcc', 'libc', 'make', 'socat', 'wasm2c');

let program: string;
let s: Scene | undefined;
let board: RealBoard | undefined;

beforeAll(async () => {
  program = await build(APP, { memory: APP_MEMORY, make: ['SANITIZE=1'] });
});
afterEach(async () => {
  await board?.kill();
  await s?.world.close();
});

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

describe('beam-telemetry on the posix port', () => {
  it('is byte for byte the binary of the harness', () => {
    const folder = path(dirname(program), '..');
    expect(sha256(path(folder, 'beam-telemetry.wasm'))).toBe(sha256(APP));
    expect(readFileSync(path(folder, 'README.md'), 'utf8')).toContain(sha256(APP));
  });

  it.each(['pty', 'socket'] as const)('sends a reading over a %s that the customer verifies', async (line) => {
    s = await modemWorld();
    board = await RealBoard.posix(program, { line, args: ['--store', scratch(), '--adc', '0=715'] });
    join(s.device, board.uart);
    await verified(s, 1, 30_000, () => board?.log ?? '');
    expect(s.of('verified')).toMatchObject([{ ok: true }]);
    expect(JSON.parse(s.customer.messages[0]?.body.toString() ?? '')).toMatchObject({ seq: 0, temperature: 21.5 });
    expect(sequence(s.customer)).toEqual([0]);
    expect(board.log).not.toMatch(/trap|watchdog|runtime error|Sanitizer/);
  });

  it('loses nothing when its power is cut at random instants', async () => {
    await cutPower(program, 'a', 25);
  });
});
