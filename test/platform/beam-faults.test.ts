import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { CertificateAuthority, selfSigned } from '../../host/cloud/index.js';
import { Random } from '../../host/random.js';
import { BeamWorld, ca, certificate, config, CUSTOMER, post, PSK, session, type BeamWorldOptions } from './harness.js';

const KEY = 'http://beam.soracom.io:8888/';
const unsigned = (destination: string): BeamWorldOptions => ({
  config: config({ [KEY]: { enabled: true, destination } }),
});
const upstreamErrors = (world: BeamWorld): string[] =>
  world.events.filter((e) => e.type === 'service').map((e) => `${e.status} ${e.reason}`);

describe('a platform that has no socket left', () => {
  it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL'])('%s: 503, and the destination is not blamed', async (code) => {
    const failed = Object.assign(new Error(`connect ${code}`), { code });
    const upstream = { trustedCas: [], connect: () => Promise.reject(failed) };
    const world = new BeamWorld({ ...unsigned('http://a.test/'), upstream: () => upstream });
    const answer = await world.request(post('{}'));
    expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*Beam: the platform has no connection left for the destination now\n$/);
    expect(upstreamErrors(world)).toEqual([`503 no-socket: a.test:80: connect ${code}`]);
  });
});

describe('a destination that fails', () => {
  it.each([
    ['its name is unknown', unsigned('http://nowhere.test/'), /name unknown: nowhere\.test/],
    ['it refuses connections', unsigned(`http://${CUSTOMER}:81/`), /connection refused/],
    ['it does not speak TLS', unsigned('https://plain.test:80/'), /TLS with plain\.test/],
    ['it does not speak HTTP', unsigned('http://ssh.test:22/'), /the answer is not HTTP/],
    ['it closes without an answer', unsigned('http://closer.test/'), /closed before the answer/],
    ['its header is cut short', unsigned('http://halfhead.test/'), /closed before the answer/],
    ['its body is cut short', unsigned('http://halfbody.test/'), /the answer was cut short/],
    ['its chunks are cut short', unsigned('http://halfchunk.test/'), /the answer was cut short/],
    ['it switches protocols', unsigned('http://switch.test/'), /the destination switches protocols/],
    [
      'its answer is endless',
      { ...unsigned('http://large.test/'), limits: { maxResponseBody: 999 } },
      /more than 999 bytes/,
    ],
  ])('%s: 502, once', async (_, options, reason) => {
    const world = new BeamWorld(options);
    const servers = [
      world.serveBytes('ssh.test', 22, 'SSH-2.0-OpenSSH_9.2\r\n'),
      world.serveBytes('closer.test', 80, ''),
      world.serveBytes('halfhead.test', 80, 'HTTP/1.1 200 OK\r\nContent-Le'),
      world.serveBytes('halfbody.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfour'),
      world.serveBytes('halfchunk.test', 80, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n'),
      world.serveBytes(
        'switch.test',
        80,
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      ),
      world.serveBytes('large.test', 80, `HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(1000)}`),
    ];
    world.upstream.serve('plain.test', 80, (stream) =>
      stream.once('data', () => stream.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    const answer = await world.request(post('{}'));
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n[^]*\r\n\r\nBeam: [^\n]+\n$/);
    expect(upstreamErrors(world)).toHaveLength(1);
    expect(upstreamErrors(world)[0]).toMatch(reason);
    expect(servers.flatMap(({ requests }) => requests).length).toBeLessThanOrEqual(1);
  });

  it.each([
    ['self-signed', () => selfSigned([CUSTOMER])],
    ['of another authority of the same name', async () => (await CertificateAuthority.create()).issue([CUSTOMER])],
    ['for another name', () => ca.issue(['other.example'])],
    ['expired', () => ca.issue([CUSTOMER], { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-06-01') })],
    [
      'not yet good on the world’s date, though it is outside',
      () => ca.issue([CUSTOMER], { notBefore: new Date('2021-01-01') }),
    ],
  ])('its certificate is %s: 502, and it never sees the request', async (_, made) => {
    const world = new BeamWorld();
    world.customer.present(await made());
    expect(await world.request(post('{"secret":1}'))).toMatch(
      /^HTTP\/1\.1 502 [^]*certificate of the destination is not trusted\n$/,
    );
    expect(upstreamErrors(world)[0]).toMatch(/^502 untrusted: /);
    expect(world.customer.messages).toHaveLength(0);
    world.customer.present(certificate);
    expect(await world.request(post('{}'))).toMatch(/^HTTP\/1\.1 201 /);
  });

  it.each([
    ['never answers', (world: BeamWorld) => world.customer.next({ hang: true })],
    ['answers too late', (world: BeamWorld) => world.customer.next({ delay: 31 * SECOND })],
    ['swallows all packets', (world: BeamWorld) => world.upstream.serve(CUSTOMER, 443, 'silent')],
    ['accepts and says nothing', (world: BeamWorld) => world.upstream.serve(CUSTOMER, 443, () => undefined)],
  ])('it %s: 504 after 30 seconds of the world', async (_, fault) => {
    const world = new BeamWorld();
    fault(world);
    expect(await world.request(post('{}'))).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n[^]*did not answer in time\n$/);
    expect(world.clock.now()).toBeGreaterThan(30 * SECOND);
    expect(world.clock.now()).toBeLessThan(31 * SECOND);
    expect(upstreamErrors(world)).toEqual(['504 timeout: no answer in time']);
  });

  it('it is slow but in time: the answer is the destination’s', async () => {
    const world = new BeamWorld();
    world.customer.next({ delay: 29 * SECOND });
    expect(await world.request(post('{}'))).toMatch(/^HTTP\/1\.1 201 /);
  });

  it.each([400, 401, 404, 429, 500, 503])('its own %i is passed back as it is', async (status) => {
    const world = new BeamWorld();
    world.customer.next({ status, body: '{"own":true}' });
    expect(await world.request(post('{}'))).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*\\{"own":true\\}$`));
    expect(upstreamErrors(world)).toEqual([]);
  });

  it('a message whose answer was lost comes again under its id, and is kept once', async () => {
    const world = new BeamWorld();
    const message = post('{"n":1}', 'X-Message-Id: boot1-7\r\n');
    world.customer.next({ cut: 'answer' }, { cut: 'body' });
    expect(await world.request(message)).toMatch(/^HTTP\/1\.1 502 /);
    expect(await world.request(message)).toMatch(/^HTTP\/1\.1 502 /);
    expect(await world.request(message)).toMatch(/^HTTP\/1\.1 200 [^]*"duplicate":true/);
    expect(world.customer.messages).toHaveLength(1);
  });

  it('the connection to the device survives a failure of the destination', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    const keep = post('{}').replace('Connection: close\r\n', '');
    world.customer.next({ cut: 'body' }, { hang: true });
    device.send(keep);
    await device.expect('502 Bad Gateway');
    device.send(keep);
    await device.expect('504 Gateway Timeout');
    device.send(keep);
    await device.expect('201 Created');
  });
});

describe('hostile answers', () => {
  it('a damaged answer reaches the device as some HTTP answer, never as a crash or a hang', async () => {
    const whole = [
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 404 Not Found\r\nConnection: X-A, close\r\nX-A: 1\r\n\r\nhello',
    ];
    const statuses = new Map<string, number>();
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(`answer ${seed}`);
      const world = new BeamWorld(unsigned('http://odd.test/'));
      const reply = Buffer.from(whole[random.below(whole.length)] ?? '');
      for (let i = 0; i < 1 + random.below(4); i++) reply[random.below(reply.length)] = random.below(256);
      world.serveBytes('odd.test', 80, reply, random.below(2) === 0);
      const answer = await world.request(post('{}'));
      expect(answer, `seed ${seed}`).toMatch(/^HTTP\/1\.1 [2-9]\d\d [^]*\r\n\r\n/);
      const status = answer.slice(9, 12);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    // Both outcomes were there, so that this test looked at something.
    expect(statuses.get('200')).toBeGreaterThan(10);
    expect(statuses.get('502')).toBeGreaterThan(10);
  });

  it.each(['HTTP/1.1 099 Odd', 'HTTP/1.1 000 Odd', 'HTTP/1.1 200 \x01\x02'])('%j: 502', async (line) => {
    const world = new BeamWorld(unsigned('http://odd.test/'));
    world.serveBytes('odd.test', 80, `${line}\r\nContent-Length: 0\r\n\r\n`);
    expect(await world.request(post('{}'))).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('a device that goes away', () => {
  it.each([
    ['while the destination is thinking', { hang: true }],
    ['before the late answer', { delay: 20 * SECOND }],
  ])('%s: the upstream connection is given up at once', async (_, behaviour) => {
    const world = new BeamWorld();
    let upstreamClosed = -1;
    world.upstream.serve(CUSTOMER, 443, (stream) => {
      stream.once('close', () => (upstreamClosed = world.clock.now()));
      world.customer.accept(stream);
    });
    world.customer.next(behaviour);
    const device = world.connect();
    device.send(post('{}'));
    await world.run(() => world.events.some((e) => e.type === 'http' && e.leg === 'customer'));
    await world.run(() => false, 2 * SECOND);
    const left = world.clock.now();
    device.stream.destroy(new Error('radio lost'));
    await world.run(() => upstreamClosed >= 0);
    await world.run(() => false, MINUTE);
    expect(upstreamClosed - left).toBeLessThan(SECOND);
    expect(upstreamErrors(world)).toEqual(['502 abandoned: the device went away']);
  });

  it('in the middle of its body: nothing is forwarded', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    device.send(post('{"half":true}').slice(0, -5));
    await world.run(() => false, SECOND);
    device.stream.destroy(new Error('radio lost'));
    await world.run(() => false, MINUTE);
    expect(world.customer.messages).toHaveLength(0);
    expect(world.events.filter((e) => e.type === 'http')).toEqual([]);
  });

  it('platform closed: every connection is reset, nothing hangs', async () => {
    const world = new BeamWorld();
    world.customer.next({ hang: true });
    const device = world.connect();
    device.send(post('{}'));
    await world.run(() => world.events.some((e) => e.type === 'http' && e.leg === 'customer'));
    world.platform.close();
    await device.ended();
    expect(device.text).toBe('');
  });
});

describe('a slow device', () => {
  it('that sends nothing is closed after 75 seconds', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    await device.ended();
    expect(device.text).toBe('');
    expect(Math.round(world.clock.now() / SECOND)).toBe(75);
  });

  it('that sends its header a byte at a time is closed after 75 seconds', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    const text = post('{}');
    for (let i = 0; i < 70; i++) {
      world.clock.after(i * 2 * SECOND, () => {
        world.clock.stir();
        if (device.stream.writable) device.send(text.charAt(i));
      });
    }
    await device.ended();
    expect(device.text).not.toMatch(/HTTP\/1\.1 [23]/);
    expect(Math.round(world.clock.now() / SECOND)).toBe(75);
  });

  it('whose body stops coming gets 408 after 60 seconds', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    device.send(post('{"half":true}').slice(0, -5));
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 408 /);
    expect(world.customer.messages).toHaveLength(0);
    expect(Math.round(world.clock.now() / SECOND)).toBe(60);
  });

  it('that never closes its side finds the connection gone after a while', async () => {
    const world = new BeamWorld({ limits: { linger: 10 * SECOND } });
    const device = world.connect();
    device.stream.removeAllListeners('end');
    device.send(post('{}'));
    await device.expect('201 Created');
    await world.run(() => false, 15 * SECOND);
    device.send(post('{}'));
    await device.ended();
    expect(device.error).toMatchObject({ code: 'ECONNRESET' });
    expect(world.customer.messages).toHaveLength(1);
  });

  it('that goes on sending after a 413 is cut off', async () => {
    const world = new BeamWorld({ limits: { maxRequestBody: 100, linger: 10 * SECOND } });
    const device = world.connect();
    const chunk = `64\r\n${'x'.repeat(100)}\r\n`;
    device.send(`POST / HTTP/1.1\r\nHost: beam\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
    for (let i = 1; i < 30; i++) {
      world.clock.after(i * SECOND, () => {
        world.clock.stir();
        if (device.stream.writable) device.send(chunk);
      });
    }
    device.stream.removeAllListeners('end');
    await device.ended();
    expect(device.text).toMatch(/^HTTP\/1\.1 413 /);
    expect(device.error).toMatchObject({ code: 'ECONNRESET' });
    expect(world.clock.now()).toBeLessThan(15 * SECOND);
  });

  it('may rest between requests', async () => {
    const world = new BeamWorld();
    const device = world.connect();
    const keep = post('{}').replace('Connection: close\r\n', '');
    for (let i = 0; i < 3; i++) {
      device.send(keep);
      await world.run(() => world.customer.messages.length === i + 1);
      await world.run(() => false, MINUTE);
    }
    expect(device.text.match(/201 Created/g)).toHaveLength(3);
  });
});

describe('hostile bytes', () => {
  it.each([
    ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a negative length', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
    ['a space in the header name', 'GET / HTTP/1.1\r\nHost: a\r\nX-Soracom-Imsi : 1\r\n\r\n', 400],
    ['a bad chunk size', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['control characters in a header', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: a\x01b\r\n\r\n', 400],
    [
      'a bare CR in a header',
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: a\rX-Soracom-Imsi: 1\r\n\r\n',
      400,
    ],
    ['control characters in the path', 'GET /\x01 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400],
    ['20 KiB of header', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s: refused, and the connection closed', async (_, bytes, status) => {
    const world = new BeamWorld();
    const answer = await world.request(Buffer.from(bytes, 'latin1'));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*connection: close`, 'i'));
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(world.customer.messages).toHaveLength(0);
  });

  it('garbage after a good request: the good one is answered, then the connection ends', async () => {
    const world = new BeamWorld();
    world.customer.next({ delay: 5 * SECOND });
    const answer = await world.request(
      post('{}').replace('Connection: close\r\n', '') + '\x00\x01\x02 garbage\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    expect(world.customer.messages).toHaveLength(1);
  });

  it('a flood of pipelined requests is cut off', async () => {
    const world = new BeamWorld();
    world.customer.behaviour = { delay: SECOND };
    const answer = await world.request(post('').replace('Connection: close\r\n', '').repeat(200));
    const statuses = answer.match(/(?<=HTTP\/1\.1 )\d+/g) ?? [];
    expect(statuses.at(-1)).toBe('503');
    expect(statuses.length).toBeLessThan(20);
    expect(world.customer.messages.length).toBe(statuses.length - 1);
  });

  it('random bytes and damaged requests: a refusal or a close, never a crash', async () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = new Random(`garbage ${seed}`);
      const world = new BeamWorld();
      const device = world.connect(random.below(2) === 0 ? 8888 : 18080, session());
      const bytes = seed % 3 === 0 ? Buffer.from(random.bytes(1 + random.below(400))) : damaged(random);
      for (let at = 0; at < bytes.length;) {
        const step = 1 + random.below(60);
        const part = bytes.subarray(at, at + step);
        world.clock.after(random.below(3) * SECOND, () => {
          world.clock.stir();
          if (device.stream.writable) device.send(part);
        });
        await world.run(() => false, 3 * SECOND);
        at += step;
      }
      await device.ended();
      expect(device.error, `seed ${seed}`).toBeUndefined();
      expect(device.text, `seed ${seed}`).toMatch(/^(HTTP\/1\.1 [1-5]\d\d [^]*)?$/);
      expect(device.text, `seed ${seed}`).not.toContain('HTTP/1.1 500');
      expect(JSON.stringify(world.events), `seed ${seed}`).not.toContain(PSK);
      world.platform.close();
    }
  });

  function damaged(random: Random): Buffer {
    const bytes = Buffer.from(post('{"t":1}', 'X-Message-Id: 1\r\nX-Soracom-Imsi: 1\r\n').repeat(1 + random.below(3)));
    for (let i = 0; i < 1 + random.below(6); i++) bytes[random.below(bytes.length)] = random.below(256);
    return bytes.subarray(0, 1 + random.below(bytes.length));
  }
});
