import { it } from 'vitest';
import { check } from './ordeal.js';

const SEEDS = 1_000;
const first = process.env['AKARI_SOAK_SEED'] ?? 'soak';

it(`${SEEDS} ordeals of 30 faults each`, async () => {
  for (let i = 0; i < SEEDS; i++) {
    if (i % 50 === 0) console.log(`ordeal ${i} of ${SEEDS}`);
    await check(`${first} ${i}`, 30);
  }
});
