// What holds whatever happens: a device on a bad line ends up registered, and nobody reaches another operator's device.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { CoapError } from '../../host/coap/index.js';
import type { Client } from '../platform/api-harness.js';
import { session } from '../platform/harness.js';
import { ENDPOINT, InventoryWorld, OPERATOR, OTHER_IMSI, TestDevice } from './world.js';

it('thirty of a hundred datagrams lost, repeated, late or damaged on every leg: the device ends up registered and can be asked', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        loss: fc.constantFrom(0, 0.1, 0.3),
        repeat: fc.constantFrom(0, 0.3),
        delay: fc.constantFrom(0, 2 * SECOND),
        corrupt: fc.constantFrom(0, 0.3),
      }),
      fc.nat(),
      async (faults, seed) => {
        const world = new InventoryWorld({ seed: `${seed}` });
        world.faults = faults;
        const device = new TestDevice(world);
        let registered = false;
        for (let attempt = 0; attempt < 40 && !registered; attempt++) {
          try {
            const account = await device.account();
            for (let again = 0; again < 10 && !registered; again++) {
              if (!(await device.connect(account))) continue;
              registered = (await device.register()).code === '2.01';
            }
          } catch (error) {
            // No answer in time, or no Finish: as a device does, it starts again.
            if (!(error instanceof CoapError) && !/Finish|comes to an end|bootstrap/.test(String(error))) throw error;
          }
        }
        expect(registered).toBe(true);
        world.faults = {};
        const { devices, management, requests } = world.platform.inventory;
        const [record] = devices.list(OPERATOR);
        expect(record).toMatchObject({ endpoint: ENDPOINT, online: true });
        if (record === undefined) return;
        const request = management.submit(record, { kind: 'read', path: '/3/0/9' });
        await world.run(() => requests.get(record.deviceId, request?.requestId ?? '')?.state === 'done', 10 * MINUTE);
        expect(requests.get(record.deviceId, request?.requestId ?? '')?.outcome?.result).toEqual({
          id: 9,
          name: 'Battery Level',
          value: 95,
        });
      },
    ),
    { numRuns: 30 },
  );
});

const mixed = (text: string, upper: boolean): string => (upper ? text.toUpperCase() : text);
const encoded = (text: string): string =>
  [...text].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

it("no request of an operator reaches another's device, whatever it is called with", async () => {
  const world = new InventoryWorld();
  const mine = await new TestDevice(world).join();
  const id = Buffer.from(mine.accountWritten().identity).toString();
  const key = toHex(mine.accountWritten().key);
  const other = await world.await(world.other());
  const before = mine.requests.length;
  const device = world.platform.inventory.devices.get(id);
  const tails = [
    '',
    '/3/0/9',
    '/3/0',
    '/3',
    '/3/0/4/execute',
    '/3/0/9/observe',
    '/3/0/9/unobserve',
    '/tags',
    '/set_group',
    '/unset_group',
    '/requests',
    '/readings',
    '/firmware',
    '/rotate_key',
    '/3/0/discover',
    '/3/0/9/attributes',
    '/1',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'),
      fc.constantFrom(...tails),
      fc.constantFrom(
        (text: string) => text,
        encoded,
        (text: string) => mixed(text, true),
        (text: string) => `${text}/../${text}`,
        (text: string) => `x/../../devices/${text}`,
      ),
      fc.constantFrom(
        undefined,
        {},
        { value: 1 },
        { groupId: 'theirs' },
        { value: '0' },
        { file: '/x', method: 'push' },
        [{ tagName: 'a', tagValue: 'b' }],
        { resources: [{ id: 13, value: 1 }] },
        { pmin: 1 },
      ),
      fc.constantFrom({}, { 'x-soracom-operator-id': OPERATOR }, { 'x-http-method-override': 'GET' }),
      async (method, tail, form, body, headers) => {
        const { status, text } = await world.await(
          other.call(method, `/devices/${form(id)}${tail}`, method === 'GET' ? undefined : body, { headers }),
        );
        expect([400, 403, 404, 405]).toContain(status);
        expect(text).not.toContain(ENDPOINT);
        expect(text).not.toContain(key);
      },
    ),
    { numRuns: 300 },
  );
  await world.pass(MINUTE);
  expect(mine.requests.length).toBe(before);
  expect(world.platform.inventory.devices.get(id)).toEqual(device);
  expect((await world.await(other.get<unknown[]>('/devices'))).json).toEqual([]);
  const said = { timeMs: world.clock.unixMs(), contentType: 'application/json', content: '{"level":95}' };
  world.platform.data.add({ operatorId: OPERATOR, resourceType: 'Device', resourceId: id }, [said]);
  const dataOf = async (client: Client): Promise<unknown> =>
    (await world.await(client.get(`/devices/${id}/data`))).json;
  expect(await dataOf(await world.await(world.root()))).toHaveLength(1);
  expect(await dataOf(other)).toEqual([]);
});

it("a device cannot be another: not by its endpoint, not by the other's registration, not by its identity with a key of its own", async () => {
  const world = new InventoryWorld();
  const [victim, other] = [await new TestDevice(world).join(), new TestDevice(world, session(OTHER_IMSI), 'another')];
  const account = await other.account();
  const theirs = victim.accountWritten();
  expect(await other.connect({ identity: theirs.identity, key: account.key }, { patience: 20_000 })).toBe(false);
  expect(await other.connect(account)).toBe(true);
  expect((await other.register(['lwm2m=1.1', `ep=${ENDPOINT}`])).code).toBe('4.00');
  other.location = victim.location;
  expect((await other.update()).code).toBe('4.04');
  expect((await other.ask('0.04', victim.location)).code).toBe('4.04');
  expect((await victim.update()).code).toBe('2.04');
});

it('garbage of a device on an open association ends nothing but its own requests', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), async (garbage) => {
      const world = new InventoryWorld();
      const device = await new TestDevice(world).join();
      for (const bytes of garbage) device.say(bytes);
      await world.pass(SECOND);
      expect((await device.update()).code).toBe('2.04');
    }),
    { numRuns: 10 },
  );
});

it('secrets are in no event and no answer, from bootstrap to key change', async () => {
  const world = new InventoryWorld({ inventory: { harvestEnabled: true } });
  const device = await new TestDevice(world).join();
  const root = await world.await(world.root());
  const first = device.accountWritten();
  const id = Buffer.from(first.identity).toString();
  const answers: string[] = [];
  const call = async (method: string, path: string, body?: unknown): Promise<void> => {
    answers.push((await world.await(root.call(method, path, body))).text);
  };
  await call('POST', `/devices/${id}/3/0/9/observe`);
  await call('POST', `/devices/${id}/rotate_key`);
  await device.account();
  const second = device.accountWritten();
  await device.connect(second);
  await device.register();
  for (const path of ['', `/${id}`, `/${id}/requests`, `/${id}/readings`, `/${id}/3`])
    await call('GET', `/devices${path}`);
  await call('GET', `/devices/${id}/0/1/5`);
  const told = JSON.stringify(world.events) + answers.join();
  for (const { key } of [first, second]) {
    const bytes = Buffer.from(key);
    for (const form of [toHex(key), bytes.toString('base64'), bytes.toString('base64url')])
      expect(told).not.toContain(form);
  }
});
