import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { loadKit } from '../../host/kit/index.js';

const kit = await loadKit();
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const parse = (text: string, options?: Parameters<typeof kit.httpParse>[1]) => {
  const { state, code, error, keepAlive, consumed, body } = kit.httpParse([bytes(text)], options);
  return { state, code, error, keepAlive, rest: text.length - consumed, body: Buffer.from(body).toString('latin1') };
};
const done = (code: number, body: string, keepAlive = true, rest = 0) => ({
  state: 'done',
  code,
  error: 0,
  keepAlive,
  rest,
  body,
});

/** Cuts bytes at the given fractions. */
function cut(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...new Set([...at.map((f) => Math.floor(f * whole.length)), whole.length])].sort((a, b) => a - b);
  return ends.map((end, i) => whole.slice(ends[i - 1] ?? 0, end));
}

describe('a response, RFC 9112', () => {
  test.each([
    ['Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', done(200, 'hello')],
    ['no reason phrase', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', done(200, '')],
    ['no blank after the code either', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', done(200, '')],
    ['another response behind it', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 ', done(200, 'x', true, 9)],
    // RFC 9110 15: a status that is none is an error of the server; the answer is complete nevertheless.
    ['a status above 599', 'HTTP/1.1 999 Request denied\r\nContent-Length: 2\r\n\r\nno', done(999, 'no')],
    ['the first above 599', 'HTTP/1.1 600\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', done(600, 'no')],
    [
      'an interim status that is not known',
      'HTTP/1.1 199 X\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
      done(200, 'x'),
    ],
    ['a tab behind the code (4)', 'HTTP/1.1 200\tOK\r\nContent-Length: 1\r\n\r\nx', done(200, 'x')],
    ['several blanks around the code (4)', 'HTTP/1.1 \t 200  OK\r\nContent-Length: 1\r\n\r\nx', done(200, 'x')],
    ['a reason of other letters', 'HTTP/1.1 200 d\xe9j\xe0 vu\r\nContent-Length: 1\r\n\r\nx', done(200, 'x')],
    [
      'text mode of a system that writes CR LF for LF',
      'HTTP/1.1 200 OK\r\r\nContent-Length: 1\r\r\n\r\r\nx',
      done(200, 'x'),
    ],
    ['zeros before a length', `HTTP/1.1 200 OK\r\nContent-Length: ${'0'.repeat(20)}1\r\n\r\nx`, done(200, 'x')],
    [
      'zeros before the size of a chunk',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'0'.repeat(15)}1\r\nx\r\n${'0'.repeat(16)}\r\n\r\n`,
      done(200, 'x'),
    ],
    [
      'the coding of HTTP/1.1 of 1999 that is none',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx',
      done(200, 'x'),
    ],
    [
      'names of headers that are none',
      'HTTP/1.1 200 OK\r\nServer : x\r\nX Y: z\r\nX(1): y\r\nContent-Length: 1\r\n\r\nx',
      done(200, 'x'),
    ],
    ['bytes behind a 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nno', done(204, '', true, 2)],
    ['empty lines before it (2.2)', '\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', done(200, 'x')],
    ['lines that end with LF alone (2.2)', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx', done(200, 'x')],
    ['204 has no body', 'HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n', done(204, '')],
    ['304 has no body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', done(304, '')],
    [
      'interim responses are passed over',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 3\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 1\r\n\r\nx',
      done(201, 'x'),
    ],
    [
      'chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nA;ext="v"\r\npedia in c\r\n0\r\n\r\n',
      done(200, 'Wikipedia in c'),
    ],
    [
      'chunked with trailers',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1 \r\nx\r\n000\r\nExpires: never\r\nContent-Length: 7\r\n\r\nrest',
      done(200, 'x', true, 4),
    ],
    [
      'chunked wins over a length, and the connection is not trusted',
      'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
      done(200, 'x', false),
    ],
    ['Connection: close', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n', done(200, '', false)],
    [
      'close wins over keep-alive',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
      done(200, '', false),
    ],
    ['HTTP/1.0 closes', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', done(200, '', false)],
    [
      'HTTP/1.0 with keep-alive',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
      done(200, ''),
    ],
    [
      'the same length twice (6.3)',
      'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\nx',
      done(200, 'x'),
    ],
    [
      'a folded line (5.2)',
      'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\tc\r\nTransfer-Encoding:\r\n chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
      done(200, 'x'),
    ],
    [
      'a header longer than is kept',
      `HTTP/1.1 200 OK\r\nSet-Cookie: ${'x'.repeat(3000)}\r\nContent-Length: 1\r\n\r\nx`,
      done(200, 'x'),
    ],
  ])('%s', (_what, text, wanted) => {
    expect(parse(text)).toEqual(wanted);
  });

  test('HEAD has no body', () => {
    expect(parse('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP', { head: true })).toEqual(done(200, '', true, 4));
  });

  test('a body that ends with the connection', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nall of it';
    expect(parse(text)).toMatchObject({ state: 'incomplete' });
    expect(parse(text, { closed: true })).toEqual(done(200, 'all of it', false));
    const coded = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked, gzip\r\n\r\nall of it';
    expect(parse(coded, { closed: true })).toEqual(done(200, 'all of it', false));
  });

  test.each([
    ['not HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n'],
    ['a code of two digits', 'HTTP/1.1 20 OK\r\n'],
    ['a code of four digits', 'HTTP/1.1 2000\r\n'],
    ['a code out of range', 'HTTP/1.1 099 OK\r\n'],
    ['a code of zeros', 'HTTP/1.1 000 OK\r\n'],
    ['a code of four digits and a reason', 'HTTP/1.1 2000 OK\r\n'],
    ['no blank before the code', 'HTTP/1.1200 OK\r\n'],
    ['nothing behind the version', 'HTTP/1.1         \r\n'],
    ['a blank before the colon of a coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n'],
    ['a tab before the colon of a length', 'HTTP/1.1 200 OK\r\nContent-Length\t: 1\r\n\r\n'],
    ['a protocol nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a header without colon', 'HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n'],
    ['a header without name', 'HTTP/1.1 200 OK\r\n: 1\r\n\r\n'],
    ['a blank before the colon (5.1)', 'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n'],
    ['a blank line before the first header', 'HTTP/1.1 200 OK\r\n X: 1\r\n\r\n'],
    ['a CR in a line', 'HTTP/1.1 200 OK\r\nX: a\rContent-Length: 1\r\n\r\n'],
    ['a NUL in a line', 'HTTP/1.1 200 OK\r\nX: a\0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a list of two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n'],
    ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n'],
    ['an endless length', `HTTP/1.1 200 OK\r\nContent-Length: ${'9'.repeat(30)}\r\n\r\n`],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
    ['a chunk size with a sign', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n'],
    ['rubbish behind a chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 x\r\n'],
    ['a chunk that is longer than it says', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n'],
    ['interim responses without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)],
  ])('refused: %s', (_what, text) => {
    expect(parse(text)).toMatchObject({ state: 'failed', error: Status.Malformed });
  });

  test.each([
    ['a body larger than there is room', 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890', 200],
    [
      'chunks larger than there is room',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n5\r\n67890\r\n',
      200,
    ],
    ['a chunk size of 13 digits', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffff\r\n', 200],
    ['a body without length', 'HTTP/1.1 200 OK\r\n\r\n01234567890', 200],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(200)}\r\n`, 200],
    ['too large a head', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, 200],
    ['a status line without end', `HTTP/1.1 200 ${'y'.repeat(20_000)}`, 0],
    [
      'a transfer coding that does not fit',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${'x,'.repeat(300)}chunked\r\n\r\n`,
      200,
    ],
  ])('too long: %s', (_what, text, code) => {
    expect(parse(text, { limit: 10 })).toMatchObject({ state: 'failed', error: Status.TooLong, code });
  });

  test.each([
    ['', Status.Closed],
    ['HTTP/1.1 20', Status.Short],
    ['HTTP/1.1 200 OK\r\nX: y', Status.Short],
    ['HTTP/1.1 200 OK\r\nX: y\r\n', Status.Short],
    ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx', Status.Short],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n', Status.Short],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', Status.Short],
    ['HTTP/1.1 100 Continue\r\n\r\n', Status.Short],
  ])('the connection ends after %j', (text, error) => {
    expect(parse(text, { closed: true })).toMatchObject({ state: 'failed', error });
  });

  test('any cutting gives the same result', () => {
    const texts = [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 12\r\nY: 1\r\n\r\nhello\r\n\r\nyou and more',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n4;x\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\nHTTP/1.1',
      'HTTP/1.0 500 No\nConnection: keep-alive\n\nuntil the end',
      'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n',
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
        fc.boolean(),
        (text, at, closed) => {
          const whole = bytes(text);
          expect(kit.httpParse(cut(whole, at), { closed })).toEqual(kit.httpParse([whole], { closed }));
        },
      ),
      { numRuns: 500 },
    );
    for (const text of texts) {
      const single = [...bytes(text)].map((byte) => Uint8Array.of(byte));
      expect(kit.httpParse(single, { closed: true })).toEqual(kit.httpParse([bytes(text)], { closed: true }));
    }
  });

  test('random bytes, and damaged responses: never a trap, and the body stays within its limit', () => {
    const good = bytes(
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    const damaged = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
      const copy = good.slice();
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 400 }), damaged),
        fc.boolean(),
        fc.nat(20),
        (input, closed, limit) => {
          const result = kit.httpParse([input], { closed, limit });
          expect(result.body.length).toBeLessThanOrEqual(limit);
          if (closed) expect(result.state).not.toBe('incomplete');
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** Node's own server at the other end of a pipe: what it says to one request, up to when it falls quiet. */
async function askNode(
  request: Uint8Array,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Uint8Array> {
  const said: Buffer[] = [];
  const server = createServer(handler);
  const pipe = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, next) {
      said.push(chunk);
      next();
    },
  });
  const finished = new Promise<void>((resolve) => {
    server.on('request', (_request, response: ServerResponse) => response.on('finish', () => setImmediate(resolve)));
    server.on('clientError', () => resolve());
  });
  server.emit('connection', pipe);
  pipe.push(request);
  await finished;
  pipe.destroy();
  return Buffer.concat(said);
}

describe('against the HTTP of Node', () => {
  const head = (method: 'GET' | 'HEAD' | 'POST', length = -1): Uint8Array =>
    kit.httpRequestHead({
      method,
      path: '/a/b?c=d',
      host: 'beam.soracom.io',
      port: 8888,
      header: ['x-message-id', '17-4'],
      length,
    });

  test('it reads our requests', async () => {
    const seen: unknown[] = [];
    const body = '{"a":1}';
    const request = Buffer.concat([head('POST', body.length), Buffer.from(body)]);
    await askNode(request, (message, response) => {
      message.setEncoding('utf8').on('data', (chunk: string) => {
        seen.push(message.method, message.url, message.headers, chunk);
        response.end();
      });
    });
    expect(seen).toEqual([
      'POST',
      '/a/b?c=d',
      { host: 'beam.soracom.io:8888', 'x-message-id': '17-4', 'content-length': '7' },
      body,
    ]);
  });

  test.each([
    ['a length', 200, (r: ServerResponse) => r.setHeader('Content-Length', 5).end('hello'), 'hello'],
    [
      'chunks',
      200,
      (r: ServerResponse) => {
        r.write('hel');
        r.end('lo');
      },
      'hello',
    ],
    [
      'chunks and trailers',
      200,
      (r: ServerResponse) => {
        r.setHeader('Trailer', 'X-Sum');
        r.write('hel');
        r.addTrailers({ 'X-Sum': '7' });
        r.end('lo');
      },
      'hello',
    ],
    [
      '204',
      204,
      (r: ServerResponse) => {
        r.statusCode = 204;
        r.end();
      },
      '',
    ],
    [
      'early hints',
      200,
      (r: ServerResponse) => {
        r.writeEarlyHints({ link: '</x>; rel=preload' });
        r.end('x');
      },
      'x',
    ],
    [
      '100 Continue',
      200,
      (r: ServerResponse) => {
        r.writeContinue();
        r.end('x');
      },
      'x',
    ],
    [
      'large',
      413,
      (r: ServerResponse) => {
        r.statusCode = 413;
        r.end('x'.repeat(50_000));
      },
      'x'.repeat(50_000),
    ],
  ])('we read its responses: %s', async (_what, code, handler, body) => {
    const said = await askNode(head('GET'), (_request, response) => void handler(response));
    expect(parse(Buffer.from(said).toString('latin1'))).toEqual(done(code, body));
  });

  test('HEAD', async () => {
    const said = await askNode(
      head('HEAD'),
      (_request, response) => void response.setHeader('Content-Length', 5).end(),
    );
    expect(parse(Buffer.from(said).toString('latin1'), { head: true })).toEqual(done(200, ''));
  });

  test('whatever is sent arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
        fc.boolean(),
        async (parts, fixed) => {
          const whole = Buffer.concat(parts);
          const said = await askNode(head('GET'), (_request, response) => {
            if (fixed) response.setHeader('Content-Length', whole.length);
            for (const part of parts) response.write(part);
            response.end();
          });
          const { state, body, keepAlive, consumed } = kit.httpParse([said]);
          expect({ state, keepAlive, rest: said.length - consumed }).toEqual({
            state: 'done',
            keepAlive: true,
            rest: 0,
          });
          expect(Buffer.from(body)).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a request head', () => {
  const write = (path: string, host: string, name: string, value: string): string =>
    Buffer.from(
      kit.httpRequestHead({ method: 'PUT', path, host, port: 80, header: [name, value], length: 0 }),
    ).toString('latin1');

  test('is written as RFC 9112 3 says', () => {
    expect(write('/', 'h', 'A', 'b c')).toBe('PUT / HTTP/1.1\r\nHost: h\r\nA: b c\r\nContent-Length: 0\r\n\r\n');
  });

  test('nothing in it can begin a header of its own', () => {
    for (const bad of ['a\r\nX: y', 'a\nb', '\0', 'a\x7f', '\t']) {
      expect(write(bad, 'h', 'A', 'b')).toBe('');
      expect(write('/', bad, 'A', 'b')).toBe('');
      expect(write('/', 'h', bad, 'b')).toBe('');
      expect(write('/', 'h', 'A', bad)).toBe('');
    }
    expect(write('/a b', 'h', 'A', 'b')).toBe('');
    expect(write('', 'h', 'A', 'b')).toBe('');
  });
});
