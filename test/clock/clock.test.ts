import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import { DeadlineQueue } from '../../host/clock/queue.js';
import { RealClock } from '../../host/clock/real.js';
import { VirtualClock } from '../../host/clock/virtual.js';

describe('DeadlineQueue', () => {
  it('lets go of cancelled deadlines long before their time', () => {
    const queue = new DeadlineQueue();
    for (let i = 0; i < 100_000; i++) queue.add(1e15 + i, () => undefined).cancel();
    expect(queue.size).toBeLessThan(200);
    expect(queue.next()).toBeUndefined();
  });

  it('gives deadlines in order of time, then of arrival, without the cancelled ones', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 600 }), (wanted) => {
        const queue = new DeadlineQueue();
        const got: [number, number][] = [];
        wanted.forEach(([time, cancel], i) => {
          const timer = queue.add(time, () => got.push([time, i]));
          if (cancel) timer.cancel();
        });
        for (let action = queue.take(); action; action = queue.take()) action();
        const expected = wanted.flatMap(([time, cancel], i): [number, number][] => (cancel ? [] : [[time, i]]));
        expected.sort(([a, i], [b, j]) => a - b || i - j);
        expect(got).toEqual(expected);
      }),
    );
  });
});

describe('VirtualClock', () => {
  it('jumps to deadlines and stops at its own', async () => {
    const clock = new VirtualClock(1_000);
    const seen: number[] = [];
    clock.after(5 * SECOND, () => seen.push(clock.now()));
    clock.after(2 * SECOND, () => {
      seen.push(clock.now());
      clock.after(SECOND, () => seen.push(clock.now()));
    });
    expect(await clock.run({ deadline: 4 * SECOND })).toBe('deadline');
    expect(seen).toEqual([2 * SECOND, 3 * SECOND]);
    expect(clock.now()).toBe(4 * SECOND);
    expect(clock.unixMs()).toBe(5_000);
    expect(await clock.run({})).toBe('idle');
    expect(seen.at(-1)).toBe(5 * SECOND);
  });

  it('stands still while stirred streams and promises move', async () => {
    const clock = new VirtualClock(0);
    const pipe = new PassThrough();
    let arrived = -1;
    pipe.on('data', async () => {
      for (let i = 0; i < 10; i++) await Promise.resolve();
      setImmediate(() => (arrived = clock.now()));
    });
    clock.after(MS, () => {
      clock.stir();
      pipe.write('x');
    });
    clock.after(2 * MS, () => undefined);
    await clock.run({});
    expect(arrived).toBe(MS);
  });

  it('stands still while held, however long the real work takes', async () => {
    const clock = new VirtualClock(0);
    let done = -1;
    clock.after(MS, () => {
      const release = clock.hold();
      let turns = 1_000;
      const work = (): void => {
        if (turns-- > 0) setImmediate(work);
        else {
          done = clock.now();
          release();
        }
      };
      work();
    });
    clock.after(2 * MS, () => undefined);
    await clock.run({});
    expect(done).toBe(MS);
    expect(clock.now()).toBe(2 * MS);
  });

  it('wakes sleepers in order', async () => {
    const clock = new VirtualClock(0);
    const seen: string[] = [];
    const sleeper = async (name: string, delay: number): Promise<void> => {
      await clock.sleep(delay);
      seen.push(`${name}@${clock.now()}`);
      await clock.sleep(delay);
      seen.push(`${name}@${clock.now()}`);
    };
    void sleeper('a', 3);
    void sleeper('b', 2);
    await clock.run({});
    expect(seen).toEqual(['b@2', 'a@3', 'b@4', 'a@6']);
  });
});

describe('RealClock', () => {
  it('runs deadlines that are due, in order, and none after close', async () => {
    const clock = new RealClock();
    const seen: string[] = [];
    clock.after(2 * MS, () => seen.push('second'));
    clock.after(MS, () => seen.push('first'));
    clock.after(MS, () => seen.push('cancelled')).cancel();
    await clock.sleep(3 * MS);
    expect(seen).toEqual(['first', 'second']);
    clock.after(MS, () => seen.push('late'));
    clock.close();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen).toEqual(['first', 'second']);
  });
});
