import { createHash } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RealClock } from '../../host/clock/real.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import {
  CertificateAuthority,
  CustomerServer,
  type CustomerServerOptions,
  duplexPair,
  InProcessUpstream,
  selfSigned,
  SocketUpstream,
} from '../../host/cloud/index.js';
import { Secret } from '../../host/secret.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

const NOW = 1608251959862;
const psk = new Secret(Buffer.from('topsecret'));
const ca = await CertificateAuthority.create();

function signed(timestamp: number, extra: Record<string, string> = {}): Record<string, string> {
  const text = `topsecretx-soracom-imsi=440101234567890x-soracom-timestamp=${timestamp}`;
  return {
    'x-soracom-imsi': '440101234567890',
    'x-soracom-timestamp': String(timestamp),
    'x-soracom-signature-version': '20151001',
    'x-soracom-signature': createHash('sha256').update(text).digest('hex'),
    ...extra,
  };
}

/** A plain HTTP customer on the virtual clock. */
function customer(options: Pick<CustomerServerOptions, 'check'> = {}) {
  const clock = new VirtualClock(NOW);
  const trace = new Trace(clock);
  const events: TraceEvent[] = [];
  trace.listen((event) => events.push(event));
  const server = new CustomerServer({ clock, trace, psk, ...options });
  const ask = async (method: string, url: string, headers: Record<string, string>, body = ''): Promise<string> => {
    const [near, far] = duplexPair(clock, MS);
    server.accept(far);
    const lines = Object.entries({
      Host: 'customer.example',
      Connection: 'close',
      'Content-Length': String(body.length),
      ...headers,
    });
    let text = '';
    near.on('data', (chunk: Buffer) => (text += chunk.toString()));
    near.write(`${method} ${url} HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n${body}`);
    let ended = false;
    near.on('end', () => (ended = true));
    await clock.run({ until: () => ended, deadline: clock.now() + 600 * SECOND });
    return text;
  };
  return { clock, server, events, ask };
}

describe('the customer’s server', () => {
  it('accepts what is signed, and dates its answer by the world’s clock', async () => {
    const { server, events, ask } = customer();
    const answer = await ask('POST', '/in', signed(NOW, { 'X-Message-Id': 'a-1' }), '{"t":1}');
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer).toContain(`Date: ${new Date(NOW).toUTCString()}\r\n`);
    expect(answer).toMatch(/\{"accepted":true,"imsi":"440101234567890","messageId":"a-1"\}\n$/);
    expect(server.messages).toMatchObject([{ messageId: 'a-1', method: 'POST', url: '/in', timestampMs: NOW }]);
    expect(events).toMatchObject([
      { type: 'verified', ok: true, imsi: '440101234567890', messageId: 'a-1', body: '{"t":1}' },
    ]);
  });

  it('refuses what is not, saying why, and keeps none of it', async () => {
    const { server, events, ask } = customer();
    const bad = { ...signed(NOW), 'x-soracom-imsi': '440101234567891' };
    expect(await ask('POST', '/in', bad, '{}')).toMatch(
      /^HTTP\/1\.1 401 Unauthorized\r\n[^]*\{"error":"wrong signature"\}\n$/,
    );
    expect(await ask('POST', '/in', {}, '{}')).toMatch(/"error":"not signed"/);
    expect(await ask('POST', '/in', signed(NOW - 400_000), '{}')).toMatch(
      /"error":"the timestamp is too far from the clock"/,
    );
    expect(server.messages).toEqual([]);
    expect(events.map((e) => e.type === 'verified' && e.ok)).toEqual([false, false, false]);
  });

  it('refuses a replay; acknowledges a repeated message without keeping it twice', async () => {
    const { server, ask } = customer();
    const id = { 'x-message-id': 'm-1' };
    expect(await ask('POST', '/', signed(NOW, id), 'x')).toMatch(/^HTTP\/1\.1 201/);
    expect(await ask('POST', '/', signed(NOW, id), 'x')).toMatch(/"error":"replayed signature"/);
    expect(await ask('POST', '/', signed(NOW + 1, id), 'x')).toMatch(/^HTTP\/1\.1 200 [^]*"duplicate":true/);
    expect(await ask('POST', '/', signed(NOW + 2, { 'x-message-id': 'm-2' }), 'y')).toMatch(/^HTTP\/1\.1 201/);
    expect(server.messages.map(({ body }) => body.toString())).toEqual(['x', 'y']);
  });

  it('refuses what its application finds fault with, and takes it when it comes again in order', async () => {
    const { server, events, ask } = customer({ check: (body) => (body.length < 5 ? 'too short' : undefined) });
    const headers = (at: number): Record<string, string> => signed(NOW + at, { 'x-message-id': 'c-1' });
    expect(await ask('POST', '/', headers(0), '{}')).toMatch(/^HTTP\/1\.1 422 [^]*"too short"/);
    expect(server.messages).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'verified', ok: false, reason: 'too short' });
    expect(await ask('POST', '/', headers(1), '{"t":1}')).toMatch(/^HTTP\/1\.1 201 /);
  });

  it('misbehaves when told', async () => {
    const { clock, server, ask } = customer();
    server.next(
      { status: 503 },
      { status: 418, body: 'short' },
      { delay: 7 * SECOND },
      { cut: 'answer' },
      { cut: 'body' },
      { hang: true },
    );
    expect(await ask('GET', '/', {})).toMatch(/^HTTP\/1\.1 503/);
    expect(await ask('GET', '/', {})).toMatch(/^HTTP\/1\.1 418 [^]*short$/);
    const before = clock.now();
    expect(await ask('GET', '/', signed(NOW))).toMatch(/^HTTP\/1\.1 200/);
    expect(Math.floor((clock.now() - before) / SECOND)).toBe(7);
    expect(await ask('POST', '/', signed(NOW + 1), 'a')).toBe('');
    const half = await ask('POST', '/', signed(NOW + 2), 'b');
    const [, length = '', body = ''] = /Content-Length: (\d+)[^]*?\r\n\r\n([^]*)$/.exec(half) ?? [];
    expect(body.length).toBeGreaterThan(0);
    expect(body.length).toBeLessThan(Number(length));
    expect(await ask('POST', '/', signed(NOW + 3), 'c')).toBe('');
    expect(server.messages.map(({ body }) => body.toString())).toEqual(['', 'a', 'b']);
  });

  it('is not impressed by bytes that are not HTTP', async () => {
    const { clock, server, ask } = customer();
    const [near, far] = duplexPair(clock);
    server.accept(far);
    near.on('error', () => undefined);
    near.write('\x16\x03\x01 nothing of yours\r\n\r\n');
    near.resume();
    await clock.run({ deadline: SECOND });
    expect(await ask('GET', '/', signed(NOW))).toMatch(/^HTTP\/1\.1 200/);
  });
});

describe('upstream connections', () => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const action of cleanup.splice(0)) await action();
  });

  it('in process: names, ports, and a way out for other hosts', async () => {
    const clock = new VirtualClock(0);
    const asked: string[] = [];
    const others = {
      trustedCas: ['B'],
      connect: (host: string) => (asked.push(host), Promise.reject(new Error('elsewhere'))),
    };
    const closed = new InProcessUpstream({ clock, trustedCas: ['A'] });
    const open = new InProcessUpstream({ clock, trustedCas: ['A'], others });
    closed.serve('Known.example', 443, (stream) => stream.end('hello'));
    const outcome = async (attempt: Promise<unknown>): Promise<string> => {
      let text = '';
      void attempt.then(
        () => (text = 'connected'),
        (error: unknown) => (text = String(error)),
      );
      clock.stir();
      await clock.run({ until: () => text !== '' });
      return text;
    };
    expect(await outcome(closed.connect('KNOWN.EXAMPLE', 443))).toBe('connected');
    expect(await outcome(closed.connect('known.example', 80))).toBe('Error: connection refused');
    expect(await outcome(closed.connect('other.example', 443))).toBe('Error: name unknown: other.example');
    expect(await outcome(open.connect('other.example', 443))).toBe('Error: elsewhere');
    expect(asked).toEqual(['other.example']);
    expect(open.trustedCas).toEqual(['A', 'B']);
  });

  it('over sockets: only to hosts of the world, unless any host is allowed', async () => {
    const clock = new RealClock();
    cleanup.push(() => clock.close());
    const listener = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    cleanup.push(() => listener.close());
    const { port } = listener.address() as { port: number };
    const read = async (upstream: SocketUpstream, host: string, at: number): Promise<string> => {
      let text = '';
      for await (const chunk of await upstream.connect(host, at)) text += String(chunk);
      return text;
    };
    const closed = new SocketUpstream({ clock, hosts: { 'customer.example:443': { host: '127.0.0.1', port } } });
    expect(await read(closed, 'Customer.example', 443)).toBe('hello');
    await expect(closed.connect('127.0.0.1', port)).rejects.toThrow('name unknown: 127.0.0.1');
    await expect(closed.connect('constructor', 1)).rejects.toThrow('name unknown');
    expect(await read(new SocketUpstream({ clock, others: 'any' }), '127.0.0.1', port)).toBe('hello');
    await expect(new SocketUpstream({ clock, others: 'any' }).connect('127.0.0.1', 1)).rejects.toThrow('ECONNREFUSED');
  });

  it('a virtual clock stands still while a real socket is busy', async () => {
    const clock = new VirtualClock(0);
    const listener = createServer((socket) => socket.once('data', () => socket.end('late'))).listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    cleanup.push(() => listener.close());
    const { port } = listener.address() as { port: number };
    let text = '';
    let timedOut = false;
    clock.after(SECOND, () => (timedOut = true));
    void new SocketUpstream({ clock, others: 'any' }).connect('127.0.0.1', port).then((stream) => {
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
      stream.once('end', () => stream.end());
      stream.write('go');
    });
    await clock.run({ until: () => text !== '' || timedOut });
    expect({ text, timedOut }).toEqual({ text: 'late', timedOut: false });
  });

  it('on a loopback port, to Node’s own HTTPS client, with certificates changed on the way', async () => {
    const clock = new RealClock();
    const server = new CustomerServer({
      clock,
      trace: new Trace(clock),
      psk,
      certificate: await ca.issue(['customer.example']),
    });
    cleanup.push(
      () => clock.close(),
      () => server.close(),
    );
    const port = await server.listen();
    const ask = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = signed(Date.now());
        const options = {
          host: '127.0.0.1',
          port,
          servername: 'customer.example',
          ca: ca.certificate,
          headers,
          agent: false,
        } as const;
        httpsRequest(options, (response) => resolve(response.resume().statusCode ?? 0))
          .once('error', reject)
          .end();
      });
    expect(await ask()).toBe(200);
    server.present(await selfSigned(['customer.example']));
    await expect(ask()).rejects.toThrow(/self-signed/);
    server.present(await ca.issue(['other.example']));
    await expect(ask()).rejects.toThrow(/Host: customer\.example\. is not in the cert's altnames/);
    // Garbage in place of TLS ends that connection only.
    await new Promise((resolve) =>
      connect(port, '127.0.0.1').once('close', resolve).resume().write('GET / HTTP/1.1\r\n\r\n'),
    );
    server.present(await ca.issue(['customer.example']));
    expect(await ask()).toBe(200);
    expect(server.messages).toHaveLength(2);
  });
});
