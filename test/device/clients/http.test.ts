// Clients of the platform's services over HTTP, against a far end that a test scripts. What a response may be, and how it
// may be cut, is in ../http.test.ts.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { NetState, Status } from '../../../host/board/abi.js';
import { parseRequest } from '../scripted-modem.js';
import type { Request } from '../scripted-modem.js';
import type { ClientName } from './net.js';
import { Clients, NetKind, Outcome, compileClients } from './net.js';

beforeAll(compileClients);

const answer = (status: string, body = '', headers = ''): string =>
  `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

interface Far {
  readonly clients: Clients;
  readonly requests: Request[];
}

/** A client whose server answers every request like this; each connection carries one request. */
function far(client: ClientName, respond: string | ((request: Request, n: number) => string)): Far {
  const clients = new Clients();
  const requests: Request[] = [];
  let taken = 0;
  clients.serve = (socket) => {
    const request = parseRequest(socket.received.subarray(taken).toString('latin1'));
    if (!request) return;
    taken = 0;
    const n = requests.push(request) - 1;
    socket.say(typeof respond === 'string' ? respond : respond(request, n));
    socket.close();
  };
  clients.call(`${client}_open`);
  return { clients, requests };
}

describe('metadata', () => {
  const ask = (name: string, args: (clients: Clients) => (number | bigint)[], respond: string) => {
    const { clients, requests } = far('metadata', respond);
    clients.call(`metadata_${name}`, clients.time, ...args(clients));
    return { outcome: clients.outcome('metadata'), clients, requests };
  };

  test('a field of the subscriber', () => {
    const { outcome, clients, requests } = ask(
      'field',
      (c) => [c.put('imsi'), 100],
      answer('200 OK', '440103123456789'),
    );
    expect(outcome).toBe(Outcome.Delivered);
    expect(clients.answer('metadata')).toBe('440103123456789');
    expect(requests[0]).toMatchObject({
      head: 'GET /v1/subscriber.imsi HTTP/1.1',
      headers: { host: 'metadata.soracom.io' },
      body: '',
    });
    expect([clients.last.kind, clients.last.host, clients.last.port]).toEqual([NetKind.Tcp, 'metadata.soracom.io', 80]);
  });

  test.each([
    ['mode', '/v1/subscriber.tags.mode'],
    ['two words', '/v1/subscriber.tags.two%20words'],
    ['a/b?c#d%', '/v1/subscriber.tags.a%2fb%3fc%23d%25'],
    ['x\r\nHost: evil', '/v1/subscriber.tags.x%0d%0aHost%3a%20evil'],
    ['温度', '/v1/subscriber.tags.%e6%b8%a9%e5%ba%a6'],
    ['', '/v1/subscriber.tags.'],
  ])('the tag %j', (name, path) => {
    const { outcome, requests } = ask('tag', (c) => [c.put(name), 100], answer('200 OK', 'x'));
    expect([outcome, requests[0]?.path]).toEqual([Outcome.Delivered, path]);
  });

  test.each([
    ['200 OK', 'x', Outcome.Delivered],
    ['404 Not Found', '{"code":"AGW0002","message":"no"}', Outcome.Refused],
    ['403 Forbidden', '', Outcome.Refused],
    ['302 Found', '', Outcome.Refused],
    ['408 Request Timeout', '', Outcome.Retry],
    ['429 Too Many Requests', '', Outcome.Retry],
    ['500 Internal Server Error', '', Outcome.Retry],
    ['503 Service Unavailable', '', Outcome.Retry],
    ['999 Request denied', 'no', Outcome.Retry],
  ])('the answer %s', (status, body, wanted) => {
    const { outcome, clients } = ask('userdata', () => [100], answer(status, body));
    expect([outcome, clients.call('metadata_code'), clients.answer('metadata')]).toEqual([
      wanted,
      Number(status.slice(0, 3)),
      body,
    ]);
  });

  test('userdata larger than the buffer: its status is known, and what fits is not called the whole', () => {
    const { outcome, clients } = ask('userdata', () => [10], answer('200 OK', 'x'.repeat(11)));
    expect([outcome, clients.call('metadata_result')]).toEqual([Outcome.Delivered, Status.TooLong]);
  });

  test('puts a tag', () => {
    const { outcome, requests } = ask(
      'putTag',
      (c) => (c.put('mode', 'fast "and" \\ \n'), [4, 14, 100]),
      answer('200 OK', '{}'),
    );
    expect(outcome).toBe(Outcome.Delivered);
    expect(requests[0]).toMatchObject({
      head: 'PUT /v1/subscriber/tags HTTP/1.1',
      headers: { 'content-type': 'application/json' },
    });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual([{ tagName: 'mode', tagValue: 'fast "and" \\ \n' }]);
  });

  test('any tag arrives as it was given, and one that is too long is not sent', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 20 }),
        fc.string({ unit: 'binary', maxLength: 60 }),
        (name, value) => {
          const { outcome, requests } = ask(
            'putTag',
            (c) => (c.put(name, value), [Buffer.byteLength(name), Buffer.byteLength(value), 100]),
            answer('200 OK', '{}'),
          );
          if (outcome === Outcome.Invalid) {
            expect(requests).toEqual([]);
            return;
          }
          const [request] = requests;
          const body = Buffer.from(request?.body ?? '', 'latin1').toString();
          expect(JSON.parse(body)).toEqual([{ tagName: name, tagValue: value }]);
        },
      ),
    );
  });

  test('takes a tag away', () => {
    const { outcome, requests } = ask('deleteTag', (c) => [c.put('old one'), 0], 'HTTP/1.1 204 No Content\r\n\r\n');
    expect([outcome, requests[0]?.head]).toEqual([Outcome.Delivered, 'DELETE /v1/subscriber/tags/old%20one HTTP/1.1']);
  });

  test('a name that makes the request too long is not sent', () => {
    const { outcome, requests } = ask('tag', (c) => [c.put('x'.repeat(600)), 100], answer('200 OK'));
    expect([outcome, requests]).toEqual([Outcome.Invalid, []]);
  });
});

describe('harvest over HTTP', () => {
  const send = (time: bigint): Far => {
    const result = far('harvestHttp', 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    result.clients.call('harvestHttp_post', 0n, result.clients.put('21.5'), time, 100);
    expect(result.clients.outcome('harvestHttp')).toBe(Outcome.Delivered);
    return result;
  };

  test('an entry with the time of the device', () => {
    const { requests, clients } = send(1_767_225_603_885n);
    expect(requests[0]).toMatchObject({
      head: 'POST / HTTP/1.1',
      headers: { host: 'harvest.soracom.io', 'content-type': 'text/plain', 'x-soracom-timestamp': '1767225603885' },
      body: '21.5',
    });
    expect([clients.last.host, clients.last.port]).toEqual(['harvest.soracom.io', 80]);
  });

  test('an entry with the time of the platform', () => {
    expect(send(-1n).requests[0]?.headers).not.toHaveProperty('x-soracom-timestamp');
  });

  test('a platform that has Harvest switched off', () => {
    const { clients } = far('harvestHttp', answer('400 Bad Request', 'off'));
    clients.call('harvestHttp_post', 0n, clients.put('x'), -1n, 100);
    expect([clients.outcome('harvestHttp'), clients.call('harvestHttp_code')]).toEqual([Outcome.Refused, 400]);
    expect(clients.answer('harvestHttp')).toBe('off');
  });
});

describe.each([
  ['funnelHttp', 'funnel.soracom.io'],
  ['funkHttp', 'funk.soracom.io'],
  ['unifiedHttp', 'uni.soracom.io'],
] as const)('%s', (client, host) => {
  test('posts to its service and hands back the answer', () => {
    const { clients, requests } = far(client, answer('200 OK', '{"led":"on"}'));
    clients.call(`${client}_post`, 0n, clients.put('{"t":1}'), 100);
    expect(clients.outcome(client)).toBe(Outcome.Delivered);
    expect(clients.answer(client)).toBe('{"led":"on"}');
    expect(requests[0]).toMatchObject({
      head: 'POST / HTTP/1.1',
      headers: { host, 'content-type': 'application/json', 'content-length': '7' },
      body: '{"t":1}',
    });
    expect([clients.last.kind, clients.last.host, clients.last.port]).toEqual([NetKind.Tcp, host, 80]);
  });

  test('a second request goes over the same connection, at once', () => {
    const clients = new Clients();
    clients.serve = (socket, sent) => {
      if (sent.toString().endsWith('x')) socket.say(answer('200 OK'));
    };
    clients.call(`${client}_open`);
    for (let i = 0; i < 3; i++) {
      clients.call(`${client}_post`, clients.time, clients.put('x'), 100);
      expect(clients.outcome(client)).toBe(Outcome.Delivered);
    }
    expect([clients.sockets.length, clients.now < 100]).toEqual([1, true]);
  });

  test.each([Status.NameUnknown, Status.Refused, Status.Timeout])('no connection (%i): again later', (status) => {
    const { clients } = far(client, '');
    clients.openState = status;
    clients.call(`${client}_post`, 0n, clients.put('x'), 100);
    expect([clients.outcome(client), clients.call(`${client}_result`)]).toEqual([Outcome.Retry, status]);
  });

  test('an answer that breaks off is none', () => {
    const { clients } = far(client, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    clients.call(`${client}_post`, 0n, clients.put('x'), 100);
    expect([clients.outcome(client), clients.call(`${client}_result`)]).toEqual([Outcome.Retry, Status.Short]);
  });

  test('an answer that never comes', () => {
    const { clients } = far(client, '');
    clients.serve = () => undefined;
    clients.call(`${client}_post`, 0n, clients.put('x'), 100);
    expect([clients.outcome(client), clients.call(`${client}_result`)]).toEqual([Outcome.Retry, Status.Timeout]);
  });

  test('anything as an answer: one outcome, and nothing beyond the buffer', () => {
    const good = Buffer.from(answer('200 OK', 'hello'));
    const damaged = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 }).map((changes) => {
      const copy = Buffer.from(good);
      for (const [at, value] of changes) copy[at] = value;
      return copy;
    });
    fc.assert(
      fc.property(
        fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })),
        fc.nat(20),
        fc.boolean(),
        (bytes, limit, closes) => {
          const { clients } = far(client, '');
          clients.slice = 1 + (limit % 7) * 100;
          clients.serve = (socket, sent) => {
            if (!sent.includes('x')) return;
            socket.say(bytes);
            if (closes) socket.close();
          };
          clients.call(`${client}_post`, 0n, clients.put('x'), limit);
          expect(clients.outcome(client)).not.toBe(Outcome.Pending);
          expect(clients.call(`${client}_answerLength`)).toBeLessThanOrEqual(limit);
          expect(clients.bytesAt(clients.call('output') + limit, 8)).toEqual(Buffer.alloc(8));
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('the Unified Endpoint says by 207 that a service has failed', () => {
  const { clients } = far('unifiedHttp', answer('207 Multi-Status', '{"result":"ng"}'));
  clients.call('unifiedHttp_post', 0n, clients.put('x'), 100);
  expect([clients.outcome('unifiedHttp'), clients.call('unifiedHttp_code')]).toEqual([Outcome.Refused, 207]);
});

describe('endorse', () => {
  const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb3JhY29tLWVuZG9yc2UifQ.c2ln_-';
  const token = (clients: Clients): string =>
    clients.bytesAt(clients.call('endorse_token'), clients.call('endorse_tokenLength')).toString();

  test('asks over TLS and hands out the token', () => {
    const { clients, requests } = far('endorse', answer('200 OK', JSON.stringify({ token: TOKEN })));
    clients.call('endorse_get', 0n);
    expect(clients.outcome('endorse')).toBe(Outcome.Delivered);
    expect(token(clients)).toBe(TOKEN);
    expect(requests[0]).toMatchObject({
      head: 'GET / HTTP/1.1',
      headers: { host: 'endorse.soracom.io:443' },
      body: '',
    });
    expect([clients.last.kind, clients.last.host, clients.last.port]).toEqual([NetKind.Tls, 'endorse.soracom.io', 443]);
  });

  test('with parameters', () => {
    const { clients, requests } = far('endorse', answer('200 OK', JSON.stringify({ a: [1, '}'], token: TOKEN })));
    clients.call('endorse_post', 0n, clients.put('{"door":7}'));
    expect(clients.outcome('endorse')).toBe(Outcome.Delivered);
    expect(token(clients)).toBe(TOKEN);
    expect(requests[0]).toMatchObject({ head: 'POST / HTTP/1.1', body: '{"door":7}' });
  });

  test.each([
    '',
    '{}',
    '[]',
    '{"token":7}',
    '{"token":""}',
    '{"token":"a.b"}',
    '{"token":"a.b.c.d"}',
    '{"token":"a.b.c\\n"}',
    '{"token":"a.b.c',
    '{"nested":{"token":"a.b.c"}}',
    '<html>',
    `{"token":"${'x'.repeat(2000)}.b.c"}`,
  ])('an answer without a token is none: %s', (body) => {
    const { clients } = far('endorse', answer('200 OK', body));
    clients.call('endorse_get', 0n);
    expect(clients.outcome('endorse')).toBe(Outcome.Retry);
  });

  test('a group that has Endorse switched off', () => {
    const { clients } = far('endorse', answer('403 Forbidden', '{"code":"END0001","message":"no"}'));
    clients.call('endorse_get', 0n);
    expect([clients.outcome('endorse'), clients.call('endorse_code')]).toEqual([Outcome.Refused, 403]);
  });

  test('a certificate that the modem does not trust: no connection, again later', () => {
    const { clients } = far('endorse', '');
    clients.openState = Status.Untrusted;
    clients.call('endorse_get', 0n);
    expect(clients.outcome('endorse')).toBe(Outcome.Retry);
    expect(clients.sockets.every(({ received }) => received.length === 0)).toBe(true);
    expect(NetState.Open).toBe(1);
  });
});
