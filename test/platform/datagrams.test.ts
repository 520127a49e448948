// Datagrams of one SIM that floods are dropped; others' are served.

import { expect, it } from 'vitest';
import type { UdpService } from '../../host/cellular/network.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { COST, DATAGRAM_LIMITS, HARVEST_LIMITS, MESSAGE_LIMITS } from '../../host/platform/limits.js';
import { session } from './harness.js';
import { harvestWorld, OTHER } from './harvest-world.js';

/** The platform's UDP services, by name and port. */
function served(): { world: ReturnType<typeof harvestWorld>; harvest: UdpService } {
  const world = harvestWorld({
    SoracomHarvest: {
      enabled: true,
      batchWrite: { type: 'jsonpointer', value: '' },
      customTimestamp: { type: 'jsonpointer', value: '/t', format: 'unix-seconds' },
    },
  });
  const services = new Map<string, UdpService>();
  world.platform.register({
    name: () => '',
    tcp: () => undefined,
    udp: (name, port, service) => void services.set(`${name}:${port}`, service),
  });
  const harvest = services.get('harvest.soracom.io:8514');
  if (harvest === undefined) throw new Error('no service');
  return { world, harvest };
}

it('of a flood nothing but the burst reaches the platform’s services; another SIM is served', async () => {
  const { world, harvest } = served();
  const answers = { flood: 0, other: [] as string[] };
  const { burst } = DATAGRAM_LIMITS.caller;
  for (let i = 0; i < burst + 500; i++) harvest(Buffer.from('x'), session(), () => answers.flood++, '1');
  const keep = (bytes: Uint8Array): void => void answers.other.push(Buffer.from(bytes).toString());
  harvest(Buffer.from('x'), session(OTHER), keep, '2');
  await world.clock.run({ deadline: world.clock.now() + SECOND });
  // Those that are taken cost more than a datagram.
  const taken = MESSAGE_LIMITS.datagrams;
  expect(answers).toEqual({ flood: burst - taken * COST.write, other: ['201'] });
});

it('with many entries count as the work that they are: what is too much is 429, and another SIM is served', async () => {
  const { world, harvest } = served();
  const entries = HARVEST_LIMITS.batchEntries;
  const batch = Buffer.from(JSON.stringify(Array.from({ length: entries }, (_, t) => ({ t: 1_700_000_000 + t }))));
  const cost = 1 + COST.write + (entries - 1) * COST.value;
  const { burst, perSecond } = DATAGRAM_LIMITS.caller;
  const statuses: string[] = [];
  const send = async (caller = session(), to = statuses): Promise<void> => {
    harvest(batch, caller, (bytes) => to.push(Buffer.from(bytes).toString().slice(0, 3)), '1');
    await world.clock.run({ deadline: world.clock.now() + MS });
  };
  const whole = Math.floor(burst / cost);
  for (let i = 0; i < whole + 20; i++) await send();
  // Those that are refused cost a datagram.
  const late = (perSecond * (whole + 20) * MS) / SECOND;
  expect(statuses.filter((status) => status === '201').length).toBeGreaterThanOrEqual(whole);
  expect(statuses.filter((status) => status === '201').length).toBeLessThanOrEqual(whole + 1 + late / cost);
  expect(statuses.at(-1)).toBe('429');
  const others: string[] = [];
  await send(session(OTHER), others);
  expect(others).toEqual(['201']);
  await world.clock.run({ deadline: world.clock.now() + SECOND });
  await send();
  expect(statuses.at(-1)).toBe('201');
});
