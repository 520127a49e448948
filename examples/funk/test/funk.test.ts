// The device, the platform, and a function in a cloud that decides.
import { readFileSync } from 'node:fs';
import { MINUTE, World, loadSimProfile } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

let world: World;
let log: string[];
const pins: string[] = [];
/** Who the function was told is calling. */
const callers: unknown[] = [];

/** All that decides about the fans of all devices. */
const decide = (event: unknown): unknown => ({
  fan: (event as { temperature: number }).temperature > 25 ? 'on' : 'off',
});

async function start(decision: (event: unknown) => unknown = decide): Promise<void> {
  for (const list of [pins, callers]) list.splice(0);
  world = await World.create({
    subscribers: [{ profile: SIM, group: 'rooms' }],
    platform: {
      groups: {
        rooms: {
          configuration: {
            SoracomFunk: {
              enabled: true,
              destination: {
                provider: 'aws',
                service: 'lambda',
                resourceUrl: 'arn:aws:lambda:ap-northeast-1:123456789012:function:fan',
              },
              credentialsId: { $credentialsId: 'aws' },
              contentType: 'json',
            },
          },
        },
      },
      credentials: { aws: { type: 'aws-credentials', credentials: KEY } },
    },
    clouds: {
      aws: {
        accessKeys: [KEY],
        functions: {
          fan: (event, { clientContext }) => {
            callers.push((clientContext?.['custom'] as { imsi?: string } | undefined)?.imsi);
            return decision(event);
          },
        },
      },
    },
  });
  log = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const minute = (): number => Math.floor(world.clock.now() / MINUTE);
  const app = new Uint8Array(readFileSync('build/release/funk.wasm'));
  const sensors = {
    // 24, 25, 26 °C, and cool again.
    analog: () => [740, 750, 760][minute()] ?? 700,
    writePin: (pin: number, level: number) => pins.push(`${pin}=${level}`) > 0,
  };
  world.device({ name: 'room', app, sim: SIM, sensors }).powerOn();
}

afterEach(() => world.close());

it('prints what its README shows, and the function knows which SIM is calling', async () => {
  await start();
  await world.run({ for: 3.5 * MINUTE });
  const [shown] = /(?<=\n```\n)funk: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
  expect(pins).toEqual(['3=0', '3=0', '3=1', '3=0']);
  expect(callers).toEqual([SIM.imsi, SIM.imsi, SIM.imsi, SIM.imsi]);
});

it.each([
  ['fails', () => Promise.reject(new Error('no'))],
  ['answers with something else', () => ({ fan: 'maybe' })],
  ['answers with nothing', () => undefined],
  ['answers with far too much', () => ({ text: 'x'.repeat(5_000), fan: 'on' })],
])('a function that %s moves nothing, and is asked again a minute later', async (_what, decision) => {
  await start(decision);
  await world.run({ for: 3.5 * MINUTE });
  expect(pins).toEqual([]);
  expect(log.filter((line) => line.startsWith('funk: no decision')).length).toBeGreaterThan(1);
});
