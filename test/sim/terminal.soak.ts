import { describe, expect, it } from 'vitest';
import { Random } from '../../host/random.js';
import { seededFaults } from '../../host/sim/index.js';
import { ATR, Bench } from './card.js';
import { struggle } from './noisy-line.js';

const SEEDS = 1000;

describe('a noisy line, for long', () => {
  it(`${SEEDS} seeds of all faults at all rates: each command ends, and a quiet line makes all good`, async () => {
    for (let i = 0; i < SEEDS; i++) {
      const seed = `noisy-soak-${i}`;
      const random = new Random(seed);
      const rate = (): number => random.next() ** 4; // mostly small
      const bench = new Bench();
      const rates = { parity: rate(), corrupt: rate(), lost: rate(), extra: rate() };
      bench.slot.line.faults = seededFaults(random, rates);
      await struggle(bench, seed, 20);
      expect(
        bench.events.filter((event) => event.type === 'board' && event.event === 'trap'),
        seed,
      ).toEqual([]);
      bench.slot.line.faults = undefined;
      expect(await bench.powerOn(), seed).toBe(ATR);
      expect(await struggle(bench, seed, 1), seed).toEqual({ good: 1, failed: 0 });
    }
  }, 3_600_000);
});
