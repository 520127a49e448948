// Many SIMs are switched on a part at a time; those that do not answer again, those that take long hold up nobody for long.

import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { SECOND, type Nanoseconds } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { attachAll, type Attaching } from '../../host/serve/attach.js';

/** A SIM that has `outcome` so long after each start: a session, or the reason why not; undefined: nothing ever happens. */
class PlayedSim implements Attaching {
  session: unknown;
  fault: string | undefined;
  onChange: (() => void) | undefined;
  starts = 0;
  on = false;

  constructor(
    readonly clock: VirtualClock,
    readonly outcomes: readonly (string | undefined)[],
    readonly takes: Nanoseconds = SECOND,
    readonly world: { now: number; most: number } = { now: 0, most: 0 },
  ) {}

  powerOn(): void {
    const outcome = this.outcomes[Math.min(this.starts++, this.outcomes.length - 1)];
    this.on = true;
    this.fault = undefined;
    this.world.most = Math.max(this.world.most, ++this.world.now);
    this.clock.after(this.takes, () => {
      this.clock.stir('promises');
      if (outcome === undefined || !this.on) return;
      this.world.now--;
      if (outcome === 'session') this.session = {};
      else this.fault = outcome;
      this.onChange?.();
    });
  }

  powerOff(): void {
    this.on = false;
  }
}

async function run(clock: VirtualClock, work: Promise<void>): Promise<Nanoseconds> {
  let ended = -1;
  void work.then(() => (ended = clock.now()));
  await clock.run({ until: () => ended >= 0 });
  return ended;
}

it('10,000 SIMs attach 150 at a time, and the progress says how far they are', async () => {
  const clock = new VirtualClock(0);
  const world = { now: 0, most: 0 };
  const sims = Array.from({ length: 10_000 }, () => new PlayedSim(clock, ['session'], SECOND, world));
  const told: number[] = [];
  const ended = await run(clock, attachAll(sims, { clock, progress: (done) => told.push(done) }));
  expect(sims.every(({ session, starts }) => session !== undefined && starts === 1)).toBe(true);
  expect(world.most).toBe(150);
  expect(ended / SECOND).toBeCloseTo(10_000 / 150, 0);
  expect(told).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
});

it('a card that does not answer is switched on three times at most, another fault stands at once', async () => {
  const clock = new VirtualClock(0);
  const mute = new PlayedSim(clock, ['SIM: failed']);
  const late = new PlayedSim(clock, ['SIM: failed', 'session']);
  const locked = new PlayedSim(clock, ['SIM: pin']);
  await run(clock, attachAll([mute, late, locked], { clock }));
  expect([mute, late, locked].map(({ starts }) => starts)).toEqual([3, 2, 1]);
  expect(late.session).toBeDefined();
});

it('one that never ends keeps its place for ten seconds', async () => {
  const clock = new VirtualClock(0);
  const sims = Array.from({ length: 300 }, (_, i) => new PlayedSim(clock, [i < 150 ? undefined : 'session']));
  const ended = await run(clock, attachAll(sims, { clock }));
  expect(ended).toBe(11 * SECOND);
  expect(sims.slice(150).every(({ session }) => session !== undefined)).toBe(true);
});

it('waits for nobody, and switches nobody on, when it is told to end', async () => {
  const clock = new VirtualClock(0);
  const sims = Array.from({ length: 300 }, () => new PlayedSim(clock, [undefined]));
  const end = new AbortController();
  const work = attachAll(sims, { clock, signal: end.signal });
  // Node warns of more than ten.
  expect(getEventListeners(end.signal, 'abort')).toHaveLength(1);
  clock.after(SECOND, () => end.abort());
  expect(await run(clock, work)).toBe(SECOND);
  expect(getEventListeners(end.signal, 'abort')).toHaveLength(0);
  expect(sims.filter(({ starts }) => starts > 0)).toHaveLength(150);
});
