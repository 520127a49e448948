// Work in portions: no turn of the event loop serves one connection's bytes for long, however small their pieces are. Counted are bytes
// and turns, not time.

import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair, InProcessUpstream } from '../../host/cloud/index.js';
import { HttpFront, textAnswer } from '../../host/platform/http/front.js';
import { HTTP_LIMITS } from '../../host/platform/index.js';
import { WORK } from '../../host/platform/limits.js';
import { Forwarder } from '../../host/platform/outbound/forward.js';
import { Pace, PacedInput } from '../../host/platform/pace.js';
import { Trace } from '../../host/trace/trace.js';
import { frame } from './frames.js';
import { FrontWorld } from './fronts.js';
import { session } from './harness.js';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunks = (count: number, size = 1): string => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`.repeat(count);
const END = '0\r\n\r\n';
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Counts what happens in each turn of the event loop. */
class Turns {
  #now = 0;
  #on = true;
  #counts: number[] = [];

  constructor() {
    const next = (): void => {
      this.#now++;
      if (this.#on) setImmediate(next);
    };
    setImmediate(next);
  }

  add(count: number): void {
    this.#counts[this.#now] = (this.#counts[this.#now] ?? 0) + count;
  }

  most(): number {
    this.#on = false;
    return Math.max(0, ...this.#counts.filter((count) => count !== undefined));
  }
}

describe('requests', () => {
  /** A front whose service sees the pieces of bodies as they come. */
  function world() {
    const clock = new VirtualClock(0);
    const turns = new Turns();
    let id = 0;
    const failures: string[] = [];
    const served: string[] = [];
    const front = new HttpFront({
      ...{ clock, limits: HTTP_LIMITS, traceOf: () => new Trace(clock), nextId: () => ++id },
      service: {
        refuses: () => false,
        answer: ({ target }) => {
          served.push(target);
          turns.add(1);
          return Promise.resolve(textAnswer(200, 'ok', clock));
        },
        stream: {
          limit: ({ method }) => (method === 'POST' ? 10_000_000 : undefined),
          answer: async ({ body }) => {
            let bytes = 0;
            for await (const piece of body) {
              turns.add(piece.length);
              bytes += piece.length;
            }
            return textAnswer(200, `${bytes}`, clock);
          },
        },
        failed: (_id, _caller, status, reason) => failures.push(`${status} ${reason}`),
      },
    });
    const open = (caller = session()) => {
      const [near, far] = duplexPair(clock);
      front.accept(far, caller);
      let text = '';
      near.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      return { stream: near, text: () => text };
    };
    const run = (): Promise<string> => clock.run({ deadline: clock.now() + SECOND });
    return { clock, turns, failures, served, open, run, front };
  }

  it('chunks of one byte are read a portion a turn, whatever many connections send', async () => {
    const { turns, open, run } = world();
    const all = Array.from({ length: 10 }, () => open());
    for (const { stream } of all) stream.write(HEAD + chunks(5000) + END);
    await run();
    expect(all.map(({ text }) => /\n(\d+)\n$/.exec(text())?.[1])).toEqual(all.map(() => '5000'));
    // Ten first portions at once; of those that wait, one in a turn.
    expect(turns.most()).toBeLessThanOrEqual((10 * WORK.leastPortion) / 6 + WORK.leastPortion);
  });

  it('large chunks wait for no turn', async () => {
    const { turns, open, run } = world();
    const { stream, text } = open();
    stream.write(HEAD + chunks(4, 16_000) + END);
    await run();
    expect(text()).toContain('\n64000\n');
    expect(turns.most()).toBeGreaterThan(4 * WORK.portion);
  });

  it('a long body waits for a turn after each 64 KiB, and so do many of them', async () => {
    const { turns, open, run } = world();
    const size = 1_000_000;
    const all = Array.from({ length: 20 }, () => open());
    for (const { stream } of all) {
      stream.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
      stream.write(Buffer.alloc(size));
    }
    await run();
    expect(all.map(({ text }) => /\n(\d+)\n$/.exec(text())?.[1])).toEqual(all.map(() => String(size)));
    // What all may have read in a turn, and one that has waited.
    expect(turns.most()).toBeLessThanOrEqual(WORK.bytesInTurn + WORK.bytes + 2 * WORK.portion);
  });

  it('a body in more pieces than its bytes allow is refused with 413, and one of as many small ones as allowed is taken', async () => {
    const { failures, open, run } = world();
    const { stream, text } = open();
    stream.write(HEAD + chunks(WORK.pieces - 2000) + END);
    await run();
    expect(text()).toContain(`\n${WORK.pieces - 2000}\n`);
    const other = open();
    other.stream.write(HEAD + chunks(WORK.pieces + 5000));
    await run();
    expect(other.text()).toMatch(/^HTTP\/1\.1 413 .*the body comes in too many pieces\n$/s);
    expect(failures).toEqual(['413 the body comes in too many pieces']);
  });

  it('of more requests than may wait no more than a portion is read', async () => {
    const { served, open, run, failures } = world();
    const { stream, text } = open();
    stream.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3000));
    await run();
    expect(served).toHaveLength(HTTP_LIMITS.maxWaiting + 1);
    expect(failures).toEqual(['503 too many requests are waiting']);
    expect(text().match(/^HTTP\/1\.1 /gm)).toHaveLength(HTTP_LIMITS.maxWaiting + 2);
  });

  it('a first line in pieces of one byte is looked at once', async () => {
    const { open, run, served } = world();
    const { stream } = open();
    for (const byte of `GET /${'a'.repeat(4000)} HTTP/1.7\r\nHost: a\r\n\r\n`) stream.write(byte);
    await run();
    expect(served).toEqual([`/${'a'.repeat(4000)}`]);
  });
});

describe('answers of destinations', () => {
  async function exchange(answers: readonly string[]) {
    const clock = new VirtualClock(0);
    const upstream = new InProcessUpstream({ clock });
    const turns = new Turns();
    upstream.serve('a.test', 80, (stream) => {
      stream
        .on('error', () => undefined)
        .once('data', () => {
          for (const piece of answers) stream.write(piece);
        });
    });
    const forwarder = new Forwarder(clock, upstream, HTTP_LIMITS);
    const sent = forwarder
      .send({
        ...{ destination: new URL('http://a.test/'), method: 'GET', target: '/', headers: [], body: Buffer.alloc(0) },
        ...{ signal: new AbortController().signal, imsi: '1' },
      })
      .catch((error: Error) => error);
    await clock.run({ deadline: SECOND });
    return { answer: await sent, turns };
  }
  const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  it('chunks of one byte come whole', async () => {
    const { answer } = await exchange([CHUNKED + chunks(20_000) + END]);
    expect(answer).toMatchObject({ status: 200 });
    if (!('body' in answer)) throw new Error('no answer');
    expect(answer.body.length).toBe(20_000);
  });

  it('more pieces than the bytes allow are too many', async () => {
    const { answer } = await exchange([CHUNKED + chunks(WORK.pieces + 5000)]);
    expect(answer).toMatchObject({ fault: 'too-large', message: 'the answer comes in too many pieces' });
  });

  it('extensions of chunks are limited in total', async () => {
    const one = `1;${'e'.repeat(1000)}\r\nx\r\n`;
    expect((await exchange([CHUNKED + one.repeat(60) + END])).answer).toMatchObject({ status: 200 });
    expect((await exchange([CHUNKED + one.repeat(70) + END])).answer).toMatchObject({ fault: 'not-http' });
  });

  it('a head of 60,000 bytes in pieces of one byte is as long as in one piece', async () => {
    const head = `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(60_000)}\r\nContent-Length: 2\r\n\r\nok`;
    const { answer } = await exchange([...head]);
    expect(answer).toMatchObject({ status: 200 });
  });
});

it('frames of one message each are served one a turn', async () => {
  const turns = new Turns();
  const world = new FrontWorld({
    framed: true,
    answer: ({ body }) => {
      turns.add(1);
      return Promise.resolve({ status: 200, body });
    },
  });
  const devices = [world.connect(), world.connect()];
  for (const device of devices) device.send(Buffer.concat(Array.from({ length: 200 }, () => frame('x'))));
  await world.run(() => world.messages.length === 400);
  // The first of each connection, and one of those that wait.
  expect(turns.most()).toBeLessThanOrEqual(3);
});

describe('the pace', () => {
  it('gives the callers turns, and each caller its portions in order', async () => {
    const pace = new Pace();
    const done: string[] = [];
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1']) pace.later(name.slice(0, 1), () => done.push(name));
    const perTurn: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = done.length;
      await turn();
      perTurn.push(done.length - before);
    }
    expect(done).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
    expect(Math.max(...perTurn)).toBe(1);
  });

  it('a stream that is much work has its portions, the least of them, between the turns; its end comes behind them', async () => {
    const clock = new VirtualClock(0);
    const [near, far] = duplexPair(clock);
    const took: number[] = [];
    let ended = false;
    new PacedInput(far, {
      ...{ clock, caller: 'a', pace: new Pace() },
      take: (bytes) => void took.push(bytes.length),
      work: () => (took.length === 0 ? 0 : WORK.light + 1),
      end: () => (ended = true),
    });
    near.end(Buffer.alloc(2000));
    await clock.run({ deadline: SECOND });
    expect(took).toEqual([512, 512, 512, 464]);
    expect(ended).toBe(true);
  });

  it('what was stopped gives back what it has not taken', async () => {
    const clock = new VirtualClock(0);
    const [near, far] = duplexPair(clock);
    let rest: Buffer = Buffer.alloc(0);
    const input: PacedInput = new PacedInput(far, {
      ...{ clock, caller: 'a', pace: new Pace() },
      take: () => (rest = input.stop()),
      work: () => 0,
      end: () => undefined,
    });
    near.write(Buffer.alloc(2000));
    await clock.run({ deadline: SECOND });
    expect(rest.length).toBe(2000 - WORK.leastPortion);
  });
});
