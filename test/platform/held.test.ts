// Bytes of bodies and open connections are limited for each caller and in all; the others do not notice.

import fc from 'fast-check';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MS } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import { Collector } from '../../host/platform/collector.js';
import { Connections } from '../../host/platform/connections.js';
import { HeldBytes } from '../../host/platform/held.js';
import { type Answer, HttpFront, textAnswer } from '../../host/platform/http/front.js';
import { HTTP_LIMITS } from '../../host/platform/index.js';
import { API_LIMITS, type HeldLimits } from '../../host/platform/limits.js';
import { FrameReader, crc16 } from '../../host/platform/message/binary-format.js';
import { Trace } from '../../host/trace/trace.js';
import { ApiWorld } from './api-harness.js';
import { FrontWorld } from './fronts.js';
import { IMSI, session } from './harness.js';

const A = '440100000000001';
const B = '440100000000002';
const LIMITS: HeldLimits = { caller: 100_000, all: 150_000, floor: 10_000 };

describe('the count', () => {
  it('a caller has its limit, all together have theirs, and the first bytes of each are free', () => {
    const held = new HeldBytes(LIMITS);
    const [a, b, c] = [held.share('a'), held.share('b'), held.share('c')];
    expect([a.take(100_000), a.take(1)]).toEqual([undefined, 'caller']);
    expect([b.take(70_000), b.take(1)]).toEqual([undefined, 'all']);
    expect([c.take(10_000), c.take(1)]).toEqual([undefined, 'all']);
    a.release();
    expect(c.take(1)).toBeUndefined();
    for (const share of [a, b, c]) share.release();
    expect(held.callers).toBe(0);
  });

  it('is right after any shares of any callers, and nothing stays of callers that hold nothing', () => {
    const step = fc.record({ caller: fc.nat(3), bytes: fc.nat(60_000), release: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const held = new HeldBytes(LIMITS);
        const shares = [0, 1, 2, 3].map((caller) => held.share(String(caller)));
        const wanted = [0, 0, 0, 0];
        const counted = (): number => wanted.reduce((sum, bytes) => sum + Math.max(0, bytes - LIMITS.floor), 0);
        for (const { caller, bytes, release } of steps) {
          const before = wanted[caller] ?? 0;
          wanted[caller] = before + bytes;
          const fault = before + bytes > LIMITS.caller ? 'caller' : counted() > LIMITS.all ? 'all' : undefined;
          const grows = Math.max(0, before + bytes - LIMITS.floor) > Math.max(0, before - LIMITS.floor);
          const expected = fault === 'all' && !grows ? undefined : fault;
          expect(shares[caller]?.take(bytes)).toBe(expected);
          if (expected !== undefined) wanted[caller] = before;
          if (release) {
            shares[caller]?.release();
            wanted[caller] = 0;
          }
        }
        for (const share of shares) share.release();
        expect(held.callers).toBe(0);
      }),
    );
  });

  it('pieces of any size come together, in memory of at most twice their sum', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 30 }), (pieces) => {
        const whole = new Collector();
        let cost = 0;
        for (const piece of pieces) {
          cost += whole.cost(piece.length);
          whole.add(Buffer.from(piece));
        }
        expect(whole.bytes).toEqual(Buffer.concat(pieces));
        expect(cost).toBeGreaterThanOrEqual(whole.length);
        expect(cost).toBeLessThanOrEqual(2 * whole.length + 300);
      }),
    );
  });

  it('a frame that comes byte by byte is one piece of memory', () => {
    const body = Buffer.alloc(65_535, 'x');
    const frame = Buffer.concat([Buffer.from([0xff, 0xff]), body, Buffer.alloc(2)]);
    frame.writeUInt16BE(crc16(frame.subarray(0, -2)), frame.length - 2);
    const reader = new FrameReader();
    const before = process.memoryUsage().arrayBuffers;
    const found: Buffer[] = [];
    for (let i = 0; i < frame.length; i++) found.push(...reader.take(Buffer.from(frame.subarray(i, i + 1))));
    expect(found).toEqual([body]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 65_536);
    expect(reader.idle).toBe(true);
  });
});

class World {
  readonly clock = new VirtualClock(0);
  readonly failures: string[] = [];
  readonly served: string[] = [];
  readonly held: HeldBytes;
  readonly front: HttpFront;

  constructor(
    answer: (body: Buffer) => Promise<Answer> = (body) => this.text(String(body.length)),
    { limits = LIMITS, upgrade }: { readonly limits?: HeldLimits; readonly upgrade?: () => Promise<Answer> } = {},
  ) {
    const { clock } = this;
    const trace = new Trace(clock);
    let id = 0;
    this.held = new HeldBytes(limits);
    this.front = new HttpFront({
      ...{ clock, limits: HTTP_LIMITS, traceOf: () => trace, nextId: () => ++id, held: this.held },
      service: {
        refuses: () => false,
        answer: ({ caller, body }) => {
          this.served.push(`${caller.imsi.slice(-1)} ${body.length}`);
          return answer(body);
        },
        ...(upgrade && { upgrade }),
        failed: (_id, caller, status, reason) => this.failures.push(`${caller.imsi.slice(-1)} ${status} ${reason}`),
      },
    });
  }

  text(body: string): Promise<Answer> {
    return Promise.resolve(textAnswer(200, body, this.clock));
  }

  open(imsi: string): { stream: Duplex; status: () => string | undefined } {
    const [near, far] = duplexPair(this.clock, MS);
    this.front.accept(far, session(imsi));
    let text = '';
    near.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    return { stream: near, status: () => /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] };
  }

  run(seconds: number): Promise<string> {
    return this.clock.run({ deadline: this.clock.now() + seconds * 1e9 });
  }
}

const head = (length: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

describe('the HTTP front', () => {
  it('bodies of one SIM that never end: 429 beyond its part; another SIM is served meanwhile, the first again afterwards', async () => {
    const world = new World();
    const slow = Array.from({ length: 8 }, () => world.open(A));
    for (const { stream } of slow) stream.write(head(50_000) + 'x'.repeat(40_000));
    await world.run(1);
    expect(slow.map(({ status }) => status()).filter((status) => status === '429').length).toBeGreaterThanOrEqual(6);
    expect(world.failures).toContain('1 429 too many bytes of this caller are under way');
    const other = world.open(B);
    other.stream.write(head(20_000) + 'y'.repeat(20_000));
    await world.run(1);
    expect(other.status()).toBe('200');
    for (const { stream } of slow) stream.destroy();
    await world.run(1);
    const again = world.open(A);
    again.stream.write(head(90_000) + 'z'.repeat(90_000));
    await world.run(1);
    expect(again.status()).toBe('200');
  });

  it('bodies of many SIMs: 503 when all is full, and small ones get through even then', async () => {
    const world = new World();
    const many = Array.from({ length: 10 }, (_, i) => world.open(`44010000000010${i}`));
    for (const { stream } of many) stream.write(head(40_000) + 'x'.repeat(39_000));
    await world.run(1);
    expect(many.map(({ status }) => status())).toContain('503');
    const small = world.open(B);
    small.stream.write(head(500) + 'y'.repeat(500));
    await world.run(1);
    expect(small.status()).toBe('200');
  });

  it('a body counts until its answer has been taken', async () => {
    let done = (): void => undefined;
    const world: World = new World(async (body) => {
      if (body.length === 60_000) await new Promise<void>((resolve) => (done = resolve));
      return world.text('done');
    });
    const first = world.open(A);
    first.stream.write(head(60_000) + 'x'.repeat(60_000));
    await world.run(1);
    const second = world.open(A);
    second.stream.write(head(60_001) + 'x'.repeat(60_001));
    await world.run(1);
    expect([first.status(), second.status()]).toEqual([undefined, '429']);
    done();
    await world.run(1);
    const third = world.open(A);
    third.stream.write(head(60_002) + 'x'.repeat(60_002));
    await world.run(1);
    expect([first.status(), third.status()]).toEqual(['200', '200']);
  });

  it('the answer to a declined WebSocket counts until it has been taken or the device is gone', async () => {
    const limits = { caller: 1_000_000, all: 1_000_000, floor: 10_000 };
    let bytes = 600_000;
    const plain = (): Promise<Answer> => world.text('y'.repeat(100_000));
    const world: World = new World(plain, { limits, upgrade: () => world.text('x'.repeat(bytes)) });
    const upgrade = (device = world.open(A)): ReturnType<World['open']> => {
      device.stream.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      return device;
    };
    const unread = world.open(A);
    unread.stream.pause();
    // The answer to this fills what the stream takes before it is read.
    unread.stream.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await world.run(1);
    upgrade(unread);
    await world.run(1);
    expect(world.held.callers).toBe(1);
    const second = upgrade();
    await world.run(1);
    expect([second.status(), world.failures]).toEqual(['429', ['1 429 too many bytes of this caller are under way']]);
    unread.stream.destroy();
    await world.run(1);
    expect(world.held.callers).toBe(0);
    const third = upgrade();
    await world.run(1);
    expect([third.status(), world.held.callers]).toEqual(['200', 0]);
    bytes = 1_000_001;
    const tooLong = upgrade();
    await world.run(1);
    expect([tooLong.status(), world.held.callers]).toEqual(['429', 0]);
  });

  it('an answer for which there is no room is not held either', async () => {
    const world: World = new World(() => world.text('x'.repeat(200_000)));
    const device = world.open(A);
    device.stream.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await world.run(1);
    expect(device.status()).toBe('429');
  });
});

describe('the management API', () => {
  const read = (world: ApiWorld, text: string): (() => string) => {
    const [near, far] = duplexPair(world.clock);
    let answer = '';
    near.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    world.platform.api.accept(far, '192.0.2.1');
    near.write(text);
    return () => answer;
  };

  it.each(['/v1/groups', '/v1/auth', '/v1/there/is/none', '/'])(
    'says 413 to a body beyond its own limit before the body comes, whoever calls: %s',
    async (path) => {
      const world = new ApiWorld();
      const announced = API_LIMITS.bodyBytes + 1;
      const answer = read(world, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${announced}\r\n\r\n`);
      await world.pass(1);
      expect(answer()).toMatch(/^HTTP\/1\.1 413 /);
      expect(JSON.parse(answer().split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'COM0004' });
    },
  );

  it('stops reading a body without a length at its limit', async () => {
    const world = new ApiWorld();
    const piece = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const answer = read(
      world,
      `POST /v1/none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${piece.repeat(3)}`,
    );
    await world.pass(1);
    expect(answer()).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('datagrams', () => {
  it('of one SIM that are not answered yet are limited: 429; another SIM’s are taken', async () => {
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const world = new FrontWorld({
      limits: { datagrams: 3 },
      answer: async ({ body }) => {
        await hold;
        return { status: 200, body };
      },
    });
    const replies: string[] = [];
    const send = (text: string, imsi: string): void =>
      world.front.datagram(Buffer.from(text), session(imsi), (bytes) => replies.push(Buffer.from(bytes).toString()));
    for (let i = 0; i < 5; i++) send(`a${i}`, IMSI);
    // Of a SIM that is not known here.
    send('b', B);
    expect(world.messages.length).toBe(3);
    expect(replies).toEqual(Array(2).fill('429 too many messages of this SIM are under way'));
    release();
    await world.run(() => replies.length === 6);
    expect(replies.slice(2).toSorted()).toEqual(['200 a0', '200 a1', '200 a2', expect.stringMatching(/^400 /)]);
    send('again', IMSI);
    await new Promise((resolve) => setImmediate(resolve));
    expect(replies.at(-1)).toBe('200 again');
  });
});

describe('connections', () => {
  it('beyond a caller’s part, or beyond all, are reset; the first of each caller are served even then', () => {
    const clock = new VirtualClock(0);
    const connections = new Connections({ caller: 4, all: 6, floor: 2 });
    const open = (caller: string): { stream: Duplex; served: boolean } => {
      const [, stream] = duplexPair(clock);
      let served = false;
      connections.accept(stream, caller, () => (served = true));
      return { stream, served };
    };
    const a = Array.from({ length: 5 }, () => open('a'));
    expect(a.map(({ served }) => served)).toEqual([true, true, true, true, false]);
    expect(a[4]?.stream.destroyed).toBe(true);
    const rest = ['b', 'b', 'b', 'c', 'c', 'c'].map((caller) => open(caller).served);
    expect(rest).toEqual([true, true, false, true, true, false]);
  });
});
