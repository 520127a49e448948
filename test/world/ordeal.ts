// A device at work while everything that can go wrong does, at random times, by seed.
import { expect } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/index.js';
import { Random } from '../../host/random.js';
import { type Scene, scene, sequence } from './demo-world.js';

type Fault = (s: Scene, random: Random) => Promise<void> | void;

/** A time that is often short and sometimes long. */
const while_ = (random: Random, longest: number): number => longest * random.next() ** 3;

const FAULTS: Readonly<Record<string, Fault>> = {
  outage: async ({ world }, random) => {
    world.network.impairments.outage(true);
    await world.run({ for: while_(random, HOUR) });
    world.network.impairments.outage(false);
  },
  silence: async ({ world, device }, random) => {
    device.modem.silence(true);
    await world.run({ for: while_(random, 10 * MINUTE) });
    device.modem.silence(false);
  },
  reset: ({ device }) => device.modem.reset(),
  power: async ({ world, device }, random) => {
    device.powerOff();
    await world.run({ for: while_(random, MINUTE) });
    device.powerOn();
  },
  brownout: ({ device }) => device.board.powerOn(),
  storeCut: async ({ world, device }, random) => {
    const at = device.store.writes + random.below(4);
    const fate = random.below(2) === 0 ? 'cut-before' : 'cut-after';
    device.store.fate = (write) => (write === at ? fate : 'done');
    await world.run({ for: while_(random, 5 * MINUTE) });
    device.store.fate = undefined;
    device.powerOff();
    device.powerOn();
  },
  detach: ({ world }, random) => world.network.detach('440103123456789', random.below(2) === 0),
  connections: ({ world }) => world.network.impairments.resetConnections(),
  garbage: ({ device }, random) => {
    const noise = random.bytes(random.below(60));
    (random.below(2) === 0 ? device.line.near : device.line.far).inject(noise);
  },
  wire: async ({ world, device }, random) => {
    device.line.near.cut(true);
    await world.run({ for: while_(random, MINUTE) });
    device.line.near.cut(false);
  },
  customer: ({ customer }, random) => {
    const behaviours = [
      { delay: while_(random, 40 * SECOND) },
      { hang: true },
      { cut: 'body' },
      { cut: 'answer' },
      { status: 500 },
      { status: 503 },
    ] as const;
    const behaviour = behaviours[random.below(behaviours.length)];
    if (behaviour) customer.next(behaviour);
  },
};

export interface Ordeal {
  readonly readings: readonly number[];
  readonly ids: readonly (string | undefined)[];
  readonly minutes: number;
  readonly traps: number;
  /** Readings that the device itself said it dropped, its queue being full. */
  readonly dropped: ReadonlySet<number>;
  /** What was done, in order: for the person who looks into a failure. */
  readonly faults: readonly string[];
}

/** `count` faults, each at a random moment; then half an hour of peace. The same seed gives the same ordeal. */
export async function ordeal(seed: string, count: number): Promise<Ordeal> {
  const random = new Random(seed);
  const s = await scene({ seed });
  const { world, customer } = s;
  const faults: string[] = [];
  const names = Object.keys(FAULTS);
  s.device.powerOn();
  for (let i = 0; i < count; i++) {
    await world.run({ for: while_(random, 3 * MINUTE) });
    const name = names[random.below(names.length)] ?? '';
    faults.push(`${name}@${(world.clock.now() / SECOND).toFixed(3)}`);
    await FAULTS[name]?.(s, random);
  }
  await world.run({ for: 30 * MINUTE });
  await world.close();
  return {
    readings: sequence(customer),
    ids: customer.messages.map(({ messageId }) => messageId),
    minutes: Math.floor(world.clock.now() / MINUTE),
    traps: s.of('board').filter(({ event }) => event === 'trap').length,
    dropped: new Set(
      s.of('log').flatMap(({ text }) => /^outbox: full, dropped (\d+)$/.exec(text)?.slice(1).map(Number) ?? []),
    ),
    faults,
  };
}

/** One ordeal, and what must hold after it. */
export function check(seed: string, count: number): Promise<void> {
  return ordeal(seed, count).then(({ readings, ids, minutes, traps, dropped, faults }) => {
    const story = `seed ${seed}: ${faults.join(' ')}`;
    expect(readings, story).toEqual([...new Set(readings)].sort((a, b) => a - b));
    const arrived = new Set(readings);
    const missing = Array.from({ length: (readings.at(-1) ?? 0) + 1 }, (_, seq) => seq).filter(
      (seq) => !arrived.has(seq),
    );
    expect(
      missing.filter((seq) => !dropped.has(seq)),
      story,
    ).toEqual([]);
    // A board that is off takes no readings: each of the ordeal's power cuts costs a minute's reading at most.
    expect(readings.length + dropped.size, story).toBeGreaterThanOrEqual(minutes - count);
    expect(new Set(ids).size, story).toBe(ids.length);
    expect(traps, story).toBe(0);
  });
}
