// Beam's TCP and UDP entry points between programs nobody here wrote: nc and socat as devices, nginx, openssl s_server
// and socat as destinations, on the real clock and loopback sockets; openssl dgst and sha256sum check what is signed.
// Debian packages: netcat-openbsd, socat, nginx-light, openssl, coreutils.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { SocketUpstream } from '../../host/cloud/index.js';
import { Platform } from '../../host/platform/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { frame } from './frames.js';
import { ca, config, FakeRegistry, IMEI, IMSI, PSK, session } from './harness.js';
import { freePort, listen, Programs, type ServerProgram } from './programs.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('nc', 'nginx', 'openssl', 'socat');

const folder = mkdtempSync(join(tmpdir(), 'akari-stream-'));
const clock = new RealClock();
const programs = new Programs(folder, clock);
const registry = new FakeRegistry();
const events: TraceEvent[] = [];
const listeners: Server[] = [];
const datagrams = createSocket('udp4');
const ports = { message: 0, stream: 0, udp: 0, unified: 0, nginx: 0, inner: 0, openssl: 0, count: 0 };
let platform: Platform;
let openssl: ServerProgram;
let opensslGot = '';

const signed = { addSubscriberHeader: true, addEquipmentHeader: true, addSignature: true, psk: PSK };
const toNginx = { enabled: true, destination: 'https://nginx.test/echo', version: '202411', ...signed };

function bridge(port: number, name?: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    registry.connect(port, socket, session(), name);
  });
  listeners.push(server);
  return listen(server);
}

/** Puts another entry at TCP port 8023. */
function relayTo(entry: object): void {
  const { directory } = platform;
  const group = directory.subscriber(IMSI)?.group?.id ?? '';
  const SoracomBeam = { 'tcp://beam.soracom.io:8023': { enabled: true, ...entry } } as never;
  directory.changeGroup('OP0012345678', group, { configuration: { SoracomBeam } });
}

beforeAll(async () => {
  for (const name of ['nginx', 'inner', 'openssl', 'count'] as const) ports[name] = await freePort();
  const { certificate, key } = await ca.issue(['nginx.test', 'openssl.test']);
  mkdirSync(join(folder, 'tmp'));
  for (const path of ['', 'tmp']) chmodSync(join(folder, path), 0o777);
  writeFileSync(join(folder, 'server.pem'), certificate);
  writeFileSync(join(folder, 'key.pem'), Buffer.from(key.reveal()));
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(ports.nginx, ports.inner));
  const trace = new Trace(clock);
  trace.listen((event) => events.push(event));
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const hosts = {
    'nginx.test:443': at(ports.nginx),
    'openssl.test:8883': at(ports.openssl),
    'count.test:9000': at(ports.count),
  };
  const upstream = new SocketUpstream({ clock, trustedCas: [ca.certificate], hosts });
  const platformConfig = config({
    'tcp://beam.soracom.io:23080': { ...toNginx, binaryFormatV1: true },
    'udp://beam.soracom.io:23080': toNginx,
  });
  platform = new Platform({ clock, trace, config: platformConfig, upstream });
  platform.register(registry);
  ports.message = await bridge(23080);
  ports.unified = await bridge(23080, 'uni.soracom.io');
  ports.stream = await bridge(8023);
  datagrams.on('message', (bytes, { port, address }) =>
    registry.send('beam.soracom.io', 23080, bytes, session(), (reply) => datagrams.send(reply, port, address)),
  );
  await new Promise<void>((resolve) => datagrams.bind(0, '127.0.0.1', resolve));
  ports.udp = datagrams.address().port;
  await programs.start(ports.nginx, 'nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'error.log');
  const accept = ['s_server', '-accept', `127.0.0.1:${ports.openssl}`, '-cert', 'server.pem', '-key', 'key.pem'];
  openssl = await programs.start(ports.openssl, 'openssl', ...accept, '-quiet');
  openssl.stdout.on('data', (chunk: Buffer) => (opensslGot += chunk.toString('latin1')));
  await programs.start(ports.count, 'socat', `TCP-LISTEN:${ports.count},bind=127.0.0.1,reuseaddr,fork`, 'SYSTEM:wc -c');
});

afterAll(async () => {
  platform.close();
  programs.stop();
  datagrams.close();
  await Promise.all(listeners.map((server) => new Promise((resolve) => server.close(resolve))));
  clock.close();
  rmSync(folder, { recursive: true });
});

const nginxConfig = (port: number, inner: number): string => `
daemon off; pid nginx.pid; error_log error.log;
events {}
http {
  log_format body escape=none '$request_body|$http_user_agent|$content_type';
  access_log off;
  client_body_temp_path tmp/body; proxy_temp_path tmp/proxy; fastcgi_temp_path tmp/f; uwsgi_temp_path tmp/u; scgi_temp_path tmp/s;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate server.pem; ssl_certificate_key key.pem;
    access_log body.log body;
    location /echo { proxy_pass http://127.0.0.1:${inner}; }
  }
  server {
    listen 127.0.0.1:${inner};
    location /echo { return 200 "$http_x_soracom_imei|$http_x_soracom_imsi|$http_x_soracom_timestamp|$http_x_soracom_signature"; }
  }
}
`;

const logged = (): string[] => readFileSync(join(folder, 'body.log'), 'utf8').trim().split('\n');

/** sha256sum's verdict on what nginx read. */
function verified(answer: string): void {
  const [imei, imsi, timestamp, signature] = answer.replace(/^200 /, '').split('|');
  expect([imei, imsi]).toEqual([IMEI, IMSI]);
  const input = `${PSK}x-soracom-imei=${IMEI}x-soracom-imsi=${IMSI}x-soracom-timestamp=${timestamp}`;
  expect(execFileSync('sha256sum', { input, encoding: 'utf8' }).split(' ')[0]).toBe(signature);
}

describe('nc and socat as devices, nginx over TLS as the destination', () => {
  it('a datagram of socat', async () => {
    const answer = await programs.run('temp=21', 'socat', '-t5', '-T5', '-', `UDP:127.0.0.1:${ports.udp},shut-none`);
    expect(answer.toString()).toMatch(/^200 /);
    verified(answer.toString());
    expect(logged().at(-1)).toBe('{"payload":"dGVtcD0yMQ=="}|SORACOM Beam|application/json');
  });

  it('frames of Binary Format v1 from nc, two in one write', async () => {
    const before = logged().length;
    const bytes = Buffer.concat([frame('one'), frame(Buffer.alloc(3000, 'x'))]);
    const answer = (await programs.run(bytes, 'nc', '-N', '127.0.0.1', String(ports.message))).toString();
    const answers = answer.split(/(?<!^)(?=200 )/);
    expect(answers).toHaveLength(2);
    answers.forEach(verified);
    const bodies = logged()
      .slice(before)
      .map((line) => (JSON.parse(line.split('|')[0] ?? '') as { payload: string }).payload);
    expect(bodies.map((body) => Buffer.from(body, 'base64').toString())).toEqual(['one', 'x'.repeat(3000)]);
  });

  it('a frame with a wrong CRC: 400, and nc’s connection ends', async () => {
    const answer = await programs.run(Buffer.from('000161ffff', 'hex'), 'nc', '127.0.0.1', String(ports.message));
    expect(answer.toString()).toBe('400 Binary Format v1: the CRC does not match');
  });

  it('nc to the Unified Endpoint', async () => {
    const answer = await programs.run('hello', 'nc', '-N', '127.0.0.1', String(ports.unified));
    verified(answer.toString());
    expect(logged().at(-1)).toMatch(/^\{"payload":"aGVsbG8="\}\|SORACOM Beam/);
  });
});

describe('nc through TCP to TCP', () => {
  it('to openssl s_server over TLS: openssl dgst and sha256sum agree with the first line', async () => {
    relayTo({ destination: 'tcps://openssl.test:8883', addMsisdnHeader: true, addSimIdHeader: true, ...signed });
    opensslGot = '';
    const got = programs.run('over TLS\n', 'nc', '127.0.0.1', String(ports.stream));
    while (!opensslGot.includes('over TLS\n')) await clock.sleep(20e6);
    // s_server sends what comes on its standard input; Q at the beginning of a line ends the connection.
    openssl.stdin.write('answer\n');
    const [line = '', ...rest] = opensslGot.split('\n');
    expect(rest).toEqual(['over TLS', '']);
    const [, text = '', signature] =
      /^(imei=\d{15} imsi=\d{15} msisdn=\d+ simId=\d+ timestamp=\d{13});signature=([0-9a-f]{64}) version=20150901$/.exec(
        line,
      ) ?? [];
    const input = PSK + text;
    expect(execFileSync('sha256sum', { input, encoding: 'utf8' }).split(' ')[0]).toBe(signature);
    expect(execFileSync('openssl', ['dgst', '-sha256'], { input, encoding: 'utf8' }).trim()).toMatch(
      new RegExp(`${signature}$`),
    );
    while (!events.some((event) => event.type === 'socket' && event.event === 'connected')) await clock.sleep(20e6);
    openssl.kill('SIGTERM');
    expect((await got).toString()).toBe('answer\n');
    expect(JSON.stringify(events)).not.toContain(PSK);
  });

  it('to socat and wc: a megabyte up, a half-close, and the count comes back', async () => {
    relayTo({ destination: 'tcp://count.test:9000' });
    const answer = await programs.run(randomBytes(1_000_000), 'nc', '-N', '127.0.0.1', String(ports.stream));
    expect(answer.toString().trim()).toBe('1000000');
  });

  it('to nobody: nc’s connection just ends', async () => {
    relayTo({ destination: 'tcp://nowhere.test:1' });
    expect((await programs.run('x', 'nc', '127.0.0.1', String(ports.stream))).toString()).toBe('');
  });
});
