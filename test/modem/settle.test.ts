import { describe, expect, it } from 'vitest';
import { story } from './settle.js';

describe('virtual time never moves on while a promise of the modem is still at work', () => {
  it.each(Array.from({ length: 8 }, (_, i) => `settle ${i}`))('%s', async (seed) => {
    const stirred = await story(seed, false);
    const settled = await story(seed, true);
    const at = stirred.findIndex((line, i) => line !== settled[i]);
    expect([seed, at, stirred[at], stirred.length]).toEqual([seed, -1, settled[at], settled.length]);
  });
});
