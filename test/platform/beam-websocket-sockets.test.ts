// WebSocket through Beam's website entry point over real sockets, client and server of the package ws, on the real clock: only the
// time of silence is a hundredth of what it is.

import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import type { Nanoseconds, Timer } from '../../host/clock/clock.js';
import { RealClock } from '../../host/clock/real.js';
import { SocketUpstream } from '../../host/cloud/index.js';
import { Platform } from '../../host/platform/index.js';
import { WEBSOCKET } from '../../host/platform/limits.js';
import { Trace } from '../../host/trace/trace.js';
import { config, FakeRegistry, IMSI, session } from './harness.js';
import { listen } from './programs.js';

const PORT = 18080;
const KEY = 'http://beam.soracom.io:18080/';
const MIB = 1024 * 1024;

class ShortSilence extends RealClock {
  override after(delay: Nanoseconds, action: () => void): Timer {
    return super.after(delay === WEBSOCKET.idle ? delay / 100 : delay, action);
  }
}

const clock = new ShortSilence();
const http: HttpServer = createHttpServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: true, maxPayload: 16 * MIB });
let bridge: Server;
let beam = 0;
let platform: Platform;
const clients: WebSocket[] = [];

beforeAll(async () => {
  const destination = `http://127.0.0.1:${await listen(http)}/`;
  const registry = new FakeRegistry();
  platform = new Platform({
    ...{ clock, trace: new Trace(clock), upstream: new SocketUpstream({ clock, others: 'any' }) },
    config: config({ [KEY]: { enabled: true, destination, addSubscriberHeader: true } }),
  });
  platform.register(registry);
  bridge = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    registry.connect(PORT, socket, session());
  });
  beam = await listen(bridge);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.terminate();
});

afterAll(() => {
  platform.close();
  server.close();
  http.close();
  bridge.close();
  clock.close();
});

const once = <T>(emitter: WebSocket, event: string): Promise<T> =>
  new Promise((resolve) => emitter.once(event, (...given: unknown[]) => resolve(given as T)));

/** Both ends of a connection through Beam. */
async function pair(options: ClientOptions = {}) {
  const accepted = new Promise<{ far: WebSocket; imsi: unknown }>((resolve) =>
    server.once('connection', (far: WebSocket, request: { headers: Record<string, unknown> }) =>
      resolve({ far, imsi: request.headers['x-soracom-imsi'] }),
    ),
  );
  const near = new WebSocket(`ws://127.0.0.1:${beam}/chat`, options);
  clients.push(near);
  await once(near, 'open');
  return { near, ...(await accepted) };
}

describe('between real sockets', () => {
  it('messages in fragments come as one, in both directions', async () => {
    const { near, far, imsi } = await pair({ perMessageDeflate: false });
    expect(imsi).toBe(IMSI);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const got = once<[Buffer, boolean]>(to, 'message');
      from.send('Grü', { fin: false });
      from.send('ße ', { fin: false });
      from.send('aus dem Feld', { fin: true });
      const [data, isBinary] = await got;
      expect([data.toString(), isBinary]).toEqual(['Grüße aus dem Feld', false]);
    }
  });

  it('pings are answered by the other end, with their bytes', async () => {
    const { near, far } = await pair();
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      const [asked, answered] = [once<[Buffer]>(to, 'ping'), once<[Buffer]>(from, 'pong')];
      from.ping('still there?');
      expect((await asked)[0].toString()).toBe('still there?');
      expect((await answered)[0].toString()).toBe('still there?');
    }
  });

  it.each([
    [1000, 'done'],
    [1001, 'going away'],
    [1013, 'try again later'],
    [4999, 'own'],
  ])('close code %i and its reason come through from either end', async (code, reason) => {
    for (const side of ['near', 'far'] as const) {
      const ends = await pair();
      const other = side === 'near' ? ends.far : ends.near;
      const [closed, own] = [once<[number, Buffer]>(other, 'close'), once<[number]>(ends[side], 'close')];
      ends[side].close(code, reason);
      const [seen, text] = await closed;
      expect([seen, text.toString(), (await own)[0]]).toEqual([code, reason, code]);
    }
  });

  it('compression is agreed on by the two ends', async () => {
    const { near, far } = await pair({ perMessageDeflate: { threshold: 0 } });
    expect(near.extensions).toMatch(/^permessage-deflate/);
    expect(far.extensions).toMatch(/^permessage-deflate/);
    const got = once<[Buffer]>(far, 'message');
    near.send('a'.repeat(100_000));
    expect((await got)[0].length).toBe(100_000);
    expect((await pair({ perMessageDeflate: false })).near.extensions).toBe('');
  });

  it('a megabyte goes both ways at once', async () => {
    const { near, far } = await pair({ perMessageDeflate: false });
    const bytes = Buffer.from(Array.from({ length: MIB }, (_, i) => (i * 31) & 0xff));
    const [there, back] = [once<[Buffer]>(far, 'message'), once<[Buffer]>(near, 'message')];
    near.send(bytes);
    far.send(bytes);
    expect((await there)[0].equals(bytes)).toBe(true);
    expect((await back)[0].equals(bytes)).toBe(true);
  });

  it('an end that does not read makes the other wait, and gets all when it reads again', async () => {
    const { near, far } = await pair({ perMessageDeflate: false });
    far.pause();
    const piece = Buffer.alloc(256 * 1024, 7);
    const pieces = 256;
    for (let i = 0; i < pieces; i++) near.send(piece);
    // What the system's buffers take is gone; the rest stays with the sender.
    let before = -1;
    while (near.bufferedAmount !== before) {
      before = near.bufferedAmount;
      await clock.sleep(100e6);
    }
    expect(near.bufferedAmount).toBeGreaterThan((pieces * piece.length) / 2);
    let got = 0;
    const all = new Promise<void>((resolve) =>
      far.on('message', (data: Buffer) => {
        got += data.length;
        if (got === pieces * piece.length) resolve();
      }),
    );
    far.resume();
    await all;
    expect(near.bufferedAmount).toBe(0);
  });

  it('silence ends the connection for both; pings are no silence', async () => {
    const { near, far } = await pair();
    const ends = Promise.all([once<[number]>(near, 'close'), once<[number]>(far, 'close')]);
    const since = clock.now();
    for (let i = 0; i < 4; i++) {
      near.ping();
      await clock.sleep(1000e6);
    }
    const [[nearCode], [farCode]] = await ends;
    expect([nearCode, farCode]).toEqual([1006, 1006]);
    expect(clock.now() - since).toBeGreaterThan(6e9);
  });
});
