// A device that nobody here wrote: Eclipse Wakaama's client with tinydtls gets its key from a served world's Inventory, by the address of a
// SIM's session, registers with it over DTLS, and does what operators ask of it over the management API.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import { parse } from '../../host/coap/index.js';
import { DataFolder, loadServeConfig, Serve } from '../../host/serve/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { UdpRelay } from '../../tools/wakaama/relay.mjs';
import { dissect } from '../coap/capture.js';
import { Wakaama } from '../lwm2m/wakaama.js';
import { withPrograms } from '../peers.js';
import type { Client } from '../platform/api-harness.js';
import { until } from '../until.js';
import { freeBlock } from './block.js';
import { operatorOf } from './operator.js';

const { it } = withPrograms('wakaama-client', 'tshark');
const config = await loadServeConfig(EXAMPLE_WORLD);

/** Its object 31024, as its source declares it. */
const MODEL = {
  ...{ id: 31024, name: 'Wakaama test', multiple: true },
  resources: [
    { id: 1, name: 'test', type: 'integer', operations: 'RW', mandatory: true },
    { id: 2, name: 'exec', operations: 'E' },
    { id: 3, name: 'dec', type: 'float', operations: 'RW' },
  ],
};

interface DeviceView {
  readonly deviceId: string;
  readonly online: boolean;
  readonly [name: string]: unknown;
}

let folder: string;
let block: number;
let served: Serve;
let operator: Client;
const events: Extract<TraceEvent, { type: 'inventory' }>[] = [];
const refused: string[] = [];
const open: (() => void)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-wakaama-'));
  events.length = refused.length = 0;
  block = await freeBlock('wakaama');
  await serve();
});

/** What was served before in this folder goes on. */
async function serve(): Promise<void> {
  served = await Serve.start({
    ...{ config, block, folder: new DataFolder(folder) },
    refused: (from, { name }) => refused.push(`${from} ${name}`),
    sink: (event) => void (event.type === 'inventory' && events.push(event)),
  });
  operator = await operatorOf(folder, served.api);
}

afterEach(async () => {
  for (const close of open.splice(0)) close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

const happened = (event: string, count = 1): Promise<boolean> =>
  until(() => events.filter((one) => one.event === event).length >= count, 20_000);

async function relay(to: { readonly host: string; readonly port: number }, from?: string): Promise<UdpRelay> {
  const made = await UdpRelay.open(to, from);
  open.push(() => made.close());
  return made;
}

async function client(name: string, server: UdpRelay, ...more: readonly string[]): Promise<Wakaama> {
  const to = ['-h', '127.0.0.1', '-p', String(server.port)];
  const wakaama = await Wakaama.start('wakaama-client', '-n', name, '-l', '0', ...to, ...more);
  open.push(() => wakaama.stop());
  return wakaama;
}

/** What it measures: `/3/0/9 42`. */
async function change(wakaama: Wakaama, value: string): Promise<void> {
  await wakaama.say(`change ${value}`);
  expect(await wakaama.prints(/value changed!/)).toBeDefined();
}

async function devices(): Promise<readonly DeviceView[]> {
  return (await operator.get<readonly DeviceView[]>('/devices')).json;
}

/** An account by the SIM whose session has the address. */
async function bootstrapped(from?: string): Promise<{ wakaama: Wakaama; air: UdpRelay }> {
  const point = served.entryPoints.find(({ name, port }) => name === 'bootstrap.soracom.io' && port === 5683);
  const air = await relay({ host: point?.host ?? '', port: point?.hostPort ?? 0 }, from);
  const wakaama = await client('wakaama', air, '-b');
  // Or else it waits for ten seconds.
  await wakaama.say('bootstrap');
  return { wakaama, air };
}

const sessionAddress = (): string => served.sessions[0]?.session?.ip ?? '';

it('gets its key by SIM, registers over DTLS, and does what operators ask', async () => {
  const { wakaama, air } = await bootstrapped(sessionAddress());
  expect(await happened('registered')).toBe(true);
  const codes = air.datagrams.map(({ bytes }) => parse(bytes)).map((one) => ('code' in one ? one.code : 'malformed'));
  // Bootstrap-Discover, GET of /0, is what a client of LwM2M 1.0 refuses.
  const discover = ['0.01', '4.00'];
  expect(codes).toEqual(['0.02', '2.04', '0.04', '2.02', ...discover, '0.03', '2.04', '0.03', '2.04', '0.02', '2.04']);
  await until(() => served.world.platform.inventory.devices.online()[0]?.facts['manufacturer'] !== undefined);
  const [device] = await devices();
  const imsi = served.sessions[0]?.imsi;
  expect(device).toMatchObject({ endpoint: 'wakaama', online: true, imsi, manufacturer: 'Open Mobile Alliance' });
  expect(device?.['objects']).toMatchObject({
    ...{ 1: { instances: { 1: { id: 1 } } }, 3: { instances: { 0: { id: 0 } } }, 5: { instances: { 0: { id: 0 } } } },
    31024: { id: 31024 },
  });
  const id = device?.deviceId ?? '';
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const { status, json } = await operator.call<Record<string, unknown>>(method, `/devices/${id}${path}`, body);
    return status < 300 ? json : [status, json['message']];
  };

  // Read and Write.
  expect(await ask('GET', '/3/0/1')).toEqual({ id: 1, name: 'Model Number', value: 'Lightweight M2M Client' });
  expect(await ask('GET', '/3/0/7')).toEqual({ id: 7, name: 'Power Source Voltage', values: { 0: 3800, 1: 5000 } });
  expect(await ask('PUT', '/3/0/14', { value: '+09:00' })).toEqual({ code: '2.04' });
  expect(await ask('GET', '/3/0/14')).toEqual({ id: 14, name: 'UTC Offset', value: '+09:00' });
  expect(await ask('PUT', '/3/0/0', { value: 'me' })).toEqual([400, 'the device refuses: 4.05']);
  expect(await ask('GET', '/3/0/99')).toEqual([404, 'the device has nothing there: 4.04']);

  // Execute: resetting the error code works, what is a value does not.
  expect(await ask('POST', '/3/0/12/execute')).toEqual({ code: '2.04' });
  expect(await ask('POST', '/3/0/1/execute')).toEqual([400, 'the device refuses: 4.05']);

  // LwM2M 1.0 has no Bootstrap-Request Trigger, by which a key is changed.
  expect(await ask('POST', '/rotate_key')).toEqual([400, 'the device refuses: 4.05']);

  // Discover and Write-Attributes.
  expect(await ask('PUT', '/3/0/9/attributes', { pmin: 0, pmax: 60 })).toEqual({ code: '2.04' });
  expect(await ask('GET', '/3/0/9/discover')).toEqual([{ path: '/3/0/9', attributes: { pmin: '0', pmax: '60' } }]);
  expect(await ask('GET', '/3/0/discover')).toHaveLength(18);

  // Observe: its notification is a reading, and an entry of Harvest Data.
  expect(await ask('POST', '/3/0/9/observe')).toEqual({ observed: true, id: 9, name: 'Battery Level', value: 100 });
  const level = async (): Promise<unknown> => {
    const { json } = await operator.get<{ readings: { path: string; value: unknown }[] }>(`/devices/${id}/readings`);
    return json.readings.find(({ path }) => path === '/3/0/9')?.value;
  };
  await change(wakaama, '/3/0/9 42');
  expect(await happened('notified', 2)).toBe(true);
  expect(await level()).toBe(42);
  const { json: entries } = await operator.get<{ content: string }[]>(`/data/Device/${id}`);
  expect(entries.map(({ content }) => JSON.parse(content) as unknown)).toContainEqual({
    ...{ deviceId: id, path: '/3/0', lastModifiedTime: expect.any(Number) as number },
    resources: { 9: { name: 'Battery Level', value: 42 } },
  });
  expect((await operator.call('POST', `/devices/${id}/3/0/9/unobserve`)).status).toBe(204);
  await change(wakaama, '/3/0/9 41');
  // The value is there when somebody asks, and was not told.
  expect(await ask('GET', '/3/0/9')).toEqual({ id: 9, name: 'Battery Level', value: 41 });
  expect(events.filter(({ event }) => event === 'notified')).toHaveLength(2);

  // Create and Delete, of the operator's own model. Each time it says which instances there are now.
  const listed = async (): Promise<string[]> => {
    const objects = (await devices())[0]?.['objects'] as Record<string, { instances: object }>;
    const paths = Object.entries(objects).map(([id, { instances }]) =>
      Object.keys(instances).map((one) => `/${id}/${one}`),
    );
    return [...Object.keys(objects).map((id) => `/${id}`), ...paths.flat()];
  };
  expect((await operator.call('POST', '/device_object_models', MODEL)).status).toBe(200);
  const made = { id: 55, resources: [{ id: 1, value: 20 }] };
  expect(await ask('POST', '/31024', made)).toEqual({ location: '/31024/55' });
  expect(await happened('updated', 1)).toBe(true);
  expect(await listed()).toContain('/31024/55');
  expect(await ask('GET', '/31024/55/1')).toEqual({ id: 1, name: 'test', value: 20 });
  expect(await ask('POST', '/31024', made)).toEqual([400, 'the device refuses: 4.06']);
  expect(await ask('PUT', '/31024/55?mode=update', { resources: [{ id: 3, value: -1.5 }] })).toEqual({ code: '2.04' });
  const values = { 1: { id: 1, name: 'test', value: 20 }, 3: { id: 3, name: 'dec', value: -1.5 } };
  expect(await ask('GET', '/31024')).toEqual({ id: 31024, instances: { 55: { id: 55, resources: values } } });
  expect(await ask('POST', '/31024/55/2/execute', { value: "0='x'" })).toEqual({ code: '2.04' });
  await wakaama.say('ls');
  expect(await wakaama.prints(/Execute on 31024\/55\/2\n Parameter \(5 bytes\)/)).toBeDefined();
  expect(await ask('DELETE', '/31024/55')).toEqual({ code: '2.02' });
  expect(await happened('updated', 2)).toBe(true);
  expect(await listed()).not.toContain('/31024/55');
  expect(await ask('GET', '/31024/55')).toEqual([404, 'the device has nothing there: 4.04']);
  expect(await ask('DELETE', '/3/0')).toEqual([400, 'the device refuses: 4.05']);

  // Update, with and without another list of objects.
  await wakaama.say('rm');
  expect(await happened('updated', 3)).toBe(true);
  expect(await listed()).not.toContain('/31024');
  await wakaama.say('update 123');
  expect(await happened('updated', 4)).toBe(true);
  expect(await listed()).toContain('/3/0');

  // Another account, while it has one.
  await wakaama.say('bootstrap');
  expect(await happened('registered', 2)).toBe(true);
  expect(await ask('GET', '/3/0/14')).toEqual({ id: 14, name: 'UTC Offset', value: '+09:00' });

  await wakaama.quit();
  expect(await happened('deregistered')).toBe(true);
  expect(await devices()).toMatchObject([{ deviceId: id, online: false }]);
  expect(dissect(air.datagrams)).toEqual({ frames: 24, coap: 24, complaints: [] });
});

it('is not served where no session has its address', async () => {
  const { air } = await bootstrapped();
  expect(await until(() => refused.length > 0)).toBe(true);
  expect(refused[0]).toBe('127.0.0.1 bootstrap.soracom.io');
  expect(air.datagrams.every(({ to }) => to === 5683)).toBe(true);
  expect(await devices()).toEqual([]);
});

/** A device without a SIM: its id and key, as the operator is told them once. */
async function created(endpoint: string): Promise<{ id: string; key: Buffer }> {
  const { json } = await operator.call<{ device: DeviceView; secretKey: string }>('POST', '/devices', { endpoint });
  return { id: json.device.deviceId, key: Buffer.from(json.secretKey, 'base64') };
}

it('registers with a key that an operator has given it, and tshark reads all of that', async () => {
  const { id, key } = await created('meter');
  const [path, wanted] = [`/devices/${id}/31024/11/1`, { id: 1, name: 'test', value: 21 }];
  expect((await operator.call('POST', '/device_object_models', MODEL)).status).toBe(200);
  expect((await operator.get(path)).json).toMatchObject({ state: 'queued' });
  const line = await relay(served.devices);
  const wakaama = await client('meter', line, '-i', id, '-s', key.toString('hex'));
  expect(await happened('registered')).toBe(true);
  // What was asked while it was away.
  expect(await happened('response')).toBe(true);
  const { json: asked } = await operator.get<{ result: unknown }[]>(`/devices/${id}/requests`);
  expect(asked).toMatchObject([{ state: 'done', result: wanted }]);
  // In blocks of its size, which is 128 bytes.
  const file = Buffer.alloc(3000, 'firmware');
  const upload = await operator.call('PUT', '/files/private/image', undefined, { raw: file });
  expect(upload.status).toBe(201);
  await operator.call('POST', `/devices/${id}/firmware`, { file: '/image', blockBytes: 512 });
  expect(await happened('response', 2)).toBe(true);
  expect((await operator.get<object[]>(`/devices/${id}/requests`)).json).toMatchObject([
    // Its firmware object takes any image and stays in State 1, Downloading.
    { state: 'running', code: '2.04', result: { bytes: 3000, state: 'Downloading' } },
    {},
  ]);
  await operator.call('POST', `/devices/${id}/3/0/9/observe`);
  await change(wakaama, '/3/0/9 7');
  expect(await happened('notified', 2)).toBe(true);
  await wakaama.quit();
  expect(await happened('deregistered')).toBe(true);
  const { frames, coap, complaints } = dissect(line.datagrams, key);
  expect(complaints).toEqual([]);
  expect(frames).toBe(line.datagrams.length);
  expect(coap).toBeGreaterThan(frames - 12);
});

it('stays out with another key, or with an identity that nobody has', async () => {
  const { id, key } = await created('meter');
  const line = await relay(served.devices);
  const wrong = await client('meter', line, '-i', id, '-s', Buffer.alloc(16, 7).toString('hex'));
  // To its Finished the server says nothing, and after a while what it has said before.
  expect(await until(() => line.datagrams.filter(({ from }) => from === 5684).length >= 3)).toBe(true);
  const unknown = await client('meter', await relay(served.devices), '-i', 'd-nobody', '-s', key.toString('hex'));
  expect(await unknown.prints(/bytes received/)).toBeDefined();
  expect(served.world.platform.inventory.registrar.counts.open).toBe(0);
  expect((await devices()).map(({ online }) => online)).toEqual([false]);
  wrong.stop();
  // With its own key, under another name.
  const other = await client('another', await relay(served.devices), '-i', id, '-s', key.toString('hex'));
  expect(await happened('refused')).toBe(true);
  expect(events.find(({ event }) => event === 'refused')?.detail).toMatch(/ep another is not this key's/);
  other.stop();
});

it('does not notice that the platform restarts', async () => {
  const { id, key } = await created('meter');
  const line = await relay(served.devices);
  const wakaama = await client('meter', line, '-i', id, '-s', key.toString('hex'));
  expect(await happened('registered')).toBe(true);
  expect((await operator.call('POST', `/devices/${id}/3/0/9/observe`)).status).toBe(202);
  await served.close();
  await serve();
  // Nothing was heard of it since: the platform speaks first, in the association that there was, and observes again.
  expect((await operator.get(`/devices/${id}/3/0/1`)).json).toEqual({
    id: 1,
    name: 'Model Number',
    value: 'Lightweight M2M Client',
  });
  const heard = events.filter(({ event }) => event === 'notified').length;
  await change(wakaama, '/3/0/9 5');
  expect(await happened('notified', heard + 1)).toBe(true);
  expect((await operator.get(`/devices/${id}/readings`)).json).toMatchObject({
    observed: ['/3/0/9'],
    readings: expect.arrayContaining([expect.objectContaining({ path: '/3/0/9', value: 5 })]) as unknown,
  });
  expect(events.filter(({ event }) => event === 'registered')).toHaveLength(1);
  await wakaama.quit();
  expect(await happened('deregistered')).toBe(true);
});
