// Programs of libcoap (Debian package libcoap3-bin) over real UDP: coap-client reads, observes, writes and updates a device of standard
// objects; from coap-server the device fetches its firmware.
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';
import { NEW, OLD, imageOf, packageOf } from './firmware-lab.js';
import { kit } from './lab.js';

const HOST = '127.0.0.1';
const image = imageOf(5_000);
const open: (() => void)[] = [];
let at = '';
let port = 0;
/** Where the device's datagrams go: to who sent last, or to a server of its own choice. */
let peer = 0;
let socket: Socket;
/** Requests to observe that have come. */
let observed = 0;

/** The device on a socket, its time the real one. */
async function start(version: string, isNew: boolean): Promise<void> {
  kit.coapBegin({ seed: 7n, limit: 2048, szx: 5 });
  kit.lwm2mStandardBegin(version, isNew);
  kit.lwm2mStandardSet('battery', 80);
  socket = createSocket('udp4');
  port = await new Promise<number>((resolve) => socket.bind(0, HOST, () => resolve(socket.address().port)));
  at = `coap://${HOST}:${port}`;
  socket.on('message', (bytes, from) => {
    peer = from.port;
    event(kit.coapReceive(Date.now(), bytes));
    if (kit.coapMessage().observe === 0) observed++;
  });
  const turn = setInterval(() => {
    if (kit.coapDeadline() <= Date.now()) event(kit.coapStep(Date.now()));
    pump();
  }, 20);
  const mine = socket;
  open.push(() => {
    clearInterval(turn);
    mine.close();
  });
}
function event(what: number): void {
  if (what !== 0) kit.lwm2mStandardHandle(what, Date.now());
  pump();
}
function pump(): void {
  for (;;) {
    if (kit.lwm2mStandardDeadline() <= Date.now()) kit.lwm2mStandardStep(Date.now());
    const bytes = kit.coapOutput();
    if (bytes.length === 0) return;
    socket.send(bytes, peer, HOST);
  }
}

let folder = '';
beforeEach(async () => {
  observed = 0;
  folder = mkdtempSync(join(tmpdir(), 'lwm2m-'));
  await start(OLD, true);
});
afterEach(() => {
  for (const close of open.splice(0)) close();
  rmSync(folder, { recursive: true });
});

/** Runs coap-client; what it has said. */
function client(...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('coap-client-openssl', ['-B', '20', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    open.push(() => child.kill());
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
    child.on('close', () => resolve(said.trim()));
  });
}
describe('coap-client', () => {
  const { test } = withPrograms('coap-client-openssl');

  test('reads, several at once too, and writes several at once', async () => {
    expect(await client('-A', '0', `${at}/3/0/0`)).toBe('Akari');
    expect(await client('-m', 'fetch', '-t', '110', '-e', '[{"n":"/3/0/0"},{"n":"/3/0/9"}]', `${at}/`)).toBe(
      '[{"n":"/3/0/0","vs":"Akari"},{"n":"/3/0/9","v":80}]',
    );
    expect(await client('-m', 'ipatch', '-t', '110', '-e', '[{"n":"/3/0/14","vs":"+09:00"}]', `${at}/`)).toBe('');
    expect(await client('-A', '110', `${at}/3/0/14`)).toBe('[{"bn":"/3/0/14","vs":"+09:00"}]');
  });

  test('observes a battery that runs down, with what it has set', async () => {
    expect(await client('-m', 'put', `${at}/3/0/9?pmin=1&st=5`)).toBe('');
    const said = client('-s', '8', '-A', '0', `${at}/3/0/9`);
    expect(await until(() => observed > 0, 10_000)).toBe(true);
    for (const [after, level] of [
      [1_300, 79],
      [200, 74],
      [1_300, 73],
      [200, 60],
    ] as const) {
      await until(() => false, after);
      kit.lwm2mStandardSet('battery', level);
      pump();
    }
    expect((await said).match(/80|74|73|79|60/g)).toEqual(['80', '74', '60']);
    // It has said that it is done.
    kit.lwm2mStandardSet('battery', 5);
    expect(kit.coapOutput()).toHaveLength(0);
  });

  test('pushes firmware block by block and has it run', async () => {
    const file = join(folder, 'package');
    writeFileSync(file, packageOf(image));
    expect(await client('-m', 'put', '-t', '42', '-b', '256', '-f', file, `${at}/5/0/0`)).toBe('');
    expect([await client('-A', '0', `${at}/5/0/3`), await client('-A', '0', `${at}/5/0/7`)]).toEqual(['2', NEW]);
    expect(await client('-m', 'post', `${at}/5/0/2`)).toBe('');
    expect(kit.lwm2mFirmwareApply()).toBe(true);
    expect(Buffer.from(kit.lwm2mFlashImage()).equals(image)).toBe(true);
    for (const close of open.splice(0)) close();
    await start(NEW, false);
    expect([await client('-A', '0', `${at}/5/0/5`), await client('-A', '0', `${at}/3/0/3`)]).toEqual(['1', NEW]);
  });
});

describe('coap-server', () => {
  const { test } = withPrograms('coap-client-openssl', 'coap-server-openssl');

  test('has the firmware: the device fetches it by the URI that it is given', async () => {
    const probe = createSocket('udp4');
    const files = await new Promise<number>((resolve) => probe.bind(0, HOST, () => resolve(probe.address().port)));
    probe.close();
    const server = spawn('coap-server-openssl', ['-A', HOST, '-p', String(files), '-d', '5'], { stdio: 'ignore' });
    open.push(() => server.kill());
    const file = join(folder, 'package');
    writeFileSync(file, packageOf(image));
    const where = `coap://${HOST}:${files}/fw`;
    expect(
      await until(async () => (await client('-B', '1', '-m', 'get', `coap://${HOST}:${files}/`)).length > 0, 10_000),
    ).toBe(true);
    await client('-m', 'put', '-t', '42', '-b', '512', '-f', file, where);
    expect(await client('-m', 'put', '-t', '0', '-e', where, `${at}/5/0/1`)).toBe('');
    expect(kit.lwm2mFirmwareState()).toMatchObject({ state: 1 });
    // A session of its own: another association of the endpoint.
    kit.coapBegin({ seed: 8n, limit: 2048, szx: 5 });
    peer = files;
    kit.lwm2mPullBegin(Date.now());
    pump();
    expect(await until(() => kit.lwm2mFirmwareState().state === 2, 20_000)).toBe(true);
    kit.coapBegin({ seed: 9n, limit: 2048, szx: 5 });
    expect(await client('-m', 'post', `${at}/5/0/2`)).toBe('');
    expect(kit.lwm2mFirmwareApply()).toBe(true);
    expect(Buffer.from(kit.lwm2mFlashImage()).equals(image)).toBe(true);
  });
});
