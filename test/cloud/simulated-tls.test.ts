// Simulated TLS beside real TLS: the same connections succeed, and the others fail with the same words.
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { beforeAll, describe, expect, test } from 'vitest';
import { SocketError, type Session } from '../../host/cellular/network.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import {
  CertificateAuthority,
  CloudServer,
  duplexPair,
  InProcessUpstream,
  selfSigned,
  type ServerCertificate,
} from '../../host/cloud/index.js';
import { connectTls, type TlsOptions } from '../../host/modem/tls-connection.js';
import { Dialer } from '../../host/platform/outbound/dial.js';
import { UpstreamError } from '../../host/platform/outbound/upstream-error.js';

const HOST = 'server.example';
const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;

let authority: CertificateAuthority;
/** What the server shows, by what is wrong with it. */
let shown: Record<string, ServerCertificate>;

beforeAll(async () => {
  authority = await CertificateAuthority.create();
  const other = await CertificateAuthority.create('somebody else');
  const dates = (from: number, to: number) => ({
    notBefore: new Date(NOW + from * DAY),
    notAfter: new Date(NOW + to * DAY),
  });
  shown = {
    'nothing is wrong': await authority.issue([HOST]),
    'its authority is not trusted': await other.issue([HOST]),
    'it vouches for itself': await selfSigned([HOST]),
    'it is for another name': await authority.issue(['another.example']),
    'it has ended on the date of the world': await authority.issue([HOST], dates(-20, -10)),
    'it has not begun on the date of the world': await authority.issue([HOST], dates(3650, 7300)),
  };
});

type Accept = (stream: Duplex, simulatedTls: boolean) => void;

const https = (clock: VirtualClock, certificate: ServerCertificate): Accept => {
  const server = new CloudServer({ clock, certificate, handle: () => ({ status: 200 }) });
  return (stream, simulatedTls) => server.accept(stream, { simulatedTls });
};

/** Servers that speak no TLS, or not to its end. */
const OTHERS: Record<string, () => Accept> = {
  'the server speaks plain HTTP': () => {
    const server = createServer();
    return (stream) => void server.emit('connection', stream);
  },
  'the server closes at once': () => (stream) => void stream.end(),
  'the server closes when it has heard something': () => (stream) => stream.once('data', () => stream.end()),
  'the server resets the connection': () => (stream) =>
    void stream.on('error', () => undefined).destroy(new Error('reset')),
};

/** How the platform fares: `connected`, or its error. */
async function dial(accept: (clock: VirtualClock) => Accept, simulatedTls: boolean): Promise<string> {
  const clock = new VirtualClock(NOW);
  const upstream = new InProcessUpstream({ clock, trustedCas: [authority.certificate], simulatedTls });
  const take = accept(clock);
  upstream.serve(HOST, 443, (stream) => take(stream, simulatedTls));
  const streams: Duplex[] = [];
  let result: string | undefined;
  new Dialer(clock, upstream)
    .open({ host: HOST, port: 443, tls: true }, (stream) => streams.push(stream))
    .then(
      () => (result = 'connected'),
      (error: unknown) =>
        (result = error instanceof UpstreamError ? `${error.fault}: ${error.message}` : String(error)),
    )
    .finally(() => clock.stir());
  await clock.run({ deadline: 10 * SECOND, until: () => result !== undefined });
  for (const stream of streams) stream.destroy();
  return result ?? 'silence';
}

/** How a modem's TLS socket fares. */
async function connect(
  accept: (clock: VirtualClock) => Accept,
  simulatedTls: boolean,
  options: Partial<TlsOptions> = {},
): Promise<string> {
  const clock = new VirtualClock(NOW);
  const take = accept(clock);
  let result: string | undefined;
  const session = {
    simulatedTls,
    connectTcp: (host, _port, events) => {
      const [near, far] = duplexPair(clock);
      near.on('data', (bytes: Buffer) => void events.data(bytes));
      near.once('end', () => events.ended());
      near.once('error', (error) => events.failed(new SocketError('reset', error.message)));
      clock.after(0, () => {
        clock.stir();
        events.connected(`${host}:443`);
        take(far, simulatedTls);
      });
      return {
        send: (bytes) => void near.write(bytes),
        unacknowledged: 0,
        resume: () => undefined,
        end: () => void near.end(),
        abort: () => void near.destroy(),
      };
    },
  } as Pick<Session, 'simulatedTls' | 'connectTcp'> as Session;
  const tls: TlsOptions = { trusted: [authority.certificate], sendName: true, version: 'TLSv1.2', ...options };
  connectTls(clock, session, HOST, 443, tls, {
    connected: () => (result ??= 'connected'),
    data: () => true,
    ended: () => (result ??= 'ended'),
    failed: (error) => (result ??= `${error.code}: ${error.message}`),
  });
  await clock.run({ deadline: 10 * SECOND, until: () => result !== undefined });
  return result ?? 'silence';
}

const CERTIFICATES = [
  'nothing is wrong',
  'its authority is not trusted',
  'it vouches for itself',
  'it is for another name',
  'it has ended on the date of the world',
  'it has not begun on the date of the world',
] as const;

const issued = (name: string): ServerCertificate => shown[name] as ServerCertificate;

describe('the platform calls a server whose certificate', () => {
  test.each(CERTIFICATES)('%s', async (name) => {
    const real = await dial((clock) => https(clock, issued(name)), false);
    expect(await dial((clock) => https(clock, issued(name)), true)).toBe(real);
    expect(real).toMatch(name === 'nothing is wrong' ? /^connected$/ : /^untrusted: /);
  });
});

describe('a modem calls a server whose certificate', () => {
  test.each(CERTIFICATES)('%s', async (name) => {
    const real = await connect((clock) => https(clock, issued(name)), false);
    expect(await connect((clock) => https(clock, issued(name)), true)).toBe(real);
  });

  test.each(CERTIFICATES)('%s, and asks for none', async (name) => {
    const options = { trusted: undefined };
    expect(await connect((clock) => https(clock, issued(name)), false, options)).toBe('connected');
    expect(await connect((clock) => https(clock, issued(name)), true, options)).toBe('connected');
  });
});

describe('a modem offers a version', () => {
  test.each(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)('%s', async (version) => {
    const good = (clock: VirtualClock): Accept => https(clock, issued('nothing is wrong'));
    const real = await connect(good, false, { version });
    expect(await connect(good, true, { version })).toBe(real);
    expect(real === 'connected').toBe(version === 'TLSv1.2' || version === 'TLSv1.3');
  });
});

describe('no TLS is spoken', () => {
  test.each(Object.keys(OTHERS))('%s: neither way connects', async (name) => {
    const accept = (OTHERS[name] as () => Accept)();
    for (const simulated of [false, true]) {
      expect(await dial(() => accept, simulated)).toMatch(/^unreachable: TLS with server\.example: /);
      expect(await connect(() => accept, simulated)).toMatch(/^reset: |^ended$/);
    }
  });
});

test('a client that speaks real TLS is served where simulated TLS is taken', async () => {
  const clock = new VirtualClock(NOW);
  const take = https(clock, issued('nothing is wrong'));
  expect(await dial(() => (stream) => take(stream, true), false)).toBe('connected');
});
