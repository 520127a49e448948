import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { concat } from '../../host/bytes.js';
import { Impairments } from '../../host/cellular/impairments.js';
import { SocketError } from '../../host/cellular/network.js';
import type { Session, TcpConnection } from '../../host/cellular/network.js';
import { Registry } from '../../host/cellular/registry.js';
import { PdnSession } from '../../host/cellular/session.js';
import type { PdnSessionOptions } from '../../host/cellular/session.js';
import { MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import type { TraceEvent } from '../../host/trace/events.js';
import { Trace } from '../../host/trace/trace.js';

const DNS = ['100.127.0.53', '100.127.1.53'] as const;
const IDENTITY = { imsi: '440103123456789', imei: '866425030000004', ip: '10.1.2.3', apn: 'soracom.io', dns: DNS };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function bench(seed = 'session', options: Pick<PdnSessionOptions, 'idleCut'> = {}) {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  const trace = new Trace(clock);
  const events: TraceEvent[] = [];
  trace.listen((event) => events.push(event));
  const impairments = new Impairments(new Random(seed), trace);
  const registry = new Registry();
  const session = new PdnSession(IDENTITY, { clock, trace, impairments, registry, ...options });
  const run = (time: number) => clock.run({ deadline: clock.now() + time });

  /** A connection with all that it is told, in order. */
  const connect = (host: string, port: number, takes = (): boolean => true) => {
    const log: string[] = [];
    const chunks: Uint8Array[] = [];
    const at: number[] = [];
    let inside = true;
    const note = (line: string): void => {
      if (inside) throw new Error(`"${line}" came from inside the call`);
      log.push(line);
      at.push(clock.now());
    };
    const tcp: TcpConnection = session.connectTcp(host, port, {
      connected: (remote) => note(`connected ${remote}`),
      data: (bytes) => {
        chunks.push(bytes);
        if (log.at(-1) !== 'data') note('data');
        return takes();
      },
      ended: () => note('ended'),
      failed: (error) => note(`failed ${error.code}`),
    });
    inside = false;
    return { tcp, log, at, received: () => concat(...chunks) };
  };

  /** A service that keeps what it is given and lets the test do the rest. */
  const listen = (
    name: string,
    port: number,
    onStream: (stream: Duplex, caller: Session) => void = () => undefined,
  ) => {
    const streams: { stream: Duplex; log: string[]; chunks: Uint8Array[] }[] = [];
    registry.tcp(name, port, (stream, caller) => {
      const seen = { stream, log: [] as string[], chunks: [] as Uint8Array[] };
      streams.push(seen);
      stream.on('end', () => seen.log.push('end'));
      stream.on('error', (error: NodeJS.ErrnoException) => seen.log.push(`error ${error.code}`));
      stream.on('close', () => seen.log.push('close'));
      onStream(stream, caller);
      if (stream.listenerCount('readable') === 0) stream.on('data', (chunk: Buffer) => seen.chunks.push(chunk));
    });
    return { streams, received: () => concat(...streams.flatMap(({ chunks }) => chunks)) };
  };
  return { clock, trace, events, impairments, registry, session, run, connect, listen, random: new Random(seed) };
}

describe('Names', () => {
  it('of one service share an address of 100.127.0.0/16 and keep it', () => {
    const registry = new Registry();
    const uni = registry.name('uni.soracom.io', 'unified.soracom.io');
    expect(uni).toMatch(/^100\.127\.\d+\.\d+$/);
    expect(registry.name('unified.soracom.io')).toBe(uni);
    expect(registry.name('UNI.soracom.io.', 'more.soracom.io')).toBe(uni);
    expect(registry.name('beam.soracom.io')).not.toBe(uni);
    expect(registry.name('metadata.soracom.io')).toBe('100.127.100.127');
    registry.tcp('uni.soracom.io', 80, () => undefined);
    expect(() => registry.tcp('unified.soracom.io', 80, () => undefined)).toThrow(/already/);
  });

  it('are looked up over the air; unknown ones are unknown after a while', async () => {
    const { session, registry, clock, events } = bench();
    const address = registry.name('beam.soracom.io');
    const results: unknown[] = [];
    for (const name of ['beam.soracom.io', 'Beam.Soracom.io', '100.127.1.1', 'nowhere.example']) {
      const before = clock.now();
      session.resolve(name).then(
        (a) => results.push([...a, Math.round((clock.now() - before) / MS)]),
        (error: unknown) => results.push(error instanceof SocketError ? error.code : error),
      );
      await clock.run({ deadline: clock.now() + 2 * SECOND });
    }
    expect(results).toEqual([[address, 105], [address, 105], ['100.127.1.1', 0], 'name-unknown']);
    expect(events.filter((e) => e.type === 'dns')).toMatchObject([
      { name: 'beam.soracom.io', address },
      { name: 'Beam.Soracom.io', address },
      { name: 'nowhere.example', error: 'NXDOMAIN' },
    ]);
  });

  it('give a time-out when nothing gets through, and an answer when the outage ends soon enough', async () => {
    const { session, registry, impairments, run } = bench();
    registry.name('beam.soracom.io');
    impairments.outage(true);
    const results: string[] = [];
    session
      .resolve('beam.soracom.io')
      .catch((error: unknown) => results.push(error instanceof SocketError ? error.code : 'other'));
    await run(20 * SECOND);
    session.resolve('beam.soracom.io').then(
      () => results.push('answer'),
      () => undefined,
    );
    await run(4 * SECOND);
    impairments.outage(false);
    await run(4 * SECOND);
    expect(results).toEqual(['timeout', 'answer']);
  });
});

describe('A TCP connection', () => {
  it('carries bytes both ways, and the service knows who calls', async () => {
    const { connect, listen, run, session } = bench();
    const callers: string[] = [];
    const service = listen('beam.soracom.io', 8888, (stream, caller) => {
      callers.push(caller.imsi, caller.ip);
      stream.write('hello');
    });
    const { tcp, log, received } = connect('beam.soracom.io', 8888);
    tcp.send(Buffer.from('before the handshake'));
    expect(tcp.unacknowledged).toBe(20);
    await run(5 * SECOND);
    expect([text(received()), text(service.received()), callers]).toEqual([
      'hello',
      'before the handshake',
      [session.imsi, session.ip],
    ]);
    expect([log, tcp.unacknowledged]).toEqual([
      [expect.stringMatching(/^connected 100\.127\.\d+\.\d+:8888$/), 'data'],
      0,
    ]);
  });

  it('is refused where nobody listens, and times out where nobody is', async () => {
    const { connect, registry, run } = bench();
    registry.name('beam.soracom.io');
    const refused = connect('beam.soracom.io', 1);
    const unknown = connect('nowhere.soracom.io', 80);
    const nobody = connect('100.127.99.99', 80);
    await run(3 * MINUTE);
    expect([refused.log, unknown.log, nobody.log]).toEqual([
      ['failed refused'],
      ['failed name-unknown'],
      ['failed timeout'],
    ]);
    expect((nobody.at[0] ?? 0) / SECOND).toBeCloseTo(127, 0);
  });

  it('half-closes from the device, and the service answers after that', async () => {
    const { connect, listen, run } = bench();
    const service = listen('a', 1, (stream) => stream.on('end', () => stream.end('answer')));
    const { tcp, log, received } = connect('a', 1);
    tcp.send(Buffer.from('question'));
    tcp.end();
    await run(5 * SECOND);
    expect([text(service.received()), text(received())]).toEqual(['question', 'answer']);
    expect(log.slice(1)).toEqual(['data', 'ended']);
    expect(service.streams[0]?.log).toEqual(['end', 'close']);
  });

  it('half-closes from the service, and the device sends after that', async () => {
    const { connect, listen, run } = bench();
    const service = listen('a', 1, (stream) => stream.end('bye'));
    const { tcp, log } = connect('a', 1);
    await run(1 * SECOND);
    expect(log.slice(1)).toEqual(['data', 'ended']);
    tcp.send(Buffer.from('still here'));
    tcp.end();
    await run(5 * SECOND);
    expect([text(service.received()), service.streams[0]?.log]).toEqual(['still here', ['end', 'close']]);
  });

  it('aborted by the device is ECONNRESET at the service, and nothing follows at the device', async () => {
    const { connect, listen, run } = bench();
    const service = listen('a', 1);
    const { tcp, log } = connect('a', 1);
    await run(1 * SECOND);
    tcp.abort();
    tcp.send(Buffer.from('x'));
    await run(5 * SECOND);
    expect([log.length, service.streams[0]?.log]).toEqual([1, ['error ECONNRESET', 'close']]);
  });

  it('destroyed by the service is reset at the device', async () => {
    const { connect, listen, run } = bench();
    const service = listen('a', 1);
    const { log } = connect('a', 1);
    await run(1 * SECOND);
    service.streams[0]?.stream.destroy();
    await run(1 * SECOND);
    expect(log.slice(1)).toEqual(['failed reset']);
  });

  it('resetConnections resets both ends', async () => {
    const { connect, listen, run, impairments, events } = bench();
    const service = listen('a', 1);
    const { log } = connect('a', 1);
    await run(1 * SECOND);
    impairments.resetConnections();
    await run(1 * SECOND);
    expect([log.slice(1), service.streams[0]?.log]).toEqual([['failed reset'], ['error ECONNRESET', 'close']]);
    expect(events.at(-1)).toMatchObject({ type: 'impairment', event: 'connections-reset' });
  });

  it('fails with no-session at the device when its stack lets go, and at the service when the network closes', async () => {
    const { connect, listen, run, session } = bench();
    const service = listen('a', 1);
    const first = connect('a', 1);
    await run(1 * SECOND);
    session.close('test');
    await run(1 * SECOND);
    expect([first.log.length, service.streams[0]?.log]).toEqual([1, ['error ECONNRESET', 'close']]);
    session.closeDevice();
    const late = connect('a', 1);
    await run(1 * SECOND);
    expect([first.log.slice(1), late.log]).toEqual([['failed no-session'], ['failed no-session']]);
  });

  it('makes a device wait whose service does not read, and goes on when it does', async () => {
    const { connect, listen, run, clock } = bench();
    let paused: Duplex | undefined;
    // A `readable` listener that does not read: nothing is taken from the stream.
    listen('a', 1, (stream) => (paused = stream.on('readable', () => undefined)));
    const { tcp, log } = connect('a', 1);
    const sent = new Uint8Array(400_000).map((_, i) => i * 7);
    tcp.send(sent);
    await run(10 * MINUTE);
    expect(tcp.unacknowledged).toBeGreaterThan(300_000);
    expect(log).toHaveLength(1);
    const chunks: Buffer[] = [];
    paused?.removeAllListeners('readable').on('data', (chunk: Buffer) => chunks.push(chunk));
    paused?.resume();
    clock.stir();
    await run(2 * MINUTE);
    expect([tcp.unacknowledged, Buffer.concat(chunks).equals(sent)]).toEqual([0, true]);
  });

  it('makes a service wait whose device does not read, and goes on when it does', async () => {
    const { connect, listen, run } = bench();
    const full = new Uint8Array(400_000).map((_, i) => i * 11);
    const done: string[] = [];
    listen('a', 1, (stream) => {
      stream.write(full, () => done.push('written'));
      stream.end();
    });
    let open = false;
    const { tcp, log, received } = connect('a', 1, () => open);
    await run(10 * MINUTE);
    expect([received().length, done, log.slice(1)]).toEqual([1318, [], ['data']]);
    // One segment at a time, as a slow device reads.
    tcp.resume();
    expect(received().length).toBe(2 * 1318);
    await run(10 * SECOND);
    expect(received().length).toBe(2 * 1318);
    open = true;
    tcp.resume();
    await run(2 * MINUTE);
    expect([Buffer.compare(received(), full), done, log.at(-1)]).toEqual([0, ['written'], 'ended']);
  });

  it('makes a service wait that writes faster than the air', async () => {
    const { connect, listen, run, impairments } = bench();
    const full = new Uint8Array(1_000_000).map((_, i) => i * 13);
    const done: string[] = [];
    listen('a', 1, (stream) => {
      expect(stream.write(full.subarray(0, 500_000), () => done.push('first'))).toBe(false);
      stream.write(full.subarray(500_000), () => done.push('second'));
      stream.end();
    });
    const { tcp, log, received, at } = connect('a', 1);
    await run(5 * SECOND);
    expect(done).toEqual([]);
    await run(2 * MINUTE);
    tcp.end();
    await run(1 * SECOND);
    expect([done, Buffer.compare(received(), full), log.at(-1)]).toEqual([['first', 'second'], 0, 'ended']);
    const seconds = ((at.at(-1) ?? 0) - (at[0] ?? 0)) / SECOND;
    const least = (1_000_000 * 8) / impairments.downlink.bandwidth;
    expect(seconds).toBeGreaterThan(least);
    expect(seconds).toBeLessThan(1.15 * least);
  });

  it('delivers random chunks both ways, in order and whole, over any link, for 60 seeds', async () => {
    for (let i = 0; i < 60; i++) {
      const { connect, listen, run, impairments, random } = bench(`tcp ${i}`);
      impairments.tcpLoss = [0, 0.02, 0.1, 0.25][i % 4] ?? 0;
      impairments.uplink.latency = random.below(400) * MS;
      impairments.downlink.latency = random.below(400) * MS;
      impairments.uplink.bandwidth = 50_000 + random.below(2_000_000);
      const up = random.bytes(random.below(60_000));
      const down = random.bytes(random.below(60_000));
      const service = listen('a', 1, (stream) => {
        for (let at = 0; at < down.length;) {
          const next = at + 1 + random.below(5000);
          stream.write(down.subarray(at, next));
          at = next;
        }
        stream.end();
      });
      const { tcp, log, received } = connect('100.127.11.1', 1);
      for (let at = 0; at < up.length;) {
        const next = at + 1 + random.below(3000);
        const chunk = up.slice(at, next);
        tcp.send(chunk);
        chunk.fill(0); // what was handed in is the connection's own
        at = next;
        if (random.below(4) === 0) await run(random.below(2000) * MS);
      }
      tcp.end();
      // A quarter lost, one segment at a time after each time-out: slow, and bounded.
      await run(60 * MINUTE);
      const serviceLog = service.streams[0]?.log;
      if ([...log, ...(serviceLog ?? [])].some((line) => /^failed|^error/.test(line))) {
        // Losing a quarter of everything may end a connection; then one end says so, and nothing wrong was given.
        expect([i, impairments.tcpLoss]).toEqual([i, 0.25]);
        expect(Buffer.compare(received(), down.subarray(0, received().length))).toBe(0);
        expect(Buffer.compare(service.received(), up.subarray(0, service.received().length))).toBe(0);
        continue;
      }
      expect([i, Buffer.compare(service.received(), up), Buffer.compare(received(), down)]).toEqual([i, 0, 0]);
      expect([i, log.at(-1), serviceLog, tcp.unacknowledged]).toEqual([i, 'ended', ['end', 'close'], 0]);
    }
  });
});

describe('An outage in the middle of a transfer', () => {
  const transfer = async (outage: number) => {
    const b = bench();
    const sent = new Uint8Array(200_000).map((_, i) => i * 3);
    const service = b.listen('a', 1);
    const { tcp, log, at } = b.connect('a', 1);
    tcp.send(sent);
    tcp.end();
    await b.run(2 * SECOND);
    const before = service.received().length;
    b.impairments.outage(true);
    await b.run(outage);
    expect(service.received().length).toBe(before);
    b.impairments.outage(false);
    await b.run(5 * MINUTE);
    return { ...b, service, log, at, sent };
  };

  it('of a minute delays it; nothing is lost', async () => {
    const { service, sent, log } = await transfer(60 * SECOND);
    expect(Buffer.compare(service.received(), sent)).toBe(0);
    expect(log.slice(1)).toEqual([]);
  });

  it('of four minutes ends the connection at the device with a time-out; the service hears of it when it speaks', async () => {
    const { service, sent, log, at, run } = await transfer(4 * MINUTE);
    expect(log.slice(1)).toEqual(['failed timeout']);
    expect((at[1] ?? 0) / SECOND).toBeGreaterThan(100);
    expect((at[1] ?? 0) / SECOND).toBeLessThan(170);
    expect(service.received().length).toBeLessThan(sent.length);
    expect(service.streams[0]?.log).toEqual([]);
    service.streams[0]?.stream.write('anybody there?');
    await run(2 * SECOND);
    expect(service.streams[0]?.log).toEqual(['error ECONNRESET', 'close']);
  });

  it('an idle connection outlives it', async () => {
    const { connect, listen, run, impairments } = bench();
    const service = listen('a', 1);
    const { tcp, log } = connect('a', 1);
    await run(1 * SECOND);
    impairments.outage(true);
    await run(30 * MINUTE);
    impairments.outage(false);
    tcp.send(Buffer.from('still there'));
    await run(5 * SECOND);
    expect([log.length, text(service.received())]).toEqual([1, 'still there']);
  });

  it('a connection that starts in it comes up after it', async () => {
    const { connect, listen, run, impairments } = bench();
    listen('a', 1);
    impairments.outage(true);
    const { log } = connect('100.127.11.1', 1);
    await run(50 * SECOND);
    expect(log).toEqual([]);
    impairments.outage(false);
    await run(30 * SECOND);
    expect(log).toEqual(['connected 100.127.11.1:1']);
  });
});

describe('A session with an idle cut of an hour', () => {
  it('is closed an hour after its last packet, whoever sent it', async () => {
    const { session, connect, listen, run, events } = bench('session', { idleCut: 60 * MINUTE });
    const service = listen('a', 1);
    const { log } = connect('a', 1);
    await run(59 * MINUTE);
    service.streams[0]?.stream.write('from the service');
    await run(59 * MINUTE);
    session.resolve('a').catch(() => undefined);
    await run(59 * MINUTE);
    expect(session.open).toBe(true);
    await run(2 * MINUTE);
    expect([session.open, log.slice(1)]).toEqual([false, ['data']]);
    expect(events.at(-1)).toMatchObject({ type: 'session', event: 'close', reason: 'no packet for too long' });
  });

  it('lives on when none is asked for', async () => {
    const { session, run } = bench();
    await run(48 * 60 * MINUTE);
    expect(session.open).toBe(true);
  });
});

describe('UDP', () => {
  it('carries datagrams and replies, and loses the share that it is told to', async () => {
    const { session, registry, run, impairments } = bench();
    registry.udp('funnel.soracom.io', 23080, (bytes, caller, reply) =>
      reply(Buffer.from(`${caller.imsi}:${text(bytes)}`)),
    );
    const got: string[] = [];
    const failed: string[] = [];
    const address = registry.name('funnel.soracom.io');
    const socket = session.openUdp({
      message: (bytes, ip, port) => got.push(`${text(bytes)} from ${ip}:${port}`),
      failed: (error) => failed.push(error.code),
    });
    socket.send(Buffer.from('a'), 'funnel.soracom.io', 23080);
    await run(2 * SECOND);
    expect(got).toEqual([`${session.imsi}:a from ${address}:23080`]);
    socket.send(Buffer.from('b'), address, 1);
    socket.send(Buffer.from('c'), 'nowhere.example', 1);
    await run(2 * SECOND);
    expect([got.length, failed]).toEqual([1, ['name-unknown']]);
    impairments.udpLoss = 0.3;
    for (let i = 0; i < 1000; i++) socket.send(Buffer.from([i & 0xff]), address, 23080);
    await run(1 * MINUTE);
    // Both ways: 0.7 x 0.7.
    expect(got.length - 1).toBeGreaterThan(430);
    expect(got.length - 1).toBeLessThan(550);
    socket.close();
    socket.send(Buffer.from('d'), address, 23080);
    await run(1 * SECOND);
    expect(failed).toHaveLength(1);
  });
});

describe('A node:http server behind the stream', () => {
  /** Three requests on one connection, the answers slow and chunked; gives all events with their times. */
  const story = async (): Promise<{ readonly log: string[]; readonly body: string }> => {
    const { connect, registry, clock, session } = bench();
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        clock.after(300 * MS, () => {
          clock.stir();
          response.setHeader('x-imsi', session.imsi);
          response.sendDate = false;
          response.write(`${request.method} ${request.url} `);
          response.end(Buffer.concat(parts));
        });
      });
    });
    registry.tcp('beam.soracom.io', 8888, (stream) => server.emit('connection', stream));
    const { tcp, log, at, received } = connect('beam.soracom.io', 8888);
    for (let i = 0; i < 3; i++) {
      const last = i === 2 ? 'Connection: close\r\n' : '';
      tcp.send(Buffer.from(`POST /${i} HTTP/1.1\r\nHost: beam\r\n${last}Content-Length: 6\r\n\r\n`));
      await clock.run({ deadline: clock.now() + 100 * MS });
      tcp.send(Buffer.from(`body ${i}`));
      await clock.run({ deadline: clock.now() + 2 * SECOND });
    }
    tcp.end();
    await clock.run({ deadline: clock.now() + 2 * SECOND });
    server.close();
    return { log: log.map((line, i) => `${at[i]} ${line}`), body: text(received()) };
  };

  it('serves requests on the virtual clock, at the same times on each run', async () => {
    const first = await story();
    expect(first.body.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    for (let i = 0; i < 3; i++) expect(first.body).toContain(`body ${i}`);
    expect(first.body).toContain('x-imsi: 440103123456789');
    expect(first.log.at(-1)).toMatch(/ ended$/);
    expect(await story()).toEqual(first);
  });
});
