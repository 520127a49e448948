// Eclipse Wakaama's bootstrap server gives our device its account, and its server, of LwM2M 1.0, manages it: all that its command line can
// ask of a device.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { UdpRelay } from '../../tools/wakaama/relay.mjs';
import { dissect } from '../coap/capture.js';
import { opensslDatagrams } from '../openssl-datagrams.js';
import { withPrograms } from '../peers.js';
import { until } from '../until.js';
import { appWith } from './client-app.js';
import { deviceOnSockets, freePort, HOST } from './socket-device.js';
import { type Account, Wakaama, writeAccount } from './wakaama.js';

const { it } = withPrograms('openssl', 'socat', 'tshark', 'wakaama-bootstrap-server', 'wakaama-server');
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function relayTo(port: number): Promise<UdpRelay> {
  const relay = await UdpRelay.open({ host: HOST, port });
  open.push(() => relay.close());
  return relay;
}

/** OpenSSL takes DTLS off what comes for a server that has none, and puts it on what that answers. */
function dtlsBefore(port: number, serverPort: number, { identity, key }: NonNullable<Account['psk']>): void {
  const openssl = opensslDatagrams(
    ...([serverPort, undefined, 's_server', '-quiet', '-dtls1_2', '-nocert', '-no_ticket', '-timeout'] as const),
    ...['-listen', '-accept', `${HOST}:${port}`, '-cipher', 'PSK-AES128-CCM8'],
    ...['-psk_identity', identity, '-psk', Buffer.from(key).toString('hex')],
  );
  open.push(() => void openssl.kill());
}

/** Both servers, and what passes between them and a device. */
async function servers(psk?: Account['psk']) {
  const folder = mkdtempSync(join(tmpdir(), 'lwm2m-wakaama-'));
  open.push(() => rmSync(folder, { recursive: true }));
  const [bootstrapPort, serverPort, securePort] = [await freePort(), await freePort(), await freePort()];
  const [toBootstrap, toServer] = [await relayTo(bootstrapPort), await relayTo(psk ? securePort : serverPort)];
  if (psk !== undefined) dtlsBefore(securePort, serverPort, psk);
  const account = join(folder, 'account.ini');
  const scheme = psk === undefined ? 'coap' : 'coaps';
  writeAccount(account, { id: 1, uri: `${scheme}://${HOST}:${toServer.port}`, ...(psk && { psk }) });
  const bootstrap = await Wakaama.start('wakaama-bootstrap-server', '-f', account, '-l', String(bootstrapPort));
  open.push(() => bootstrap.stop());
  const server = await Wakaama.start('wakaama-server', '-l', String(serverPort));
  open.push(() => server.stop());
  return { bootstrap, server, toBootstrap, toServer };
}

it('its servers bootstrap our device and manage it', async () => {
  const { bootstrap, server, toBootstrap, toServer } = await servers();
  // Its object 31024 has a number at 1: the one object for which its server knows what to write when it creates one.
  const { app, logs, stop } = await deviceOnSockets(toBootstrap.port, appWith(31024, 1));
  open.push(stop);

  const registered = await server.prints(/New client #0 registered\.\n[^>]*/);
  expect(registered?.[0]).toMatch(/name: "apa"[^]*lifetime: 300 sec\n\tobjects: \/1\/1, \/3\/0, \/31024,/);
  expect(await until(() => app.registered() === 1)).toBe(true);
  expect(logs.at(-1)).toBe('lwm2m: registered with server 1');
  // Flushed with its prompt.
  await bootstrap.say('');
  expect(await bootstrap.prints(/Bootstrap request from "apa"[^]*Sending BOOTSTRAP FINISH/)).toBeDefined();

  /** What the device has answered: the code, then what it prints of a body. */
  const ask = async (command: string, ...args: (string | number)[]): Promise<[string, string]> => {
    await server.say([command, 0, ...args].join(' '));
    const answer = await server.prints(/Client #0 \S+ : (\S+) \(\w+\)\n([^]*?)\n> /);
    return [answer?.[1] ?? '', (answer?.[2] ?? '').trim()];
  };
  const value = (hex: string): RegExp => new RegExp(`ID: 1 type: Resource Value\\s+{\\s+data \\(1 bytes\\):\\s+${hex}`);
  const code = async (command: string, ...args: (string | number)[]): Promise<string> =>
    (await ask(command, ...args))[0];

  // Create, Read at each level, Write.
  expect(await code('create', '/31024', 20)).toBe('2.01');
  expect(await server.prints(/Client #0 updated\.[^>]*objects: \/1\/1, \/3\/0, \/31024\/0,/)).toBeDefined();
  expect(app.value(0)).toBe(20);
  for (const path of ['/31024', '/31024/0', '/31024/0/1']) {
    const [read, body] = await ask('read', path);
    expect([read, path]).toEqual(['2.05', path]);
    expect(body).toMatch(value('14'));
  }
  expect(await code('write', '/31024/0/1', 77)).toBe('2.04');
  expect(app.value(0)).toBe(77);
  expect((await ask('read', '/3/0/16'))[1]).toMatch(/55 {2}U/);

  // What is refused.
  expect(await code('write', '/31024/0/1', 1001)).toBe('4.00');
  expect(await code('write', '/3/0/16', 'x')).toBe('4.05');
  expect(await code('read', '/9')).toBe('4.04');
  expect(await code('exec', '/3/0/16')).toBe('4.05');
  expect(await code('del', '/3/0')).toBe('4.05');

  // Discover, Write-Attributes, Execute.
  expect(await code('time', '/31024/0/1', 1, 20)).toBe('2.04');
  expect(await code('attr', '/31024/0/1', 10, 90, 5)).toBe('2.04');
  const attributes = (await ask('disc', '/31024/0/1'))[1];
  for (const part of ['pmin=1', 'pmax=20', 'lt=10', 'gt=90', 'st=5']) expect(attributes).toContain(`;${part}`);
  expect(await code('clear', '/31024/0/1')).toBe('2.04');
  expect((await ask('disc', '/3'))[1]).toContain('</3>,</3/0>,</3/0/0>,</3/0/4>,</3/0/16>');
  expect(await code('exec', '/3/0/4')).toBe('2.04');
  expect(await code('exec', '/3/0/4', '5')).toBe('2.04');

  // Observe, notifications, and their end.
  app.grow();
  expect(await server.prints(/Client #0 updated\.[^>]*\/31024\/3,/)).toBeDefined();
  await server.say('observe 0 /31024/3/1');
  expect((await server.prints(/Notify from client #0 \/31024\/3\/1 number \d+\n[^>]*> /))?.[0]).toMatch(value('00'));
  for (const measured of [65, 66]) {
    app.measure(measured);
    const told = await server.prints(/Notify from client #0 \/31024\/3\/1 number \d+\n[^>]*> /);
    expect(told?.[0]).toMatch(value(measured.toString(16)));
  }
  // It prints 0.00 for the answer to a cancelled observation, with its content.
  expect(await code('cancel', '/31024/3/1')).toBe('0.00');
  app.measure(67);
  expect((await ask('read', '/31024/3/1'))[1]).toMatch(value('43'));
  expect(server.text.match(/Notify from/g)).toHaveLength(3);

  expect(await code('del', '/31024/0')).toBe('2.02');
  expect(app.value(0)).toBe(-1);

  // The other server gives it another account, and it registers again.
  expect(await code('exec', '/1/1/9')).toBe('2.04');
  expect(await server.prints(/New client #\d+ registered\./)).toBeDefined();
  await bootstrap.say('');
  expect(await bootstrap.prints(/Bootstrap request from "apa"[^]*Sending BOOTSTRAP FINISH/)).toBeDefined();

  const datagrams = [...toBootstrap.datagrams, ...toServer.datagrams];
  expect(dissect(datagrams)).toEqual({ frames: datagrams.length, coap: datagrams.length, complaints: [] });
});

it('a key that its bootstrap server gives opens DTLS with OpenSSL, behind which is its other server', async () => {
  const psk = { identity: 'device-of-wakaama', key: Buffer.from('00112233445566778899aabbccddeeff', 'hex') };
  const { server, toBootstrap, toServer } = await servers(psk);
  const { app, stop } = await deviceOnSockets(toBootstrap.port, appWith(31024, 1));
  open.push(stop);
  expect(await server.prints(/New client #0 registered\.\n[^>]*\/31024,/)).toBeDefined();
  expect(await until(() => app.registered() === 1)).toBe(true);
  await server.say('create 0 /31024 20');
  expect(await server.prints(/Client #0 \/31024\/0 : 2\.01/)).toBeDefined();
  expect(app.value(0)).toBe(20);
  await server.say('read 0 /31024/0/1');
  expect(await server.prints(/Client #0 \/31024\/0\/1 : 2\.05/)).toBeDefined();
  // All of it in records: the port is what tells tshark that.
  const [first] = toServer.datagrams;
  const port = (of: number): number => (of === first?.to ? 5684 : of);
  const secure = toServer.datagrams.map(({ from, to, bytes }) => ({ from: port(from), to: port(to), bytes }));
  const { frames, coap, complaints } = dissect(secure, psk.key);
  expect([frames, complaints]).toEqual([secure.length, []]);
  expect(coap).toBeGreaterThanOrEqual(6);
});
