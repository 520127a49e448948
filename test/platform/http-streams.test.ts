// Bodies that are not held in memory, in both directions, through the HTTP front.

import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import {
  type Answer,
  BodyError,
  type BodySource,
  HttpFront,
  type StreamedAnswer,
  type StreamedRequest,
  textAnswer,
} from '../../host/platform/http/front.js';
import { HTTP_LIMITS } from '../../host/platform/index.js';
import { Trace } from '../../host/trace/trace.js';
import { session } from './harness.js';

const MIB = 1024 * 1024;
/** What may be under way: the connection's window (256 KiB), and the buffers of Node's streams on both sides of it. */
const IN_FLIGHT = MIB;

type Handler = (request: StreamedRequest) => Promise<Answer | StreamedAnswer>;

class StreamWorld {
  readonly clock = new VirtualClock(0);
  readonly failures: string[] = [];
  readonly stream: Duplex;
  readonly received: Buffer[] = [];
  bytes = 0;
  ended = false;
  error: Error | undefined;

  constructor(handler: Handler, limit = 200 * MIB, refuses = false) {
    const { clock } = this;
    const trace = new Trace(clock);
    let id = 0;
    const front = new HttpFront({
      ...{ clock, limits: HTTP_LIMITS, traceOf: () => trace, nextId: () => ++id },
      service: {
        refuses: () => refuses,
        answer: ({ body }) => Promise.resolve(textAnswer(200, `whole ${body.length}`, clock)),
        stream: { limit: ({ target }) => (target === '/whole' ? undefined : limit), answer: handler },
        failed: (_id, _caller, status, reason) => this.failures.push(`${status} ${reason}`),
      },
    });
    const [near, far] = duplexPair(clock, MS);
    front.accept(far, session());
    this.stream = near;
    near.on('end', () => (this.ended = true));
    near.on('error', (error) => {
      this.error = error;
      this.ended = true;
    });
  }

  get text(): string {
    return Buffer.concat(this.received).toString('latin1');
  }

  /** Takes what comes, keeping it. */
  read(): this {
    this.stream.on('data', (chunk: Buffer) => this.received.push(chunk));
    return this;
  }

  run(until: () => boolean, within = 30 * MINUTE): Promise<string> {
    return this.clock.run({ until, deadline: this.clock.now() + within });
  }

  async answered(part: string | RegExp): Promise<void> {
    const why = await this.run(() => (typeof part === 'string' ? this.text.includes(part) : part.test(this.text)));
    if (why !== 'until') throw new Error(`${part} never came: ${this.text.slice(0, 300)}`);
  }
}

const put = (length: number, more = ''): string =>
  `PUT /f HTTP/1.1\r\nHost: a\r\n${more}Content-Length: ${length}\r\n\r\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const PIECE = Buffer.alloc(64 * 1024, 'akari ');

/** A source of so many pieces, and what became of it. */
function sourceOf(pieces: number, onPiece: (n: number) => void = () => undefined, length = pieces * PIECE.length) {
  const seen = { asked: 0, released: 0 };
  const source: BodySource = {
    length,
    async *chunks() {
      for (let n = 0; n < pieces; n++) {
        seen.asked++;
        onPiece(n);
        yield PIECE;
      }
    },
    release: () => void seen.released++,
  };
  const answer: StreamedAnswer = { status: 200, headers: [['Content-Length', String(length)]], source };
  return { seen, answer };
}

describe('up', () => {
  it('100 MiB through a service that is slower than the device: what is under way stays bounded', async () => {
    const total = 100 * MIB;
    let taken = 0;
    let highest = 0;
    let sent = 0;
    const hash = createHash('sha256');
    const world: StreamWorld = new StreamWorld(async ({ body }) => {
      for await (const piece of body) {
        highest = Math.max(highest, sent - taken);
        taken += piece.length;
        hash.update(piece);
        if (taken % (10 * MIB) < piece.length) await world.clock.sleep(30 * SECOND);
      }
      return textAnswer(201, 'stored', world.clock);
    });
    world.read();
    const expected = createHash('sha256');
    world.stream.write(put(total));
    const send = (): void => {
      while (sent < total) {
        sent += PIECE.length;
        expected.update(PIECE);
        if (!world.stream.write(PIECE)) return;
      }
    };
    world.stream.on('drain', send);
    send();
    await world.answered('201 Created');
    expect(taken).toBe(total);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
    expect(highest).toBeGreaterThan(64 * 1024);
    expect(highest).toBeLessThan(IN_FLIGHT);
  });

  it('pieces come as they arrive, long before the body is whole', async () => {
    const pieces: string[] = [];
    const world: StreamWorld = new StreamWorld(async ({ body }) => {
      for await (const piece of body) pieces.push(piece.toString());
      return textAnswer(200, 'whole', world.clock);
    });
    world.read();
    world.stream.write(put(6));
    for (const piece of ['ab', 'cd']) {
      world.stream.write(piece);
      await world.run(() => pieces.includes(piece));
    }
    expect(pieces).toEqual(['ab', 'cd']);
    world.stream.write('ef');
    await world.answered('200 OK');
    expect(pieces).toEqual(['ab', 'cd', 'ef']);
  });

  it('the next request of the connection is served after it, streamed or whole', async () => {
    const world: StreamWorld = new StreamWorld(async ({ body }) => {
      let size = 0;
      for await (const piece of body) size += piece.length;
      return textAnswer(200, `streamed ${size}`, world.clock);
    });
    world.read();
    const whole = 'POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz';
    const chunked = `PUT /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('abcd')}${chunk('e')}0\r\n\r\n`;
    world.stream.write(`${put(2)}hi${whole}${chunked}GET /f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await world.run(() => world.ended);
    expect(world.text.match(/(streamed|whole) \d+/g)).toEqual(['streamed 2', 'whole 3', 'streamed 5', 'streamed 0']);
  });

  it('too long by its header: 413 before the service hears of it; too long in chunks: 413 as well', async () => {
    let asked = 0;
    let error: unknown;
    const handler: Handler = async ({ body }) => {
      asked++;
      try {
        for await (const piece of body) expect(piece.length).toBeGreaterThan(0);
      } catch (thrown) {
        error = thrown;
        throw thrown;
      }
      return textAnswer(200, 'never', new VirtualClock(0));
    };
    const announced = new StreamWorld(handler, 100).read();
    announced.stream.write(put(101));
    await announced.answered(/^HTTP\/1\.1 413 [^]*maximum content-length is 100\n/);
    expect(asked).toBe(0);
    const chunked = new StreamWorld(handler, 100).read();
    chunked.stream.write(`PUT /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('x'.repeat(101))}`);
    await chunked.answered(/^HTTP\/1\.1 413 [^]*connection: close/i);
    expect(error).toBeInstanceOf(BodyError);
    expect(chunked.failures).toEqual(['413 maximum content-length is 100']);
  });

  it('silence inside the body: 408 after 60 seconds; but not while the service itself is busy', async () => {
    const seen: string[] = [];
    const world: StreamWorld = new StreamWorld(async ({ body }) => {
      for await (const piece of body) {
        seen.push(piece.toString());
        if (seen.length === 1) await world.clock.sleep(5 * MINUTE);
      }
      return textAnswer(200, 'never', world.clock);
    });
    world.read();
    world.stream.write(`${put(9)}abc`);
    await world.answered(/^HTTP\/1\.1 408 /);
    expect(seen).toEqual(['abc']);
    expect(Math.round(world.clock.now() / SECOND)).toBe(300 + 60);
  });

  it('one byte a minute is slow but no silence', async () => {
    const world: StreamWorld = new StreamWorld(async ({ body }) => {
      let size = 0;
      for await (const piece of body) size += piece.length;
      return textAnswer(200, `${size} bytes`, world.clock);
    });
    world.read();
    world.stream.write(put(5));
    for (let i = 1; i <= 5; i++) {
      world.clock.after(i * 59 * SECOND, () => {
        world.clock.stir();
        world.stream.write('x');
      });
    }
    await world.answered('5 bytes');
  });

  it('a device that goes away in the middle: the service is told, and nobody is answered', async () => {
    let error: unknown;
    const world = new StreamWorld(async ({ body, signal }) => {
      try {
        for await (const piece of body) expect(piece.toString()).toBe('abc');
      } catch (thrown) {
        error = thrown;
        expect(signal.aborted).toBe(true);
        throw thrown;
      }
      throw new Error('the body came whole');
    });
    world.stream.write(`${put(9)}abc`);
    await world.run(() => false, SECOND);
    world.stream.destroy(new Error('radio lost'));
    await world.run(() => error !== undefined);
    expect(error).toMatchObject({ name: 'BodyError', status: 0 });
    expect(world.failures).toEqual([]);
  });

  it('bytes that break the framing: the service is told, the device gets 400', async () => {
    let error: unknown;
    const world = new StreamWorld(async ({ body }) => {
      try {
        for await (const piece of body) expect(piece.toString()).toBe('abc');
      } catch (thrown) {
        error = thrown;
        throw thrown;
      }
      throw new Error('the body came whole');
    });
    world.read();
    world.stream.write(`PUT /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('abc')}`);
    await world.run(() => false, SECOND);
    world.stream.write('zz\r\n');
    await world.answered(/^HTTP\/1\.1 400 /);
    expect(error).toMatchObject({ name: 'BodyError', status: 400 });
  });

  it('a service that answers before the end: the device gets the answer, what it still sends is dropped', async () => {
    const world: StreamWorld = new StreamWorld(() => Promise.resolve(textAnswer(403, 'no', world.clock)));
    world.read();
    world.stream.write(put(20 * MIB));
    for (let n = 0; n < 16; n++) world.stream.write(PIECE);
    await world.answered(/^HTTP\/1\.1 403 [^]*connection: close/i);
    await world.run(() => world.ended);
    expect(world.ended).toBe(true);
  });

  it('Expect: 100-continue is answered before the body; a refusal spares the device the body', async () => {
    const take: Handler = async ({ body }) => {
      let size = 0;
      for await (const piece of body) size += piece.length;
      return textAnswer(200, `${size} bytes`, new VirtualClock(0));
    };
    const world = new StreamWorld(take).read();
    world.stream.write(put(3, 'Expect: 100-continue\r\n'));
    await world.answered('100 Continue');
    world.stream.write('abc');
    await world.answered('3 bytes');
    const refused: StreamWorld = new StreamWorld(
      () => Promise.resolve(textAnswer(403, 'no', refused.clock)),
      MIB,
      true,
    ).read();
    refused.stream.write(put(3, 'Expect: 100-continue\r\n'));
    await refused.answered(/^HTTP\/1\.1 403 /);
    // A service that reads all the same does not take the body for empty.
    const careless = new StreamWorld(take, MIB, true).read();
    careless.stream.write(put(3, 'Expect: 100-continue\r\n'));
    await careless.answered(/^HTTP\/1\.1 417 /);
  });

  it('a service that fails in the middle: 500, told by its kind only', async () => {
    const world = new StreamWorld(async ({ body }) => {
      for await (const piece of body) if (piece.length > 0) throw new RangeError('the key is topsecret');
      throw new Error('unreachable');
    }).read();
    world.stream.write(`${put(9)}abc`);
    await world.answered(/^HTTP\/1\.1 500 /);
    expect(world.failures).toEqual(['500 internal error (RangeError)']);
    expect(world.text).not.toContain('topsecret');
  });
});

describe('down', () => {
  it('100 MiB to a device that is slower than the service: what is under way stays bounded', async () => {
    const pieces = (100 * MIB) / PIECE.length;
    let taken = 0;
    let highest = 0;
    const { seen, answer } = sourceOf(pieces, (n) => (highest = Math.max(highest, n * PIECE.length - taken)));
    const world = new StreamWorld(() => Promise.resolve(answer));
    world.stream.on('data', (piece: Buffer) => {
      taken += piece.length;
      if (taken % (10 * MIB) >= piece.length) return;
      world.stream.pause();
      world.clock.after(30 * SECOND, () => {
        world.clock.stir();
        world.stream.resume();
      });
    });
    world.stream.write('GET /f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await world.run(() => world.ended);
    expect(taken).toBeGreaterThan(100 * MIB);
    expect(seen).toEqual({ asked: pieces, released: 1 });
    expect(highest).toBeGreaterThan(PIECE.length);
    expect(highest).toBeLessThan(IN_FLIGHT);
  });

  it('HEAD has the length and no body; the source is let go unread, and the connection goes on', async () => {
    const head = sourceOf(3);
    const get = sourceOf(1);
    const world = new StreamWorld(({ method }) => Promise.resolve(method === 'HEAD' ? head.answer : get.answer)).read();
    world.stream.write('HEAD /f HTTP/1.1\r\nHost: a\r\n\r\nGET /f HTTP/1.1\r\nHost: a\r\n\r\n');
    await world.run(() => world.text.endsWith('akari akar') && get.seen.released === 1, MINUTE);
    expect(head.seen).toEqual({ asked: 0, released: 1 });
    const [first = '', second = '', body = ''] = world.text.split('\r\n\r\n');
    expect(first).toMatch(/content-length: 196608/i);
    expect(second).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-length: 65536/i);
    expect(body).toBe(PIECE.toString());
  });

  it.each([
    ['fails', sourceOf(3, (n) => n === 2 && fail())],
    ['is shorter than it said', sourceOf(3, undefined, 4 * PIECE.length)],
    ['is longer than it said', sourceOf(3, undefined, 2 * PIECE.length)],
  ])(
    'a source that %s: the connection is cut, so that nobody takes the body for whole',
    async (_, { seen, answer }) => {
      const world = new StreamWorld(() => Promise.resolve(answer)).read();
      world.stream.write('GET /f HTTP/1.1\r\nHost: a\r\n\r\nGET /f HTTP/1.1\r\nHost: a\r\n\r\n');
      await world.run(() => world.ended);
      expect(world.text.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
      const [head = ''] = world.text.split('\r\n\r\n');
      const sent = world.text.length - head.length - 4;
      expect(sent === answer.source.length && world.error === undefined && !world.ended).toBe(false);
      expect(world.failures).toHaveLength(1);
      expect(world.failures[0]).toMatch(/^500 the answer was cut short \(/);
      expect(seen.released).toBe(1);
    },
  );

  it('a device that takes nothing for 15 minutes is cut off, one that takes a little now and then is not', async () => {
    const { seen, answer } = sourceOf(64);
    const world = new StreamWorld(() => Promise.resolve(answer));
    world.stream.write('GET /f HTTP/1.1\r\nHost: a\r\n\r\n');
    await world.run(() => seen.released === 1, 60 * MINUTE);
    expect(seen.asked).toBeLessThan(64);
    expect(Math.round(world.clock.now() / MINUTE)).toBe(15);

    const slow = sourceOf(64);
    const patient = new StreamWorld(() => Promise.resolve(slow.answer));
    patient.stream.write('GET /f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const takeSome = (): void => {
      patient.clock.stir();
      patient.stream.read();
      if (!patient.ended) patient.clock.after(10 * MINUTE, takeSome);
    };
    patient.clock.after(MINUTE, takeSome);
    await patient.run(() => patient.ended, 2000 * MINUTE);
    expect([slow.seen.asked, patient.error]).toEqual([64, undefined]);
    expect(patient.clock.now()).toBeGreaterThan(60 * MINUTE);
  });

  it('a device that goes away: the source is let go', async () => {
    const { seen, answer } = sourceOf(6400);
    const world = new StreamWorld(() => Promise.resolve(answer));
    world.stream.once('data', () => world.stream.destroy(new Error('radio lost')));
    world.stream.write('GET /f HTTP/1.1\r\nHost: a\r\n\r\n');
    await world.run(() => seen.released === 1);
    expect(seen.released).toBe(1);
    expect(seen.asked).toBeLessThan(64);
    expect(world.failures).toEqual([]);
  });
});

function fail(): never {
  throw new Error('disk');
}
