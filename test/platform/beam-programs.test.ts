// Beam between programs nobody here wrote: curl as the device, nginx and openssl s_server as destinations, on the real
// clock and loopback sockets. Debian packages: curl, nginx-light, openssl, coreutils.

import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { SocketUpstream } from '../../host/cloud/index.js';
import { Platform } from '../../host/platform/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { ca, config, FakeRegistry, IMEI, IMSI, PSK, session } from './harness.js';
import { freePort, listen, Programs } from './programs.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('curl', 'nginx', 'openssl');

const folder = mkdtempSync(join(tmpdir(), 'akari-beam-'));
const clock = new RealClock();
const trace = new Trace(clock);
const events: TraceEvent[] = [];
const programs = new Programs(folder, clock);
const listeners: Server[] = [];
const ports = { beam: 0, website: 0, nginx: 0, openssl: 0 };
let platform: Platform;

function bridge(port: number): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => registry.connect(port, socket, session()));
  listeners.push(server);
  return listen(server);
}

const registry = new FakeRegistry();

/** What curl writes to standard output. Rejects when curl fails. */
function curl(...args: string[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, encoding: 'buffer', maxBuffer: 64e6 } as const;
    execFile('curl', ['-sS', '--max-time', '30', ...args], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}

const text = async (...args: string[]): Promise<string> => (await curl(...args)).toString();

beforeAll(async () => {
  ports.nginx = await freePort();
  ports.openssl = await freePort();
  const { certificate, key } = await ca.issue(['nginx.test', 'openssl.test']);
  mkdirSync(join(folder, 'files'));
  mkdirSync(join(folder, 'tmp'));
  for (const path of ['', 'files', 'tmp']) chmodSync(join(folder, path), 0o777);
  writeFileSync(join(folder, 'server.pem'), certificate);
  writeFileSync(join(folder, 'key.pem'), Buffer.from(key.reveal()));
  writeFileSync(join(folder, 'files/hello.txt'), 'hello from a file\n');
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(ports.nginx));

  trace.listen((event) => events.push(event));
  const signed = { addSubscriberHeader: true, addEquipmentHeader: true, addSignature: true, psk: PSK };
  const platformConfig = config({
    'http://beam.soracom.io:8888/': { enabled: true, destination: 'https://nginx.test/echo', ...signed },
    'http://beam.soracom.io:8888/untrusted': { enabled: true, destination: 'https://other.test/' },
    'http://beam.soracom.io:8888/openssl/hello.txt': {
      enabled: true,
      destination: 'https://openssl.test/files/hello.txt',
    },
    'http://beam.soracom.io:18080/': { enabled: true, destination: 'https://nginx.test' },
  });
  const at = (port: number) => ({ host: '127.0.0.1', port });
  const upstream = new SocketUpstream({
    clock,
    trustedCas: [ca.certificate],
    hosts: {
      'nginx.test:443': at(ports.nginx),
      'openssl.test:443': at(ports.openssl),
      'other.test:443': at(ports.nginx),
    },
  });
  platform = new Platform({ clock, trace, config: platformConfig, upstream });
  platform.register(registry);
  ports.beam = await bridge(8888);
  ports.website = await bridge(18080);
  await programs.start(ports.nginx, 'nginx', '-p', folder, '-c', 'nginx.conf', '-e', 'error.log');
  await programs.start(
    ports.openssl,
    'openssl',
    's_server',
    '-accept',
    `127.0.0.1:${ports.openssl}`,
    '-cert',
    'server.pem',
    '-key',
    'key.pem',
    '-WWW',
    '-quiet',
  );
});

afterAll(async () => {
  platform.close();
  programs.stop();
  await Promise.all(listeners.map((server) => new Promise((resolve) => server.close(resolve))));
  clock.close();
  rmSync(folder, { recursive: true });
});

const nginxConfig = (port: number): string => `
daemon off; pid nginx.pid; error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path tmp/body; proxy_temp_path tmp/proxy; fastcgi_temp_path tmp/f; uwsgi_temp_path tmp/u; scgi_temp_path tmp/s;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate server.pem; ssl_certificate_key key.pem;
    root files;
    location /echo {
      return 200 "$request_method|$http_host|$http_x_soracom_imei|$http_x_soracom_imsi|$http_x_soracom_timestamp|$http_x_soracom_signature|$http_x_soracom_signature_version|$content_length|$http_connection|";
    }
    location /nothing { return 204; }
    location /teapot { return 418 "short and stout"; }
    location /store { dav_methods PUT DELETE; client_body_in_file_only off; }
  }
}
`;

describe('curl through Beam to nginx over TLS', () => {
  it('nginx reads the identity; sha256sum agrees with the signature', async () => {
    const answer = await text(
      '-d',
      '{"t":21.5}',
      '-H',
      'x-soracom-imsi: 999',
      '-H',
      'X-Soracom-Signature: forged',
      `http://127.0.0.1:${ports.beam}/`,
    );
    const [method, host, imei, imsi, timestamp = '', signature, version, length, connection] = answer.split('|');
    expect([method, host, imei, imsi, version, length, connection]).toEqual([
      'POST',
      'nginx.test',
      IMEI,
      IMSI,
      '20151001',
      '10',
      'close',
    ]);
    expect(Math.abs(Number(timestamp) - Date.now())).toBeLessThan(60_000);
    const input = `${PSK}x-soracom-imei=${IMEI}x-soracom-imsi=${IMSI}x-soracom-timestamp=${timestamp}`;
    expect(execFileSync('sha256sum', { input, encoding: 'utf8' }).split(' ')[0]).toBe(signature);
  });

  const site = (path: string): string => `http://127.0.0.1:${ports.website}${path}`;

  it('files up and down, large, chunked both ways, ranges, deletion', async () => {
    const bytes = randomBytes(5_000_000);
    writeFileSync(join(folder, 'upload.bin'), bytes);
    // Above a mebibyte curl waits for 100 Continue by itself.
    expect(await text('-w', '%{http_code}', '-T', 'upload.bin', site('/store'))).toMatch(/201$/);
    expect(readFileSync(join(folder, 'files/store')).equals(bytes)).toBe(true);
    expect((await curl(site('/store'))).equals(bytes)).toBe(true);
    expect((await curl('-r', '1000-1999', site('/store'))).equals(bytes.subarray(1000, 2000))).toBe(true);
    expect(
      await text('-w', '%{http_code}', '-H', 'Transfer-Encoding: chunked', '-T', 'upload.bin', site('/store')),
    ).toMatch(/204$/);
    expect(readFileSync(join(folder, 'files/store')).equals(bytes)).toBe(true);
    expect(await text('-w', '%{http_code}', '-X', 'DELETE', site('/store'))).toMatch(/204$/);
    expect(existsSync(join(folder, 'files/store'))).toBe(false);
  });

  it('HEAD, 204, 304, 404 and a status of the destination’s own', async () => {
    const head = await text('-I', site('/hello.txt'));
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nServer: nginx/);
    expect(head).toMatch(/Content-Length: 18\r\n/);
    const [, etag = ''] = /ETag: (.*)\r/.exec(head) ?? [];
    expect(await text('-w', '%{http_code}', '-H', `If-None-Match: ${etag}`, site('/hello.txt'))).toBe('304');
    expect(await text('-w', '%{http_code}', site('/nothing'))).toBe('204');
    expect(await text('-w', ' %{http_code}', site('/teapot'))).toBe('short and stout 418');
    expect(await text('-o', 'sink', '-w', '%{http_code}', site('/missing'))).toBe('404');
  });

  it('several transfers over one connection', async () => {
    const once = [site('/hello.txt'), site('/teapot'), site('/nothing'), site('/hello.txt')];
    const answer = await text('-w', '[%{http_code} %{num_connects}]', ...once);
    expect(answer).toBe('hello from a file\n[200 1]short and stout[418 0][204 0]hello from a file\n[200 0]');
  });

  it('HTTP/1.0', async () => {
    expect(await text('-0', site('/hello.txt'))).toBe('hello from a file\n');
  });

  it('unknown path, too large, untrusted', async () => {
    const at = (path: string): string => `http://127.0.0.1:${ports.beam}${path}`;
    expect(await text('-w', '%{http_code}', at('/nowhere'))).toBe('Beam: no entry point is enabled here\n400');
    writeFileSync(join(folder, 'large.bin'), Buffer.alloc(9_000_000));
    expect(await text('-w', '%{http_code}', '--data-binary', '@large.bin', at('/'))).toMatch(
      /maximum content-length is 8388608\n413$/,
    );
    expect(await text('-w', '%{http_code}', at('/untrusted'))).toMatch(
      /certificate of the destination is not trusted\n502$/,
    );
    expect(JSON.stringify(events)).toMatch(/untrusted: TLS with other\.test: Hostname\/IP does not match/);
    expect(JSON.stringify(events)).not.toContain(PSK);
  });
});

describe('curl through Beam to openssl s_server', () => {
  it('gets a file over its TLS', async () => {
    expect(await text('-i', `http://127.0.0.1:${ports.beam}/openssl/hello.txt`)).toMatch(
      /^HTTP\/1\.1 200 ok\r\n[^]*\r\n\r\nhello from a file\n$/,
    );
  });
});
