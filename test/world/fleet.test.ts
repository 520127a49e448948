import { describe, expect, it } from 'vitest';
import { HOUR, loadSimProfile, MINUTE, releaseBinary, World } from '../../host/index.js';
import { PSK } from './demo-world.js';

const PROFILE = loadSimProfile('examples/profiles/soracom-demo.json');
const HOST = 'customer.example';

/** `count` subscribers who differ in IMSI alone. */
const profiles = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ...PROFILE, imsi: `4401031234${String(10_000 + i)}` }));

async function fleet(count: number): Promise<World> {
  const entry = {
    enabled: true,
    destination: `https://${HOST}/`,
    addSubscriberHeader: true,
    addSignature: true,
    psk: PSK,
  };
  const sims = profiles(count);
  const world = await World.create({
    subscribers: sims.map((profile) => ({ profile, group: 'g' })),
    platform: {
      groups: { g: { configuration: { SoracomBeam: { 'http://beam.soracom.io:8888/telemetry': entry } } } },
    },
    customers: [{ host: HOST, psk: PSK }],
  });
  const app = new WebAssembly.Module(releaseBinary('beam-telemetry'));
  sims.forEach((sim, i) => {
    world.device({
      name: `d${i}`,
      app,
      sim,
      imei: `8600000${String(10_000_000 + i)}`,
      sensors: { analog: () => 500 + i },
    });
  });
  return world;
}

describe('many devices in one world', () => {
  it('each reading arrives under the IMSI of the SIM that sent it', async () => {
    const world = await fleet(20);
    for (const device of world.devices.values()) device.powerOn();
    await world.run({ for: 10 * MINUTE });
    const messages = world.customers.get(HOST)?.messages ?? [];
    expect(messages).toHaveLength(20 * 10);
    for (const { identity, body } of messages) {
      const { temperature } = JSON.parse(body.toString()) as { temperature: number };
      expect(identity.imsi).toBe(profiles(20)[Math.round(temperature * 10)]?.imsi);
    }
    await world.close();
  });

  it('one loses its coverage for an hour, and only its readings wait', async () => {
    const world = await fleet(3);
    for (const device of world.devices.values()) device.powerOn();
    world.devices.get('d1')?.impairments.outage(true);
    await world.run({ for: HOUR });
    const from = (i: number): number =>
      (world.customers.get(HOST)?.messages ?? []).filter(({ identity }) => identity.imsi === profiles(3)[i]?.imsi)
        .length;
    expect([from(0), from(1), from(2)]).toEqual([60, 0, 60]);
    world.devices.get('d1')?.impairments.outage(false);
    await world.run({ for: 15 * MINUTE });
    expect(from(1)).toBe(75);
    await world.close();
  });
});
