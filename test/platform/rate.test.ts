// How much callers may do: a burst, a rate after it, a limit in all, and what each may do in any case.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { RateLimit, type RateLimits } from '../../host/platform/rate.js';

const LIMITS = {
  caller: { burst: 10, perSecond: 2 },
  all: { burst: 25, perSecond: 4 },
  floor: { burst: 3, perSecond: 0.1 },
  callers: 100,
} as const satisfies RateLimits;

class Lab {
  ns = 0;
  readonly rate: RateLimit;

  constructor(limits: RateLimits = LIMITS) {
    this.rate = new RateLimit({ now: () => this.ns }, limits);
  }

  /** How many of so many are taken. */
  send(caller: string, n: number): number {
    return Array.from({ length: n }).filter(() => this.rate.take(caller)).length;
  }

  pass(seconds: number): void {
    this.ns += seconds * SECOND;
  }
}

describe('a caller', () => {
  it('has a burst, and a rate after it', () => {
    const lab = new Lab();
    expect(lab.send('a', 20)).toBe(10);
    lab.pass(1);
    expect(lab.send('a', 20)).toBe(2);
    lab.pass(1000);
    expect(lab.send('a', 20)).toBe(10);
  });

  it('may do a little in any case, when all together do too much', () => {
    const lab = new Lab();
    expect(['a', 'b', 'c', 'd'].map((caller) => lab.send(caller, 20))).toEqual([10, 10, 5, 3]);
    expect(lab.send('e', 20)).toBe(3);
    lab.pass(1);
    expect(lab.send('e', 20)).toBeGreaterThan(0);
  });

  it('is told when there is room for so much again; more than a burst never has', () => {
    const lab = new Lab();
    expect(lab.rate.take('a', 8)).toBe(true);
    expect(lab.rate.take('a', 8)).toBe(false);
    expect(lab.rate.wait('a', 8)).toBe(3 * SECOND);
    lab.pass(3);
    expect(lab.rate.wait('a', 8)).toBe(0);
    expect(lab.rate.take('a', 8)).toBe(true);
    expect(lab.rate.wait('a', 11)).toBe(Infinity);
  });

  it('makes up for what it has done beyond all limits before it may do more', () => {
    const lab = new Lab();
    lab.rate.spend('a', 14);
    expect(lab.send('a', 1)).toBe(0);
    expect(lab.rate.wait('a')).toBe(2.5 * SECOND);
    lab.pass(2.5);
    expect(lab.send('a', 5)).toBe(1);
    expect(lab.send('b', 20)).toBe(10);
  });

  it('is counted by itself where there is no limit in all', () => {
    const lab = new Lab({ caller: { burst: 3, perSecond: 1 }, callers: 10 });
    expect(['a', 'b', 'c'].map((caller) => lab.send(caller, 5))).toEqual([3, 3, 3]);
  });
});

describe('all callers', () => {
  it('have a rate, however many do as much as each may', () => {
    const lab = new Lab();
    const callers = Array.from({ length: 50 }, (_, i) => String(i));
    const seconds = 100;
    let taken = 0;
    for (let i = 0; i <= seconds; i++) {
      for (const caller of callers) taken += lab.send(caller, LIMITS.caller.perSecond);
      lab.pass(1);
    }
    const floors = callers.length * (LIMITS.floor.burst + LIMITS.floor.perSecond * seconds);
    expect(taken).toBeLessThanOrEqual(LIMITS.all.burst + LIMITS.all.perSecond * seconds + floors);
  });

  it('are no more than are counted at once: the one heard longest ago makes room, and those that are rested go', () => {
    const lab = new Lab({ caller: { burst: 1, perSecond: 0.1 }, callers: 2 });
    expect(['a', 'b', 'a', 'b', 'c', 'b', 'a'].map((caller) => lab.rate.take(caller))).toEqual([
      ...[true, true, false, false, true, false],
      // Forgotten for c.
      true,
    ]);
    expect(lab.rate.callers).toBe(2);
    lab.pass(10);
    lab.rate.take('d');
    expect(lab.rate.callers).toBe(1);
  });
});

it('of whatever steps no more is taken than the limits, and what a caller that was quiet may do in any case', () => {
  const step = fc.record({
    ...{ caller: fc.constantFrom('a', 'b', 'c', 'd', 'e'), amount: fc.constantFrom(0, 0.5, 1, 2.5, 4) },
    ...{ n: fc.nat(15), wait: fc.nat(3) },
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const lab = new Lab();
      const taken = new Map<string, number>();
      for (const { caller, amount, n, wait } of steps) {
        lab.pass(wait);
        for (let i = 0; i < n; i++) {
          const before = taken.get(caller) ?? 0;
          const isDue = lab.rate.wait(caller, amount);
          const isTaken = lab.rate.take(caller, amount);
          expect(isTaken).toBe(isDue === 0);
          if (before + amount <= LIMITS.floor.burst) expect(isTaken).toBe(true);
          if (isTaken) taken.set(caller, before + amount);
        }
      }
      const seconds = lab.ns / SECOND;
      for (const sum of taken.values()) expect(sum).toBeLessThanOrEqual(10 + 2 * seconds + 1e-9);
      const floors = taken.size * (3 + 0.1 * seconds);
      const all = [...taken.values()].reduce((a, b) => a + b, 0);
      expect(all).toBeLessThanOrEqual(25 + 4 * seconds + floors + 1e-9);
    }),
  );
});
