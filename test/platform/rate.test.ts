import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../host/platform/rate.js';

describe('a rate', () => {
  it('lets each key through so often in a window, whatever the others do', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), after: fc.bigInt({ min: 0n, max: 40n }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let now = 0;
        const rate = new RateLimit({ now: () => now }, { times: 3, window: 100, keys: 3 });
        const windows = new Map<string, { since: number; times: number }>();
        for (const { key, after } of steps) {
          now += Number(after);
          const known = windows.get(key);
          const open = known !== undefined && known.since + 100 > now ? known : { since: now, times: 0 };
          windows.set(key, open);
          open.times++;
          expect(rate.take(key)).toBe(open.times <= 3);
        }
      }),
    );
  });

  it('counts no more keys than it may: the one that began first makes room', () => {
    const rate = new RateLimit({ now: () => 0 }, { times: 1, window: 100, keys: 2 });
    expect(['a', 'b', 'a', 'b', 'c', 'b', 'a'].map((key) => rate.take(key))).toEqual([
      ...[true, true, false, false, true, false],
      // Forgotten for c.
      true,
    ]);
  });
});
