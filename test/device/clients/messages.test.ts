// Clients of the platform's services over TCP and UDP, against a far end that a test scripts.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { NetState, Status } from '../../../host/board/abi.js';
import type { ClientName, FarEnd } from './net.js';
import { Clients, NetKind, Outcome, compileClients } from './net.js';

beforeAll(compileClients);

const TCP = ['harvestTcp', 'funnelTcp', 'funkTcp', 'beamTcp', 'unifiedTcp'] as const;
const UDP = ['harvestUdp', 'funnelUdp', 'funkUdp', 'beamUdp', 'unifiedUdp'] as const;
const SERVICE: Readonly<Record<string, readonly [host: string, port: number]>> = {
  harvest: ['harvest.soracom.io', 8514],
  funnel: ['funnel.soracom.io', 23_080],
  funk: ['funk.soracom.io', 23_080],
  beam: ['beam.soracom.io', 23_080],
  unified: ['uni.soracom.io', 23_080],
};

/** Sends one message and lets time pass until its outcome. */
function exchange(clients: Clients, client: ClientName, message = 'hello', limit = 2048): number {
  clients.call(`${client}_send`, clients.time, clients.put(message), limit);
  return clients.outcome(client);
}

function opened(client: ClientName, serve: (socket: FarEnd, sent: Buffer) => void = () => undefined): Clients {
  const clients = new Clients();
  clients.serve = serve;
  clients.call(`${client}_open`);
  return clients;
}

const code = (clients: Clients, client: ClientName): number => clients.call(`${client}_code`);

describe.each([...TCP, ...UDP])('%s', (client) => {
  const kind = client.endsWith('Udp') ? NetKind.Udp : NetKind.Tcp;

  test('opens the entry point of its service', () => {
    const clients = opened(client, (socket) => socket.say('200'));
    exchange(clients, client);
    const { kind: used, host, port, received } = clients.last;
    expect([used, host, port]).toEqual([kind, ...(SERVICE[client.slice(0, -3)] ?? [])]);
    expect(received.toString()).toBe('hello');
  });

  test.each([
    ['200', Outcome.Delivered, 200, ''],
    ['201', Outcome.Delivered, 201, ''],
    ['204 ', Outcome.Delivered, 204, ''],
    ['200 {"result":"ok"}', Outcome.Delivered, 200, '{"result":"ok"}'],
    ['200 two\nlines\n', Outcome.Delivered, 200, 'two\nlines\n'],
    ['200\n', Outcome.Delivered, 200, ''],
    ['400 Invalid JSON is send to funnel.', Outcome.Refused, 400, 'Invalid JSON is send to funnel.'],
    ['404 no', Outcome.Refused, 404, 'no'],
    ['301 elsewhere', Outcome.Refused, 301, 'elsewhere'],
    ['408', Outcome.Retry, 408, ''],
    ['429 slower', Outcome.Retry, 429, 'slower'],
    ['500 NG', Outcome.Retry, 500, 'NG'],
    ['503', Outcome.Retry, 503, ''],
    ['600', Outcome.Retry, 600, ''],
    ['999 no', Outcome.Retry, 999, 'no'],
    ['2000', Outcome.Retry, 0, '2000'],
    ['099', Outcome.Retry, 0, '099'],
    ['20', Outcome.Retry, 0, '20'],
    ['OK', Outcome.Retry, 0, 'OK'],
    ['200OK', Outcome.Retry, 0, '200OK'],
    ['\0\xff', Outcome.Retry, 0, '\0\xff'],
  ])('the reply %j', (reply, outcome, status, body) => {
    const clients = opened(client, (socket) => socket.say(reply));
    expect([exchange(clients, client), code(clients, client)]).toEqual([outcome, status]);
    if (status > 0) expect(clients.answer(client)).toBe(body);
  });

  test('composes a message of up to 128 bytes in its own memory, and numbers it; one that is longer is not sent', () => {
    const clients = opened(client, (socket) => socket.say(`201 ${'a'.repeat(300)}`));
    const compose = (length: number): void => {
      clients.call(`${client}_compose`, clients.time, clients.put('m'.repeat(length)));
    };
    const isIdle = (): boolean => clients.call(`${client}_idle`) === 1;
    const seq = (): number => clients.call(`${client}_seq`);
    const sent = (): number => clients.sockets.reduce((sum, { received }) => sum + received.length, 0);
    let total = 0;
    for (const [n, length] of [1, 127, 128].entries()) {
      expect(isIdle()).toBe(true);
      compose(length);
      expect([isIdle(), seq()]).toEqual([false, n]);
      expect([clients.outcome(client), code(clients, client)]).toEqual([Outcome.Delivered, 201]);
      // Of an answer that is longer, 256 bytes are kept.
      expect(clients.answer(client)).toBe('a'.repeat(252));
      expect(sent()).toBe((total += length));
    }
    for (const length of [129, 256, 4096]) {
      compose(length);
      expect(isIdle()).toBe(false);
      expect(clients.call(`${client}_deadline`)).toBe(0);
      expect([clients.outcome(client), code(clients, client)]).toEqual([Outcome.Invalid, 0]);
      expect(clients.call(`${client}_answerLength`)).toBe(0);
    }
    expect([isIdle(), seq(), sent()]).toEqual([true, 5, total]);
  });

  test('a service set to leave the status away: the reply is the body', () => {
    const clients = opened(client, (socket) => socket.say('200 or so'));
    clients.call(`${client}_bare`, 1);
    expect(exchange(clients, client)).toBe(Outcome.Delivered);
    expect(clients.answer(client)).toBe('200 or so');
  });

  test('a reply longer than the buffer is cut off there, and its status counts', () => {
    const clients = opened(client, (socket) => socket.say(`200 ${'x'.repeat(100)}`));
    expect(exchange(clients, client, 'hello', 20)).toBe(Outcome.Delivered);
    expect(clients.answer(client)).toBe('x'.repeat(16));
  });

  test.each([Status.NameUnknown, Status.Refused, Status.Io, Status.Timeout])(
    'a socket that fails with %i before it is open: again later',
    (status) => {
      const clients = opened(client);
      clients.openState = status;
      expect([exchange(clients, client), code(clients, client)]).toEqual([Outcome.Retry, 0]);
      expect(clients.call(`${client}_result`)).toBe(status);
      clients.openState = NetState.Open;
      clients.serve = (socket) => socket.say('200');
      expect(exchange(clients, client)).toBe(Outcome.Delivered);
    },
  );

  test('a net that has no socket now: again later', () => {
    const clients = opened(client);
    clients.openResult = Status.Busy;
    expect(exchange(clients, client)).toBe(Outcome.Retry);
    expect(clients.call(`${client}_deadline`)).toBeGreaterThan(clients.now);
  });

  test('a socket that opens never', () => {
    const clients = opened(client);
    clients.openState = NetState.Opening;
    expect(exchange(clients, client)).toBe(Outcome.Retry);
    expect(clients.now).toBeGreaterThanOrEqual(160_000);
    expect(clients.closed).toBe(1);
  });

  test('no answer at all', () => {
    const clients = opened(client);
    expect(exchange(clients, client)).toBe(Outcome.Retry);
    expect(clients.call(`${client}_result`)).toBe(Status.Timeout);
    expect(clients.now).toBeLessThan(300_000);
  });

  test('any reply, at any time, in any pieces: one outcome, and nothing beyond the buffer', () => {
    const piece = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.constantFrom('200', '200 ', ' ok', '{"statusCode":207,"body":', '4', '\n').map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 5 }),
        fc.boolean(),
        fc.nat(64),
        fc.integer({ min: 1, max: 30 }),
        (pieces, closes, limit, slice) => {
          const clients = opened(client, (socket) => {
            for (const bytes of pieces) socket.say(bytes);
            if (closes && kind === NetKind.Tcp) socket.close();
          });
          clients.slice = slice;
          const outcome = exchange(clients, client, 'hello', limit);
          expect(outcome).not.toBe(Outcome.Pending);
          expect(outcome).not.toBe(Outcome.Invalid);
          expect(clients.call(`${client}_answerLength`)).toBeLessThanOrEqual(limit);
          expect(clients.bytesAt(clients.call('output') + limit, 8)).toEqual(Buffer.alloc(8));
          clients.serve = (socket) => socket.say('201');
          clients.slice = 100;
          expect(exchange(clients, client)).toBe(Outcome.Delivered);
        },
      ),
      { numRuns: 120 },
    );
  });
});

describe('a message over TCP', () => {
  test.each([1, 2, 3, 100])('a reply that comes %i bytes at a time is put together', (slice) => {
    const clients = opened('funkTcp', (socket) => {
      if (socket.received.toString().endsWith('{"a":1}')) socket.say('200 {"led":"on"}');
    });
    clients.slice = slice;
    expect(exchange(clients, 'funkTcp', '{"a":1}')).toBe(Outcome.Delivered);
    expect(clients.answer('funkTcp')).toBe('{"led":"on"}');
  });

  test('a reply whose second half comes later', () => {
    const clients = opened('funkTcp', (socket) => socket.say('200 {"led"'));
    clients.call('funkTcp_send', clients.time, clients.put('?'), 100);
    clients.call('funkTcp_step', clients.time);
    clients.now += 1_500;
    clients.last.say(':"on"}');
    expect(clients.outcome('funkTcp')).toBe(Outcome.Delivered);
    expect(clients.answer('funkTcp')).toBe('{"led":"on"}');
  });

  test('the end of the connection is the end of the reply', () => {
    const clients = opened('funnelTcp', (socket) => {
      socket.say('400 Invalid JSON is send to funnel.');
      socket.close();
    });
    expect(exchange(clients, 'funnelTcp')).toBe(Outcome.Refused);
    expect(clients.now).toBeLessThan(100);
    expect(clients.closed).toBe(1);
  });

  test('the end of the connection without a reply: again later', () => {
    const clients = opened('funnelTcp', (socket) => socket.close());
    expect(exchange(clients, 'funnelTcp')).toBe(Outcome.Retry);
    expect(clients.call('funnelTcp_result')).toBe(Status.Closed);
    expect(clients.sockets).toHaveLength(1);
  });

  test('messages soon after each other share a connection; later ones do not', () => {
    const clients = opened('harvestTcp', (socket) => socket.say('201'));
    for (let i = 0; i < 3; i++) expect(exchange(clients, 'harvestTcp')).toBe(Outcome.Delivered);
    expect(clients.sockets).toHaveLength(1);
    expect(clients.now).toBeLessThan(10_000);
    clients.now += 11_000;
    clients.call('harvestTcp_step', clients.time);
    expect(clients.closed).toBe(1);
    expect(exchange(clients, 'harvestTcp')).toBe(Outcome.Delivered);
    expect(clients.sockets).toHaveLength(2);
  });

  test('a kept connection that the far end has given up: the message goes over a new one', () => {
    const clients = opened('harvestTcp', (socket) => {
      if (clients.sockets.length === 1 && socket.received.length > 5) socket.close();
      else socket.say('201');
    });
    exchange(clients, 'harvestTcp');
    expect(exchange(clients, 'harvestTcp', 'again')).toBe(Outcome.Delivered);
    expect(clients.sockets.map(({ received }) => received.toString())).toEqual(['helloagain', 'again']);
  });

  test('what comes behind a reply is not the beginning of the next', () => {
    const clients = opened('funkTcp', (socket) => socket.say(`200 ${clients.sockets.length}`));
    exchange(clients, 'funkTcp');
    clients.last.say('500 late');
    expect(exchange(clients, 'funkTcp')).toBe(Outcome.Delivered);
    expect(clients.answer('funkTcp')).toBe('2');
  });
});

describe('a message over UDP', () => {
  test('a datagram without an answer goes out again, with waits that double, four times in all', () => {
    const clients = opened('harvestUdp');
    const times: number[] = [];
    clients.serve = () => times.push(clients.now);
    expect(exchange(clients, 'harvestUdp')).toBe(Outcome.Retry);
    expect(clients.last.datagrams.map(String)).toEqual(['hello', 'hello', 'hello', 'hello']);
    const waits = [...times.slice(1), clients.now].map((time, i) => time - (times[i] ?? 0));
    waits.forEach((wait, i) => {
      expect(wait).toBeGreaterThanOrEqual(0.75 * 5_000 * 2 ** i);
      expect(wait).toBeLessThanOrEqual(1.25 * 5_000 * 2 ** i + 500);
    });
  });

  test('the answer to a repetition is an answer; the socket is then given up, so that a late one finds nobody', () => {
    const clients = opened('harvestUdp', (socket) => {
      if (clients.sockets.length > 1 || socket.datagrams.length === 3) socket.say('201');
    });
    expect(exchange(clients, 'harvestUdp')).toBe(Outcome.Delivered);
    expect([clients.last.datagrams.length, clients.closed]).toEqual([3, 1]);
    expect(exchange(clients, 'harvestUdp', 'next')).toBe(Outcome.Delivered);
    expect(clients.sockets.map(({ datagrams }) => datagrams.length)).toEqual([3, 1]);
  });

  test('messages share a socket as long as all goes well', () => {
    const clients = opened('beamUdp', (socket) => socket.say('200'));
    for (let i = 0; i < 3; i++) expect(exchange(clients, 'beamUdp', `${i}`)).toBe(Outcome.Delivered);
    expect(clients.sockets.map(({ datagrams }) => datagrams.map(String))).toEqual([['0', '1', '2']]);
    expect(clients.now).toBeLessThan(100);
  });

  test('a second answer to one message is not taken for the answer to the next', () => {
    const clients = opened('funkUdp', (socket) => {
      socket.say(`200 ${clients.sockets.length}`);
      if (clients.sockets.length === 1) socket.say('500 again');
    });
    exchange(clients, 'funkUdp');
    expect(exchange(clients, 'funkUdp')).toBe(Outcome.Delivered);
    expect(clients.answer('funkUdp')).toBe('2');
  });

  test('a function may take its 30 seconds before it is called again', () => {
    const clients = opened('funkUdp');
    clients.call('funkUdp_send', clients.time, clients.put('?'), 100);
    clients.outcome('funkUdp', 33);
    expect(clients.last.datagrams).toHaveLength(1);
  });

  test('a message that no datagram holds is not sent', () => {
    const clients = opened('harvestUdp');
    clients.call('harvestUdp_send', clients.time, 1461, 100);
    expect(clients.outcome('harvestUdp')).toBe(Outcome.Invalid);
    expect(clients.last.datagrams).toEqual([]);
  });

  test('the socket fails while the answer is awaited', () => {
    const clients = opened('harvestUdp');
    clients.call('harvestUdp_send', clients.time, clients.put('x'), 100);
    clients.call('harvestUdp_step', clients.time);
    clients.last.state = Status.Closed;
    expect(clients.outcome('harvestUdp')).toBe(Outcome.Retry);
    expect(clients.call('harvestUdp_result')).toBe(Status.Closed);
  });
});

describe('the Unified Endpoint', () => {
  const one = '{"statusCode":200,"body":{"result":"ok","detail":{"beam":{"statusCode":200,"body":"x"}}}}';
  test.each([
    [one, Outcome.Delivered, 200],
    [one.replace('200', '207').replace('ok', 'ng'), Outcome.Refused, 207],
    [one.replace('200', '503'), Outcome.Retry, 503],
    [one.replace('200', '999'), Outcome.Retry, 999],
    ['{"body":{"statusCode":500}, "statusCode" : 200}', Outcome.Delivered, 200],
    ['{"statusCode":"200"}', Outcome.Retry, 0],
    ['{"statusCode":99}', Outcome.Retry, 0],
    ['{"statusCode":1000}', Outcome.Retry, 0],
    ['{"statusCode":20000000000}', Outcome.Retry, 0],
    ['{"statusCode":200', Outcome.Delivered, 200],
    ['{"statusCode', Outcome.Retry, 0],
  ])('%s over TCP and UDP', (reply, outcome, status) => {
    for (const client of ['unifiedTcp', 'unifiedUdp'] as const) {
      const clients = opened(client, (socket) => socket.say(reply));
      expect([exchange(clients, client), code(clients, client)]).toEqual([outcome, status]);
      if (status > 0) expect(clients.answer(client)).toBe(reply);
    }
  });
});

describe('the stream of Beam TCP to TCP', () => {
  const Stream = { Closed: 0, Opening: 1, Open: 2, Waiting: 3 };

  function run(clients: Clients, ms: number): void {
    for (const end = clients.now + ms; clients.now < end; clients.now += 10) clients.call('stream_step', clients.time);
  }
  const streaming = (): Clients => {
    const clients = new Clients();
    clients.call('stream_open');
    run(clients, 100);
    return clients;
  };

  test('carries bytes both ways', () => {
    const clients = streaming();
    expect(clients.call('stream_state')).toBe(Stream.Open);
    const { kind, host, port } = clients.last;
    expect([kind, host, port]).toEqual([NetKind.Tcp, 'beam.soracom.io', 8023]);
    clients.serve = (socket, sent) => socket.say(`you said ${sent.toString()}`);
    expect(clients.call('stream_write', clients.put('ping'))).toBe(4);
    const n = clients.call('stream_read', 2048);
    expect(clients.bytesAt(clients.call('output'), n).toString()).toBe('you said ping');
    expect(clients.call('stream_read', 2048)).toBe(0);
  });

  test('is opened again when it ends, breaks, or does not open, after waits that grow', () => {
    const clients = streaming();
    clients.last.close();
    run(clients, 100);
    expect(clients.call('stream_state')).toBe(Stream.Waiting);
    expect(clients.call('stream_write', 4)).toBe(0);
    clients.openState = Status.Refused;
    run(clients, 60_000);
    expect(clients.sockets.length).toBeGreaterThan(3);
    expect(clients.sockets.length).toBeLessThan(8);
    expect(clients.closed).toBe(clients.sockets.length);
    expect(clients.call('stream_error')).toBe(Status.Refused);
    clients.openState = NetState.Open;
    run(clients, 200_000);
    expect(clients.call('stream_state')).toBe(Stream.Open);
  });

  test('ends when it is closed', () => {
    const clients = streaming();
    clients.call('stream_close');
    run(clients, 10_000);
    expect([clients.call('stream_state'), clients.sockets.length, clients.closed]).toEqual([Stream.Closed, 1, 1]);
  });
});
