// The device example lwm2m-inventory and the platform's Inventory: everything that the bootstrap server can do wrong, lines that
// lose, repeat and delay, and what operators do with many devices at a time.
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import type { BootstrapKnobs } from '../../host/platform/index.js';
import { loadSimProfile } from '../../host/sim/index.js';
import { type Device, World } from '../../host/world.js';
import { markedApp } from './inventory-app.js';

const SIM = loadSimProfile('examples/profiles/soracom-demo.json');
const app = new Uint8Array(readFileSync('build/release/lwm2m-inventory.wasm'));
const OPERATOR = 'OP0012345678';

let world: World;
let device: Device;
let log: string[] = [];

async function start(knobs: BootstrapKnobs = {}, seed = '1', inventory: object = {}, image = app): Promise<void> {
  log = [];
  world = await World.create({
    seed,
    subscribers: [{ profile: SIM, group: 'meters' }],
    platform: { groups: { meters: { configuration: { SoracomInventory: { enabled: true, ...inventory } } } } },
  });
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  world.platform.inventory.bootstrap.knobs = knobs;
  device = world.device({ name: 'sensor', app: image, sim: SIM, sensors: { analog: () => 715 } });
  device.powerOn();
}

afterEach(() => world.close());

const online = (): boolean => world.platform.inventory.devices.list(OPERATOR)[0]?.online === true;
const registered = (within: number): Promise<boolean> => world.run({ for: within, until: online });

describe('a bootstrap server that', () => {
  it.each<[string, BootstrapKnobs]>([
    ['loses its first Acknowledgement', { dropFirstAck: true }],
    ['says everything twice', { duplicate: true }],
    ['takes two minutes to Finish', { finishDelay: 120 * SECOND }],
    ['writes in blocks of 64 bytes', { blockBytes: 64 }],
    ['writes in blocks of 16 bytes', { blockBytes: 16 }],
    ['deletes object by object', { deletes: ['/0', '/1'] }],
    ['looks first', { looksFirst: true }],
    ['writes what nobody knows', { unknownResource: true }],
    ["writes another bootstrap account, which takes the old one's place,", { secondBootstrapAccount: true }],
    ['uses other instances', { securityInstance: 5, serverInstance: 9 }],
  ])('%s is served: the device registers', async (_, knobs) => {
    // Bootstrap-Discover is a part that the example does without.
    await start(knobs, '1', {}, knobs.looksFirst ? await markedApp('survey') : app);
    expect(await registered(10 * MINUTE)).toBe(true);
    expect(log.filter((line) => line === 'lwm2m: bootstrap done').length).toBe(1);
  });

  it.each<[string, BootstrapKnobs]>([
    ['refuses', { refuse: '4.00' }],
    ['never comes to Finish', { finishDelay: Infinity }],
    ['Finishes after longer than an exchange lives', { finishDelay: 300 * SECOND }],
    ['leaves out the short server id', { omitShortServerId: true }],
    ['cuts its TLV', { malformedTlv: true }],
    ['names a server that is nowhere', { serverUri: 'coaps://nowhere.example:5684' }],
    ['names a server by a scheme that is none', { serverUri: 'gopher://x' }],
  ])('%s: the device asks again, and is there when all is well', async (_, knobs) => {
    await start(knobs);
    expect(await registered(20 * MINUTE)).toBe(false);
    world.platform.inventory.bootstrap.knobs = {};
    expect(await registered(26 * HOUR)).toBe(true);
  });

  it('writes over the bootstrap account: the device registers, and lives on', async () => {
    await start({ securityInstance: 0 });
    expect(await registered(30 * MINUTE)).toBe(true);
  });
});

it('a device on lines with three of ten datagrams lost, the answers twice or all late, registers, for every seed', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    await start({ duplicate: seed % 2 === 0 }, `loss ${seed}`);
    const { impairments } = world.network;
    impairments.udpLoss = 0.3;
    if (seed % 3 === 0) impairments.uplink.latency = impairments.downlink.latency = 1500 * MS;
    expect(await registered(12 * HOUR), `seed ${seed}`).toBe(true);
    await world.close();
  }
  await start();
});

it('a day with its updates, an hour without network in it, and a key that changes twice', async () => {
  await start({}, 'day', { lifetime: 600 });
  expect(await registered(5 * MINUTE)).toBe(true);
  const { inventory } = world.platform;
  for (let turn = 1; turn <= 2; turn++) {
    await world.run({ for: 4 * HOUR });
    const [record] = inventory.devices.list(OPERATOR);
    if (record === undefined) throw new Error('no device');
    const server = Object.keys(record.registration?.objects ?? {}).find((path) => path.startsWith('/1/'));
    inventory.management.submit(record, { kind: 'execute', path: `${server}/9` });
    const proven = (): boolean => log.filter((line) => line === 'lwm2m: the new account is proven').length === turn;
    expect(await world.run({ for: 10 * MINUTE, until: proven })).toBe(true);
    await world.run({ for: MINUTE });
    expect(inventory.keys.of(record.deviceId).length).toBe(1);
    world.network.impairments.outage(true);
    await world.run({ for: HOUR });
    world.network.impairments.outage(false);
  }
  await world.run({ for: 12 * HOUR });
  expect(online()).toBe(true);
  expect(inventory.devices.list(OPERATOR).length).toBe(1);
});
