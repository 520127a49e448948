// One device, two SIMs: what it does is what the platform knows of the SIM in it.
import { readFileSync } from 'node:fs';
import { MINUTE, SECOND, World, loadSimProfile, makeCard } from 'akari';
import { afterEach, beforeEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const OTHER = { ...SIM, imsi: '440103000000002', iccid: '8981100000000000026' };

let world: World;
let log: string[];
const pins: string[] = [];

async function start(air: object = { metadata: { enabled: true }, userdata: '{"period": 60}' }) {
  world = await World.create({
    subscribers: [
      { profile: SIM, group: 'field', tags: { name: 'north gate', role: 'thermometer' } },
      { profile: OTHER, group: 'field', tags: { role: 'lamp' } },
    ],
    platform: { groups: { field: { configuration: { SoracomAir: air } } } },
  });
  log = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  return world.device({
    name: 'device',
    app: new Uint8Array(readFileSync('build/release/stateless-config.wasm')),
    sim: SIM,
    sensors: { analog: () => 715, writePin: (pin, level) => pins.push(`${pin}=${level}`) > 0 },
  });
}

beforeEach(() => pins.splice(0));
afterEach(() => world.close());

it('prints what its README shows', async () => {
  const device = await start();
  device.powerOn();
  await world.run({ for: 2 * MINUTE });
  const [shown] =
    /(?<=\n```\n)stateless-config: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
});

it('is another device with another SIM', async () => {
  const device = await start();
  device.powerOn();
  await world.run({ for: 90 * SECOND });
  expect(log.slice(-2)).toEqual(['temperature: 21.5 C', 'temperature: 21.5 C']);
  device.powerOff();
  device.slot.remove();
  device.slot.insert(makeCard(OTHER));
  device.powerOn();
  await world.run({ for: 90 * SECOND });
  expect(log.slice(-3)).toEqual(['role: lamp', 'lamp: on', 'lamp: off']);
  expect(pins).toEqual(['2=1', '2=0']);
});

it('follows its operator within the hour', async () => {
  const device = await start();
  device.powerOn();
  await world.run({ for: 30 * MINUTE });
  const { directory } = world.platform;
  directory.change(SIM.imsi, { tags: { role: 'lamp' } });
  await world.run({ for: 45 * MINUTE });
  expect(log).toContain('role: lamp');
});

it.each([
  [
    'Metadata switched off',
    { userdata: '{"period": 30}' },
    ['period: the default, no userdata, status 403', 'period: 60 s', 'role: none'],
  ],
  [
    'no userdata',
    { metadata: { enabled: true } },
    ['period: the default, no userdata, status 404', 'period: 60 s', 'role: thermometer'],
  ],
  [
    'a period that makes no sense',
    { metadata: { enabled: true }, userdata: '{"period": -5}' },
    ['period: the default, it is to be 1 to 86400 whole seconds, and is -5', 'period: 60 s'],
  ],
  [
    'half a second too much',
    { metadata: { enabled: true }, userdata: '{"period": 30.5}' },
    ['period: the default, it is to be 1 to 86400 whole seconds, and is 30.5', 'period: 60 s'],
  ],
  [
    'a period that is no number',
    { metadata: { enabled: true }, userdata: '{"period": "30"}' },
    ['period: the default, it is to be 1 to 86400 whole seconds, and is 30', 'period: 60 s'],
  ],
  [
    'userdata that is no JSON',
    { metadata: { enabled: true }, userdata: '#!/bin/sh\n' },
    ['period: the default, userdata has no member "period"', 'period: 60 s'],
  ],
  [
    'userdata that is too long',
    { metadata: { enabled: true }, userdata: '{"period": 5}'.padEnd(600) },
    ['period: the default, userdata is longer than 512 bytes', 'period: 60 s'],
  ],
])('with %s it goes on by its defaults', async (_what, air, lines) => {
  const device = await start(air);
  device.powerOn();
  await world.run({ for: 70 * SECOND });
  expect(log).toEqual(expect.arrayContaining(lines));
});

it.each(['30.0', '3e1', '300e-1'])('takes a period of %s as 30 seconds', async (period) => {
  const device = await start({ metadata: { enabled: true }, userdata: `{"period":${period}}` });
  device.powerOn();
  await world.run({ for: 70 * SECOND });
  expect(log).toContain('period: 30 s');
});

it('asks again until the network answers', async () => {
  const device = await start();
  world.network.impairments.outage(true);
  device.powerOn();
  await world.run({ for: 10 * MINUTE });
  expect(log).not.toContain('role: thermometer');
  world.network.impairments.outage(false);
  await world.run({ for: 15 * MINUTE });
  expect(log).toContain('role: thermometer');
});
