// Four bytes from the device, JSON with an identity at the customer.
import { readFileSync } from 'node:fs';
import { MINUTE, World, loadSimProfile } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const HOST = 'customer.example';
const PSK = 'key that Beam and the customer share';

let world: World;
let log: string[];

async function start(beam: { enabled?: boolean } = {}): Promise<void> {
  world = await World.create({
    subscribers: [{ profile: SIM, group: 'sensors' }],
    platform: {
      groups: {
        sensors: {
          configuration: {
            SoracomAir: {
              binaryParserEnabled: true,
              binaryParserFormat: 'seq:0:uint:16 temperature:2:int:16:/10',
            },
            SoracomBeam: {
              'udp://beam.soracom.io:23080': {
                enabled: true,
                destination: `https://${HOST}/telemetry`,
                addSubscriberHeader: true,
                addSignature: true,
                psk: PSK,
                ...beam,
              },
            },
          },
        },
      },
    },
    customers: [{ host: HOST, psk: PSK }],
  });
  log = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const app = new Uint8Array(readFileSync('build/release/beam-udp.wasm'));
  const millivolts = (): number => (world.clock.now() < 1.5 * MINUTE ? 715 : 487);
  world.device({ name: 'sensor', app, sim: SIM, sensors: { analog: millivolts } }).powerOn();
}

afterEach(() => world.close());

const messages = () => world.customers.get(HOST)?.messages ?? [];

it('prints what its README shows', async () => {
  await start();
  await world.run({ for: 2.5 * MINUTE });
  const [shown] = /(?<=\n```\n)beam-udp: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
});

it('the customer gets JSON, and knows which SIM sent it', async () => {
  await start();
  await world.run({ for: 2.5 * MINUTE });
  expect(messages().map(({ body }) => JSON.parse(body.toString()) as unknown)).toMatchObject([
    { seq: 0, temperature: 21.5 },
    { seq: 1, temperature: 21.5 },
    { seq: 2, temperature: -1.3 },
  ]);
  expect(new Set(messages().map(({ identity }) => identity.imsi))).toEqual(new Set([SIM.imsi]));
});

it('a datagram whose answer is lost goes out again, and then the next one as always', async () => {
  await start();
  world.network.impairments.udpLoss = 0.3;
  await world.run({ for: 30 * MINUTE });
  const seqs = messages().map(({ body }) => (JSON.parse(body.toString()) as { seq: number }).seq);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  expect(new Set(seqs).size).toBeGreaterThan(20);
  expect(log.filter((line) => line.startsWith('beam: delivered')).length).toBeGreaterThan(20);
});

it('says so when the entry point is switched off', async () => {
  await start({ enabled: false });
  await world.run({ for: MINUTE });
  expect(log.at(-1)).toBe('beam: no success with 0, status 400');
});
