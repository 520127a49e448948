// Inventory of a served world, used by programs that know nothing of it: libcoap's client is the device, the operator types
// verbs of `akari platform devices`.
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import packet from 'coap-packet';
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import type { DeviceLink } from '../../host/platform/inventory/registrar.js';
import { DataFolder, loadServeConfig, Serve } from '../../host/serve/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { akari as akariCommand, resultOf } from '../cli/akari.js';
import { until } from '../until.js';
import { freeUdpPort } from '../free-port.js';
import { opensslDatagrams } from '../openssl-datagrams.js';
import { withPrograms } from '../peers.js';
import { freeBlock } from './block.js';

const { it } = withPrograms('coap-client-openssl', 'openssl', 'socat');
const run = promisify(execFile);
const config = await loadServeConfig(EXAMPLE_WORLD);

let folder: string;
let block: number;
let served: Serve;
const events: TraceEvent[] = [];
const refused: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-inventory-'));
  block = await freeBlock('inventory');
  events.length = refused.length = 0;
  await serve();
});

async function serve(): Promise<void> {
  served = await Serve.start({
    ...{ config, block, folder: new DataFolder(folder) },
    refused: (from, { name, port }) => refused.push(`${from} ${name}:${port}`),
    sink: (event) => events.push(event),
  });
}

afterEach(async () => {
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

async function coap(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run('coap-client-openssl', ['-B', '5', '-v', '6', ...args]);
  return stdout + stderr;
}

const bootstrapAt = (): string => {
  const point = served.entryPoints.find(({ name, port }) => name === 'bootstrap.soracom.io' && port === 5683);
  return `coap://${point?.host}:${point?.hostPort}`;
};

async function akari<T>(...args: readonly string[]): Promise<T> {
  const api = `http://${served.api.host}:${served.api.port}`;
  const key = join(folder, 'operator.json');
  const ended = await akariCommand(['platform', 'devices', ...args, '--api', api, '--auth-key', key, '--json']);
  expect(ended.stderr).toBe('');
  return resultOf(ended) as T;
}

it('a bootstrap is asked for from a session only', async () => {
  const [session] = served.sessions;
  const from = session?.session?.ip ?? '';
  const ask = (address: string) => coap('-a', address, '-m', 'post', `${bootstrapAt()}/bs?ep=libcoap`);
  expect(await ask(from)).toMatch(/2\.04/);
  expect(events.some((event) => event.type === 'inventory' && event.event === 'bootstrap-request')).toBe(true);
  expect(await ask('127.0.0.1')).not.toMatch(/2\.04/);
  expect(refused.some((one) => one.startsWith('127.0.0.1 bootstrap.soracom.io'))).toBe(true);
});

interface Typed {
  readonly say: (message: packet.Packet) => void;
  readonly answered: (code: string, nth?: number) => Promise<packet.ParsedPacket>;
  /** The path of its registration. */
  readonly location: readonly string[];
}

const option = (name: packet.OptionName, value: string | Buffer) => ({ name, value: Buffer.from(value as string) });

/** A device that has registered: OpenSSL has the DTLS, the test types CoAP, messages of coap-packet. */
async function typed(deviceId: string, secretKey: string, query: readonly string[]): Promise<Typed> {
  const port = await freeUdpPort();
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { host, port: secure } = served.devices;
  const device = opensslDatagrams(
    ...([socket.address().port, port, 's_client', '-quiet', '-dtls1_2', '-connect', `${host}:${secure}`] as const),
    ...['-cipher', 'PSK-AES128-CCM8', '-psk_identity', deviceId],
    ...['-psk', Buffer.from(secretKey, 'base64').toString('hex')],
  );
  onTestFinished(() => {
    device.kill();
    socket.close();
  });
  const heard: packet.ParsedPacket[] = [];
  socket.on('message', (bytes) => heard.push(packet.parse(bytes)));
  const say = (message: packet.Packet): void => socket.send(packet.generate(message), port, '127.0.0.1');
  const answered = async (code: string, nth = 1): Promise<packet.ParsedPacket> => {
    const all = () => heard.filter((one) => one.code === code);
    expect(await until(() => all().length >= nth)).toBe(true);
    return all()[nth - 1] as packet.ParsedPacket;
  };
  expect(await until(() => served.world.platform.inventory.registrar.counts.open === 1)).toBe(true);
  say({
    ...{ code: 'POST', messageId: 1, token: Buffer.from('tk'), confirmable: true },
    options: [
      ...[option('Uri-Path', 'rd'), option('Content-Format', Buffer.of(40))],
      ...query.map((text) => option('Uri-Query', text)),
    ],
    payload: Buffer.from('</1/0>'),
  });
  const created = await answered('2.01');
  const location = created.options.filter(({ name }) => name === 'Location-Path').map(({ value }) => value.toString());
  expect(location[0]).toBe('rd');
  return { say, answered, location };
}

const ACME = { code: '2.05', ack: true, payload: Buffer.from('ACME') } as const;

it('a device with a key of its own registers from anywhere, is asked, and is gone when it says so', async () => {
  const made = await akari<{ device: { deviceId: string }; secretKey: string }>('create', 'a-sensor');
  const { deviceId } = made.device;
  expect(await akari<object>('read', deviceId, '/3/0/0')).toMatchObject({ queued: true, answer: { state: 'queued' } });
  const { say, answered, location } = await typed(deviceId, made.secretKey, ['ep=a-sensor', 'lwm2m=1.0', 'lt=60']);
  // What was asked while it was away.
  const question = await answered('0.01');
  expect(question.options.map(({ value }) => value.toString('latin1')).slice(0, 3)).toEqual(['3', '0', '0']);
  say({ ...ACME, messageId: question.messageId, token: question.token });
  const done = () => served.world.platform.inventory.requests.list(deviceId)[0]?.state === 'done';
  expect(await until(done)).toBe(true);
  expect(await akari<object>('get', deviceId)).toMatchObject({ device: { online: true, manufacturer: 'ACME' } });
  const options = location.map((part) => option('Uri-Path', part));
  say({ code: 'DELETE', messageId: 2, token: Buffer.from('tk'), confirmable: true, options });
  await answered('2.02');
  expect(await akari<object>('get', deviceId)).toMatchObject({ device: { online: false } });
  await akari('delete', deviceId);
  expect((await akari<{ count: number }>('list')).count).toBe(0);
  expect(JSON.stringify(events)).not.toContain(made.secretKey);
});

it('a restart of the platform goes unnoticed: the device is asked, and answers, over the session that it has', async () => {
  const made = await akari<{ device: { deviceId: string }; secretKey: string }>('create', 'stays');
  const { deviceId } = made.device;
  const { say, answered, location } = await typed(deviceId, made.secretKey, ['ep=stays', 'lwm2m=1.1', 'lt=86400']);
  await served.close();
  await serve();
  // Nothing is heard of the device: the platform speaks to it by itself.
  const reading = akari<object>('read', deviceId, '/3/0/0');
  const question = await answered('0.01');
  say({ ...ACME, messageId: question.messageId, token: question.token });
  expect(await reading).toMatchObject({ answer: { id: 0, value: 'ACME' } });
  const options = location.map((part) => option('Uri-Path', part));
  say({ code: 'POST', messageId: 2, token: Buffer.from('tk'), confirmable: true, options });
  await answered('2.04');
  expect(events.filter((event) => event.type === 'inventory').map(({ event }) => event)).not.toContain('expired');
  expect(events.filter((event) => event.type === 'inventory' && event.event === 'registered').length).toBe(1);
});

it('the addresses that devices are told are where they find the servers: the account, and images by either way', async () => {
  const [session] = served.sessions;
  const ip = session?.session?.ip ?? '';
  const { inventory, files } = served.world.platform;
  const { operatorId, deviceId } = inventory.devices.create({
    ...{ operatorId: 'OP0012345678', endpoint: 'pulls', imsi: session?.imsi, groupId: session?.group },
  });
  const body = [Buffer.from('an image')] as unknown as AsyncIterable<Uint8Array>;
  await files.put({ operatorId, scope: 'private', path: '/a.bin' }, 'application/octet-stream', body);
  const offered = (method: 'pull' | 'pull-coap'): string => {
    const device = inventory.devices.get(deviceId);
    const given = device && inventory.images.offer(device, { deviceId, keyId: '' } as DeviceLink, '/a.bin', method);
    return given !== undefined && 'uri' in given ? given.uri : '';
  };
  expect(offered('pull')).toBe(`coaps://${served.devices.host}:${served.devices.port}/fw/a.bin`);
  const uri = offered('pull-coap');
  expect(uri).toBe(`${bootstrapAt()}/fw/a.bin`);
  expect(await coap('-a', ip, '-m', 'get', uri)).toContain('an image');
  const pack = await coap('-a', ip, '-m', 'get', '-A', '110', `${bootstrapAt()}/bspack?ep=pulls`);
  expect(pack).toContain(`coaps://${served.devices.host}:${served.devices.port}`);
});

it('operators ask for several places at once, for one instance of a resource, and upload models in XML', async () => {
  const made = await akari<{ device: { deviceId: string } }>('create', 'later');
  const { deviceId } = made.device;
  const queued = { queued: true, answer: { state: 'queued' } };
  expect(await akari<object>('read', deviceId, '/3/0/6/1')).toMatchObject(queued);
  expect(await akari<object>('read-all', deviceId, '/3/0/9', '/3/0/0')).toMatchObject(queued);
  expect(await akari<object>('observe-all', deviceId, '/3/0/9', '/3/0/0')).toMatchObject(queued);
  expect(await akari<object>('unobserve-all', deviceId, '/3/0/0', '/3/0/9')).toMatchObject(queued);
  expect(await akari<object>('write-all', deviceId, '/3/0/14=+09:00', '/3/0/13=1700000000')).toMatchObject(queued);
  const { requests } = served.world.platform.inventory;
  expect(requests.list(deviceId).map(({ operation: { kind, path } }) => `${kind} ${path}`)).toEqual([
    'write-composite /3/0/13 /3/0/14',
    'unobserve-composite /3/0/0 /3/0/9',
    'observe-composite /3/0/0 /3/0/9',
    'read-composite /3/0/0 /3/0/9',
    'read /3/0/6/1',
  ]);
  expect(requests.list(deviceId)[0]?.operation.body).toEqual({ '/3/0/14': '+09:00', '/3/0/13': 1_700_000_000 });
  const file = join(folder, 'portfolio.xml');
  const item = `<Item ID="0"><Name>Identity</Name><Operations>RW</Operations><MultipleInstances>Multiple</MultipleInstances>
    <Mandatory>Mandatory</Mandatory><Type>String</Type></Item>`;
  writeFileSync(
    file,
    `<?xml version="1.0"?><LWM2M><Object ObjectType="MODefinition"><Name>Portfolio</Name><ObjectID>16</ObjectID>
     <MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory><Resources>${item}</Resources></Object></LWM2M>`,
  );
  expect(await akari<object>('models', 'put', file)).toMatchObject({ id: 16, name: 'Portfolio' });
  expect(await akari<object>('write', deviceId, '/16/0/0/1', 'test')).toMatchObject(queued);
});
