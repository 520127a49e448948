// How much devices say over DTLS: a rate of datagrams and values of each SIM and of all, and work in turns. Another device, and another
// SIM's message, does not wait.

import { expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { emit, findUint, Method, Option, uintOption } from '../../host/coap/index.js';
import { ContentFormat } from '../../host/lwm2m/index.js';
import { ADDRESS_LIMITS, COST, DEVICE_LIMITS, INVENTORY_LIMITS } from '../../host/platform/limits.js';
import type { DeviceLink } from '../../host/platform/inventory/registrar.js';
import { session } from '../platform/harness.js';
import { IMSI, InventoryWorld, OPERATOR, OTHER_IMSI, TestDevice } from './world.js';

const values = (count: number): Buffer =>
  Buffer.from(JSON.stringify(Array.from({ length: count }, (_, i) => ({ n: '/3303/0/5700', v: 1, t: -i }))));
const OF_MANY = COST.write + INVENTORY_LIMITS.values * COST.value;

async function joined() {
  const world = new InventoryWorld({ inventory: { harvestEnabled: true } });
  const device = await new TestDevice(world).join();
  const id = Buffer.from(device.accountWritten().identity).toString();
  const record = world.platform.inventory.devices.get(id);
  if (record === undefined) throw new Error('no device');
  const kept = (): number =>
    world.platform.data.list({ operatorId: OPERATOR, resourceType: 'Device', resourceId: id }, { limit: 100_000 })
      .entries.length;
  return { world, device, record, kept };
}

it('values beyond the rate of a SIM are 4.29 with the time to wait; another SIM’s device is heard', async () => {
  const { world, record } = await joined();
  const other = await new TestDevice(world, { ...session(OTHER_IMSI), ip: '10.0.0.9' }, 'other').join();
  const { management } = world.platform.inventory;
  const link = { caller: IMSI } as DeviceLink;
  const send = async (): Promise<[string, number | undefined]> => {
    const work = management.sent(record, link, values(INVENTORY_LIMITS.values), ContentFormat.SenmlJson);
    world.clock.stir();
    const { code, options } = await world.await(work);
    return [code, findUint(options, Option.MaxAge)];
  };
  // The device has registered with some of it.
  const whole = Math.floor((DEVICE_LIMITS.caller.burst - 20) / OF_MANY);
  for (let i = 0; i < whole; i++) expect(await send()).toEqual(['2.04', undefined]);
  const [code, wait = 0] = await send();
  expect(code).toBe('4.29');
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(wait).toBeLessThanOrEqual(Math.ceil(OF_MANY / DEVICE_LIMITS.caller.perSecond));
  const told = await other.ask(Method.Post, ['dp'], [], values(3), ContentFormat.SenmlJson);
  expect(told.code).toBe('2.04');
  await world.pass(wait * SECOND);
  expect((await send())[0]).toBe('2.04');
});

it('notifications beyond the rate are dropped, as by a network; what came before is kept', async () => {
  const { world, device } = await joined();
  const id = Buffer.from(device.accountWritten().identity).toString();
  const root = await world.await(world.root());
  await world.await(root.call('POST', `/devices/${id}/3303/0/5700/observe`));
  const token = device.observed.get('/3303/0/5700');
  if (token === undefined) throw new Error('not observed');
  const notify = (number: number): void => {
    const options = [uintOption(Option.Observe, number), uintOption(Option.ContentFormat, ContentFormat.Text)];
    const payload = Buffer.from(String(number));
    device.say(emit({ type: 'NON', code: '2.05', mid: number, token, options, payload }));
  };
  const [from, many] = [100, 1000];
  const before = world.inventoryEvents('notified').length;
  for (let i = 0; i < many; i++) notify(from + i);
  await world.pass(SECOND);
  const notified = world.inventoryEvents('notified').length - before;
  // Registration and the observation have cost something, too.
  const most = DEVICE_LIMITS.caller.burst / (1 + COST.write + COST.value);
  expect(notified).toBeLessThanOrEqual(most);
  expect(notified).toBeGreaterThan(most - 10);
  const value = (): unknown =>
    world.platform.inventory.readings.list(id).find(({ path }) => path === '/3303/0/5700')?.value;
  expect(value()).toBe(from + notified - 1);
  await world.pass(10 * SECOND);
  notify(5000);
  await world.pass(SECOND);
  expect(value()).toBe(5000);
});

it('many values are kept in portions, in the order of the messages: another SIM’s message does not wait', async () => {
  const { world, record, kept } = await joined();
  const { management, readings } = world.platform.inventory;
  const link = { caller: IMSI } as DeviceLink;
  const named = (count: number, v: number): Buffer =>
    Buffer.from(JSON.stringify(Array.from({ length: count }, (_, i) => ({ n: `/3303/${i}/5700`, v }))));
  const messages = [1, 2, 3];
  const works = messages.map((v) => management.sent(record, link, named(INVENTORY_LIMITS.values, v), 110));
  let before: number | undefined;
  const reply = (): void => void (before = kept());
  world.registry.send('harvest.soracom.io', 8514, Buffer.from('x'), session(OTHER_IMSI), reply);
  for (const work of works) expect((await world.await(work)).code).toBe('2.04');
  expect(before).toBeLessThan(INVENTORY_LIMITS.values);
  expect(kept()).toBe(messages.length * INVENTORY_LIMITS.values);
  const last = readings.list(record.deviceId).filter(({ path }) => path.endsWith('/5700'));
  expect(new Set(last.map(({ value }) => value))).toEqual(new Set([3]));
});

it('a read whose answer has more values than are kept of one message is refused', async () => {
  const { world, device, record } = await joined();
  const root = await world.await(world.root());
  const many = Buffer.alloc(3 * (INVENTORY_LIMITS.values + 1));
  // TLV: a resource instance of one byte each.
  for (let i = 0; i < many.length; i += 3) many.set([0x41, (i / 3) % 256, 1], i);
  device.override = ({ method, path }) =>
    method === Method.Get && path.join('/') === '3/0'
      ? { code: '2.05', options: [uintOption(Option.ContentFormat, ContentFormat.Tlv)], payload: many }
      : undefined;
  const { json } = await world.await(root.call('GET', `/devices/${record.deviceId}/3/0?model=false`));
  expect(JSON.stringify(json)).toMatch(/more than 1000 values|not/);
});

it('datagrams of an address that floods are dropped before anything is done; another address is answered', async () => {
  const { world } = await joined();
  const sent = world.wire.find(({ from, port }) => from === 'client' && port === 5684);
  if (sent === undefined) throw new Error('no ClientHello');
  const { inventory } = world.platform;
  const answers = new Map<string, number>();
  const hello = (address: string): void =>
    inventory.fromAnywhere(sent.datagram, {
      key: `${address}:50000`,
      send: () => void answers.set(address, (answers.get(address) ?? 0) + 1),
    });
  for (let i = 0; i < ADDRESS_LIMITS.caller.burst + 100; i++) hello('192.0.2.1');
  hello('192.0.2.2');
  expect([...answers]).toEqual([
    ['192.0.2.1', ADDRESS_LIMITS.caller.burst],
    ['192.0.2.2', 1],
  ]);
});
