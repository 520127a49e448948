// Devices managed over DTLS: registration, what operators ask of them, observation, sleep, keys that change, images.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../host/clock/clock.js';
import { Option, uintOption } from '../../host/coap/index.js';
import { DtlsState } from '../../host/kit/index.js';
import { ContentFormat } from '../../host/lwm2m/index.js';
import { Database, Seal } from '../../host/platform/index.js';
import type { DeviceRecord } from '../../host/platform/inventory/devices.js';
import type { DeviceLink } from '../../host/platform/inventory/registrar.js';
import { INVENTORY_LIMITS } from '../../host/platform/limits.js';
import { session } from '../platform/harness.js';
import type { Answered, Client } from '../platform/api-harness.js';
import { ENDPOINT, IMSI, InventoryWorld, OPERATOR, OTHER_IMSI, OTHER_OPERATOR, reply, TestDevice } from './world.js';

interface Joined {
  readonly world: InventoryWorld;
  readonly device: TestDevice;
  readonly root: Client;
  readonly id: string;
  /** Calls the API, and lets the world go on until it answers. */
  readonly call: <T = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<Answered<T>>;
}

async function joined(options: ConstructorParameters<typeof InventoryWorld>[0] = {}, links?: string): Promise<Joined> {
  const world = new InventoryWorld(options);
  const device = new TestDevice(world);
  const account = await device.account();
  expect(await device.connect(account)).toBe(true);
  const query = ['lwm2m=1.1', `ep=${ENDPOINT}`, 'b=U', 'lt=300'];
  expect((await device.register(query, links)).code).toBe('2.01');
  await world.pass(SECOND);
  const root = await world.await(world.root());
  const id = Buffer.from(account.identity).toString();
  const call: Joined['call'] = (method, path, body) => world.await(root.call(method, `/devices/${id}${path}`, body));
  return { world, device, root, id, call };
}

describe('registration', () => {
  it('shows in the device, with what it says of itself', async () => {
    const { call, id } = await joined();
    const { json } = await call('GET', '');
    expect(json).toMatchObject({
      ...{ deviceId: id, device_id: id, endpoint: ENDPOINT, operatorId: OPERATOR, groupId: 'meters', imsi: IMSI },
      ...{ online: true, registrationLifeTime: 300, manufacturer: 'Akari', firmwareVersion: '1.0.0' },
      objects: {
        ...{ 1: { id: 1, instances: { 0: { id: 0 } } }, 3: { id: 3, instances: { 0: { id: 0 } } } },
        ...{ 5: { id: 5, instances: { 0: { id: 0 } } }, 3303: { id: 3303, instances: { 0: { id: 0 } } } },
      },
    });
    expect(json['registrationId']).toMatch(/^[a-z0-9]{10}$/);
  });

  it('ends with its lifetime, and with De-register', async () => {
    const { world, device, call } = await joined();
    await world.pass(4 * MINUTE);
    expect((await device.update()).code).toBe('2.04');
    await world.pass(5 * MINUTE);
    expect((await call('GET', '')).json).toMatchObject({ online: true });
    await world.pass(MINUTE);
    expect((await call('GET', '')).json).toMatchObject({ online: false, registrationId: null });
    expect((await device.update()).code).toBe('4.04');
    await device.register();
    expect((await device.ask('0.04', device.location)).code).toBe('2.02');
    expect((await call('GET', '')).json).toMatchObject({ online: false });
    expect(world.inventoryEvents('expired').length).toBe(1);
    expect(world.inventoryEvents('deregistered').length).toBe(1);
  });

  it.each([
    ['another endpoint', ['lwm2m=1.1', 'ep=somebody'], '4.00'],
    ['a version of the future', ['lwm2m=2.0', `ep=${ENDPOINT}`], '4.12'],
    ['a lifetime that is none', [`ep=${ENDPOINT}`, 'lt=soon'], '4.00'],
    ['a queue mode with a value', [`ep=${ENDPOINT}`, 'Q=1'], '4.00'],
    ['a binding that is none', [`ep=${ENDPOINT}`, 'b=X'], '4.00'],
    ['nothing but the key', [], '2.01'],
    ['LwM2M 1.2', ['lwm2m=1.2', `ep=${ENDPOINT}`, 'Q'], '2.01'],
  ])('%s: %s is %s', async (_, query, code) => {
    const { device } = await joined();
    expect((await device.register(query)).code).toBe(code);
  });

  it.each([
    ['</1/0>,</3/0', '4.00'],
    ['nonsense', '4.00'],
    ['</lwm2m>;rt="oma.lwm2m";ct="112 110",</lwm2m/1/0>,</lwm2m/3/0>', '2.01'],
    ['</>;rt="oma.lwm2m";ct=11543,</1/0>,</3/0>,</3303>;ver=1.1', '2.01'],
  ])('objects %s: %s', async (links, code) => {
    const { device } = await joined();
    expect((await device.register(undefined, links)).code).toBe(code);
  });

  it('a new handshake and a new registration let go of what was before', async () => {
    const { world, device } = await joined();
    const account = device.accountWritten();
    device.rebind();
    expect(await device.connect(account)).toBe(true);
    expect(world.platform.inventory.registrar.counts.open).toBe(2);
    await device.register();
    expect(world.platform.inventory.registrar.counts.open).toBe(1);
    expect(world.platform.inventory.devices.list(OPERATOR).length).toBe(1);
  });

  it('a NAT that forgets in the middle is no trouble: the connection ID says who it is', async () => {
    const { world, device, call } = await joined();
    const handshakes = world.wire.filter(({ datagram }) => datagram[0] === 22).length;
    device.rebind();
    expect((await device.update()).code).toBe('2.04');
    expect((await call('GET', '/3/0/9')).json).toEqual({ id: 9, name: 'Battery Level', value: 95 });
    expect(world.wire.filter(({ datagram }) => datagram[0] === 22).length).toBe(handshakes);
  });

  it('a session resumed, as after a sleep without connection ID, is the same device: Update is enough', async () => {
    const { device, call } = await joined();
    device.kit?.dtlsClose();
    device.rebind();
    expect(await device.reconnect()).toBe(true);
    expect(device.kit?.dtlsStatus().resumed).toBe(true);
    expect((await device.update()).code).toBe('2.04');
    expect((await call('GET', '/3/0/9')).json).toEqual({ id: 9, name: 'Battery Level', value: 95 });
  });
});

describe('what operators ask of a device', () => {
  it('read a resource, an instance, an object', async () => {
    const { call } = await joined();
    expect((await call('GET', '/3/0/9')).json).toEqual({ id: 9, name: 'Battery Level', value: 95 });
    expect((await call('GET', '/3303/0')).json).toEqual({
      id: 0,
      resources: { 5700: { id: 5700, name: 'Sensor Value', value: 21.5 } },
    });
    const all = (await call<{ id: number; instances: object }>('GET', '/3')).json;
    expect(all).toMatchObject({ id: 3, instances: { 0: { id: 0 } } });
  });

  it('write, execute, discover, create, delete, attributes', async () => {
    const { call, device } = await joined();
    expect((await call('PUT', '/3/0/13', { value: 1_700_000_000 })).status).toBe(202);
    expect(device.resources.get('/3/0/13')?.value).toBe(1_700_000_000);
    expect(
      (
        await call('PUT', '/3/0', {
          resources: [
            { id: 14, value: '+09:00' },
            { id: 15, value: 'Asia/Tokyo' },
          ],
        })
      ).status,
    ).toBe(202);
    expect(device.resources.get('/3/0/15')?.value).toBe('Asia/Tokyo');
    expect((await call('POST', '/3/0/4/execute')).status).toBe(202);
    expect((await call('POST', '/3/0/5/execute', { value: "0='all',1" })).status).toBe(202);
    expect(device.executed).toEqual(['/3/0/4', "/3/0/5 0='all',1"]);
    expect((await call('GET', '/3/0/discover')).json).toContainEqual({ path: '/3/0/9', attributes: {} });
    expect((await call('POST', '/1', { resources: [{ id: 1, value: 60 }] })).json).toEqual({ location: '/3303/1' });
    expect((await call('DELETE', '/3303/1')).status).toBe(200);
    expect((await call('PUT', '/3/0/9/attributes', { pmin: 10, gt: 45.5, lt: null })).status).toBe(200);
    expect(device.requests.at(-1)?.query).toEqual(['pmin=10', 'gt=45.5', 'lt']);
  });

  it('what the device refuses is a 400 with its code; what it has not, a 404', async () => {
    const { call, device } = await joined();
    const missing = await call('GET', '/3/0/77');
    expect([missing.status, missing.json['code']]).toEqual([404, 'DEV0009']);
    device.override = () => reply('4.05');
    const { status, json } = await call('PUT', '/3/0/9', { value: 1 });
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: 'DEV0004', message: expect.stringContaining('4.05') as string });
  });

  it.each([
    ['GET', '/0/1/5', undefined, 403],
    ['GET', '/21/0', undefined, 403],
    ['GET', '/23/0', undefined, 403],
    ['GET', '/70000/0/1', undefined, 400],
    ['PUT', '/3/0/13', { value: 'noon' }, 400],
    ['PUT', '/3/0/13', {}, 400],
    ['PUT', '/3/0/4', { value: 1 }, 400],
    ['PUT', '/40000/0/1', { value: 1 }, 400],
    ['POST', '/3/0/5/execute', { value: 'rm -rf' }, 400],
    ['PUT', '/3/0/9/attributes', { depth: 3 }, 400],
    ['GET', '/x/0', undefined, 404],
    ['GET', '/requests/r-none', undefined, 404],
    ['POST', '/firmware', { file: '/none.bin' }, 404],
    ['POST', '/firmware', { file: '/../x' }, 400],
  ])('%s %s is refused by the platform itself', async (method, path, body, status) => {
    const { call, device } = await joined();
    const before = device.requests.length;
    expect((await call(method, path, body)).status).toBe(status);
    expect(device.requests.length).toBe(before);
  });

  it('long answers come in blocks', async () => {
    const { call, device } = await joined();
    const long = 'x'.repeat(3000);
    device.resources.set('/3/0/2', { type: 'string', value: long });
    expect((await call('GET', '/3/0/2')).json).toEqual({ id: 2, name: 'Serial Number', value: long });
    expect((await call('PUT', '/3/0/15', { value: long })).status).toBe(202);
    expect(device.resources.get('/3/0/15')?.value).toBe(long);
  });

  it('garbage of a device is refused, and nothing of it kept', async () => {
    const { call, device, world, id } = await joined();
    const before = world.platform.inventory.readings.list(id);
    device.override = () =>
      reply('2.05', Uint8Array.of(0xc3, 9, 1), [uintOption(Option.ContentFormat, ContentFormat.Tlv)]);
    expect((await call('GET', '/3/0/9')).status).toBe(400);
    expect(world.platform.inventory.readings.list(id)).toEqual(before);
  });

  it('custom objects have their models', async () => {
    const { call, root, world, device } = await joined();
    const model = {
      id: 33_000,
      name: 'Valve',
      multiple: true,
      resources: [{ id: 1, name: 'Open', type: 'boolean', operations: 'RW' }],
    };
    const put = (path: string, body: object, method = 'POST'): Promise<Answered> =>
      world.await(root.call(method, path, body));
    expect((await put('/device_object_models', model)).status).toBe(200);
    expect((await put('/device_object_models', model)).status).toBe(409);
    expect((await put('/device_object_models', { ...model, id: 3 })).status).toBe(403);
    const renamed = await put('/device_object_models/33000', { ...model, name: 'Tap' });
    expect([renamed.status, renamed.json]).toEqual([
      200,
      expect.objectContaining({ objectId: '33000', objectName: 'Tap' }),
    ]);
    expect((await put('/device_object_models/33099', { ...model, id: 33_099 })).status).toBe(404);
    // What was read can be sent back: what only the platform says is passed over.
    const read = (await world.await(root.get<object>('/device_object_models/33000'))).json;
    expect(read).toMatchObject({ scope: 'private', modelId: '33000' });
    const back = await put('/device_object_models/33000', { ...read, scope: 'public', operatorId: OTHER_OPERATOR });
    expect([back.status, back.json]).toEqual([200, read]);
    expect((await put('/device_object_models/33000', { ...model, id: 33_001 })).status).toBe(400);
    expect((await put('/device_object_models/33000', { ...model, name: 7 })).text).toContain('name');
    device.resources.set('/33000/0/1', { type: 'boolean', value: false });
    expect((await call('GET', '/33000/0/1')).json).toEqual({ id: 1, name: 'Open', value: false });
    expect((await call('PUT', '/33000/0/1', { value: true })).status).toBe(202);
    expect(device.resources.get('/33000/0/1')?.value).toBe(true);
    const many = {
      ...model,
      id: 33_001,
      resources: Array.from({ length: 21 }, (_, id) => ({ id, name: 'x', type: 'string' })),
    };
    expect((await put('/device_object_models', many)).status).toBe(400);
    for (let id = 33_001; id < 33_016; id++)
      expect((await put('/device_object_models', { ...model, id })).status).toBe(200);
    expect((await put('/device_object_models', { ...model, id: 33_016 })).status).toBe(409);
    expect((await world.await(root.call('GET', '/device_object_models?scope=public'))).text).toContain(
      'Connectivity Monitoring',
    );
    expect((await world.await(root.call('DELETE', '/device_object_models/33000'))).status).toBe(204);
    expect((await world.await(root.call('GET', '/device_object_models/33000'))).status).toBe(404);
  });
});

describe('observation', () => {
  it('is kept, read back, and goes to Harvest Data', async () => {
    const { call, device, root, world, id } = await joined({ inventory: { harvestEnabled: true } });
    expect((await call('POST', '/3/0/9/observe')).json).toEqual({
      observed: true,
      id: 9,
      name: 'Battery Level',
      value: 95,
    });
    device.resources.set('/3/0/9', { type: 'integer', value: 94 });
    await device.notify('/3/0/9');
    const data = (await world.await(root.call<{ content: string }[]>('GET', `/data/Device/${id}`))).json;
    expect(data.map(({ content }) => JSON.parse(content) as unknown)).toEqual(
      [94, 95].map((value) => ({
        ...{ deviceId: id, path: '/3/0', lastModifiedTime: expect.any(Number) as number },
        resources: { 9: { name: 'Battery Level', value } },
      })),
    );
    expect((await call<{ content: string }[]>('GET', '/data?limit=1')).json).toEqual(data.slice(0, 1));
    const { json } = await call<{ observed: string[]; readings: { path: string; value: unknown }[] }>(
      'GET',
      '/readings',
    );
    expect(json.observed).toEqual(['/3/0/9']);
    expect(json.readings).toContainEqual({ path: '/3/0/9', value: 94, time: expect.any(Number) as number });
    expect((await call('POST', '/3/0/9/unobserve')).status).toBe(204);
    expect(device.observed.size).toBe(0);
  });

  it('starts again with each registration, and with what the group wants', async () => {
    const { device } = await joined({ inventory: { observe: ['/3303/0/5700'] } });
    expect([...device.observed.keys()]).toEqual(['/3303/0/5700']);
    device.observed.clear();
    await device.register();
    await device.world.pass(SECOND);
    expect([...device.observed.keys()]).toEqual(['/3303/0/5700']);
  });

  it('an old notification that comes late changes nothing', async () => {
    const { call, device, world, id } = await joined();
    await call('POST', '/3/0/9/observe');
    device.resources.set('/3/0/9', { type: 'integer', value: 50 });
    const old = device.content('/3/0/9');
    device.resources.set('/3/0/9', { type: 'integer', value: 40 });
    await device.notify('/3/0/9');
    await device.notify('/3/0/9', old);
    expect(world.platform.inventory.readings.list(id).find(({ path }) => path === '/3/0/9')?.value).toBe(40);
  });

  it('values that a device sends by itself are kept; of objects that it has not, refused', async () => {
    const { device, world, id } = await joined({ inventory: { harvestEnabled: true } });
    const send = (json: string) => device.ask('0.02', ['dp'], [], Buffer.from(json), ContentFormat.SenmlJson);
    expect((await send('[{"n":"/3303/0/5700","v":22.5}]')).code).toBe('2.04');
    expect((await send('[{"n":"/3304/0/5700","v":22.5}]')).code).toBe('4.04');
    expect((await send('[{"n":"/3303/0/5700","vs":"warm"')).code).toBe('4.00');
    expect(world.platform.inventory.readings.list(id).map(({ path }) => path)).toContain('/3303/0/5700');
    expect(
      world.platform.data.list({ operatorId: OPERATOR, resourceType: 'Device', resourceId: id }).entries.length,
    ).toBe(1);
  });
});

describe('values of one message', () => {
  const values = (count: number): Buffer =>
    Buffer.from(JSON.stringify(Array.from({ length: count }, (_, i) => ({ n: '/3303/0/5700', v: 1, t: -i }))));

  it('are as many as are kept soon: of a Send with more, nothing is taken', async () => {
    const { world, id } = await joined({ inventory: { harvestEnabled: true } });
    const { devices, management, readings } = world.platform.inventory;
    const record = devices.get(id);
    if (record === undefined) throw new Error('no device');
    const send = async (count: number): Promise<string> => {
      const link = { caller: IMSI } as DeviceLink;
      return (await world.await(management.sent(record, link, values(count), ContentFormat.SenmlJson))).code;
    };
    expect(await send(INVENTORY_LIMITS.values + 1)).toBe('4.13');
    expect(readings.list(id).map(({ path }) => path)).not.toContain('/3303/0/5700');
    expect(await send(INVENTORY_LIMITS.values)).toBe('2.04');
    expect(readings.list(id).map(({ path }) => path)).toContain('/3303/0/5700');
  });
});

describe('a device that is not there', () => {
  it('is asked when it is back, in order, and what came of it can be read', async () => {
    const { call, device, world } = await joined();
    await device.ask('0.04', device.location);
    const first = await call<{ requestId: string; state: string }>('PUT', '/3/0/15', { value: 'Asia/Tokyo' });
    const second = await call<{ requestId: string }>('GET', '/3/0/15');
    expect([first.status, first.json.state, second.status]).toEqual([202, 'queued', 202]);
    await device.register();
    await world.pass(5 * SECOND);
    expect((await call('GET', `/requests/${second.json.requestId}`)).json).toMatchObject({
      ...{ state: 'done', code: '2.05', result: { id: 15, name: 'Timezone', value: 'Asia/Tokyo' } },
    });
    expect((await call('GET', `/requests/${first.json.requestId}`)).text).not.toContain('Asia/Tokyo');
  });

  it('sleeps in queue mode: it is asked with its next update', async () => {
    const { call, device, world } = await joined();
    await device.register(['lwm2m=1.1', `ep=${ENDPOINT}`, 'lt=86400', 'Q']);
    await world.pass(2 * SECOND);
    expect((await call('GET', '/3/0/9')).status).toBe(200);
    await world.pass(94 * SECOND);
    const before = device.requests.length;
    expect((await call('GET', '/3/0/9')).status).toBe(202);
    await world.pass(MINUTE);
    expect(device.requests.length).toBe(before);
    await device.update();
    await world.pass(SECOND);
    expect(device.requests.length).toBe(before + 1);
  });

  it('has a queue that is bounded, and whose requests grow old', async () => {
    const { call, device, world, id } = await joined();
    await device.ask('0.04', device.location);
    for (let i = 0; i < 32; i++) expect((await call('GET', '/3/0/9')).status).toBe(202);
    expect((await call('GET', '/3/0/9')).status).toBe(429);
    await world.pass(24 * HOUR);
    const { requests } = world.platform.inventory;
    expect(new Set(requests.list(id).map(({ state }) => state))).toEqual(new Set(['expired']));
    expect(requests.add(id, { kind: 'read', path: '/3/0/9' })).toBeDefined();
  });

  it('that falls silent: a read waits for its return, an execution does not come twice', async () => {
    const { call, device, world } = await joined();
    world.faults = { loss: 1 };
    const execution = await call<{ requestId: string }>('POST', '/3/0/4/execute');
    const read = await call<{ requestId: string }>('GET', '/3/0/9');
    expect([execution.status, read.status]).toEqual([202, 202]);
    await world.pass(3 * MINUTE);
    world.faults = {};
    await device.update();
    await world.pass(5 * SECOND);
    expect((await call('GET', `/requests/${execution.json.requestId}`)).json).toMatchObject({ state: 'failed' });
    expect((await call('GET', `/requests/${read.json.requestId}`)).json).toMatchObject({ state: 'done' });
    expect(device.executed).toEqual([]);
  });

  it('that is heard over another session while the old one waits for an answer is asked over that', async () => {
    const { device, world, id } = await joined();
    const { devices, management, requests } = world.platform.inventory;
    world.faults = { loss: 1 };
    const asked = management.submit(devices.get(id) as DeviceRecord, { kind: 'read', path: '/3/0/9' });
    await world.pass(SECOND);
    world.faults = {};
    device.rebind();
    expect(await device.reconnect()).toBe(true);
    expect((await device.update()).code).toBe('2.04');
    await world.pass(SECOND);
    expect(requests.get(id, asked?.requestId ?? '')?.state).toBe('done');
  });

  it('and a platform that was restarted still has its queue, its keys and its devices', async () => {
    const [database, seal] = [new Database(), new Seal()];
    const { device, call, world, id } = await joined({ database, seal });
    await device.ask('0.04', device.location);
    await call('GET', '/3/0/9');
    const again = new InventoryWorld({ database, seal, seed: 'again' });
    const back = new TestDevice(again);
    expect(await back.connect(device.accountWritten())).toBe(true);
    await back.register();
    await again.pass(5 * SECOND);
    expect(again.platform.inventory.requests.list(id).map(({ state }) => state)).toEqual(['done']);
    expect(world.platform.inventory.devices.get(id)?.online).toBe(true);
  });
});

describe('keys that change', () => {
  it('the old one is good until the new one has registered, and then no more', async () => {
    const { call, device, world, id } = await joined();
    const old = device.accountWritten();
    expect((await call('POST', '/rotate_key')).status).toBe(200);
    expect(device.executed).toEqual(['/1/0/9']);
    const fresh = await device.account();
    expect(fresh.identity).toEqual(old.identity);
    // The device lost power before it stored the new key.
    expect(await device.connect(old)).toBe(true);
    expect((await device.register()).code).toBe('2.01');
    expect(await device.connect(fresh)).toBe(true);
    expect((await device.register()).code).toBe('2.01');
    expect(world.platform.inventory.keys.of(id).length).toBe(1);
    expect(await device.connect(old, { patience: 20_000 })).toBe(false);
    expect(device.kit?.dtlsStatus().alert).toBe(-1);
  });

  it('a session of the old key is not resumed when the new one has registered', async () => {
    const { device } = await joined();
    const old = device.accountWritten();
    await device.connect(old);
    device.kit?.dtlsClose();
    const other = new TestDevice(device.world);
    await other.connect(await other.account());
    await other.register();
    expect(await device.reconnect(20_000)).toBe(false);
  });

  it('many bootstraps without registration leave a few keys, the last ones', async () => {
    const { device, world, id } = await joined();
    for (let i = 0; i < 10; i++) await device.account();
    expect(world.platform.inventory.keys.of(id).length).toBe(5);
    expect(await device.connect(device.accountWritten())).toBe(true);
    expect((await device.register()).code).toBe('2.01');
    expect(world.platform.inventory.keys.of(id).length).toBe(1);
  });

  it('a device that was deleted hears alert 115 at once', async () => {
    const { root, device, world, id } = await joined();
    const account = device.accountWritten();
    expect((await world.await(root.call('DELETE', `/devices/${id}`))).status).toBe(204);
    await world.pass(SECOND);
    expect(device.kit?.dtlsStatus().state).toBe(DtlsState.Closed);
    expect(await device.connect(account)).toBe(false);
    expect(device.kit?.dtlsStatus().alert).toBe(115);
  });

  it('a key made by hand is shown once, and is good from any network', async () => {
    const world = new InventoryWorld();
    const root = await world.await(world.root());
    const made = await world.await(
      root.call<{ device: { deviceId: string }; secretKey: string }>('POST', '/devices', {
        endpoint: 'by-hand',
        groupId: 'meters',
      }),
    );
    expect(made.status).toBe(201);
    const {
      device: { deviceId },
      secretKey,
    } = made.json;
    const device = new TestDevice(world, session('000000000000000'), 'by-hand');
    expect(await device.connect({ identity: Buffer.from(deviceId), key: Buffer.from(secretKey, 'base64') })).toBe(true);
    expect((await device.register()).code).toBe('2.01');
    const answers = [await world.await(root.get('/devices')), await world.await(root.get(`/devices/${deviceId}`))];
    for (const { text } of answers) expect(text).not.toContain(secretKey);
    expect(JSON.stringify(world.events)).not.toContain(secretKey);
    expect((await world.await(root.call('POST', '/devices', { endpoint: 'by-hand' }))).status).toBe(409);
  });
});

describe('firmware', () => {
  const image = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) & 0xff));

  async function withImage(options: Parameters<typeof joined>[0] = {}): Promise<Joined> {
    const one = await joined(options);
    const key = { operatorId: OPERATOR, scope: 'private', path: '/fw/app.wasm' } as const;
    const release = one.world.clock.hold();
    await one.world.platform.files.put(key, 'application/wasm', [image] as unknown as AsyncIterable<Uint8Array>);
    release();
    return one;
  }

  it('is pushed into /5/0/0 block by block, and updated', async () => {
    const { call, device, world } = await withImage();
    const stand = (resource: number, value: number) =>
      device.resources.set(`/5/0/${resource}`, { type: 'integer', value });
    device.override = ({ method, path }) => {
      if (method === '0.03' && path.join('/') === '5/0/0') stand(3, 2);
      if (method === '0.02' && path.join('/') === '5/0/2') stand(3, 0).set('/5/0/5', { type: 'integer', value: 1 });
      return undefined;
    };
    const { status, json } = await call<{ requestId: string }>('POST', '/firmware', {
      file: '/fw/app.wasm',
      update: true,
      blockBytes: 256,
    });
    expect(status).toBe(202);
    await world.pass(MINUTE);
    expect((await call('GET', `/requests/${json.requestId}`)).json).toMatchObject({
      state: 'done',
      result: { bytes: 5000 },
    });
    expect(device.resources.get('/5/0/0')?.value).toEqual(image);
    expect(device.executed).toEqual(['/5/0/2']);
  });

  it.each([
    ['pull', 'coaps://jp.inventory.soracom.io:5684/fw/fw/app.wasm'],
    ['pull-coap', 'coap://bootstrap.soracom.io:5683/fw/fw/app.wasm'],
  ])('by %s is offered at an address, from which the device gets it', async (method, uri) => {
    const { call, device, world } = await withImage();
    await call('POST', '/firmware', { file: '/fw/app.wasm', method });
    await world.pass(10 * SECOND);
    expect(device.resources.get('/5/0/1')?.value).toBe(uri);
    const path = new URL(uri).pathname.slice(1).split('/');
    const { code, payload } =
      method === 'pull' ? await device.ask('0.01', path) : await device.raw({ method: '0.01', path });
    expect(code).toBe('2.05');
    expect(Buffer.from(payload)).toEqual(image);
  });

  it('whose bytes the disk has lost is a request that failed, and the next one is done', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'akari-images-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { call } = await withImage({ filesFolder: folder });
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    const { json } = await call<{ requestId: string }>('POST', '/firmware', { file: '/fw/app.wasm' });
    expect((await call('GET', '/3/0/9')).json).toEqual({ id: 9, name: 'Battery Level', value: 95 });
    expect((await call('GET', `/requests/${json.requestId}`)).json).toMatchObject({
      ...{ state: 'failed', reason: 'internal error (DatabaseError)' },
    });
  });

  it('is not there for devices of another operator', async () => {
    const { world } = await withImage();
    const theirs = await new TestDevice(world, session(OTHER_IMSI)).join();
    expect((await theirs.ask('0.01', ['fw', 'fw', 'app.wasm'])).code).toBe('4.04');
    expect((await theirs.raw({ method: '0.01', path: ['fw', 'fw', 'app.wasm'] })).code).toBe('4.04');
  });
});

describe('users of an operator', () => {
  const user = async (one: Joined, name: string, ...api: readonly string[]): Promise<Client> => {
    const path = `/operators/${OPERATOR}/users/${name}`;
    const permission = JSON.stringify({ statements: [{ effect: 'allow', api }] });
    const step = (method: string, tail: string, body: object): Promise<Answered> =>
      one.world.await(one.root.call(method, path + tail, body));
    await step('POST', '', {});
    await step('PUT', '/permission', { permission });
    const { json } = await step('POST', '/auth_keys', {});
    return one.world.await(one.world.anybody.signIn(json));
  };

  it('may do what they were allowed to, and nothing else', async () => {
    const one = await joined();
    const reader = await user(one, 'reader', 'Device:listDevices', 'Device:readDeviceResources');
    const may = (method: string, path: string, body?: object): Promise<number> =>
      one.world.await(reader.call(method, path, body)).then(({ status }) => status);
    expect(await may('GET', '/devices')).toBe(200);
    expect(await may('GET', `/devices/${one.id}/3/0/9`)).toBe(200);
    expect(await may('GET', `/devices/${one.id}`)).toBe(403);
    expect(await may('PUT', `/devices/${one.id}/3/0/13`, { value: 1 })).toBe(403);
    expect(await may('POST', `/devices/${one.id}/3/0/4/execute`)).toBe(403);
    expect(await may('DELETE', `/devices/${one.id}`)).toBe(403);
    expect(await may('GET', '/device_object_models')).toBe(403);
    expect(one.device.executed).toEqual([]);
  });

  it('without a token there is no answer but 401; in Japanese, where that is asked for', async () => {
    const { world, id } = await joined();
    expect((await world.await(world.anybody.get(`/devices/${id}/3/0/9`))).status).toBe(401);
    const root = await world.await(world.root());
    const headers = { 'x-soracom-lang': 'ja' };
    const { status, json } = await world.await(root.call('GET', '/devices/d-none', undefined, { headers }));
    expect([status, json]).toEqual([404, { code: 'DEV0001', message: '指定されたデバイスはありません' }]);
  });

  it('groups and tags of devices', async () => {
    const { call, root, world } = await joined();
    expect((await call('PUT', '/tags', [{ tagName: 'name', tagValue: 'roof' }])).json).toMatchObject({
      tags: { name: 'roof' },
    });
    expect((await call('POST', '/unset_group')).json).toMatchObject({ groupId: null });
    expect((await call('POST', '/set_group', { groupId: 'theirs' })).status).toBe(404);
    expect((await call('POST', '/set_group', { groupId: 'off' })).json).toMatchObject({ groupId: 'off' });
    const found = await world.await(root.get<unknown[]>('/devices?tag_name=name&tag_value=roof'));
    expect(found.json.length).toBe(1);
    expect((await call('DELETE', '/tags/name')).status).toBe(400);
    expect((await call('POST', '', {})).status).toBe(405);
  });
});
