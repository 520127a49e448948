// The client of Harvest Files against a file server that a test scripts.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Status } from '../../../host/board/abi.js';
import { parseRequest } from '../scripted-modem.js';
import type { Request } from '../scripted-modem.js';
import { Clients, Outcome, compileClients } from './net.js';

beforeAll(compileClients);

const bytesOf = (n: number): Buffer => Buffer.from(Array.from({ length: n }, (_, i) => (i * 7 + (i >> 8)) & 255));

/** Answers ranges of a file as a server does, RFC 9110 14. */
function ranged(file: Buffer, { headers }: Request, etag = '"1"'): Buffer {
  const [, a = '', b = ''] = /^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? [];
  const [from, to] = [Number(a), Math.min(Number(b), file.length - 1)];
  if (from > to)
    return Buffer.from(
      `HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */${file.length}\r\nContent-Length: 0\r\n\r\n`,
    );
  const part = file.subarray(from, to + 1);
  const head = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${from}-${to}/${file.length}\r\nETag: ${etag}\r\n`;
  return Buffer.concat([Buffer.from(`${head}Content-Length: ${part.length}\r\n\r\n`), part]);
}

/** Clients whose server answers each request; `close` behind the answer when it is not to be kept. */
function server(respond: (request: Request, n: number) => Buffer | string | undefined, keep = true) {
  const clients = new Clients();
  const requests: Request[] = [];
  const taken = new Map<unknown, number>();
  clients.serve = (socket) => {
    const request = parseRequest(socket.received.subarray(taken.get(socket) ?? 0).toString('latin1'));
    if (!request) return;
    taken.set(socket, socket.received.length);
    const reply = respond(request, requests.push(request) - 1);
    if (reply !== undefined) socket.say(reply);
    if (!keep || reply === undefined) socket.close();
  };
  clients.call('files_open');
  return { clients, requests };
}

/** Runs a download to its outcome and collects what the app is given. */
function download(clients: Clients, into: Buffer[]): number {
  for (let turns = 0; turns < 100_000; turns++) {
    const outcome = clients.call('files_step', clients.time);
    const n = clients.call('files_partLength');
    if (n > 0) {
      into.push(clients.bytesAt(clients.call('files_part'), n));
      clients.call('files_next', clients.time);
    }
    if (outcome !== Outcome.Pending) return outcome;
    clients.now += 10;
  }
  return Outcome.Pending;
}

describe('a download', () => {
  test.each([1, 2, 1023, 1024, 1025, 5000, 20_000])('of %i bytes comes range by range, whole', (size) => {
    const file = bytesOf(size);
    const { clients, requests } = server((request) => ranged(file, request));
    const parts: Buffer[] = [];
    clients.call('files_get', clients.time);
    expect(download(clients, parts)).toBe(Outcome.Delivered);
    expect(Buffer.concat(parts).equals(file)).toBe(true);
    expect([clients.call('files_size'), clients.call('files_offset')]).toEqual([size, size]);
    expect(requests.map(({ head, headers }) => [head, headers['range']])).toEqual(
      Array.from({ length: Math.ceil(size / 1024) }, (_, i) => [
        'GET /firmware.bin HTTP/1.1',
        `bytes=${i * 1024}-${i * 1024 + 1023}`,
      ]),
    );
    expect(clients.sockets).toHaveLength(1);
  });

  test('of an empty file', () => {
    const { clients } = server((request) => ranged(Buffer.alloc(0), request));
    clients.call('files_get', clients.time);
    expect([download(clients, []), clients.call('files_size')]).toEqual([Outcome.Delivered, 0]);
  });

  test('from a server without ranges: a small file comes whole, a large one is refused', () => {
    for (const [size, outcome] of [
      [800, Outcome.Delivered],
      [1025, Outcome.Refused],
    ] as const) {
      const { clients } = server(() =>
        Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`), bytesOf(size)]),
      );
      const parts: Buffer[] = [];
      clients.call('files_get', clients.time);
      expect(download(clients, parts)).toBe(outcome);
      expect(Buffer.concat(parts)).toEqual(outcome === Outcome.Delivered ? bytesOf(size) : Buffer.alloc(0));
    }
  });

  test('goes on where it stood after every break, until it is whole', () => {
    const file = bytesOf(9_000);
    const { clients, requests } = server((request, n) => {
      const whole = ranged(file, request);
      return n % 3 === 1 ? whole.subarray(0, whole.length - 1) : n % 3 === 2 ? undefined : whole;
    }, false);
    const parts: Buffer[] = [];
    clients.call('files_get', clients.time);
    let outcome = download(clients, parts);
    for (let i = 0; i < 40 && outcome === Outcome.Retry; i++) {
      clients.call('files_resume', clients.time);
      outcome = download(clients, parts);
    }
    expect(outcome).toBe(Outcome.Delivered);
    expect(createHash('sha256').update(Buffer.concat(parts)).digest()).toEqual(
      createHash('sha256').update(file).digest(),
    );
    expect(requests.filter(({ headers }) => headers['range'] === 'bytes=0-1023')).toHaveLength(1);
  });

  test.each([
    ['another ETag', (file: Buffer, request: Request) => ranged(file, request, '"2"')],
    [
      'no ETag',
      (file: Buffer, request: Request) =>
        ranged(file, request)
          .toString('latin1')
          .replace(/ETag.*\r\n/, ''),
    ],
    ['another length', (file: Buffer, request: Request) => ranged(Buffer.concat([file, file]), request)],
    ['an end before the offset', (_: Buffer, request: Request) => ranged(bytesOf(100), request)],
    ['a whole file at once', () => 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
  ])('of a file that has become another (%s) is given up, and the app is told', (_what, second) => {
    const file = bytesOf(4_000);
    const { clients } = server((request, n) => {
      const reply = n < 2 ? ranged(file, request) : second(file, request);
      return typeof reply === 'string' ? Buffer.from(reply, 'latin1') : reply;
    });
    const parts: Buffer[] = [];
    clients.call('files_get', clients.time);
    expect([download(clients, parts), clients.call('files_changed')]).toEqual([Outcome.Refused, 1]);
    expect(Buffer.concat(parts)).toEqual(file.subarray(0, 2048));
  });

  test.each([
    'bytes 1-1023/4000',
    'bytes 0-1022/4000',
    'bytes 0-1023/1023',
    'bytes 0-1023/*',
    'bytes 0-1023/',
    'bytes 0-1023/40x0',
    'bytes -1023/4000',
    'bytes 0-1023',
    'octets 0-1023/4000',
    'bytes 0-1023/99999999999999999999',
    'bytes 00000000000000000000000-1023/4000',
    'bytes */4000',
    'x'.repeat(200),
    '',
  ])('with the wrong Content-Range %j gives nothing to the app', (range) => {
    const { clients } = server(
      () =>
        `HTTP/1.1 206 Partial Content\r\nContent-Range: ${range}\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`,
    );
    const parts: Buffer[] = [];
    clients.call('files_get', clients.time);
    expect([download(clients, parts), parts]).toEqual([Outcome.Retry, []]);
  });

  test.each([
    [404, Outcome.Refused],
    [403, Outcome.Refused],
    [500, Outcome.Retry],
    [429, Outcome.Retry],
  ])('of a file that is answered with %i', (status, outcome) => {
    const { clients } = server(() => `HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`);
    clients.call('files_get', clients.time);
    expect([download(clients, []), clients.call('files_code')]).toEqual([outcome, status]);
    expect(clients.call('files_changed')).toBe(0);
  });

  test('an empty part is no progress, and no endless loop', () => {
    const { clients } = server(
      () => 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes */4000\r\nContent-Length: 0\r\n\r\n',
    );
    clients.call('files_get', clients.time);
    expect(download(clients, [])).toBe(Outcome.Retry);
  });

  test('anything as an answer: an outcome, and no part that is larger than the buffer', () => {
    const file = bytesOf(3_000);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(150), fc.nat(255)), { maxLength: 4 }),
        fc.oneof(fc.constant(undefined), fc.uint8Array({ maxLength: 300 })),
        (changes, garbage) => {
          const { clients } = server((request) => {
            if (garbage) return Buffer.from(garbage);
            const reply = Buffer.from(ranged(file, request));
            for (const [at, value] of changes) reply[at] = value;
            return reply;
          }, false);
          const parts: Buffer[] = [];
          clients.call('files_get', clients.time);
          expect(download(clients, parts)).not.toBe(Outcome.Pending);
          for (const part of parts) expect(part.length).toBeLessThanOrEqual(1024);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('an upload', () => {
  /** Gives the file part by part, as the client asks; `size` bytes at most at a time. */
  function upload(clients: Clients, file: Buffer, size: number): number {
    for (let turns = 0; turns < 100_000; turns++) {
      if (clients.call('files_wantsPart')) {
        const at = clients.call('files_partAt');
        clients.call('files_givePart', clients.put(file.subarray(at, at + size)));
      }
      const outcome = clients.call('files_step', clients.time);
      if (outcome !== Outcome.Pending) return outcome;
      clients.now += 10;
    }
    return Outcome.Pending;
  }

  test.each([
    [0, 100, 1500],
    [1, 100, 1500],
    [100_000, 512, 1500],
    [100_000, 1024, 77],
    [20_000, 4096, 1],
  ])('of %i bytes, %i at a time, over a net that takes %i', (size, part, slice) => {
    const file = bytesOf(size);
    const { clients, requests } = server(() => 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    clients.slice = slice;
    clients.call('files_put', clients.time, size);
    expect(upload(clients, file, part)).toBe(Outcome.Delivered);
    expect(requests[0]?.head).toBe('PUT /log.txt HTTP/1.1');
    expect(requests[0]?.headers).toEqual({
      host: 'harvest-files.soracom.io',
      'content-type': 'text/plain',
      'content-length': String(size),
    });
    expect(Buffer.from(requests[0]?.body ?? '', 'latin1').equals(file)).toBe(true);
  });

  test('takes as long as it takes, if only it goes on', () => {
    const file = bytesOf(20_000);
    const { clients } = server(() => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    clients.call('files_put', clients.time, file.length);
    let outcome: number = Outcome.Pending;
    for (let turns = 0; turns < 1000 && outcome === Outcome.Pending; turns++) {
      if (clients.call('files_wantsPart')) {
        const at = clients.call('files_partAt');
        clients.call('files_givePart', clients.put(file.subarray(at, at + 1000)));
      }
      outcome = clients.call('files_step', clients.time);
      clients.now += 30_000;
    }
    expect(outcome).toBe(Outcome.Delivered);
    expect(clients.now).toBeGreaterThan(500_000);
  });

  test('that breaks off is begun again by the app, from the beginning', () => {
    const file = bytesOf(5_000);
    const { clients, requests } = server(() => 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    const serve = clients.serve;
    clients.serve = (socket, sent) => {
      if (clients.sockets.length === 1 && socket.received.length > 3_000) socket.state = Status.Closed;
      else serve(socket, sent);
    };
    clients.call('files_put', clients.time, file.length);
    expect(upload(clients, file, 512)).toBe(Outcome.Retry);
    clients.call('files_put', clients.time, file.length);
    expect(upload(clients, file, 512)).toBe(Outcome.Delivered);
    expect(Buffer.from(requests[0]?.body ?? '', 'latin1').equals(file)).toBe(true);
  });

  test('over a kept connection that the platform has given up goes out whole over a new one', () => {
    const file = bytesOf(3_000);
    const { clients, requests } = server(() => 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    clients.call('files_put', clients.time, file.length);
    upload(clients, file, 512);
    const [first] = clients.sockets;
    const serve = clients.serve;
    clients.serve = (socket, sent) => {
      if (socket === first) socket.close();
      else serve(socket, sent);
    };
    clients.call('files_put', clients.time, file.length);
    expect(upload(clients, file, 512)).toBe(Outcome.Delivered);
    expect(Buffer.from(requests[1]?.body ?? '', 'latin1').equals(file)).toBe(true);
  });

  test('is refused early, before it is all sent', () => {
    const file = bytesOf(50_000);
    const { clients } = server(() => undefined);
    clients.serve = (socket) => {
      if (socket.received.length > 5_000) socket.say('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n');
    };
    clients.call('files_put', clients.time, file.length);
    expect([upload(clients, file, 512), clients.call('files_code')]).toEqual([Outcome.Refused, 413]);
    expect(clients.last.received.length).toBeLessThan(10_000);
  });

  test('whose source fails is given up', () => {
    const { clients } = server(() => 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    clients.call('files_put', clients.time, 1000);
    clients.outcome('files', 1);
    clients.call('files_abort');
    expect(clients.closed).toBe(1);
    clients.call('files_put', clients.time, 3);
    expect(upload(clients, Buffer.from('abc'), 3)).toBe(Outcome.Delivered);
  });

  test('stands still for a source that is slow, and times out for one that never comes', () => {
    const { clients } = server(() => 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    clients.call('files_put', clients.time, 1000);
    expect(clients.outcome('files')).toBe(Outcome.Retry);
    expect(clients.now).toBeGreaterThan(59_000);
  });
});
