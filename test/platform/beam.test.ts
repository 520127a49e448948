import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { BeamWorld, config, CUSTOMER, EPOCH_MS, headerLines, IMEI, IMSI, post, PSK, session } from './harness.js';

const KEY = 'http://beam.soracom.io:8888';
const plain = (destination: string, more: object = {}) => ({ enabled: true, destination, ...more });

describe('Beam HTTP entry point to an HTTPS destination', () => {
  it('passes a signed request on, which the customer verifies with its own code, and gives back the answer', async () => {
    const world = new BeamWorld();
    const answer = await world.request(post('{"t":21.5}', 'X-Message-Id: m-1\r\n'));
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
    expect(answer).toContain(`"imsi":"${IMSI}"`);
    const [message] = world.customer.messages;
    expect(world.customer.messages).toHaveLength(1);
    expect(message).toMatchObject({
      identity: { imsi: IMSI, imei: IMEI },
      messageId: 'm-1',
      method: 'POST',
      url: '/ingest',
    });
    expect(message?.body.toString()).toBe('{"t":21.5}');
    // Signed by Beam's clock, in the world's time.
    expect(message?.timestampMs).toBeGreaterThanOrEqual(EPOCH_MS);
    expect(message?.timestampMs).toBeLessThan(EPOCH_MS + 1000);
  });

  it('shows both legs in the trace, and the key in none of it', async () => {
    const world = new BeamWorld();
    await world.request(post('{"t":1}', 'Authorization: Bearer device-token\r\n'));
    const kinds = world.events.map((e) => (e.type === 'http' ? `${e.leg} ${e.kind}` : e.type));
    expect(kinds).toEqual(['device request', 'customer request', 'verified', 'customer response', 'device response']);
    const [device, customer] = world.events.filter((e) => e.type === 'http' && e.kind === 'request');
    expect(device).toMatchObject({ leg: 'device', method: 'POST', url: '/', body: '{"t":1}' });
    expect(customer).toMatchObject({ leg: 'customer', url: `https://${CUSTOMER}/ingest`, body: '{"t":1}' });
    const text = world.events.map((event) => toJsonLine(event, true)).join('\n');
    expect(text).not.toContain(PSK);
    expect(text).not.toContain('device-token');
    expect(text).toContain('x-soracom-signature-version');
  });

  it('shows no parameter of a destination that grants access', async () => {
    const world = new BeamWorld({ config: config({ [`${KEY}/a`]: plain('http://a.test/in?unit=1&api_key=letmein') }) });
    const { requests } = world.serveBytes('a.test', 80, 'HTTP/1.1 204 No Content\r\n\r\n');
    await world.request(post('{}', '', '/a'));
    expect(requests[0]).toMatch(/^POST \/in\?unit=1&api_key=letmein /);
    const text = world.events.map((event) => toJsonLine(event, true)).join('\n');
    expect(text).toContain('http://a.test/in?unit=1&api_key=[redacted]');
    expect(text).not.toContain('letmein');
  });

  it('gives the same trace, to the byte, when run again', async () => {
    const run = async (): Promise<string> => {
      const world = new BeamWorld();
      const devices = [0, 1, 2].map(() => world.connect());
      world.customer.next({ delay: 3 * SECOND }, {}, { cut: 'body' });
      devices.forEach((device, i) => device.send(post(`{"n":${i}}`)));
      for (const device of devices) await device.ended();
      await world.request(post('x'.repeat(300_000)));
      return world.events.map((event) => toJsonLine(event)).join('\n');
    };
    const first = await run();
    expect(first).toContain('cut-short');
    expect(await run()).toBe(first);
  });

  it('asks the session for the IMSI, not the device', async () => {
    const world = new BeamWorld();
    const other = session('440109999999999');
    const answer = await world.request(post('{}', `x-soracom-imsi: ${IMSI}\r\n`), 8888, other);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*unknown subscriber/);
    expect(world.customer.messages).toHaveLength(0);
  });

  it('refuses a request on a connection whose session has closed', async () => {
    const world = new BeamWorld();
    const caller = session();
    const device = world.connect(8888, caller);
    device.send(post('{}').replace('Connection: close\r\n', ''));
    await device.expect('201 Created');
    caller.open = false;
    device.send(post('{}'));
    await device.ended();
    expect(device.text).toMatch(/HTTP\/1\.1 403 [^]*the session is closed/);
    expect(world.customer.messages).toHaveLength(1);
  });
});

describe('Beam entry points', () => {
  const entries = {
    [`${KEY}/`]: plain('http://root.test/'),
    [`${KEY}/a`]: plain('http://a.test:8080/in?x=1'),
    [`${KEY}/a/b`]: plain('http://b.test/'),
    [`${KEY}/off`]: { ...plain('http://a.test:8080/'), enabled: false },
  };
  const hosts: [string, number][] = [
    ['root.test', 80],
    ['a.test', 8080],
    ['b.test', 80],
  ];
  const ask = async (path: string) => {
    const world = new BeamWorld({ config: config(entries) });
    const asked: string[] = [];
    const servers = hosts.map(
      ([host, port]) => [host, world.serveBytes(host, port, 'HTTP/1.1 204 No Content\r\n\r\n')] as const,
    );
    const answer = await world.request(`GET ${path} HTTP/1.1\r\nHost: beam\r\nConnection: close\r\n\r\n`);
    for (const [host, { requests }] of servers)
      asked.push(...requests.map((r) => `${host} ${r.split('\r\n').slice(0, 2).join(' ')}`));
    return { answer, asked };
  };

  it.each([
    ['/', 'root.test GET / HTTP/1.1 Host: root.test'],
    ['/a', 'a.test GET /in?x=1 HTTP/1.1 Host: a.test:8080'],
    ['/a?y=2', 'a.test GET /in?x=1 HTTP/1.1 Host: a.test:8080'],
    ['/a/b', 'b.test GET / HTTP/1.1 Host: b.test'],
    ['http://beam.soracom.io:8888/a/b', 'b.test GET / HTTP/1.1 Host: b.test'],
  ])('%s leads to one destination', async (path, request) => {
    expect((await ask(path)).asked).toEqual([request]);
  });

  it.each(['/b', '/a/', '/a/b/c', '/A', '/off', '//a', '/a/../a'])('%s is no entry point: 400', async (path) => {
    const { answer, asked } = await ask(path);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*Beam: no entry point is enabled here\n$/);
    expect(asked).toEqual([]);
  });

  it.each([
    ['in no group', { subscribers: [{ imsi: IMSI, iccid: '8981100005819480000' }] }, 'the SIM is in no group'],
    ['in a group without Beam', { groups: { sensors: { configuration: {} } } }, 'no entry point is enabled here'],
  ])('a SIM %s gets 400', async (_, extra, text) => {
    const world = new BeamWorld({ config: config({}, extra) });
    expect(await world.request(post('{}'))).toMatch(new RegExp(`^HTTP/1\\.1 400 [^]*Beam: ${text}\n$`));
    expect(world.events.filter((e) => e.type === 'service')).toMatchObject([
      { event: 'refused', status: 400, reason: text, imsi: IMSI },
    ]);
  });
});

describe('Beam website entry point', () => {
  const website = (destination: string) =>
    config({ 'http://beam.soracom.io:18080/': plain(destination, { addSubscriberHeader: true }) });

  it.each([
    [18080, 'GET', '/a/b?c=%20d&e', 'http://site.test', '/a/b?c=%20d&e'],
    [80, 'DELETE', '/x', 'http://site.test/', '/x'],
    [18080, 'PUT', '/a', 'http://site.test/base/', '/base/a'],
    [80, 'PATCH', '//evil.test/a', 'http://site.test', '//evil.test/a'],
    [80, 'OPTIONS', '/', 'http://site.test', '/'],
    [18080, 'PROPFIND', '/%2e%2e/', 'http://site.test', '/%2e%2e/'],
    [18080, 'GET', 'http://evil.test/a?b', 'http://site.test', '/a?b'],
    [18080, 'GET', 'http://evil.test?b', 'http://site.test', '/?b'],
  ])('port %i: %s %s goes to %s as %s', async (port, method, path, destination, target) => {
    const world = new BeamWorld({ config: website(destination) });
    const { requests } = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const answer = await world.request(
      `${method} ${path} HTTP/1.1\r\nHost: beam.soracom.io:18080\r\nConnection: close\r\n\r\n`,
      port,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*ok$/);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatch(new RegExp(`^${method} `));
    expect(requests[0]?.split(' ')[1]).toBe(target);
    expect(headerLines(requests[0] ?? '')).toEqual(
      expect.arrayContaining(['host: site.test', `x-soracom-imsi: ${IMSI}`, 'connection: close']),
    );
  });

  it('is not the HTTP entry point, and the HTTP entry point is not it', async () => {
    const world = new BeamWorld();
    expect(await world.request(post('{}'), 18080)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each(['OPTIONS * HTTP/1.1', 'CONNECT site.test:80 HTTP/1.1'])('%s is refused', async (line) => {
    const world = new BeamWorld({ config: website('http://site.test') });
    const { requests } = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\n\r\n');
    expect(await world.request(`${line}\r\nHost: beam\r\nConnection: close\r\n\r\n`, 80)).toMatch(/^HTTP\/1\.1 400 /);
    expect(requests).toEqual([]);
  });
});

describe('Beam passes the answer back unchanged', () => {
  const world = (reply: string | Uint8Array, end = true) => {
    const it = new BeamWorld({ config: config({ [`${KEY}/`]: plain('http://site.test/') }) });
    return Object.assign(it, it.serveBytes('site.test', 80, reply, end));
  };
  const get = 'GET / HTTP/1.1\r\nHost: beam\r\nConnection: close\r\n\r\n';

  it('status, reason, header order and case, repeated headers, body bytes', async () => {
    const body = Buffer.from([0, 1, 0xff, 0x0d, 0x0a]);
    const head =
      'HTTP/1.1 418 Short And Stout\r\nzeta: 1\r\nX-CamelCase: a\r\nSet-Cookie: a=1\r\nalpha: 2\r\nSet-Cookie: b=2\r\nContent-Length: 5\r\n\r\n';
    const answer = await world(Buffer.concat([Buffer.from(head), body])).request(get);
    expect(answer).toBe(head.replace(/\r\n\r\n$/, '\r\nConnection: close\r\n\r\n') + body.toString('latin1'));
  });

  it('without what belonged to its connection', async () => {
    const reply =
      'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\nProxy-Authenticate: x\r\nX-End: 2\r\nContent-Length: 0\r\n\r\n';
    expect(headerLines(await world(reply).request(get))).toEqual([
      'x-end: 2',
      'content-length: 0',
      'connection: close',
    ]);
  });

  it('does not wait for the destination to close', async () => {
    const answer = await world('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', false).request(get);
    expect(answer).toMatch(/ok$/);
  });

  it('chunked stays chunked, trailers included; a body ended by the close becomes chunked', async () => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 9\r\n\r\n';
    const answer = await world(chunked).request(get);
    expect(answer).toMatch(/transfer-encoding: chunked/i);
    expect(answer).toMatch(/\r\n\r\n5\r\nabcde\r\n0\r\nX-Sum: 9\r\n\r\n$/);
    expect(await world('HTTP/1.1 200 OK\r\n\r\nuntil the end').request(get)).toMatch(
      /\r\n\r\nd\r\nuntil the end\r\n0\r\n\r\n$/,
    );
  });

  it('trailers that frame, route, grant or describe are not passed on, nor those of the platform and of the connection', async () => {
    const kept = ['X-Sum: 9', 'ETag: "x"', 'Server-Timing: a'];
    const dropped = [
      ...[
        'Content-Length: 1',
        'Transfer-Encoding: chunked',
        'Trailer: X',
        'Connection: X-Sum',
        'Keep-Alive: 1',
        'X-Hop: 1',
      ],
      ...[
        'Set-Cookie: a=1',
        'Set_Cookie: a=1',
        'Content-Type: text/html',
        'Content-Encoding: gzip',
        'Authorization: x',
      ],
      ...[
        'X-Soracom-IMSI: 1',
        'x_soracom_imsi: 1',
        'Host: a',
        'Upgrade: h2c',
        'Proxy-Authenticate: Basic',
        'Location: /x',
      ],
      ...['Cache-Control: no-store', 'WWW-Authenticate: Basic'],
    ];
    const trailers = [...dropped, ...kept].map((line) => `${line}\r\n`).join('');
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\n\r\n';
    const answer = await world(`${head}2\r\nab\r\n0\r\n${trailers}\r\n`).request(get);
    const [, ...rest] = answer.split('\r\n\r\n');
    expect(rest.join('\r\n\r\n')).toBe(`2\r\nab\r\n0\r\n${kept.map((line) => `${line}\r\n`).join('')}\r\n`);
    expect(answer.split('\r\n\r\n')[0]).not.toMatch(/x-soracom|set.cookie|x-sum|etag/i);
  });

  it('to an HTTP/1.0 device without chunks', async () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    const answer = await world(chunked).request('GET / HTTP/1.0\r\nHost: beam\r\n\r\n');
    expect(answer).not.toMatch(/transfer-encoding/i);
    expect(answer).toMatch(/\r\n\r\nabc$/);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', 'content-length: 1234'],
    ['GET', 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n', 'x-a: 1'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 77\r\n\r\n', 'content-length: 77'],
    [
      'POST',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      'content-length: 0',
    ],
  ])('%s answered by %j has no body', async (method, reply, header) => {
    const answer = await world(reply).request(get.replace('GET', method));
    expect(headerLines(answer)).toContain(header);
    expect(answer).toMatch(/^[^]*?\r\n\r\n$/);
    expect(answer.split('\r\n\r\n')).toHaveLength(2);
  });

  it('several requests on one connection, each with an upstream connection of its own', async () => {
    const site = world('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const device = site.connect();
    for (let i = 1; i <= 12; i++) {
      device.send('GET / HTTP/1.1\r\nHost: beam\r\n\r\n');
      await site.run(() => device.text.split('HTTP/1.1 200 OK').length === i + 1);
      expect(site.requests).toHaveLength(i);
    }
    expect(device.text).not.toMatch(/connection: close/i);
    expect(site.requests.every((r) => /\r\nConnection: close\r\n/.test(r))).toBe(true);
    expect(site.events.filter((e) => e.type === 'http' && e.leg === 'device')).toHaveLength(24);
  });

  it('pipelined requests are served in order, one at a time', async () => {
    const site = new BeamWorld();
    const device = site.connect();
    const keep = (n: number) => post(`{"n":${n}}`).replace('Connection: close\r\n', '');
    site.customer.next({ delay: 5 * SECOND });
    device.send(keep(1) + keep(2) + post('{"n":3}'));
    await device.ended();
    expect(site.customer.messages.map((m) => m.body.toString())).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
    expect(device.text.match(/HTTP\/1\.1 201/g)).toHaveLength(3);
    const order = site.events.filter((e) => e.type === 'http').map((e) => `${e.id} ${e.leg} ${e.kind}`);
    expect(order.slice(0, 5)).toEqual([
      '1 device request',
      '1 customer request',
      '1 customer response',
      '1 device response',
      '2 device request',
    ]);
  });
});

describe('request bodies', () => {
  it('chunked from the device goes on whole, with its length', async () => {
    const world = new BeamWorld({ config: config({ [`${KEY}/`]: plain('http://site.test/') }) });
    const { requests } = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await world.request(
      'POST / HTTP/1.1\r\nHost: beam\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nabcd\r\n1\r\ne\r\n0\r\nx-soracom-imsi: 1\r\n\r\n',
    );
    expect(requests[0]).toMatch(/\r\n\r\nabcde$/);
    expect(headerLines(requests[0] ?? '')).toContain('content-length: 5');
    expect(requests[0]).not.toMatch(/transfer-encoding|x-soracom/i);
  });

  it('a body comes late: 100 Continue is sent first, and only once', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    const [head = '', body = ''] = post('{"late":true}', 'Expect: 100-continue\r\n').split(/(?<=\r\n\r\n)/);
    device.send(head);
    await device.expect('HTTP/1.1 100 Continue\r\n\r\n');
    expect(world.customer.messages).toHaveLength(0);
    device.send(body);
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 Created\r\n/);
    expect(world.customer.messages[0]?.headers.map(([name]) => name)).not.toContain('Expect');
  });

  it('a refused request with 100-continue is refused before its body', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    device.send(post('{}', 'Expect: 100-continue\r\n', '/nowhere').replace(/\{\}$/, ''));
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 400 /);
    const kinds = world.events.map((e) => (e.type === 'http' ? e.kind : e.type));
    expect(kinds).toEqual(['request', 'service', 'response']);
  });

  it('another expectation: 417', async () => {
    expect(await new BeamWorld().request(post('{}', 'Expect: the-unexpected\r\n'))).toMatch(/^HTTP\/1\.1 417 /);
  });

  it('seven megabytes arrive whole over TLS', async () => {
    const world = new BeamWorld();
    const body = Buffer.alloc(7_000_000, 'akari ');
    const device = world.connect();
    device.send(`POST / HTTP/1.1\r\nHost: beam\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`);
    device.send(body);
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 201 /);
    expect(world.customer.messages[0]?.body.equals(body)).toBe(true);
  });

  it.each([
    ['announced', (n: number) => `Content-Length: ${n}\r\n\r\n`, (b: string) => b],
    [
      'chunked',
      () => 'Transfer-Encoding: chunked\r\n\r\n',
      (b: string) => `${b.length.toString(16)}\r\n${b}\r\n0\r\n\r\n`,
    ],
  ])('too large (%s): 413 and nothing is forwarded', async (_, head, frame) => {
    const world = new BeamWorld({ limits: { maxRequestBody: 1000 } });
    const exchange = (size: number) =>
      world.request(`POST / HTTP/1.1\r\nHost: beam\r\nConnection: close\r\n${head(size)}${frame('x'.repeat(size))}`);
    expect(await exchange(1001)).toMatch(/^HTTP\/1\.1 413 [^]*maximum content-length is 1000\n$/);
    expect(world.customer.messages).toHaveLength(0);
    expect(await exchange(1000)).toMatch(/^HTTP\/1\.1 201 /);
  });

  it('a device that ends its side after the request still gets the answer', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    device.stream.end(post('{}').replace('Connection: close\r\n', ''));
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 201 /);
  });
});
