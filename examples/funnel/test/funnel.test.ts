// The device, the platform, and a stream in a cloud: what arrives, and by whose key.
import { readFileSync } from 'node:fs';
import { MINUTE, World, loadSimProfile } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

let world: World;
let log: string[];

async function start(keyInStore: object = KEY): Promise<void> {
  world = await World.create({
    subscribers: [{ profile: SIM, group: 'sensors' }],
    platform: {
      groups: {
        sensors: {
          configuration: {
            SoracomFunnel: {
              enabled: true,
              destination: {
                provider: 'aws',
                service: 'kinesis',
                resourceUrl: 'https://kinesis.ap-northeast-1.amazonaws.com/readings',
              },
              credentialsId: 'aws',
              contentType: 'json',
            },
          },
        },
      },
      credentials: { aws: { type: 'aws-credentials', credentials: { ...KEY, ...keyInStore } } },
    },
    clouds: { aws: { accessKeys: [KEY], streams: ['readings'] } },
  });
  log = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const app = new Uint8Array(readFileSync('build/release/funnel.wasm'));
  world.device({ name: 'sensor', app, sim: SIM, sensors: { analog: () => 715 } }).powerOn();
}

afterEach(() => world.close());

const arrived = () =>
  world.clouds.aws.kinesis.records.map(({ data }) => JSON.parse(data.toString()) as Record<string, unknown>);

it('prints what its README shows', async () => {
  await start();
  await world.run({ for: 2.5 * MINUTE });
  const [shown] = /(?<=\n```\n)funnel: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
});

it('the stream gets each reading in an envelope that says which SIM sent it', async () => {
  await start();
  await world.run({ for: 2.5 * MINUTE });
  expect(arrived()).toMatchObject(
    [0, 1, 2].map((seq) => ({ imsi: SIM.imsi, sourceProtocol: 'udp', payloads: { seq, temperature: 21.5 } })),
  );
});

it('says what the cloud says when it refuses', async () => {
  await start({ secretAccessKey: 'another' });
  await world.run({ for: MINUTE });
  expect(log.at(-1)).toMatch(/^funnel: not accepted: 0, status 4\d\d /);
  expect(arrived()).toEqual([]);
});

it('repeats a datagram that had no answer, and goes on with the next', async () => {
  await start();
  world.network.impairments.udpLoss = 0.3;
  await world.run({ for: 20 * MINUTE });
  const seqs = arrived().map(({ payloads }) => (payloads as { seq: number }).seq);
  expect(new Set(seqs).size).toBeGreaterThan(10);
  expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
});
