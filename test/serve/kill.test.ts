// `akari serve` is killed (SIGKILL) in the middle of anything, time after time, while a device that nobody here wrote, Wakaama's client, is
// registered over DTLS: the next process goes on, and the device does not notice.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished } from 'vitest';
import { Random } from '../../host/random.js';
import { UdpRelay } from '../../tools/wakaama/relay.mjs';
import { Wakaama } from '../lwm2m/wakaama.js';
import { withPrograms } from '../peers.js';
import type { Client } from '../platform/api-harness.js';
import { until } from '../until.js';
import { freeBlock } from './block.js';
import { operatorOf } from './operator.js';

const { it } = withPrograms('wakaama-client');

let folder: string;
let block: number;
let server: ChildProcess;
let operator: Client;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'akari-kill-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  block = await freeBlock('kill');
  await serve();
});

/** What was served before in this folder goes on. */
async function serve(): Promise<void> {
  const args = ['dist/host/cli/main.js', 'serve', '--json', '--block', String(block), '--data', folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  expect(await until(() => text.includes('"type":"ready"'), 30_000)).toBe(true);
  server = child;
  operator = await operatorOf(folder, { host: `127.${block}.0.1`, port: 8080 });
}

async function kill(): Promise<void> {
  const gone = once(server, 'close');
  server.kill('SIGKILL');
  await gone;
}

interface Readings {
  readonly observed: readonly string[];
  readonly readings: readonly { readonly path: string; readonly value: unknown }[];
}

it('goes on after SIGKILL, wherever it comes: without a handshake, without a nonce twice, with what was asked for', async () => {
  const random = new Random('kill');
  const { json: created } = await operator.call<{ device: { deviceId: string }; secretKey: string }>(
    ...(['POST', '/devices', { endpoint: 'meter' }] as const),
  );
  const { deviceId: id } = created.device;
  const line = await UdpRelay.open({ host: `127.${block}.0.1`, port: 5684 });
  onTestFinished(() => line.close());
  const key = Buffer.from(created.secretKey, 'base64').toString('hex');
  const to = ['-h', '127.0.0.1', '-p', String(line.port)];
  const device = await Wakaama.start('wakaama-client', '-n', 'meter', '-l', '0', ...to, '-i', id, '-s', key);
  onTestFinished(() => device.stop());
  const readings = async (): Promise<Readings> => (await operator.get<Readings>(`/devices/${id}/readings`)).json;
  const states = async (): Promise<Set<string>> =>
    new Set((await operator.get<{ state: string }[]>(`/devices/${id}/requests`)).json.map(({ state }) => state));
  const measures = async (value: number): Promise<void> => {
    await device.say(`change /3/0/9 ${value}`);
    expect(await device.prints(/value changed!/)).toBeDefined();
  };
  expect((await operator.call('POST', `/devices/${id}/3/0/9/observe`)).status).toBe(202);
  const isDone = async (): Promise<boolean> => [...(await states())].join() === 'done';
  expect(await until(isDone)).toBe(true);
  const handshakes = (): number => line.datagrams.filter(({ bytes }) => bytes[0] === 22).length;
  const before = handshakes();

  let cut = 0;
  for (let time = 1; time <= 5; time++) {
    await measures(10 * time);
    // Enough is under way for the end to come in its middle.
    const enough = line.datagrams.length + 1 + random.below(12);
    const under = Array.from({ length: 12 }, (_, i) =>
      operator.get(`/devices/${id}${['/3/0/0', '/3/0/7', '/3/0', '/3/0/1'][i % 4]}`).catch(() => undefined),
    );
    expect(await until(() => line.datagrams.length >= enough)).toBe(true);
    await kill();
    cut += (await Promise.all(under)).filter((answer) => answer === undefined).length;
    await serve();
    // What the device says first may be lost to the marks; it says something each time.
    for (let said = 1; said <= 5; said++) await measures(10 * time + said);
    const { json } = await operator.get(`/devices/${id}/3/0/1`);
    expect(json, `after ${time} times`).toEqual({ id: 1, name: 'Model Number', value: 'Lightweight M2M Client' });
    const value = 10 * time + 9;
    await measures(value);
    expect(await until(async () => (await readings()).readings.some((one) => one.value === value), 60_000)).toBe(true);
    expect((await readings()).observed).toEqual(['/3/0/9']);
  }
  expect(cut).toBeGreaterThan(0);
  expect(handshakes()).toBe(before);
  // What was waiting, or under way, is done by now.
  expect(await until(isDone, 20_000)).toBe(true);
  const numbers = line.datagrams.flatMap(({ from, bytes }) =>
    from === 5684 && bytes[0] === 23 ? [bytes.subarray(3, 11).toString('hex')] : [],
  );
  expect(new Set(numbers).size).toBe(numbers.length);
  expect((await operator.get('/devices')).json).toMatchObject([{ deviceId: id, online: true }]);
});
