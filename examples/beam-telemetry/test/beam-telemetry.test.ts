// The firmware in its world: SIM, modem, network, platform and the customer's server, on a clock that jumps.
import { readFileSync } from 'node:fs';
import { MINUTE, World, loadSimProfile } from 'akari';
import { afterEach, beforeEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const HOST = 'customer.example';
const PSK = 'key that Beam and the customer share';

let world: World;

beforeEach(async () => {
  world = await World.create({
    seed: '1',
    subscribers: [{ profile: SIM, group: 'sensors' }],
    platform: {
      groups: {
        sensors: {
          configuration: {
            SoracomBeam: {
              'http://beam.soracom.io:8888/telemetry': {
                enabled: true,
                destination: `https://${HOST}/telemetry`,
                addSubscriberHeader: true,
                addSignature: true,
                psk: PSK,
              },
            },
          },
        },
      },
    },
    customers: [{ host: HOST, psk: PSK }],
  });
  world
    .device({
      name: 'sensor',
      app: new Uint8Array(readFileSync('build/release/beam-telemetry.wasm')),
      sim: SIM,
      sensors: { analog: () => 712 }, // a TMP36 at 21.2 °C
    })
    .powerOn();
});

afterEach(() => world.close());

const readings = () =>
  (world.customers.get(HOST)?.messages ?? []).map(({ body }) => JSON.parse(body.toString()) as unknown);

it('sends a reading every minute, and the customer knows which SIM sent it', async () => {
  await world.run({ for: 5.5 * MINUTE });
  expect(readings()).toMatchObject([0, 1, 2, 3, 4, 5].map((seq) => ({ seq, temperature: 21.2 })));
  expect(world.customers.get(HOST)?.messages[0]?.identity.imsi).toBe(SIM.imsi);
});

it('keeps what it could not send, and sends it in order when the network is back', async () => {
  world.network.impairments.outage(true);
  await world.run({ for: 20 * MINUTE });
  expect(readings()).toEqual([]);
  world.network.impairments.outage(false);
  await world.run({ for: 10 * MINUTE });
  expect(readings().slice(0, 20)).toMatchObject(Array.from({ length: 20 }, (_, seq) => ({ seq })));
});
