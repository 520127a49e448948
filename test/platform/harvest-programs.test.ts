// Harvest driven by programs nobody here wrote, over loopback sockets on the real clock: curl for HTTP, files and the
// management API, socat for TCP and UDP. Debian packages: curl, socat, coreutils.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { SocketUpstream } from '../../host/cloud/index.js';
import type { DataEntry } from '../../host/platform/harvest/store.js';
import { Platform } from '../../host/platform/index.js';
import { Trace } from '../../host/trace/trace.js';
import { FakeRegistry, ICCID, IMSI, session } from './harness.js';
import { withPrograms } from '../peers.js';
import { endsWithTests } from '../leftover.js';

const { describe, it } = withPrograms('curl', 'socat');

const DATA = 'harvest.soracom.io';
const FILES = 'harvest-files.soracom.io';
const OPERATOR = 'OP0012345678';
const folder = mkdtempSync(join(tmpdir(), 'akari-harvest-programs-'));
const filesFolder = join(folder, 'store');
const clock = new RealClock();
const registry = new FakeRegistry();
const listeners: Server[] = [];
const sockets: Socket[] = [];
const udp = createSocket('udp4');
const ports = { http: 0, tcp: 0, udp: 0, files: 0, api: 0 };
let platform: Platform;

async function bridge(accept: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    accept(socket);
  });
  listeners.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** What a program writes to standard output. Rejects when it fails. */
function run(program: string, args: readonly string[], input?: string | Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, encoding: 'buffer', maxBuffer: 64e6 } as const;
    const child = execFile(program, args, options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    child.stdin?.end(input);
  });
}

const curl = (...args: string[]): Promise<Buffer> => run('curl', ['-sS', '--max-time', '60', ...args]);
const text = async (...args: string[]): Promise<string> => (await curl(...args)).toString();
const status = async (...args: string[]): Promise<string> => text('-o', 'sink', '-w', '%{http_code}', ...args);
const at = (path: string): string => `http://127.0.0.1:${ports.files}${path}`;
const sha256 = (file: string): string =>
  execFileSync('sha256sum', [file], { cwd: folder, encoding: 'utf8' }).split(' ')[0] ?? '';
const entries = (): readonly DataEntry[] =>
  platform.data.list({ operatorId: OPERATOR, resourceType: 'Subscriber', resourceId: IMSI }, { limit: 1000 }).entries;

beforeAll(async () => {
  platform = new Platform({
    clock,
    trace: new Trace(clock),
    upstream: new SocketUpstream({ clock }),
    filesFolder,
    config: {
      operators: { [OPERATOR]: { authKeys: { 'keyId-main': 'secret-main' } } },
      groups: {
        g: { configuration: { SoracomHarvest: { enabled: true }, SoracomHarvestFiles: { enabled: true } } },
      },
      subscribers: [{ imsi: IMSI, iccid: ICCID, groupId: 'g' }],
    },
  });
  platform.register(registry);
  ports.http = await bridge((socket) => registry.connect(80, socket, session(), DATA));
  ports.tcp = await bridge((socket) => registry.connect(8514, socket, session(), DATA));
  ports.files = await bridge((socket) => registry.connect(80, socket, session(), FILES));
  ports.api = await bridge((socket) => platform.api.accept(socket));
  udp.on('message', (bytes, from) =>
    registry.send(DATA, 8514, bytes, session(), (reply) => udp.send(reply, from.port, from.address)),
  );
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  ports.udp = udp.address().port;
});

afterAll(async () => {
  platform.close();
  udp.close();
  for (const socket of sockets) socket.destroy();
  await Promise.all(listeners.map((server) => new Promise((resolve) => server.close(resolve))));
  clock.close();
  rmSync(folder, { recursive: true });
});

describe('Harvest Data', () => {
  it('curl: JSON, text, bytes, a time of its own', async () => {
    const url = `http://127.0.0.1:${ports.http}/`;
    expect(await status('-d', '{"t":1}', '-H', 'Content-Type: application/json', url)).toBe('201');
    expect(await status('-d', 'Hello', '-H', 'Content-Type: text/plain', '-H', 'X-Soracom-Timestamp: 5000', url)).toBe(
      '201',
    );
    // What curl says by itself of the data of -d.
    expect(await status('-d', 'a=1', url)).toBe('201');
    writeFileSync(join(folder, 'bytes'), Buffer.from([0, 1, 255]));
    expect(await status('--data-binary', '@bytes', '-H', 'Content-Type: application/octet-stream', url)).toBe('201');
    expect(
      entries()
        .map(({ content }) => content)
        .sort(),
    ).toEqual(['Hello', 'a=1', '{"payload":"AAH/"}', '{"t":1}'].sort());
    expect(entries().at(-1)).toMatchObject({ time: 5000, content: 'Hello', contentType: 'text/plain' });
    expect(await status('-d', '{t:1}', '-H', 'Content-Type: application/json', url)).toBe('400');
  });

  it('socat: TCP and UDP answer 201, and 400 with the reason', async () => {
    const tcp = `TCP4:127.0.0.1:${ports.tcp}`;
    const datagrams = `UDP4:127.0.0.1:${ports.udp}`;
    expect((await run('socat', ['-t5', '-', tcp], '{"by":"tcp"}')).toString()).toBe('201');
    expect((await run('socat', ['-t2', '-', datagrams], '{"by":"udp"}')).toString()).toBe('201');
    expect((await run('socat', ['-t2', '-', datagrams], 'x'.repeat(1025))).toString()).toBe(
      '400 1025 bytes, 1024 are the limit',
    );
    expect(entries().map(({ content }) => content)).toEqual(expect.arrayContaining(['{"by":"tcp"}', '{"by":"udp"}']));
  });
});

describe('Harvest Files', () => {
  it('curl -T and back, -I, -r, conditions, DELETE', async () => {
    const bytes = randomBytes(5_000_000);
    writeFileSync(join(folder, 'up.bin'), bytes);
    // Above a mebibyte curl waits for 100 Continue by itself.
    expect(await status('-T', 'up.bin', at('/logs/:imsi/up.bin'))).toBe('201');
    const url = at(`/logs/${IMSI}/up.bin`);
    await curl('-o', 'down.bin', url);
    expect(sha256('down.bin')).toBe(sha256('up.bin'));
    const head = await text('-I', url);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 5000000\r\n[^]*Accept-Ranges: bytes\r\n/);
    expect((await curl('-r', '1000-1999', url)).equals(bytes.subarray(1000, 2000))).toBe(true);
    expect((await curl('-r', '-7', url)).equals(bytes.subarray(-7))).toBe(true);
    expect(await status('-r', '5000000-', url)).toBe('416');
    const [, etag = ''] = /ETag: (.*)\r/.exec(head) ?? [];
    expect(await status('-H', `If-None-Match: ${etag}`, url)).toBe('304');
    expect(await status('-H', 'Transfer-Encoding: chunked', '-T', 'up.bin', url)).toBe('200');
    expect(await status('-X', 'DELETE', url)).toBe('204');
    expect(await status(url)).toBe('404');
    expect(await status('--path-as-is', at('/logs/../../etc/passwd'))).toBe('400');
  });

  it('curl -C - goes on with a download that broke off', async () => {
    const bytes = randomBytes(300_000);
    writeFileSync(join(folder, 'whole.bin'), bytes);
    await curl('-T', 'whole.bin', at('/whole.bin'));
    writeFileSync(join(folder, 'part.bin'), bytes.subarray(0, 123_456));
    await curl('-C', '-', '-o', 'part.bin', at('/whole.bin'));
    expect(sha256('part.bin')).toBe(sha256('whole.bin'));
  });

  it('curl that is killed in the middle of an upload leaves the old version and no half file', async () => {
    writeFileSync(join(folder, 'old.txt'), 'old');
    await curl('-T', 'old.txt', at('/kept'));
    writeFileSync(join(folder, 'slow.bin'), Buffer.alloc(2_000_000));
    const child = endsWithTests(
      spawn('curl', ['-sS', '--limit-rate', '400k', '-T', 'slow.bin', at('/kept')], {
        cwd: folder,
        stdio: 'ignore',
      }),
    );
    const parts = (): string[] => execFileSync('ls', [filesFolder], { encoding: 'utf8' }).match(/\w+\.part/g) ?? [];
    for (let i = 0; i < 100 && parts().length === 0; i++) await clock.sleep(50e6);
    expect(parts()).toHaveLength(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let i = 0; i < 100 && parts().length > 0; i++) await clock.sleep(50e6);
    expect(parts()).toEqual([]);
    expect(await text(at('/kept'))).toBe('old');
  });

  it('100 MiB up and down, and not a byte more', async () => {
    const limit = 100 * 1024 * 1024;
    execFileSync('truncate', ['-s', String(limit), 'limit.bin'], { cwd: folder });
    expect(await status('-T', 'limit.bin', at('/limit.bin'))).toBe('201');
    await curl('-o', 'limit.down', at('/limit.bin'));
    expect(statSync(join(folder, 'limit.down')).size).toBe(limit);
    execFileSync('truncate', ['-s', String(limit + 1), 'limit.bin'], { cwd: folder });
    expect(await status('-T', 'limit.bin', at('/limit.bin'))).toBe('413');
    expect(await status('-X', 'DELETE', at('/limit.bin'))).toBe('204');
  });
});

describe('the operator, by curl', () => {
  it('signs in, reads data in pages, and puts, lists, gets and deletes files', async () => {
    const api = (path: string): string => `http://127.0.0.1:${ports.api}/v1${path}`;
    const login = JSON.stringify({ authKeyId: 'keyId-main', authKey: 'secret-main' });
    const { apiKey, token } = JSON.parse(
      await text('-d', login, '-H', 'Content-Type: application/json', api('/auth')),
    ) as {
      apiKey: string;
      token: string;
    };
    const auth = ['-H', `X-Soracom-API-Key: ${apiKey}`, '-H', `X-Soracom-Token: ${token}`];
    expect(await status(api(`/data/Subscriber/${IMSI}`))).toBe('401');
    const page = await text('-i', ...auth, api(`/data/Subscriber/${IMSI}?limit=2&sort=asc`));
    expect(page).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*x-soracom-next-key: \d+-\d+\r\n/i);
    expect(JSON.parse(page.split('\r\n\r\n')[1] ?? '')).toMatchObject([{ time: 5000, content: 'Hello' }, {}]);

    const bytes = randomBytes(3_000_000);
    writeFileSync(join(folder, 'firmware.bin'), bytes);
    const file = api('/files/private/firmware/1.bin');
    expect(await status(...auth, '-H', 'Content-Type: image/x-fw', '-T', 'firmware.bin', file)).toBe('201');
    expect(
      await status(
        ...auth,
        '-H',
        'Content-Type: image/x-fw',
        '-H',
        'Transfer-Encoding: chunked',
        '-T',
        'firmware.bin',
        file,
      ),
    ).toBe('200');
    // The bytes are where the answer leads to.
    await curl(...auth, '-L', '-o', 'firmware.down', file);
    expect(readFileSync(join(folder, 'firmware.down')).equals(bytes)).toBe(true);
    expect((await curl(...auth, '-L', '-r', '10-19', file)).equals(bytes.subarray(10, 20))).toBe(true);
    expect(await text('-I', ...auth, file)).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[^]*content-type: image\/x-fw\r\n[^]*etag: "/i,
    );
    // A device reads what its operator has put there.
    expect((await curl('-r', '0-9', at('/firmware/1.bin'))).equals(bytes.subarray(0, 10))).toBe(true);
    expect(JSON.parse(await text(...auth, api('/files/private/')))).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ filePath: '/firmware', isDirectory: true })]),
    );
    expect(JSON.parse(await text(...auth, api('/files/private/firmware/')))).toMatchObject([
      { filename: '1.bin', contentLength: 3_000_000, contentType: 'image/x-fw' },
    ]);
    expect(JSON.parse(await text(...auth, api('/files?prefix=/firm')))).toHaveLength(1);
    expect(await status(...auth, '-T', 'firmware.bin', api('/files/public/x'))).toBe('403');
    expect(await status('-T', 'firmware.bin', file)).toBe('401');
    expect(await status(...auth, '-X', 'DELETE', file)).toBe('204');
    expect(await status(...auth, '-X', 'DELETE', file)).toBe('404');
    await curl(...auth, '-T', 'old.txt', api('/files/private/dir/a'));
    await curl(...auth, '-T', 'old.txt', api('/files/private/dir/b/c'));
    expect(await status(...auth, '-X', 'DELETE', api('/files/private/dir/'))).toBe('204');
    expect(await status(...auth, api('/files/private/dir/b/c'))).toBe('404');
  });
});
