// The device and the platform's store: what was read, when, and by which SIM.
import { readFileSync } from 'node:fs';
import { HOUR, MINUTE, World, loadSimProfile } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const EPOCH_MS = Date.UTC(2026, 0, 1);

let world: World;
let log: string[];

async function start(configuration = { SoracomHarvest: { enabled: true } }): Promise<void> {
  world = await World.create({
    epochMs: EPOCH_MS,
    subscribers: [{ profile: SIM, group: 'sensors' }],
    platform: { groups: { sensors: { configuration } } },
  });
  log = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const minute = (): number => Math.floor(world.clock.now() / MINUTE);
  const app = new Uint8Array(readFileSync('build/release/harvest-data.wasm'));
  world.device({ name: 'sensor', app, sim: SIM, sensors: { analog: () => 700 + minute() } }).powerOn();
}

afterEach(() => world.close());

/** Entries of the SIM, oldest first: when in ms since the start, and what. */
function stored(): [time: number, content: unknown][] {
  const { operatorId = '' } = world.platform.directory.subscriber(SIM.imsi) ?? {};
  const resource = { operatorId, resourceType: 'Subscriber', resourceId: SIM.imsi } as const;
  const { entries } = world.platform.data.list(resource, { sort: 'asc', limit: 1000 });
  return entries.map(({ time, content }) => [time - EPOCH_MS, JSON.parse(content)]);
}

it('prints what its README shows', async () => {
  await start();
  await world.run({ for: 2.5 * MINUTE });
  const [shown] =
    /(?<=\n```\n)harvest-data: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
});

it('stores a reading every minute under the time at which it was read', async () => {
  await start();
  await world.run({ for: 5.5 * MINUTE });
  const entries = stored();
  expect(entries.map(([, content]) => content)).toEqual(
    [20, 20.1, 20.2, 20.3, 20.4, 20.5].map((temperature) => ({ temperature })),
  );
  // The network tells its time in whole seconds.
  entries.forEach(([time], i) => expect(Math.abs(time - i * 60_000)).toBeLessThan(2_000));
});

it('stores what was read without network later, where it belongs', async () => {
  await start();
  await world.run({ for: 2.5 * MINUTE });
  world.network.impairments.outage(true);
  await world.run({ for: 20 * MINUTE });
  expect(stored()).toHaveLength(3);
  world.network.impairments.outage(false);
  await world.run({ for: 15 * MINUTE });
  const entries = stored();
  expect(entries.length).toBeGreaterThanOrEqual(37);
  entries.forEach(([time, content], i) => {
    expect(content).toEqual({ temperature: (200 + i) / 10 });
    expect(Math.abs(time - i * 60_000)).toBeLessThan(2_000);
  });
});

it('keeps the newest 64 readings when the network is gone for long', async () => {
  await start();
  world.network.impairments.outage(true);
  await world.run({ for: 2 * HOUR });
  world.network.impairments.outage(false);
  await world.run({ for: 20 * MINUTE });
  const temperatures = stored().map(([, content]) => (content as { temperature: number }).temperature);
  expect(temperatures.length).toBeGreaterThanOrEqual(64);
  const [first = 0] = temperatures;
  expect(temperatures).toEqual(temperatures.map((_, i) => Math.round(first * 10 + i) / 10));
  expect(temperatures.at(-1)).toBeGreaterThan(33);
});

it('waits for an operator who has switched Harvest off', async () => {
  await start({ SoracomHarvest: { enabled: false } });
  await world.run({ for: 5 * MINUTE });
  expect(log.some((line) => line.startsWith('harvest: not stored, status 400, again in '))).toBe(true);
  expect(log.filter((line) => line.startsWith('harvest: not stored')).length).toBeLessThan(10);
});
