// A platform that is restarted, orderly or after a crash: devices go on over the associations that they have, nothing that was
// asked or observed is lost, and nobody waits for the end of a lifetime.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { Database, Seal } from '../../host/platform/index.js';
import { RunningTime } from '../../host/platform/running-time.js';
import { Associations } from '../../host/platform/inventory/associations.js';
import { InventoryWorld, OPERATOR, TestDevice } from './world.js';

const HOWS = ['orderly', 'crash'] as const;
const DAY = 86_400;

async function joined(query: readonly string[] = [`lt=${DAY}`], inventory: object = {}) {
  const world = new InventoryWorld({ inventory });
  const device = new TestDevice(world);
  expect(await device.connect(await device.account())).toBe(true);
  expect((await device.register(['lwm2m=1.1', `ep=${device.endpoint}`, ...query])).code).toBe('2.01');
  await world.pass(5 * SECOND);
  const deviceId = Buffer.from(device.accountWritten().identity).toString();
  const handshakes = (): number =>
    world.wire.filter(({ datagram, port }) => port === 5684 && datagram[0] === 22).length;
  const record = () => world.platform.inventory.devices.get(deviceId);
  const submit = (path: string) => {
    const found = record();
    return found && world.platform.inventory.management.submit(found, { kind: 'read', path })?.requestId;
  };
  const request = (id = '') => world.platform.inventory.requests.get(deviceId, id);
  return { world, device, deviceId, handshakes, record, submit, request };
}

describe.each(HOWS)('after a restart (%s)', (how) => {
  it('an Update is answered, without a handshake and at the fifth time at the latest', async () => {
    const { world, device, handshakes, record } = await joined();
    const before = handshakes();
    world.restart(how);
    const from = world.clock.now();
    expect((await device.update()).code).toBe('2.04');
    expect(world.clock.now() - from).toBeLessThan((how === 'orderly' ? 1 : 50) * SECOND);
    expect(handshakes()).toBe(before);
    expect(record()?.online).toBe(true);
  });

  it('with another address of the device at the same time', async () => {
    const { world, device, handshakes } = await joined();
    const before = handshakes();
    world.restart(how);
    device.rebind();
    expect((await device.update()).code).toBe('2.04');
    expect(handshakes()).toBe(before);
  });

  it('what was asked meanwhile comes with the next word of the device; what was asked before is not lost', async () => {
    const { world, device, submit, request } = await joined();
    world.faults = { loss: 1 };
    const early = submit('/3/0/0');
    await world.pass(SECOND);
    world.restart(how);
    world.faults = {};
    const late = submit('/3/0/9');
    await world.pass(MINUTE);
    expect([request(early)?.state, request(late)?.state]).toEqual(['queued', 'queued']);
    await device.update();
    await world.pass(5 * SECOND);
    expect(request(early)?.outcome?.result).toEqual({ id: 0, name: 'Manufacturer', value: 'Akari' });
    expect(request(late)?.outcome?.result).toEqual({ id: 9, name: 'Battery Level', value: 95 });
  });

  it('a device that does not sleep is spoken to at once, where the platform can send by itself: observations start again', async () => {
    const { world, device, submit, request, record } = await joined(undefined, { observe: ['/3/0/9'] });
    expect(device.observed.has('/3/0/9')).toBe(true);
    const tokenBefore = device.observed.get('/3/0/9');
    world.restart(how);
    const asked = submit('/3/0/0');
    world.platform.inventory.reachOut((to, datagram) => device.hear(to, datagram));
    // What the device answers first is lost to the marks after a crash; the server asks again.
    await world.run(() => request(asked)?.state === 'done', 2 * MINUTE);
    expect(request(asked)?.outcome?.result).toEqual({ id: 0, name: 'Manufacturer', value: 'Akari' });
    await world.run(() => device.observed.get('/3/0/9') !== tokenBefore, 2 * MINUTE);
    device.resources.set('/3/0/9', { type: 'integer', value: 30 });
    await device.notify('/3/0/9');
    await world.pass(30 * SECOND);
    const { readings } = world.platform.inventory;
    expect(readings.list(record()?.deviceId ?? '')).toContainEqual(
      expect.objectContaining({ path: '/3/0/9', value: 30 }),
    );
    expect(world.inventoryEvents('resumed').length).toBe(1);
  });

  it('a device that sleeps is not disturbed; what waits for it comes when it wakes', async () => {
    const { world, device, submit, request } = await joined([`lt=${DAY}`, 'Q']);
    await world.pass(2 * MINUTE);
    world.restart(how);
    world.platform.inventory.reachOut((to, datagram) => device.hear(to, datagram));
    const asked = submit('/3/0/9');
    const before = device.requests.length;
    await world.pass(HOUR);
    expect(device.requests.length).toBe(before);
    await device.update();
    await world.pass(5 * SECOND);
    expect(request(asked)?.state).toBe('done');
  });

  it('a notification is enough to be there again: it is refused, as nobody knows it, and observed again', async () => {
    const { world, device } = await joined(undefined, { observe: ['/3/0/9'] });
    const tokenBefore = device.observed.get('/3/0/9');
    world.restart(how);
    for (let i = 0; i < 5; i++) await device.notify('/3/0/9');
    await world.pass(MINUTE);
    expect(device.observed.get('/3/0/9')).not.toEqual(tokenBefore);
  });

  it('a device that was deleted, or whose lifetime ended meanwhile, has to start again', async () => {
    const { world, device, deviceId, record } = await joined(['lt=60']);
    world.restart(how);
    await world.pass(3 * MINUTE);
    expect(record()?.online).toBe(false);
    expect((await device.update()).code).toBe('4.04');
    expect((await device.register()).code).toBe('2.01');
    world.platform.inventory.delete(deviceId);
    world.restart(how);
    expect(world.platform.inventory.registrar.counts.open).toBe(0);
  });

  it('twenty times in a row, each time with a word of the device', async () => {
    const { world, device, handshakes } = await joined();
    const before = handshakes();
    for (let i = 0; i < 20; i++) {
      world.restart(how);
      expect((await device.update()).code).toBe('2.04');
    }
    expect(handshakes()).toBe(before);
    expect(world.platform.inventory.devices.list(OPERATOR).length).toBe(1);
  });
});

it('a database that is put back from an old copy: no nonce of the server comes twice, and devices go on', async () => {
  const { world, device, handshakes, submit, request } = await joined();
  const copied = world.associations();
  const before = handshakes();
  for (let times = 0; times < 3; times++) {
    // Far beyond the marks of the copy.
    for (let updates = 0; updates < 400; updates++) expect((await device.update()).code).toBe('2.04');
    world.restart('crash', copied);
    const from = world.clock.now();
    expect((await device.update()).code).toBe('2.04');
    expect(world.clock.now() - from).toBeLessThan(SECOND);
    const asked = submit('/3/0/0');
    await world.pass(5 * SECOND);
    expect(request(asked)?.state).toBe('done');
  }
  expect(handshakes()).toBe(before);
  const nonces = world.wire.flatMap(({ from, port, datagram }) =>
    from === 'server' && port === 5684 && datagram[0] === 23
      ? [Buffer.from(datagram.subarray(3, 11)).toString('hex')]
      : [],
  );
  expect(nonces.length).toBeGreaterThan(1200);
  expect(new Set(nonces).size).toBe(nonces.length);
});

it('no secret of an association is in the database in clear, and with another master key it is nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'akari-associations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const database = new Database(join(folder, 'akari.db'));
  const seal = new Seal();
  const world = new InventoryWorld({ database, seal });
  await new TestDevice(world).join();
  const unixMs = (): number => world.clock.unixMs();
  const running = new RunningTime(database, world.clock);
  const [kept] = new Associations({ database, seal, unixMs, running }).all();
  const master = Buffer.from(kept?.association.master.reveal() ?? []);
  expect(master.length).toBe(48);
  const files = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  for (const form of [master, Buffer.from(master.toString('base64')), Buffer.from(master.toString('hex'))])
    expect(files.includes(form)).toBe(false);
  expect(new Associations({ database, seal: new Seal(), unixMs, running }).all()).toEqual([]);
  expect(new Associations({ database, seal, unixMs, running }).all()).toEqual([]);
});
