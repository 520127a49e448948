// Clouds in a world: a device's datagram calls a function, which fetches the platform's key where it is published.

import { afterEach, expect, it } from 'vitest';
import { MINUTE } from '../../host/clock/clock.js';
import { loadSimProfile, World } from '../../host/index.js';

const SIM = loadSimProfile('examples/profiles/soracom-demo.json');
let world: World;
afterEach(() => world.close());

const KEY = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'world-secret' };

async function start(clock: 'virtual' | 'real', seed = '1'): Promise<string[]> {
  const answer = ({ json, soracom }: { json: unknown; soracom: { imsi: string } | undefined }): object => ({
    body: { imsi: soracom?.imsi, json },
  });
  world = await World.create({
    ...{ clock, seed },
    subscribers: [{ profile: SIM, group: 'sensors' }],
    platform: {
      groups: {
        sensors: {
          configuration: {
            SoracomFunk: {
              ...{ enabled: true, contentType: 'json' },
              destination: {
                ...{ provider: 'azure', service: 'function-app' },
                resourceUrl: 'https://sensors.azurewebsites.net/api/answer',
              },
            },
            SoracomFunnel: {
              ...{ enabled: true, contentType: 'json', credentialsId: { $credentialsId: 'aws' } },
              destination: {
                ...{ provider: 'aws', service: 'kinesis' },
                resourceUrl: 'https://kinesis.ap-northeast-1.amazonaws.com/readings',
              },
            },
          },
        },
      },
      credentials: { aws: { type: 'aws-credentials', credentials: KEY } },
    },
    clouds: {
      aws: { accessKeys: [KEY], streams: ['readings'] },
      azure: { functionApps: { sensors: { answer } } },
    },
  });
  const events: string[] = [];
  world.trace.listen((event) => events.push(JSON.stringify(event)));
  const card = world.dataCard({ name: 'card', sim: SIM });
  card.powerOn();
  await world.run({ for: MINUTE, until: () => card.session !== undefined });
  const replies: string[] = [];
  const socket = card.session?.openUdp({
    message: (bytes) => replies.push(Buffer.from(bytes).toString()),
    failed: (error) => replies.push(error.message),
  });
  for (const name of ['funk.soracom.io', 'funnel.soracom.io']) {
    const before = replies.length;
    socket?.send(Buffer.from('{"n":1}'), name, 23080);
    await world.run({ for: MINUTE, until: () => replies.length > before });
  }
  expect(replies).toEqual([`200 {"imsi":"${SIM.imsi}","json":{"n":1}}`, '200']);
  expect(world.clouds.aws.kinesis.records.map(({ partitionKey }) => partitionKey)).toEqual([SIM.imsi]);
  expect(events.join('\n')).not.toContain('world-secret');
  return [...events];
}

it('on the virtual clock, the same seed gives the same run', async () => {
  const first = await start('virtual');
  await world.close();
  expect(await start('virtual')).toEqual(first);
});

it('on the real clock, over sockets; keys are to be had by any program of this computer', async () => {
  await start('real');
  const folder = `${world.keyOrigin}/soracom-public-keys/`;
  expect((await fetch(`${folder}v1-00-x509.pem`)).status).toBe(403);
  const kid = await world.platform.keys.rotate();
  expect(await (await fetch(folder + kid)).text()).toBe(world.platform.keys.published(kid));
});
