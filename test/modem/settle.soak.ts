// The comparison of settle.test.ts over many seeds.

import { expect, it } from 'vitest';
import { story } from './settle.js';

const SEEDS = 300;

it(`tells ${SEEDS} stories twice`, async () => {
  const stretch = process.env['AKARI_SOAK_SEED'] ?? '0';
  for (let i = 0; i < SEEDS; i++) {
    const seed = `settle soak ${stretch} ${i}`;
    const stirred = await story(seed, false);
    const settled = await story(seed, true);
    const at = stirred.findIndex((line, i) => line !== settled[i]);
    expect([seed, at, stirred[at], stirred.length]).toEqual([seed, -1, settled[at], settled.length]);
  }
});
