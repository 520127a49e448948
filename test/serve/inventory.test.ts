// Inventory of a served world, used by programs that know nothing of it: libcoap's client is the device, the operator types
// verbs of `akari platform devices`.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import packet from 'coap-packet';
import { afterEach, beforeEach, expect, onTestFinished } from 'vitest';
import { EXAMPLE_WORLD } from '../../host/cli/demo.js';
import { DataFolder, loadServeConfig, Serve } from '../../host/serve/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { akari as akariCommand, resultOf } from '../cli/akari.js';
import { until } from '../until.js';
import { withPrograms } from '../peers.js';
import { freeBlock } from './block.js';

const { it } = withPrograms('coap-client-openssl', 'openssl');
const run = promisify(execFile);
const config = await loadServeConfig(EXAMPLE_WORLD);

let folder: string;
let served: Serve;
const events: TraceEvent[] = [];
const refused: string[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-inventory-'));
  events.length = refused.length = 0;
  served = await Serve.start({
    config,
    block: await freeBlock('inventory'),
    folder: new DataFolder(folder),
    refused: (from, { name, port }) => refused.push(`${from} ${name}:${port}`),
    sink: (event) => events.push(event),
  });
});

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

it('a device with a key of its own registers from anywhere, is asked, and is gone when it says so', async () => {
  const made = await akari<{ device: { deviceId: string }; secretKey: string }>('create', 'a-sensor');
  const { deviceId } = made.device;
  expect(await akari<object>('read', deviceId, '/3/0/0')).toMatchObject({ queued: true, answer: { state: 'queued' } });
  // OpenSSL has the DTLS, the test types CoAP: messages of coap-packet.
  const key = Buffer.from(made.secretKey, 'base64').toString('hex');
  const device = spawn('openssl', [
    ...['s_client', '-quiet', '-dtls1_2', '-connect', `${served.devices.host}:${served.devices.port}`],
    ...['-cipher', 'PSK-AES128-CCM8', '-psk_identity', deviceId, '-psk', key],
  ]);
  onTestFinished(() => void device.kill('SIGKILL'));
  const heard: packet.ParsedPacket[] = [];
  device.stdout.on('data', (bytes: Buffer) => heard.push(packet.parse(bytes)));
  const option = (name: packet.OptionName, value: string | Buffer) => ({ name, value: Buffer.from(value as string) });
  const say = (message: packet.Packet): void => void device.stdin.write(packet.generate(message));
  const answered = async (code: string): Promise<packet.ParsedPacket> => {
    expect(await until(() => heard.some((one) => one.code === code))).toBe(true);
    return heard.find((one) => one.code === code) as packet.ParsedPacket;
  };
  expect(await until(() => served.world.platform.inventory.registrar.counts.open === 1)).toBe(true);
  const query = ['ep=a-sensor', 'lwm2m=1.0', 'lt=60'].map((text) => option('Uri-Query', text));
  const register = { code: 'POST', messageId: 1, token: Buffer.from('tk'), confirmable: true } as const;
  say({
    ...register,
    options: [option('Uri-Path', 'rd'), option('Content-Format', Buffer.of(40)), ...query],
    payload: Buffer.from('</1/0>'),
  });
  const created = await answered('2.01');
  const location = created.options.filter(({ name }) => name === 'Location-Path').map(({ value }) => value.toString());
  expect(location[0]).toBe('rd');
  // What was asked while it was away.
  const question = await answered('0.01');
  expect(question.options.map(({ value }) => value.toString('latin1')).slice(0, 3)).toEqual(['3', '0', '0']);
  say({ code: '2.05', ack: true, messageId: question.messageId, token: question.token, payload: Buffer.from('ACME') });
  const done = () => served.world.platform.inventory.requests.list(deviceId)[0]?.state === 'done';
  expect(await until(done)).toBe(true);
  expect(await akari<object>('get', deviceId)).toMatchObject({ device: { online: true, manufacturer: 'ACME' } });
  say({ ...register, code: 'DELETE', messageId: 2, options: location.map((part) => option('Uri-Path', part)) });
  await answered('2.02');
  expect(await akari<object>('get', deviceId)).toMatchObject({ device: { online: false } });
  await akari('delete', deviceId);
  expect((await akari<{ count: number }>('list')).count).toBe(0);
  expect(JSON.stringify(events)).not.toContain(made.secretKey);
});
