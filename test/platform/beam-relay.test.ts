import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { TLSSocket, createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { selfSigned, type ServerCertificate } from '../../host/cloud/index.js';
import { firstLine, lineSignature } from '../../host/platform/beam/first-line.js';
import { Directory } from '../../host/platform/index.js';
import vectors from '../vectors/beam-first-line.json' with { type: 'json' };
import {
  BeamWorld,
  certificate,
  config,
  CUSTOMER,
  EPOCH_MS,
  ICCID,
  IMEI,
  IMSI,
  MSISDN,
  PSK,
  secretText,
  session,
} from './harness.js';

const KEY = 'tcp://beam.soracom.io:8023';
const PORT = 8023;

/** What a destination got and how its connections are. */
interface Destination {
  readonly streams: Duplex[];
  readonly text: string;
  ended: boolean;
  closed: boolean;
}

/** A destination at site.test:7000 that keeps what comes; `serve` may do more with a stream. */
function destination(
  world: BeamWorld,
  serve: (stream: Duplex) => void = () => undefined,
  host = 'site.test',
  port = 7000,
) {
  const chunks: Buffer[] = [];
  const seen: Destination = {
    streams: [],
    get text() {
      return Buffer.concat(chunks).toString('latin1');
    },
    ended: false,
    closed: false,
  };
  world.upstream.serve(host, port, (stream) => {
    seen.streams.push(stream);
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('end', () => (seen.ended = true));
    stream.once('close', () => (seen.closed = true));
    serve(stream);
  });
  return seen;
}

const worldWith = (entry: object = {}): BeamWorld =>
  new BeamWorld({ config: config({ [KEY]: { enabled: true, destination: 'tcp://site.test:7000', ...entry } }) });

const reports = (world: BeamWorld): string[] =>
  world.events.flatMap((e) => (e.type === 'service' ? [`${e.event} ${e.status} ${e.reason}`] : []));

describe('the first line', () => {
  it.each(vectors.vectors)('is signed as in the documentation: $line', ({ psk, line, signature }) => {
    expect(lineSignature(secretText(psk), line)).toBe(signature);
    const [, imsi = '', unixMs] = /^imsi=(\d+) timestamp=(\d+)$/.exec(line) ?? [];
    const written = firstLine({
      entry: {
        enabled: true,
        destination: 'tcp://x:1',
        addSubscriberHeader: true,
        addSignature: true,
        psk: secretText(psk),
      },
      subscriber: new Directory().register('OP', { imsi, iccid: ICCID }),
      caller: session(imsi),
      directory: new Directory(),
      unixMs: Number(unixMs),
    });
    expect(written).toBe(`${line};signature=${signature} version=20150901\n`);
  });

  const OPTIONS = [
    ['addEquipmentHeader', `imei=${IMEI}`],
    ['addSubscriberHeader', `imsi=${IMSI}`],
    ['addMsisdnHeader', `msisdn=${MSISDN}`],
    ['addSimIdHeader', `simId=${ICCID}`],
  ] as const;

  it.each(Array.from({ length: 32 }, (_, bits) => bits).filter((bits) => bits !== 16))(
    'combination %i of options has its parts in their order, before the device’s bytes',
    async (bits) => {
      const on = OPTIONS.filter((_, i) => (bits >> i) & 1);
      const signed = (bits & 16) !== 0;
      const world = worldWith({
        ...Object.fromEntries(on.map(([option]) => [option, true])),
        ...(signed && { addSignature: true, psk: { $credentialsId: 'beam-psk' } }),
      });
      const seen = destination(world);
      const device = world.connect(PORT);
      device.send('hello\n');
      await world.run(() => seen.text.includes('hello'));
      if (on.length === 0) return expect(seen.text).toBe('hello\n');
      const [line = '', ...rest] = seen.text.split('\n');
      expect(rest).toEqual(['hello', '']);
      const [text = '', tail] = line.split(';');
      const timestamp = Number(/timestamp=(\d+)$/.exec(text)?.[1]);
      expect(timestamp - EPOCH_MS).toBeLessThan(1000);
      expect(text).toBe([...on.map(([, part]) => part), `timestamp=${timestamp}`].join(' '));
      const hash = createHash('sha256')
        .update(PSK + text)
        .digest('hex');
      expect(tail).toBe(signed ? `signature=${hash} version=20150901` : undefined);
      expect(JSON.stringify(world.events)).not.toContain(PSK);
    },
  );

  it('comes even when the device says nothing yet', async () => {
    const world = worldWith({ addSubscriberHeader: true });
    const seen = destination(world);
    world.connect(PORT);
    await world.run(() => seen.text.endsWith('\n'));
    expect(seen.text).toMatch(/^imsi=440101234567890 timestamp=\d+\n$/);
  });

  it('is the session’s, whatever bytes the device sends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
        const world = worldWith({ addSubscriberHeader: true, addSignature: true, psk: PSK });
        const seen = destination(world);
        const device = world.connect(PORT);
        device.send(Buffer.concat([Buffer.from('imsi=1 timestamp=1;signature=0\n'), bytes]));
        device.stream.end();
        await world.run(() => seen.ended);
        const at = seen.text.indexOf('\n') + 1;
        expect(seen.text.slice(0, at)).toMatch(
          /^imsi=440101234567890 timestamp=\d+;signature=[0-9a-f]{64} version=20150901\n$/,
        );
        expect(seen.text.slice(at)).toBe('imsi=1 timestamp=1;signature=0\n' + Buffer.from(bytes).toString('latin1'));
      }),
      { numRuns: 25 },
    );
  });
});

describe('the stream', () => {
  it('goes both ways, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 5000 })), { maxLength: 20 }),
        async (pieces) => {
          const world = worldWith();
          const seen = destination(world);
          const device = world.connect(PORT);
          await world.run(() => seen.streams.length === 1);
          for (const [up, bytes] of pieces) {
            if (up) device.send(bytes);
            else seen.streams[0]?.write(bytes);
          }
          device.stream.end();
          seen.streams[0]?.end();
          await device.ended();
          await world.run(() => seen.closed);
          const sent = (way: boolean): string =>
            Buffer.concat(pieces.filter(([up]) => up === way).map(([, bytes]) => bytes)).toString('latin1');
          expect(seen.text).toBe(sent(true));
          expect(device.text).toBe(sent(false));
          expect(device.error).toBeUndefined();
        },
      ),
      { numRuns: 30 },
    );
  });

  it('lets the device finish first: the rest of the answer still comes', async () => {
    const world = worldWith();
    const seen = destination(world, (stream) => {
      stream.once('end', () => {
        world.clock.after(10 * SECOND, () => {
          world.clock.stir();
          stream.end(`got ${seen.text}`);
        });
      });
    });
    const device = world.connect(PORT);
    device.send('all of it');
    device.stream.end();
    await device.ended();
    expect(device.text).toBe('got all of it');
    expect(world.clock.now()).toBeGreaterThan(10 * SECOND);
  });

  it('lets the destination finish first: the device may go on', async () => {
    const world = worldWith();
    const seen = destination(world, (stream) => stream.end('banner'));
    const device = world.connect(PORT);
    device.stream.removeAllListeners('end');
    await device.expect('banner');
    await world.run(() => false, SECOND);
    device.send('still here');
    await world.run(() => seen.text === 'still here');
    expect(seen.text).toBe('still here');
    device.stream.end();
    await world.run(() => seen.closed);
    expect(seen.ended).toBe(true);
  });

  it('goes over TLS, in both directions, with half-close', async () => {
    const world = worldWith({ destination: `tcps://${CUSTOMER}:8443`, addSubscriberHeader: true });
    const seen = tlsDestination(world, certificate);
    const device = world.connect(PORT);
    device.send('over TLS');
    device.stream.end();
    await device.ended();
    expect(seen.text).toMatch(/^imsi=440101234567890 timestamp=\d+\nover TLS$/);
    expect(device.text).toBe(`echo ${seen.text}`);
    expect(seen.alpn).toBe(false);
  });

  it('waits for a destination that does not read: a device cannot fill the platform', async () => {
    const world = worldWith();
    const seen = destination(world, (stream) => stream.pause());
    const device = world.connect(PORT);
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 7);
    while (sent < 8 * 1024 * 1024 && device.stream.write(chunk)) {
      sent += chunk.length;
      await world.run(() => false, SECOND);
    }
    expect(sent).toBeLessThan(2 * 1024 * 1024);
    const before = seen.text.length;
    seen.streams[0]?.resume();
    device.stream.end();
    await world.run(() => seen.ended);
    expect(seen.text.length).toBe(sent + chunk.length);
    expect(before).toBe(0);
  });

  it('waits for a device that does not read', async () => {
    const world = worldWith();
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, 7);
    const seen = destination(world);
    const device = world.connect(PORT);
    device.stream.pause();
    await world.run(() => seen.streams.length === 1);
    const [server] = seen.streams;
    while (sent < 8 * 1024 * 1024 && server?.write(chunk)) {
      sent += chunk.length;
      await world.run(() => false, SECOND);
    }
    expect(sent).toBeLessThan(2 * 1024 * 1024);
    device.stream.resume();
    server?.end();
    await device.ended();
    expect(device.text.length).toBe(sent + chunk.length);
  });
});

/** A TLS server that answers `echo` and what it got, when the client has finished. */
function tlsDestination(world: BeamWorld, { certificate: cert, key }: ServerCertificate) {
  const seen = { text: '', alpn: true };
  const secureContext = createSecureContext({ cert, key: Buffer.from(key.reveal()) });
  world.upstream.serve(CUSTOMER, 8443, (stream) => {
    const socket = new TLSSocket(stream, { isServer: true, secureContext });
    socket.on('error', () => undefined);
    socket.on('secure', () => (seen.alpn = socket.alpnProtocol !== false && socket.alpnProtocol !== null));
    socket.on('data', (chunk: Buffer) => {
      seen.text += chunk.toString('latin1');
      world.clock.stir();
    });
    socket.once('end', () => socket.end(`echo ${seen.text}`));
  });
  return seen;
}

describe('what cannot be relayed is closed', () => {
  it.each([
    ['the entry is off', { enabled: false }, 'refused 400 no entry point is enabled here'],
    [
      'nothing listens',
      { destination: 'tcp://site.test:7001' },
      'upstream-error 502 unreachable: site.test:7001: connection refused',
    ],
    [
      'the name is unknown',
      { destination: 'tcp://nowhere.test:1' },
      'upstream-error 502 unreachable: nowhere.test:1: name unknown: nowhere.test',
    ],
    [
      'a secret is missing in the store',
      { addSubscriberHeader: true, addSignature: true, psk: { $credentialsId: 'x-#{imsi}' } },
      'refused 500 credentials are not in the store',
    ],
  ])('%s', async (_, entry, reason) => {
    const world = worldWith(entry);
    const seen = destination(world);
    const device = world.connect(PORT);
    device.send('x');
    await device.ended();
    expect(device.text).toBe('');
    expect(reports(world)).toEqual([reason]);
    expect(seen.text).toBe('');
  });

  it('the destination swallows all packets: after 30 seconds', async () => {
    const world = worldWith();
    world.upstream.serve('site.test', 7000, 'silent');
    const device = world.connect(PORT);
    await device.ended();
    expect(Math.round(world.clock.now() / SECOND)).toBe(30);
    expect(reports(world)).toEqual(['upstream-error 504 timeout: no connection in time']);
  });

  it('its certificate is not trusted: it never sees a byte', async () => {
    const world = worldWith({ destination: `tcps://${CUSTOMER}:8443`, addSubscriberHeader: true });
    const seen = tlsDestination(world, await selfSigned([CUSTOMER]));
    const device = world.connect(PORT);
    device.send('secret');
    await device.ended();
    expect(seen.text).toBe('');
    expect(reports(world)[0]).toMatch(/^upstream-error 502 untrusted: /);
  });

  it('it does not speak TLS', async () => {
    const world = worldWith({ destination: `tcps://${CUSTOMER}:8443` });
    destination(world, (stream) => stream.write('220 mail ready\r\n'), CUSTOMER, 8443);
    const device = world.connect(PORT);
    await device.ended();
    expect(device.text).toBe('');
    expect(reports(world)[0]).toMatch(/^upstream-error 502 unreachable: TLS with/);
  });

  it.each([
    ['unknown', () => session('440109999999999'), 'refused 400 unknown subscriber'],
    ['of a closed session', () => Object.assign(session(), { open: false }), 'refused 403 the session is closed'],
  ])('the caller is %s', async (_, caller, reason) => {
    const world = worldWith();
    const seen = destination(world);
    const device = world.connect(PORT, caller());
    await device.ended();
    expect(reports(world)).toEqual([reason]);
    expect(seen.streams).toEqual([]);
  });
});

describe('what ends a stream', () => {
  const running = async (world: BeamWorld, caller = session()) => {
    const seen = destination(world);
    const device = world.connect(PORT, caller);
    device.send('1');
    await world.run(() => seen.text === '1');
    return { seen, device };
  };

  it('a reset of the destination', async () => {
    const world = worldWith();
    const { seen, device } = await running(world);
    seen.streams[0]?.destroy(new Error('crash'));
    await device.ended();
    expect(device.error).toMatchObject({ code: 'ECONNRESET' });
    expect(device.text).toBe('');
  });

  it('a reset of the device', async () => {
    const world = worldWith();
    const { seen, device } = await running(world);
    device.stream.destroy(new Error('radio lost'));
    await world.run(() => seen.closed);
    expect(seen.closed).toBe(true);
  });

  it('a device that goes while the destination is being reached', async () => {
    const world = worldWith();
    world.upstream.serve('site.test', 7000, 'silent');
    const device = world.connect(PORT);
    await world.run(() => false, SECOND);
    device.stream.destroy(new Error('radio lost'));
    await world.run(() => false, MINUTE);
    expect(reports(world)).toEqual([]);
  });

  it('half an hour of silence', async () => {
    const world = worldWith();
    const { seen, device } = await running(world);
    await world.run(() => false, 29 * MINUTE);
    seen.streams[0]?.write('alive');
    await device.expect('alive');
    await world.run(() => seen.closed, 60 * MINUTE);
    await device.ended();
    expect(Math.round(world.clock.now() / MINUTE)).toBe(59);
  });

  it.each([
    [
      'suspends the SIM',
      (world: BeamWorld) => void world.platform.directory.change(IMSI, { status: 'suspended' }),
      '403 the SIM is suspended',
    ],
    [
      'takes the SIM out of its group',
      (world: BeamWorld) => void world.platform.directory.change(IMSI, { groupId: null }),
      '400 the SIM is in no group',
    ],
  ])('an operator who %s: no byte passes after that, in either direction', async (_, act, reason) => {
    for (const up of [true, false]) {
      const world = worldWith();
      const { seen, device } = await running(world);
      act(world);
      if (up) device.send('2');
      else seen.streams[0]?.write('2');
      await device.ended();
      await world.run(() => seen.closed);
      expect([seen.text, device.text]).toEqual(['1', '']);
      expect(reports(world)).toEqual([`refused ${reason}`]);
    }
  });

  it('a session that closes', async () => {
    const world = worldWith();
    const caller = session();
    const { seen, device } = await running(world, caller);
    caller.open = false;
    device.send('2');
    await device.ended();
    expect(seen.text).toBe('1');
  });

  it('the platform', async () => {
    const world = worldWith();
    const { seen, device } = await running(world);
    world.platform.close();
    await device.ended();
    await world.run(() => seen.closed);
    expect(seen.closed).toBe(true);
  });

  it('a device that leaves its side open after the destination has finished', async () => {
    const world = worldWith();
    const { seen, device } = await running(world);
    device.stream.removeAllListeners('end');
    seen.streams[0]?.end('bye');
    await device.expect('bye');
    await world.run(() => seen.closed, 60 * MINUTE);
    expect(seen.closed).toBe(true);
    expect(device.text).toBe('bye');
  });
});
