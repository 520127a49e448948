// SIM in, nothing configured: bootstrap, registration, and what an operator does with the device then.
import { readFileSync } from 'node:fs';
import { HOUR, MINUTE, SECOND, World, firmwarePackage, loadSimProfile, type Device } from 'akari';
import { afterEach, expect, it } from 'vitest';

const here = (path: string): URL => new URL(path, import.meta.url);
const SIM = loadSimProfile(process.env['SIM_PROFILE'] ?? here('sim.json').pathname);
const app = new Uint8Array(readFileSync('build/release/lwm2m-inventory.wasm'));

const OPERATOR = 'OP0012345678';
const resource = (id: number, name: string, type?: 'float' | 'string') => ({
  ...{ id, name, type, operations: type ? 'R' : 'E', multiple: false, mandatory: id === 5700 },
});
const THERMOMETER = {
  ...{ id: 3303, name: 'Temperature', version: '1.0', multiple: true, mandatory: false },
  resources: [
    ...[resource(5601, 'Min Measured Value', 'float'), resource(5602, 'Max Measured Value', 'float')],
    ...[resource(5605, 'Reset'), resource(5700, 'Sensor Value', 'float'), resource(5701, 'Sensor Units', 'string')],
  ],
};

let world: World;
let device: Device;
let log: string[];
let millivolts = 715;

async function start(inventory: object = {}): Promise<void> {
  world = await World.create({
    subscribers: [{ profile: SIM, group: 'meters' }],
    platform: { groups: { meters: { configuration: { SoracomInventory: { enabled: true, ...inventory } } } } },
  });
  log = [];
  millivolts = 715;
  world.trace.listen((event) => {
    if (event.type === 'log') log.push(event.text);
  });
  // What the operator uploads so that the app's own object is understood.
  world.platform.inventory.models.put(OPERATOR, THERMOMETER);
  device = world.device({ name: 'sensor', app, sim: SIM, sensors: { analog: () => millivolts } });
  device.powerOn();
}

afterEach(() => world.close());

const inventory = () => world.platform.inventory;
const record = () => {
  const [first] = inventory().devices.list(OPERATOR);
  if (!first) throw new Error('no device has bootstrapped');
  return first;
};
type Operation = Parameters<ReturnType<typeof inventory>['management']['submit']>[1];

/** What the operator asks of the device, and what comes of it. */
async function ask(operation: Operation): Promise<{ code?: string; result?: unknown }> {
  const request = inventory().management.submit(record(), operation);
  if (!request) throw new Error('too many requests');
  const find = () => inventory().requests.get(record().deviceId, request.requestId);
  for (let i = 0; i < 1_200 && !['done', 'failed', 'expired'].includes(find()?.state ?? ''); i++) {
    await world.run({ for: SECOND });
  }
  return find()?.outcome ?? {};
}
const registered = (): number => log.filter((line) => line.startsWith('lwm2m: registered')).length;
const until = (what: () => boolean, within = 10 * MINUTE): Promise<boolean> => world.run({ for: within, until: what });

it('prints what its README shows', async () => {
  await start();
  await world.run({ for: MINUTE });
  const [shown] =
    /(?<=\n```\n)lwm2m-inventory: started[^`]+(?=\n```)/.exec(readFileSync(here('../README.md'), 'utf8')) ?? [];
  expect(log.join('\n')).toBe(shown);
});

it('the operator sees a device that nobody has configured', async () => {
  await start();
  await world.run({ for: MINUTE });
  expect(record()).toMatchObject({
    ...{ online: true, imsi: SIM.imsi },
    facts: { manufacturer: 'Akari', modelNumber: 'lwm2m-inventory', firmwareVersion: '1.0.0' },
  });
  expect(record().endpoint).toMatch(/^akari-[0-9a-f]{16}$/);
  expect(Object.keys(record().registration?.objects ?? {})).toEqual(
    expect.arrayContaining(['/1/1', '/3/0', '/4/0', '/5/0', '/3303/0']),
  );
});

it('the device keeps its name and its account over a power cut', async () => {
  await start();
  await world.run({ for: MINUTE });
  const { endpoint, deviceId } = record();
  device.powerOff();
  await world.run({ for: MINUTE });
  device.powerOn();
  await until(() => registered() === 2);
  expect(record()).toMatchObject({ endpoint, deviceId, online: true });
  expect(log.filter((line) => line.startsWith('lwm2m: bootstrap from'))).toHaveLength(1);
});

it('values are read, and observed', async () => {
  await start({ observe: ['/3303/0/5700'], harvestEnabled: true });
  await world.run({ for: MINUTE });
  expect(await ask({ kind: 'read', path: '/3303/0/5700' })).toMatchObject({ code: '2.05', result: { value: 21.5 } });
  const told: string[] = [];
  world.trace.listen((event) => {
    if (event.type === 'inventory' && event.event === 'notified') told.push(event.detail ?? '');
  });
  millivolts = 487;
  await until(() => told.length > 0);
  expect(await ask({ kind: 'read', path: '/3303/0/5601' })).toMatchObject({ result: { value: -1.3 } });
  expect(await ask({ kind: 'read', path: '/3303/0/5602' })).toMatchObject({ result: { value: 21.5 } });
  expect(await ask({ kind: 'execute', path: '/3303/0/5605' })).toMatchObject({ code: '2.04' });
  expect(await ask({ kind: 'read', path: '/3303/0/5602' })).toMatchObject({ result: { value: -1.3 } });
});

it('reboot', async () => {
  await start();
  await world.run({ for: MINUTE });
  expect(await ask({ kind: 'execute', path: '/3/0/4' })).toMatchObject({ code: '2.04' });
  await until(() => registered() === 2);
  expect(log).toContain('lwm2m-inventory: reboot asked for');
  expect(record().online).toBe(true);
});

it('factory reset: it bootstraps again, under the same name', async () => {
  await start();
  await world.run({ for: MINUTE });
  const { deviceId } = record();
  expect(await ask({ kind: 'execute', path: '/3/0/5' })).toMatchObject({ code: '2.04' });
  await until(() => registered() === 2);
  expect(log.filter((line) => line === 'lwm2m: bootstrap done')).toHaveLength(2);
  expect(record()).toMatchObject({ deviceId, online: true });
});

it('key rotation: another key under the same identity, the old one is gone', async () => {
  await start();
  await world.run({ for: MINUTE });
  const before = Buffer.from(device.store.read(1) ?? []);
  expect(await ask({ kind: 'execute', path: '/1/1/9' })).toMatchObject({ code: '2.04' });
  await until(() => log.includes('lwm2m: the new account is proven'));
  expect(record().online).toBe(true);
  const after = Buffer.from(device.store.read(1) ?? []);
  expect([after.length, after.equals(before)]).toEqual([before.length, false]);
  // And it works after a restart.
  device.powerOff();
  device.powerOn();
  await until(() => registered() === 3);
  expect(record().online).toBe(true);
});

/** The same app as version 1.1.0, as a package in the operator's files. */
async function publish(change: (bytes: Uint8Array) => void = () => undefined): Promise<void> {
  const image = Uint8Array.from(app);
  const text = (version: string): Buffer => Buffer.from(version, 'latin1');
  for (let at = 0; (at = Buffer.from(image.buffer).indexOf(text('1.0.0'), at)) >= 0; at++) image.set(text('1.1.0'), at);
  const bytes = firmwarePackage({ image, name: 'lwm2m-inventory', version: '1.1.0' });
  change(bytes);
  const body = (async function* () {
    yield bytes;
  })();
  const key = { operatorId: OPERATOR, scope: 'private', path: '/fw.bin' } as const;
  await world.platform.files.put(key, 'application/octet-stream', body);
}

it('new firmware: it runs, says so, and needs no new account', async () => {
  await start();
  await world.run({ for: MINUTE });
  await publish();
  const given = await ask({ kind: 'firmware', path: '/5/0', body: { file: '/fw.bin' } });
  expect(given.code).toBe('2.04');
  const states: unknown[] = [];
  for (let i = 0; i < 60 && states.at(-1) !== 2; i++) {
    await world.run({ for: MINUTE });
    const { result } = await ask({ kind: 'read', path: '/5/0/3' });
    states.push((result as { value?: unknown } | undefined)?.value);
  }
  expect(states.at(-1)).toBe(2);
  expect(await ask({ kind: 'execute', path: '/5/0/2' })).toMatchObject({ code: '2.04' });
  await until(() => registered() === 2);
  expect(log).toContain('lwm2m-inventory: started, version 1.1.0');
  expect(await ask({ kind: 'read', path: '/5/0/5' })).toMatchObject({ result: { value: 1 } });
  expect(await ask({ kind: 'read', path: '/3/0/3' })).toMatchObject({ result: { value: '1.1.0' } });
  expect(log.filter((line) => line === 'lwm2m: bootstrap done')).toHaveLength(1);
});

it('firmware that was spoilt on its way is refused: state 0, result 5', async () => {
  await start();
  await world.run({ for: MINUTE });
  await publish((bytes) => {
    bytes[20_000] = (bytes[20_000] ?? 0) ^ 1;
  });
  await ask({ kind: 'firmware', path: '/5/0', body: { file: '/fw.bin', method: 'push' } });
  await world.run({ for: MINUTE });
  expect(await ask({ kind: 'read', path: '/5/0/3' })).toMatchObject({ result: { value: 0 } });
  expect(await ask({ kind: 'read', path: '/5/0/5' })).toMatchObject({ result: { value: 5 } });
});

it('Inventory off: refused, asked again, and served as soon as it is on', async () => {
  await start({ enabled: false });
  await world.run({ for: 2 * MINUTE });
  expect(log.at(-1)).toMatch(/^lwm2m: bootstrap with the bootstrap server failed: 4\.03, next in \d+ s$/);
  world.platform.directory.changeGroup(OPERATOR, 'meters', {
    configuration: { SoracomInventory: { enabled: true } },
  });
  await until(() => registered() === 1, HOUR);
  expect(record().online).toBe(true);
});

it('a day with an hour without network', async () => {
  await start();
  await world.run({ for: 10 * MINUTE });
  world.network.impairments.outage(true);
  await world.run({ for: HOUR });
  world.network.impairments.outage(false);
  await world.run({ for: 23 * HOUR });
  expect(record().online).toBe(true);
  expect(await ask({ kind: 'read', path: '/3303/0/5700' })).toMatchObject({ code: '2.05' });
});
