// Hundreds of power cuts: npm run soak.
import { beforeAll } from 'vitest';
import { CARD, CARD_MEMORY, cutCard } from './card-cuts.js';
import { APP, APP_MEMORY } from './modem-line.js';
import { build } from './native.js';
import { cutPower } from './power-cuts.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms(
  'gcc',
  'libc',
  'make',
  'picolibc',
  'qemu-system-riscv32',
  'riscv64-unknown-elf-gcc',
  'socat',
  'wasm2c',
);

const SEED = process.env['AKARI_SOAK_SEED'] ?? '1';

describe('beam-telemetry on the posix port', () => {
  let program: string;
  beforeAll(async () => {
    program = await build(APP, { memory: APP_MEMORY, make: ['SANITIZE=1'] });
  });

  it.each(Array.from({ length: 8 }, (_, i) => `${SEED}.${i}`))('loses nothing over 75 cuts, seed %s', async (seed) => {
    await cutPower(program, seed, 75);
  });
});

describe('the SIM card on the posix port', () => {
  let program: string;
  beforeAll(async () => {
    program = await build(CARD, { memory: CARD_MEMORY, make: ['SANITIZE=1'] });
  });

  it.each(Array.from({ length: 4 }, (_, i) => `${SEED}.${i}`))(
    'forgets nothing over 150 cuts, seed %s',
    async (seed) => {
      await cutCard(program, seed, 150);
    },
  );
});
