// Answers of destinations as they are seen in the field, and what becomes of each.

export interface AnswerCase {
  readonly name: string;
  readonly method: 'GET' | 'HEAD';
  /** In latin1; the destination closes after them. */
  readonly bytes: string;
  /** Status and body for the device; undefined: there is no answer in it, the device gets 502. */
  readonly expected: readonly [status: number, body: string] | undefined;
  /** Who reads it otherwise, and what it makes of it: undefined for an error. */
  readonly otherwise?: Readonly<Partial<Record<'curl' | 'nginx', readonly [number, string] | undefined>>>;
}

const OK = [200, 'ok'] as const;
const LENGTH = 'Content-Length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

type More = Pick<AnswerCase, 'otherwise'> & { readonly method?: 'HEAD' };

const answer = (name: string, bytes: string, expected: AnswerCase['expected'] = OK, more: More = {}): AnswerCase => ({
  ...{ name, method: 'GET', bytes, expected },
  ...more,
});
const none = (name: string, bytes: string, otherwise: AnswerCase['otherwise'] = {}): AnswerCase => ({
  ...{ name, method: 'GET', bytes, expected: undefined, otherwise },
});
/** Only nginx, or only curl, has an error for it. */
const notNginx = { otherwise: { nginx: undefined } };
const notCurl = { otherwise: { curl: undefined } };
const neither = { otherwise: { nginx: undefined, curl: undefined } };
const field = (line: string): string => `HTTP/1.1 200 OK\r\n${line}\r\n${LENGTH}`;

export const ANSWERS: readonly AnswerCase[] = [
  answer('plain', `HTTP/1.1 200 OK\r\n${LENGTH}`),
  // Bytes that are no part of it.
  answer('204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello', [204, '']),
  answer('204 with a body and no length', 'HTTP/1.1 204 No Content\r\n\r\nhello', [204, '']),
  answer('204 with chunks', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n', [
    204,
    '',
  ]),
  answer('204 with an odd length', 'HTTP/1.1 204 No Content\r\nContent-Length: \r\n\r\n', [204, '']),
  answer('304 with a body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello', [304, '']),
  answer('HEAD with a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', [200, ''], { method: 'HEAD' }),
  answer('HEAD with chunks', `${CHUNKED}2\r\nok\r\n0\r\n\r\n`, [200, ''], { method: 'HEAD' }),
  answer('bytes after its length', `HTTP/1.1 200 OK\r\n${LENGTH}EXTRA`),
  answer('a second answer', `HTTP/1.1 200 OK\r\n${LENGTH}HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx`),
  answer('empty lines after it', `HTTP/1.1 200 OK\r\n${LENGTH}\r\n\r\n`),
  answer('bytes after its chunks', `${CHUNKED}2\r\nok\r\n0\r\n\r\nEXTRA`),
  answer('a body without a length', 'HTTP/1.1 200 OK\r\n\r\nok'),
  answer('a connection that is to be kept, and closes', 'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nok'),
  answer('a body without a length in 1.0', 'HTTP/1.0 200 OK\r\n\r\nok'),
  answer('no header, no body', 'HTTP/1.1 200 OK\r\n\r\n', [200, '']),
  // The first line.
  answer('no reason', `HTTP/1.1 200\r\n${LENGTH}`),
  answer('an empty reason', `HTTP/1.1 200 \r\n${LENGTH}`),
  answer('two blanks before the status', `HTTP/1.1  200 OK\r\n${LENGTH}`),
  answer('http in small letters', `http/1.1 200 OK\r\n${LENGTH}`, OK, notNginx),
  answer('a later minor version', `HTTP/1.2 200 OK\r\n${LENGTH}`, OK, notCurl),
  answer('HTTP/2.0', `HTTP/2.0 200 OK\r\n${LENGTH}`),
  answer('HTTP/2', `HTTP/2 200 OK\r\n${LENGTH}`, OK, notNginx),
  answer('empty lines before it', `\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH}`, OK, neither),
  answer('a status of its own', `HTTP/1.1 700 Odd\r\n${LENGTH}`, [700, 'ok']),
  // Lines.
  answer('LF alone', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
  answer('LF alone in some lines', `HTTP/1.1 200 OK\r\nX-A: 1\n${LENGTH}`),
  answer('LF alone at the end of its header', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok'),
  // Fields.
  answer('a blank before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok', OK, notNginx),
  answer('a tab before the colon', 'HTTP/1.1 200 OK\r\nContent-Length\t: 2\r\n\r\nok', OK, notNginx),
  answer('a blank before another colon', field('X-A : 1'), OK, notNginx),
  answer('no blank after the colon', 'HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nok'),
  answer('a folded line', field('X-A: a\r\n  b'), OK, notNginx),
  answer('a folded length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok', OK, neither),
  answer('a blank before the first field', field(' X-A: 1'), OK, neither),
  answer('a line without a colon', field('garbage'), OK, notCurl),
  answer('a field without a name', field(': 1'), OK, notNginx),
  answer('a name with a blank', field('X A: 1'), OK, notNginx),
  answer('a name that is no token', field('X(A): 1')),
  answer('a name in UTF-8', field('X-\xc3\xa9: 1')),
  answer('a control character', field('X-A: a\x01b')),
  answer('NUL', field('X-A: a\0b'), OK, neither),
  answer('CR alone', field('X-A: a\rb'), OK, notNginx),
  answer('17,000 bytes of a field', field(`X-A: ${'x'.repeat(17_000)}`), OK, notNginx),
  // Lengths and codings.
  answer('its length twice', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${LENGTH}`),
  answer('its length twice in one line', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok'),
  answer(
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ),
  answer(
    'chunks and a length',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ),
  answer('the coding identity', `HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n${LENGTH}`),
  answer('the coding identity, no length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok'),
  answer(
    'chunked twice',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  ),
  answer('Chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  answer('chunks in 1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
  // Chunks.
  answer('a chunk’s extension', `${CHUNKED}2;a="b;c"\r\nok\r\n0;x\r\n\r\n`),
  answer('blanks after a chunk’s size', `${CHUNKED}2  \r\nok\r\n0  \r\n\r\n`),
  answer('zeros before a chunk’s size', `${CHUNKED}00000002\r\nok\r\n000\r\n\r\n`),
  answer('LF alone in chunks', `${CHUNKED}2\nok\n0\n\n`),
  answer('trailers', `${CHUNKED}2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`),
  answer('an odd trailer', `${CHUNKED}2\r\nok\r\n0\r\nX-T : 1\r\n\r\n`),
  // nginx passes on what it has of these, and so does curl, which says besides that it is not all.
  answer('no empty line after the last chunk', `${CHUNKED}2\r\nok\r\n0\r\n`, OK, notCurl),
  answer('a trailer, and no empty line', `${CHUNKED}2\r\nok\r\n0\r\nX-T: 1\r\n`, OK, notCurl),
  // Before the answer.
  answer('100 before it', `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH}`, OK, {
    otherwise: { nginx: [100, ''] },
  }),
  answer('100 with a length', `HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n${LENGTH}`, OK, {
    otherwise: { nginx: [100, ''] },
  }),
  answer(
    '103 many times',
    `${'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(5)}HTTP/1.1 200 OK\r\n${LENGTH}`,
    OK,
    { otherwise: { nginx: [103, ''] } },
  ),
  answer('other protocols on offer', field('Upgrade: h2,h2c\r\nConnection: Upgrade')),
  answer('426', `HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${LENGTH}`, [426, 'ok']),
  // No answers, or not whole.
  none('nothing', ''),
  none('half a header', 'HTTP/1.1 200 OK\r\n', { curl: [200, ''] }),
  none('no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'),
  none('a body alone', 'ok'),
  none('a status of two digits', `HTTP/1.1 20 OK\r\n${LENGTH}`, { nginx: [20, ''] }),
  none('a status of four digits', `HTTP/1.1 2000 OK\r\n${LENGTH}`, { nginx: [2000, 'ok'] }),
  none(
    'another protocol that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    { nginx: [101, ''] },
  ),
  none('100 alone', 'HTTP/1.1 100 Continue\r\n\r\n', { nginx: [100, ''] }),
  none('less than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok', { nginx: OK }),
  none('no last chunk', `${CHUNKED}2\r\nok\r\n`, { nginx: OK }),
  none('half a last chunk', `${CHUNKED}2\r\nok\r\n0`, { nginx: OK }),
  none('a chunk that is longer than it says', `${CHUNKED}2\r\nok0\r\n\r\n`),
  none('a chunk without a size', `${CHUNKED}zz\r\nok\r\n0\r\n\r\n`),
  none('a chunk’s size with 0x', `${CHUNKED}0x2\r\nok\r\n0\r\n\r\n`),
  none('a chunk of more than can be', `${CHUNKED}fffffffffffffffff\r\nok\r\n0\r\n\r\n`),
  // RFC 9112 6.3, rule 5: a proxy answers 502.
  none('two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', { nginx: OK }),
  none('a length below zero', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok', { nginx: OK }),
  none('a length with a sign', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok', { curl: OK, nginx: OK }),
  none('a length in words', 'HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok', { nginx: OK }),
  none('an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok', { nginx: OK }),
  none('a length of more than can be', 'HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok', {
    curl: OK,
    nginx: OK,
  }),
  // The coded bytes would pass for plain ones, as they do with nginx.
  none(
    'a coding that nobody asked for',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    { nginx: OK },
  ),
  none('a coding without chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok', { nginx: OK }),
];
