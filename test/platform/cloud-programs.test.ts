// Endorse, Funnel and Funk with curl and nc as devices, on loopback sockets and the real clock, with the clouds' hosts on
// sockets of their own. Debian packages: curl, netcat-openbsd, openssl.

import { execFile, spawn } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { afterAll, beforeAll, expect } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { Clouds, SocketUpstream } from '../../host/cloud/index.js';
import { Platform } from '../../host/platform/index.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';
import { ACCESS_KEY, AWS_CREDENTIALS } from './cloud-world.js';
import { ca, FakeRegistry, ICCID, IMEI, IMSI, session } from './harness.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('curl', 'nc');

const folder = mkdtempSync(join(tmpdir(), 'akari-cloud-'));
const clock = new RealClock();
const trace = new Trace(clock);
const events: TraceEvent[] = [];
const registry = new FakeRegistry();
const listeners: Server[] = [];
const datagrams: UdpSocket[] = [];
const ports = new Map<string, number>();
let platform: Platform;
let clouds: Clouds;

const KINESIS = 'https://kinesis.ap-northeast-1.amazonaws.com/readings';
const ARN = 'arn:aws:lambda:ap-northeast-1:123456789012:function:double';

async function bridge(name: string, port: number): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (socket) => registry.connect(port, socket, session(), name));
  listeners.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ports.set(`${name}:${port}`, (server.address() as AddressInfo).port);
}

async function udpBridge(name: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) =>
    registry.send(name, port, bytes, session(), (reply) => socket.send(reply, from.port, from.address)),
  );
  datagrams.push(socket);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  ports.set(`${name}:${port}/udp`, socket.address().port);
}

const portOf = (key: string): string => String(ports.get(key));

/** What curl writes to standard output. Rejects when curl fails. */
function curl(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('curl', ['-sS', '--max-time', '30', ...args], { cwd: folder }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}

/** What nc got: it ends when the platform closes, or after a second of silence. */
function nc(input: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('nc', ['-w', '1', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.once('error', reject);
    child.once('close', () => resolve(out));
    child.stdin.write(input);
  });
}

beforeAll(async () => {
  trace.listen((event) => events.push(event));
  const keys = (kid: string): Promise<string | undefined> => Promise.resolve(platform.keys.published(kid));
  const double = (event: unknown): unknown => ({ twice: 2 * (event as { n: number }).n });
  clouds = await Clouds.create(
    { aws: { accessKeys: [ACCESS_KEY], streams: ['readings'], functions: { double } } },
    { clock, authority: ca, keys },
  );
  const hosts: Record<string, { host: string; port: number }> = {};
  for (const [host, server] of clouds.servers)
    hosts[`${host}:443`] = { host: '127.0.0.1', port: await server.listen() };
  platform = new Platform({
    clock,
    trace,
    upstream: new SocketUpstream({ clock, trustedCas: [ca.certificate], hosts }),
    certificates: (names) => ca.issue(names),
    config: {
      groups: {
        sensors: {
          configuration: {
            SoracomEndorse: { enabled: true, parametersToEndorse: { imsi: true, imei: true, requestParameters: true } },
            SoracomFunnel: {
              ...{ enabled: true, contentType: 'json', credentialsId: { $credentialsId: 'aws' } },
              destination: { provider: 'aws', service: 'kinesis', resourceUrl: KINESIS },
            },
            SoracomFunk: {
              ...{ enabled: true, contentType: 'json', credentialsId: { $credentialsId: 'aws' } },
              destination: { provider: 'aws', service: 'lambda', resourceUrl: ARN },
            },
          },
        },
      },
      credentials: { aws: AWS_CREDENTIALS },
      subscribers: [{ imsi: IMSI, iccid: ICCID, groupId: 'sensors' }],
    },
  });
  platform.register(registry);
  writeFileSync(join(folder, 'ca.pem'), ca.certificate);
  await bridge('endorse.soracom.io', 443);
  for (const name of ['funnel.soracom.io', 'funk.soracom.io']) {
    await bridge(name, 80);
    await bridge(name, 23080);
    await udpBridge(name, 23080);
  }
});

afterAll(async () => {
  platform.close();
  await Promise.all(listeners.map((server) => new Promise((resolve) => server.close(resolve))));
  for (const socket of datagrams) socket.close();
  await clouds.close();
  clock.close();
  rmSync(folder, { recursive: true });
});

describe('curl and Endorse over TLS', () => {
  const at = (path = ''): string[] => {
    const port = portOf('endorse.soracom.io:443');
    return [
      '--cacert',
      'ca.pem',
      '--resolve',
      `endorse.soracom.io:${port}:127.0.0.1`,
      `https://endorse.soracom.io:${port}/${path}`,
    ];
  };

  it('a token that jsonwebtoken verifies with the published key', async () => {
    const { token } = JSON.parse(await curl(...at('?door=7'))) as { token: string };
    const { kid = '' } = jwt.decode(token, { complete: true })?.header ?? {};
    const claims = jwt.verify(token, platform.keys.published(kid) ?? '', { algorithms: ['RS256'] }) as jwt.JwtPayload;
    expect(claims['soracom-endorse-claim']).toEqual({ imsi: IMSI, imei: IMEI, requestParameters: { door: '7' } });
    const posted = JSON.parse(await curl('-d', '{"n":1}', ...at())) as { token: string };
    expect(jwt.decode(posted.token)).toMatchObject({ 'soracom-endorse-claim': { requestParameters: { n: 1 } } });
  });

  it('no token for a URL that is not authorized', async () => {
    expect(await curl('-w', ' %{http_code}', ...at('?redirect_url=https%3A%2F%2Fevil.example%2F'))).toMatch(
      /^\{"code":"END0003",.*\} 400$/,
    );
  });
});

describe('curl and nc and Funnel to Kinesis', () => {
  const http = (): string => `http://127.0.0.1:${portOf('funnel.soracom.io:80')}/`;
  const payloads = (): unknown[] =>
    clouds.aws.kinesis.records.map(({ data }) => (JSON.parse(data.toString()) as { payloads: unknown }).payloads);

  it('HTTP, TCP and UDP', async () => {
    const json = ['-H', 'Content-Type: application/json'];
    expect(await curl('-w', '%{http_code}', ...json, '-d', '{"n":1}', http())).toBe('204');
    expect(await nc('{"n":2}', '127.0.0.1', portOf('funnel.soracom.io:23080'))).toBe('200');
    expect(await nc('{"n":3}', '-u', '127.0.0.1', portOf('funnel.soracom.io:23080/udp'))).toBe('200');
    expect(payloads()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('what is refused, in Funnel’s own words', async () => {
    expect(await curl('-w', ' %{http_code}', '-d', '{"n":', http())).toBe('Invalid JSON is send to funnel. 400');
    expect(await nc('{"n":', '127.0.0.1', portOf('funnel.soracom.io:23080'))).toBe(
      '400 Invalid JSON is send to funnel.',
    );
    writeFileSync(join(folder, 'large'), Buffer.alloc(800_001, ' '));
    expect(await curl('-w', '%{http_code}', '--data-binary', '@large', http())).toBe(
      'Maximum content-length is: 800000\n413',
    );
  });
});

describe('curl and nc and Funk to Lambda', () => {
  it('HTTP, TCP and UDP', async () => {
    const http = `http://127.0.0.1:${portOf('funk.soracom.io:80')}/`;
    expect(await curl('-w', ' %{http_code} %{content_type}', '-d', '{"n":21}', http)).toBe(
      '{"twice":42} 200 application/json',
    );
    expect(await nc('{"n":4}', '127.0.0.1', portOf('funk.soracom.io:23080'))).toBe('200 {"twice":8}');
    expect(await nc('{"n":5}', '-u', '127.0.0.1', portOf('funk.soracom.io:23080/udp'))).toBe('200 {"twice":10}');
  });
});

it('no secret is in the trace', () => {
  expect(events.length).toBeGreaterThan(20);
  expect(JSON.stringify(events)).not.toContain(ACCESS_KEY.secretAccessKey);
  expect(JSON.stringify(events)).not.toMatch(/eyJ[\w-]+\.eyJ/);
});
