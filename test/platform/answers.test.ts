import { request } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { duplexPair, InProcessUpstream } from '../../host/cloud/index.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { HeldBytes } from '../../host/platform/held.js';
import { type HeldLimits, HTTP_LIMITS } from '../../host/platform/limits.js';
import { AnswerReader, type DestinationAnswer } from '../../host/platform/outbound/answer.js';
import { Forwarder } from '../../host/platform/outbound/forward.js';
import { UpstreamError } from '../../host/platform/outbound/upstream-error.js';
import { ANSWERS } from './answers.js';
import { BeamWorld, config, headerLines, IMSI, post } from './harness.js';

const MAX = 1000;
const HELD: HeldLimits = { caller: 10 * MAX, all: 10 * MAX, floor: 0 };

/** Undefined: there is none in these pieces, and the reader said so. */
function read(pieces: readonly Uint8Array[], method = 'GET'): DestinationAnswer | undefined {
  const reader = new AnswerReader({ method, maxBody: MAX, share: new HeldBytes(HELD).share('a') });
  try {
    for (const piece of pieces) reader.take(Buffer.from(piece));
    reader.end();
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return undefined;
  }
  return reader.answer;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('a destination’s answer', () => {
  it.each(ANSWERS)('$name', ({ bytes, method, expected }) => {
    const answer = read([latin1(bytes)], method);
    expect(answer && [answer.status, answer.body.toString()]).toEqual(expected);
  });

  it.each(ANSWERS)('$name, a byte at a time', ({ bytes, method }) => {
    const pieces = [...latin1(bytes)].map((byte) => Buffer.from([byte]));
    expect(read(pieces, method)).toEqual(read([latin1(bytes)], method));
  });

  it('says its fields as they may be passed on', () => {
    const fields =
      'X-A : 1\r\nX-B: a\r\n\t b \r\nX C: 1\r\nX-D: a\0\x01\x7fb\r\nX-E:\r\nno field\r\n: 1\r\nX-F: \xc3\xa9';
    expect(read([latin1(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`)])?.headers).toEqual([
      ['X-A', '1'],
      ['X-B', 'a b'],
      ['X-D', 'a   b'],
      ['X-E', ''],
      ['X-F', '\xc3\xa9'],
    ]);
  });

  it('has one length, which is right', () => {
    const lengths = (bytes: string, method?: string): string[] =>
      (read([latin1(bytes)], method)?.headers ?? []).filter(([name]) => /length/i.test(name)).map(([, value]) => value);
    expect(lengths('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length : 02\r\n\r\nok')).toEqual([]);
    expect(lengths('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length : 2, 2\r\n\r\nok')).toEqual(['2']);
    expect(lengths('HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')).toEqual([]);
    expect(lengths('HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n')).toEqual([]);
    expect(lengths('HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n')).toEqual(['9']);
    expect(lengths('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', 'HEAD')).toEqual(['9']);
  });

  it('has limits: of its header, of its lines, of its body', () => {
    expect(read([latin1(`HTTP/1.1 200 OK\r\n${'X-A: 1\r\n'.repeat(9000)}\r\n`)])).toBeUndefined();
    expect(read([latin1(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`)])).toBeUndefined();
    expect(read([latin1('HTTP/1.1 100 Go\r\n\r\n'.repeat(9000))])).toBeUndefined();
    expect(read([latin1(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(MAX)}`)])?.body).toHaveLength(MAX);
    expect(read([latin1(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(MAX + 1)}`)])).toBeUndefined();
    expect(
      read([latin1(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(5000)}`)]),
    ).toBeUndefined();
    const chunks = '1\r\nx\r\n'.repeat(MAX);
    expect(
      read([latin1(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)])?.body,
    ).toHaveLength(MAX);
    expect(read([latin1(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}1\r\n`)])).toBeUndefined();
  });

  const damaged = fc
    .tuple(fc.constantFrom(...ANSWERS), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }))
    .map(([{ bytes }, changes]) => {
      const buffer = latin1(bytes.slice(0, 400));
      for (const [at, byte] of changes) if (at < buffer.length) buffer[at] = byte;
      return buffer;
    });

  it('is the same however its bytes come, and nothing but an answer or a refusal comes of any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array()), fc.array(fc.nat(300), { maxLength: 6 }), (bytes, cuts) => {
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const answer = read(edges.slice(1).map((to, i) => bytes.subarray(edges[i], to)));
        expect(answer).toEqual(read([bytes]));
        if (answer === undefined) return;
        expect(answer.status).toBeGreaterThanOrEqual(200);
        for (const [name, value] of [...answer.headers, ...answer.trailers]) {
          expect(name).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/);
          // eslint-disable-next-line no-control-regex -- they are what must not be there
          expect(value).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f]/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is what Node’s strict parser makes of it, where that takes it', async () => {
    let taken = 0;
    for (const { bytes, method } of ANSWERS) {
      const node = await byNode(latin1(bytes), method);
      if (node === undefined) continue;
      taken++;
      const own = read([latin1(bytes)], method);
      // Transfer codings that it leaves on are the one thing that it takes and this does not.
      if (/gzip/.test(bytes)) expect(own).toBeUndefined();
      else expect(own && [own.status, own.body.toString()]).toEqual(node);
    }
    expect(taken).toBeGreaterThan(20);
  });
});

describe('the bytes of answers that are under way', () => {
  const world = (limits: HeldLimits) => {
    const clock = new VirtualClock(0);
    const upstream = new InProcessUpstream({ clock });
    const held = new HeldBytes(limits);
    const forwarder = new Forwarder(clock, upstream, HTTP_LIMITS, held);
    const ask = (host: string, imsi: string): Promise<string> => {
      const request = { destination: new URL(`http://${host}/`), method: 'GET', target: '/', headers: [], imsi };
      return forwarder.send({ ...request, body: Buffer.alloc(0), signal: new AbortController().signal }).then(
        ({ status, body }) => `${status} ${body.length}`,
        (error: unknown) => (error instanceof UpstreamError ? error.fault : String(error)),
      );
    };
    /** Answers at once with a body of so many bytes; `open`: of which the last never comes. */
    const serve = (host: string, length: number, open = false): void =>
      upstream.serve(host, 80, (stream) => {
        stream
          .on('error', () => undefined)
          .once('data', () => {
            stream.write(`HTTP/1.1 200 OK\r\nContent-Length: ${open ? length + 1 : length}\r\n\r\n`);
            for (let left = length; left > 0; left -= 1000) stream.write(Buffer.alloc(Math.min(left, 1000), 'x'));
          });
      });
    return {
      clock,
      held,
      ask,
      serve,
      run: (seconds: number) => clock.run({ deadline: clock.now() + seconds * SECOND }),
    };
  };

  it('are counted for the SIM until each is complete; beyond its part there is no room, for other SIMs there is', async () => {
    const { ask, held, run, serve } = world({ caller: 20_000, all: 100_000, floor: 0 });
    serve('slow.test', 12_000, true);
    serve('quick.test', 12_000);
    const slow = ask('slow.test', 'a');
    await run(1);
    expect(held.callers).toBe(1);
    const [own, other] = [ask('quick.test', 'a'), ask('quick.test', 'b')];
    await run(1);
    expect(await Promise.all([own, other])).toEqual(['no-room', '200 12000']);
    expect(held.callers).toBe(1);
    await run(60);
    expect(await slow).toBe('timeout');
    expect(held.callers).toBe(0);
    const later = ask('quick.test', 'a');
    await run(1);
    expect(await later).toBe('200 12000');
  });

  it('count for nothing once an answer was refused, however many come after that', async () => {
    const { ask, held, run, serve } = world({ caller: 20_000, all: 100_000, floor: 0 });
    serve('long.test', 500_000);
    const answer = ask('long.test', IMSI);
    await run(1);
    expect(await answer).toBe('no-room');
    expect(held.callers).toBe(0);
  });
});

/** Undefined: Node has an error for it, or no end. */
async function byNode(bytes: Buffer, method: string): Promise<[number, string] | undefined> {
  const clock = new VirtualClock(0);
  const [near, far] = duplexPair(clock);
  far.on('error', () => undefined).once('data', () => far.end(bytes));
  let answer: [number, string] | undefined;
  const asked = request({ createConnection: () => near, method });
  asked
    .on('error', () => undefined)
    .once('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString('latin1'))).on('error', () => undefined);
      response.once('end', () => (answer = [response.statusCode ?? 0, body]));
    });
  asked.end();
  await clock.run({ deadline: SECOND });
  return answer;
}

const ENTRIES: readonly [port: number, key: string][] = [
  [8888, 'http://beam.soracom.io:8888/'],
  [18080, 'http://beam.soracom.io:18080/'],
];

describe.each(ENTRIES)('through Beam, port %i', (port, key) => {
  async function device(bytes: string, method = 'POST', end = true): Promise<string> {
    const world = new BeamWorld({ config: config({ [key]: { enabled: true, destination: 'http://odd.test/' } }) });
    world.serveBytes('odd.test', 80, latin1(bytes), end);
    const text = await world.request(post('{}').replace('POST', method), port);
    expect(world.clock.now()).toBeLessThan(SECOND);
    world.platform.close();
    return text;
  }

  it('204 stays 204, without a body and without a length', async () => {
    const text = await device('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello');
    expect(text).toMatch(/^HTTP\/1\.1 204 No Content\r\n[^]*\r\n\r\n$/);
    expect(text).not.toMatch(/content-length|transfer-encoding|hello/i);
  });

  it('a blank before the colon is taken off', async () => {
    const text = await device('HTTP/1.1 200 OK\r\nContent-Length : 2\r\nX-A : b\r\n\r\nok');
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/);
    expect(headerLines(text)).toEqual(expect.arrayContaining(['content-length: 2', 'x-a: b']));
  });

  it('a complete answer needs no end of its connection', async () => {
    for (const bytes of ['HTTP/1.1 204 No\r\n\r\nhello', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA']) {
      expect(await device(bytes, 'POST', false)).toMatch(/^HTTP\/1\.1 20[04] /);
    }
  });

  it('a complete answer stands before a reset', async () => {
    const world = new BeamWorld({ config: config({ [key]: { enabled: true, destination: 'http://odd.test/' } }) });
    world.upstream.serve('odd.test', 80, (stream) => {
      stream
        .on('error', () => undefined)
        .once('data', () => {
          stream.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          stream.destroy(new Error('reset'));
        });
    });
    expect(await world.request(post('{}'), port)).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
  });

  it.each(ANSWERS.filter(({ method }) => method === 'GET'))('$name: framed for the device as it is', async (odd) => {
    const text = await device(odd.bytes);
    const [head = '', ...parts] = text.split('\r\n\r\n');
    const [status, body] = odd.expected ?? [502, undefined];
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    if (body === undefined) return;
    const rest = parts.join('\r\n\r\n');
    const chunked = /^transfer-encoding: chunked$/im.test(head);
    expect(chunked ? rest.replace(/^([0-9a-f]+)\r\n([^]*?)\r\n0[^]*$/, '$2').replace(/^0[^]*$/, '') : rest).toBe(body);
    const lengths = [...head.matchAll(/^content-length: (.*)$/gim)].map(([, length]) => length?.trim());
    if (status !== 304)
      expect(lengths).toEqual(chunked || status === 204 || lengths.length === 0 ? [] : [String(body.length)]);
  });
});
