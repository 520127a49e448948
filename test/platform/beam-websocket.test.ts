// WebSocket through Beam's website entry point, between a client and a server of the package ws.

import { createServer as createHttpServer } from 'node:http';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WEBSOCKET } from '../../host/platform/limits.js';
import { MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import { duplexPair } from '../../host/cloud/index.js';
import { BeamWorld, certificate, config, CUSTOMER, IMEI, IMSI, PSK, session } from './harness.js';

const PORT = 18080;
const KEY = 'http://beam.soracom.io:18080/';

class SocketWorld {
  readonly world: BeamWorld;
  readonly heads: Record<string, string | string[] | undefined>[] = [];
  readonly urls: (string | undefined)[] = [];
  readonly accepted: WebSocket[] = [];
  readonly closed: number[] = [];

  constructor(entry: object = {}, onSocket: (socket: WebSocket) => void = echo) {
    const signed = { addSubscriberHeader: true, addEquipmentHeader: true, addSignature: true, psk: PSK };
    this.world = new BeamWorld({
      config: config({ [KEY]: { enabled: true, destination: 'http://ws.test/base', ...signed, ...entry } }),
    });
    const server = new WebSocketServer({ noServer: true, handleProtocols: (asked) => [...asked][0] ?? false });
    const http = createHttpServer((_request, response) => response.writeHead(426, { Connection: 'close' }).end('no\n'));
    http.on('upgrade', (request, stream, head) => {
      this.heads.push(request.headers);
      this.urls.push(request.url);
      if (request.url === '/base/denied')
        return void stream.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno\n');
      server.handleUpgrade(request, stream, head, (socket) => {
        this.accepted.push(socket);
        socket.on('error', () => undefined);
        socket.on('close', (code) => this.closed.push(code));
        onSocket(socket);
      });
    });
    this.world.upstream.serve('ws.test', 80, (stream) => http.emit('connection', stream));
    const secureContext = createSecureContext({
      cert: certificate.certificate,
      key: Buffer.from(certificate.key.reveal()),
    });
    this.world.upstream.serve(CUSTOMER, 443, (stream) =>
      http.emit('connection', new TLSSocket(stream, { isServer: true, secureContext })),
    );
  }

  open(path = '/chat', protocols: string[] = [], caller = session()) {
    const [near, far] = duplexPair(this.world.clock, 20 * MS);
    this.world.registry.connect(PORT, far, caller);
    const socket = new WebSocket(`ws://beam.soracom.io${path}`, protocols, {
      createConnection: () => near,
      headers: { 'X-Soracom-IMSI': 'forged', 'X-Kept': '1' },
    } as never);
    const seen = { messages: [] as (string | Buffer)[], status: 0, close: 0, pongs: 0, error: '' };
    socket.on('message', (data: Buffer, binary) => seen.messages.push(binary ? data : data.toString()));
    socket.on('unexpected-response', (_request, response) => (seen.status = response.statusCode ?? 0));
    socket.on('close', (code) => (seen.close = code)).on('pong', () => seen.pongs++);
    socket.on('error', (error) => (seen.error = error.message));
    // The client sends its request a turn later.
    this.world.clock.stir();
    return { socket, seen, stream: near };
  }

  async opened(...args: Parameters<SocketWorld['open']>) {
    const client = this.open(...args);
    await this.until(() => client.socket.readyState === WebSocket.OPEN);
    return client;
  }

  async until(condition: () => boolean): Promise<void> {
    const why = await this.world.run(condition, 20 * MINUTE);
    if (why !== 'until') throw new Error('it never came to that');
  }
}

function echo(socket: WebSocket): void {
  socket.on('message', (data: Buffer, binary) => socket.send(data, { binary }));
}

describe.each([
  ['ws', 'http://ws.test/base'],
  ['wss', `https://${CUSTOMER}/base`],
])('over %s', (_, destination) => {
  it('carries text, bytes, pings and the end, with who is calling', async () => {
    const on = new SocketWorld({ destination });
    const { socket, seen } = await on.opened('/chat?room=1', ['mqtt', 'other']);
    expect(socket.protocol).toBe('mqtt');
    expect(on.urls).toEqual(['/base/chat?room=1']);
    expect(on.heads[0]).toMatchObject({ 'x-soracom-imsi': IMSI, 'x-soracom-imei': IMEI, 'x-kept': '1' });
    expect(on.heads[0]?.['x-soracom-signature']).toMatch(/^[0-9a-f]{64}$/);
    const large = Buffer.alloc(1024 * 1024, 'akari');
    socket.send('hello');
    socket.send(large);
    socket.ping();
    await on.until(() => seen.messages.length === 2 && seen.pongs === 1);
    expect(seen.messages[0]).toBe('hello');
    expect(large.equals(seen.messages[1] as Buffer)).toBe(true);
    socket.close(4001, 'done');
    await on.until(() => seen.close !== 0 && on.closed.length === 1);
    expect([seen.close, on.closed[0]]).toEqual([4001, 4001]);
    expect(JSON.stringify(on.world.events)).not.toContain(PSK);
  });
});

describe('what is no WebSocket', () => {
  const raw = (world: BeamWorld, headers: string, port = PORT, method = 'GET', body = ''): Promise<string> =>
    world.request(`${method} /x HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`, port);

  it('a refusal of the destination is its answer', async () => {
    const on = new SocketWorld();
    const { seen } = on.open('/denied');
    await on.until(() => seen.status !== 0);
    expect(seen.status).toBe(401);
  });

  it('another protocol, another method and the other entry are requests like all', async () => {
    const entry = { enabled: true, destination: 'http://plain.test/' };
    const world = new BeamWorld({ config: config({ [KEY]: entry, 'http://beam.soracom.io:8888/x': entry }) });
    const { requests } = world.serveBytes('plain.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n';
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    const device = world.connect(PORT);
    device.send(`POST /x HTTP/1.1\r\nHost: a\r\n${h2c}Content-Length: 2\r\n\r\n{}`);
    await device.expect('\r\n\r\nok');
    device.stream.end();
    await device.ended();
    expect(await raw(world, `${upgrade}Connection: close\r\n`, 8888)).toMatch(/^HTTP\/1\.1 200 /);
    expect(requests).toHaveLength(2);
    for (const request of requests) expect(request).not.toMatch(/^upgrade:/im);
  });

  it('a destination that switches to something else, or without being asked to: 502', async () => {
    const world = new BeamWorld({ config: config({ [KEY]: { enabled: true, destination: 'http://odd.test/' } }) });
    world.serveBytes('odd.test', 80, 'HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', false);
    expect(await raw(world, 'Connection: Upgrade\r\nUpgrade: websocket\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(await raw(world, 'Connection: close\r\n')).toMatch(/^HTTP\/1\.1 502 /);
  });

  it('a request with a body is refused: its end could not be told', async () => {
    const on = new SocketWorld();
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    for (const framing of [
      'Content-Length: 2\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Content-Length: 1\r\nExpect: 100-continue\r\n',
    ]) {
      const text = await raw(on.world, upgrade + framing, PORT, 'GET', '{}');
      expect(text).toMatch(/^HTTP\/1\.1 400 [^]*a request for WebSocket has no body\n$/);
    }
    expect(on.heads).toHaveLength(0);
  });

  it('in HTTP/1.0 it is a request like all', async () => {
    const world = new BeamWorld({ config: config({ [KEY]: { enabled: true, destination: 'http://plain.test/' } }) });
    const { requests } = world.serveBytes('plain.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const text = await world.request(
      'GET /x HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      PORT,
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 [^]*ok$/);
    expect(requests[0]).not.toMatch(/^upgrade:/im);
  });

  it('an expectation that nobody knows is 417', async () => {
    const on = new SocketWorld();
    const text = await raw(on.world, 'Connection: Upgrade\r\nUpgrade: websocket\r\nExpect: wonders\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 417 /);
    expect(on.heads).toHaveLength(0);
  });

  it('a request that no front takes is refused as such', async () => {
    const on = new SocketWorld();
    const text = await raw(on.world, 'Host: b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 400 [^]*more than one Host\n$/);
    expect(on.heads).toHaveLength(0);
  });
});

describe('how it ends', () => {
  it('after 300 seconds of silence, and not before', async () => {
    const on = new SocketWorld();
    const { socket, seen } = await on.opened();
    await on.world.run(() => false, 299 * SECOND);
    socket.send('still here');
    await on.until(() => seen.messages.length === 1);
    const from = on.world.clock.now();
    await on.until(() => seen.close !== 0 && on.closed.length === 1);
    expect(Math.round((on.world.clock.now() - from) / SECOND)).toBe(300);
    expect(seen.close).toBe(1006);
  });

  it('with the SIM’s suspension, in either direction', async () => {
    const on = new SocketWorld();
    const { socket, seen } = await on.opened();
    on.world.platform.directory.change(IMSI, { status: 'suspended' });
    socket.send('2');
    await on.until(() => seen.close !== 0 && on.closed.length === 1);
    expect(seen.messages).toEqual([]);
  });

  it('with an abrupt end of either', async () => {
    const on = new SocketWorld();
    const first = await on.opened();
    first.stream.destroy(new Error('radio lost'));
    await on.until(() => on.closed.length === 1);
    const second = await on.opened();
    on.accepted[1]?.terminate();
    await on.until(() => second.seen.close === 1006);
  });

  it('with the platform', async () => {
    const on = new SocketWorld();
    const { seen } = await on.opened();
    on.world.platform.close();
    await on.until(() => seen.close === 1006 && on.closed.length === 1);
  });
});

describe('limits', () => {
  const HANDSHAKE = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const imsiOf = (sim: number): string => `4401000000${String(sim).padStart(5, '0')}`;

  /** SIMs 0, 1, ... and a destination that takes every handshake. */
  function worldOf(sims: number) {
    const subscribers = Array.from({ length: sims }, (_, sim) => ({
      ...{ imsi: imsiOf(sim), iccid: `89811000058${String(sim).padStart(8, '0')}`, groupId: 'sensors' },
    }));
    const entry = { enabled: true, destination: 'http://any.test/' };
    const world = new BeamWorld({ config: config({ [KEY]: entry }, { subscribers }) });
    world.upstream.serve('any.test', 80, (stream) => {
      stream.on('error', () => undefined).on('end', () => stream.end());
      stream.once('data', () => stream.write('HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'));
    });
    const open = (sim: number) => {
      const device = world.connect(PORT, session(imsiOf(sim)));
      device.send(HANDSHAKE);
      return device;
    };
    /** The status of each, in their order. */
    const statuses = async (devices: ReturnType<typeof open>[]): Promise<number[]> => {
      await world.run(() => devices.every(({ text }) => text.includes('\r\n\r\n')), SECOND);
      return devices.map(({ text }) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]));
    };
    return { world, open, statuses };
  }

  it('of one SIM: beyond them 429, for other SIMs there is room; each end of a connection makes room', async () => {
    const { world, open, statuses } = worldOf(2);
    const own = Array.from({ length: WEBSOCKET.perCaller }, () => open(0));
    expect(new Set(await statuses(own))).toEqual(new Set([101]));
    const refused = open(0);
    expect(await statuses([refused, open(1)])).toEqual([429, 101]);
    await refused.ended();
    expect(refused.text).toMatch(/\r\n\r\n.*too many WebSocket connections of this SIM are open\n$/);
    own[0]?.stream.destroy(new Error('radio lost'));
    own[1]?.stream.end();
    await world.run(() => false, SECOND);
    expect(await statuses([open(0), open(0), open(0)])).toEqual([101, 101, 429]);
  });

  it('of one SIM count handshakes that are under way, and none that failed', async () => {
    const { world, open, statuses } = worldOf(1);
    world.upstream.serve('any.test', 80, 'refused');
    expect(await statuses(Array.from({ length: WEBSOCKET.perCaller }, () => open(0)))).not.toContain(101);
    world.upstream.serve('any.test', 80, 'silent');
    for (let i = 0; i < WEBSOCKET.perCaller; i++) open(0);
    await world.run(() => false, SECOND);
    expect(await statuses([open(0)])).toEqual([429]);
    await world.run(() => false, MINUTE);
    const last = open(0);
    await world.run(() => false, SECOND);
    expect(last.text).toBe('');
  });

  it('of all SIMs: beyond them 503', { timeout: 60_000 }, async () => {
    const sims = WEBSOCKET.total / WEBSOCKET.perCaller;
    const { world, open, statuses } = worldOf(sims + 1);
    const all = Array.from({ length: WEBSOCKET.total }, (_, i) => open(i % sims));
    expect(new Set(await statuses(all))).toEqual(new Set([101]));
    expect(await statuses([open(sims)])).toEqual([503]);
    all[0]?.stream.destroy(new Error('radio lost'));
    await world.run(() => false, SECOND);
    expect(await statuses([open(sims)])).toEqual([101]);
  });

  it('a destination that does not read stops the device', async () => {
    const streams: Duplex[] = [];
    const world = new BeamWorld({ config: config({ [KEY]: { enabled: true, destination: 'http://slow.test/' } }) });
    world.upstream.serve('slow.test', 80, (stream) => {
      streams.push(stream.on('error', () => undefined));
      stream.once('data', () => {
        stream.pause();
        stream.write('HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      });
    });
    const device = world.connect(PORT);
    device.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await device.expect('101');
    let sent = 0;
    while (sent < 8 * 1024 * 1024 && device.stream.write(Buffer.alloc(64 * 1024))) {
      sent += 64 * 1024;
      await world.run(() => false, SECOND);
    }
    expect(sent).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('the head of a switch', () => {
  const world = (): BeamWorld => {
    const on = new BeamWorld({ config: config({ [KEY]: { enabled: true, destination: 'http://raw.test/' } }) });
    const fields =
      'Upgrade: websocket\r\nConnection: Upgrade, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-Own: 2\r\n';
    const framing = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n';
    on.serveBytes('raw.test', 80, `HTTP/1.1 101 Go\r\n${fields}${framing}\r\nhello`, false);
    return on;
  };
  const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

  it('has no framing and nothing of the other connection; what follows passes as it is', async () => {
    const device = world().connect(PORT);
    device.send(`${upgrade}\r\n`);
    await device.expect('hello');
    expect(device.text).toBe('HTTP/1.1 101 Go\r\nX-Own: 2\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello');
  });

  it('comes behind the 100 that the device expects', async () => {
    const device = world().connect(PORT);
    device.send(`${upgrade}Expect: 100-continue\r\nContent-Length: 0\r\n\r\n`);
    await device.expect('hello');
    expect(device.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 101 Go\r\n/);
  });
});

it('any bytes pass as they are, from the first of them on', async () => {
  const piece = fc.uint8Array({ minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 1, maxLength: 5 }),
      fc.array(piece, { maxLength: 5 }),
      async (up, down) => {
        let got = Buffer.alloc(0);
        const world = new BeamWorld({ config: config({ [KEY]: { enabled: true, destination: 'http://raw.test/' } }) });
        world.upstream.serve('raw.test', 80, (stream) => {
          stream.on('error', () => undefined).on('data', (chunk: Buffer) => (got = Buffer.concat([got, chunk])));
          stream.once('data', () => {
            const head = Buffer.from('HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
            stream.write(Buffer.concat([head, ...down]));
          });
          stream.once('end', () => stream.end());
        });
        const device = world.connect(PORT);
        const request = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
        device.send(Buffer.concat([Buffer.from(request), up[0] ?? Buffer.alloc(0)]));
        for (const bytes of up.slice(1)) device.send(bytes);
        device.stream.end();
        await device.ended();
        expect(device.text.split('\r\n\r\n').slice(1).join('\r\n\r\n')).toBe(Buffer.concat(down).toString('latin1'));
        expect(got.subarray(got.indexOf('\r\n\r\n') + 4).equals(Buffer.concat(up))).toBe(true);
        world.platform.close();
      },
    ),
    { numRuns: 30 },
  );
});
