// The example lwm2m-inventory against the platform's Inventory, through modem and network: power is cut at every store write of bootstrap
// and of key rotation, and the lines are bad. Whatever happens, the device is managed again in the end.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MemoryStore } from '../../host/board/store.js';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { World, type Device } from '../../host/world.js';
import { PROFILE } from './demo-world.js';

const OPERATOR = 'OP0012345678';
const module = new WebAssembly.Module(readFileSync('build/release/lwm2m-inventory.wasm'));

interface Parts {
  readonly world: World;
  readonly device: Device;
  readonly log: string[];
}

async function start(seed: string, store = new MemoryStore()): Promise<Parts> {
  const world = await World.create({
    seed,
    subscribers: [{ profile: PROFILE, group: 'meters' }],
    platform: { groups: { meters: { configuration: { SoracomInventory: { enabled: true } } } } },
  });
  const log: string[] = [];
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  const device = world.device({ name: 'sensor', app: module, sim: PROFILE, store, sensors: { analog: () => 715 } });
  device.powerOn();
  return { world, device, log };
}

const record = (world: World) => {
  const [first] = world.platform.inventory.devices.list(OPERATOR);
  if (!first) throw new Error('no device has bootstrapped');
  return first;
};

/** Power comes back half a minute after each cut. */
async function run({ world, device }: Parts, until: () => boolean, within = HOUR): Promise<boolean> {
  const end = world.clock.now() + within;
  while (world.clock.now() < end) {
    if (until()) return true;
    await world.run({ for: SECOND });
    if (device.board.exports !== undefined) continue;
    device.powerOff();
    await world.run({ for: 30 * SECOND });
    device.powerOn();
  }
  return until();
}

/** Asks for the temperature, and says what came. */
async function read(parts: Parts): Promise<string | undefined> {
  const { management, requests } = parts.world.platform.inventory;
  const device = record(parts.world);
  const request = management.submit(device, { kind: 'read', path: '/3/0/3' });
  const now = () => requests.get(device.deviceId, request?.requestId ?? '');
  await run(parts, () => ['done', 'failed', 'expired'].includes(now()?.state ?? ''));
  return now()?.outcome?.code;
}

it('power is cut before and after each store write of bootstrap and of key rotation: the device is managed in the end', async () => {
  const ends: string[] = [];
  // Of the accounts alone; the device's name is written once before them.
  for (let write = 0; write < 5; write++) {
    for (const fate of ['cut-before', 'cut-after'] as const) {
      const store = new MemoryStore();
      let cuts = 0;
      store.fate = (n) => {
        if (n !== write) return 'done';
        cuts++;
        return fate;
      };
      const parts = await start(`${write} ${fate}`, store);
      const { world, log } = parts;
      expect(await run(parts, () => log.some((line) => line.startsWith('lwm2m: registered')))).toBe(true);
      await world.run({ for: 10 * SECOND });
      world.platform.inventory.management.submit(record(world), { kind: 'execute', path: '/1/1/9' });
      await run(parts, () => log.includes('lwm2m: the new account is proven'), 3 * MINUTE);
      expect(await read(parts)).toBe('2.05');
      expect(record(world).online).toBe(true);
      ends.push(`${write} ${fate}: ${cuts}`);
      await world.close();
    }
  }
  // Name, account, trial, proof: four writes, of which each was cut.
  expect(ends.slice(0, 8).every((end) => end.endsWith(': 1'))).toBe(true);
});

it('on lines that lose a third of all datagrams it is managed all the same', async () => {
  const parts = await start('loss');
  const { world, log } = parts;
  world.network.impairments.udpLoss = 0.3;
  expect(await run(parts, () => log.some((line) => line.startsWith('lwm2m: registered')), 2 * HOUR)).toBe(true);
  await world.run({ for: 2 * HOUR });
  world.network.impairments.udpLoss = 0;
  await run(parts, () => record(world).online, HOUR);
  expect(await read(parts)).toBe('2.05');
  await world.close();
});
