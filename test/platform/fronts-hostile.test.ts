// What every entry point of the platform has to bear, whatever service is behind it: the list is the registry's own.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import { duplexPair } from '../../host/cloud/index.js';
import { FrontWorld } from './fronts.js';
import { BeamWorld, config, Device, IMSI, post, PSK, session } from './harness.js';

const toSite = { enabled: true, destination: 'http://site.test/', addSubscriberHeader: true };

/** All of Beam is on, and with it the Unified Endpoint. */
function hostileWorld(): BeamWorld {
  const world = new BeamWorld({
    config: config({
      'http://beam.soracom.io:18080/': toSite,
      'tcp://beam.soracom.io:23080': toSite,
      'udp://beam.soracom.io:23080': toSite,
      'tcp://beam.soracom.io:8023': { enabled: true, destination: 'tcp://site.test:7000', addSubscriberHeader: true },
    }),
  });
  world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  world.upstream.serve('site.test', 7000, (stream) => stream.on('error', () => undefined).resume());
  return world;
}

const entryPoints = (map: ReadonlyMap<string, unknown>): [name: string, port: number][] =>
  [...map.keys()].map((key) => {
    const [name = '', port] = key.split(':');
    return [name, Number(port)];
  });

const { services, datagrams } = hostileWorld().registry;
const TCP = entryPoints(services);
const UDP = entryPoints(datagrams);

function connect(world: BeamWorld, [name, port]: readonly [string, number], caller = session()): Device {
  const [near, far] = duplexPair(world.clock, 20 * MS);
  world.registry.connect(port, far, caller, name);
  return new Device(world, near);
}

it('the list has the entry points of Beam and of the Unified Endpoint', () => {
  const all = TCP.map(([name, port]) => `${name}:${port}`);
  for (const port of [8888, 18080, 80, 23080, 8023]) expect(all).toContain(`beam.soracom.io:${port}`);
  for (const port of [80, 23080]) expect(all).toContain(`uni.soracom.io:${port}`);
  expect(UDP.map(([name]) => name)).toEqual(expect.arrayContaining(['beam.soracom.io', 'uni.soracom.io']));
});

describe.each(TCP)('%s, TCP port %i', (name, port) => {
  it('lets a device go that says nothing', async () => {
    const world = hostileWorld();
    const device = connect(world, [name, port]);
    await world.run(() => device.stream.destroyed, 40 * MINUTE);
    expect(device.stream.destroyed).toBe(true);
    expect(world.clock.now()).toBeGreaterThan(MINUTE);
    world.platform.close();
  });

  it('bears any bytes of a device that then resets, or finishes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 5 }),
        fc.boolean(),
        async (pieces, reset) => {
          const world = hostileWorld();
          const device = connect(world, [name, port]);
          for (const piece of pieces) {
            if (!device.stream.writable) break;
            device.send(piece);
            await world.run(() => false, SECOND);
          }
          if (reset) device.stream.destroy(new Error('radio lost'));
          else device.stream.end();
          await world.run(() => device.stream.destroyed, 60 * MINUTE);
          expect(device.stream.destroyed).toBe(true);
          expect(JSON.stringify(world.events)).not.toContain(PSK);
          world.platform.close();
        },
      ),
      { numRuns: 15 },
    );
  });

  it('serves nothing to a SIM that is suspended, unknown, in no group, or whose session is closed', async () => {
    const callers: ((world: BeamWorld) => ReturnType<typeof session>)[] = [
      (world) => {
        world.platform.directory.change(IMSI, { status: 'suspended' });
        return session();
      },
      (world) => {
        world.platform.directory.change(IMSI, { groupId: null });
        return session();
      },
      () => session('440109999999999'),
      () => Object.assign(session(), { open: false }),
    ];
    for (const caller of callers) {
      const world = hostileWorld();
      const asked = world.serveBytes('site.test', 80, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n').requests;
      const device = connect(world, [name, port], caller(world));
      device.send(post('{}'));
      device.stream.end();
      await world.run(() => device.stream.destroyed, 60 * MINUTE);
      expect(device.text).not.toMatch(/^(HTTP\/1\.1 )?2\d\d/);
      expect(asked).toEqual([]);
      expect(world.customer.messages).toEqual([]);
      world.platform.close();
    }
  });
});

describe.each(TCP.filter(([, port]) => [80, 8888, 18080].includes(port)))('%s, HTTP port %i', (name, port) => {
  it('cuts a header that comes a byte at a time', async () => {
    const world = hostileWorld();
    const device = connect(world, [name, port]);
    const text = post('{}');
    for (let i = 0; i < text.length; i++) {
      world.clock.after(i * 5 * SECOND, () => {
        world.clock.stir();
        if (device.stream.writable) device.send(text.charAt(i));
      });
    }
    await device.ended();
    expect(device.text).not.toMatch(/HTTP\/1\.1 2/);
    expect(world.clock.now()).toBeLessThan(3 * MINUTE);
    world.platform.close();
  });
});

/** CoAP and DTLS answer what is theirs, and most datagrams with nothing: test/inventory and test/dtls-server. */
const isCoap = (port: number): boolean => port === 5683 || port === 5684;

describe.each(UDP.filter(([, port]) => !isCoap(port)))('%s, UDP port %i', (name, port) => {
  it('answers any datagram, and never with a secret', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        const world = hostileWorld();
        let reply: string | undefined;
        world.registry.send(name, port, bytes, session(), (answer) => (reply = Buffer.from(answer).toString('latin1')));
        await world.run(() => reply !== undefined);
        expect(reply).toMatch(/^\d{3}( |$)|^\{"statusCode":/);
        expect(JSON.stringify(world.events)).not.toContain(PSK);
        world.platform.close();
      }),
      { numRuns: 15 },
    );
  });
});

describe('a device that never reads', () => {
  it('is not read from any more, and is let go', async () => {
    const world = new FrontWorld({
      answer: () => Promise.resolve({ status: 200, body: Buffer.alloc(64 * 1024) }),
    });
    const device = world.connect();
    device.stream.pause();
    let sent = 0;
    while (sent < 1000 && device.stream.write(Buffer.alloc(16 * 1024))) {
      sent++;
      await world.run(() => false, SECOND);
    }
    // Its replies fill the connection, then its own messages do; after that the platform holds no more of it.
    expect(world.messages.length).toBeLessThan(30);
    expect(sent).toBeLessThan(60);
    const served = world.messages.length;
    await world.run(() => device.stream.destroyed, 60 * MINUTE);
    expect(device.stream.destroyed).toBe(true);
    expect(world.messages).toHaveLength(served);
    expect(Math.round(world.clock.now() / MINUTE)).toBeLessThan(17);
  });

  it('of HTTP is let go after a quarter of an hour', async () => {
    const world = new BeamWorld({ config: config({ 'http://beam.soracom.io:8888/': toSite }) });
    world.serveBytes('site.test', 80, `HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(2_000_000)}`);
    const [near, far] = duplexPair(world.clock, 20 * MS);
    world.registry.connect(8888, far, session());
    near.write(post('{}').replace('Connection: close\r\n', '').repeat(3));
    await world.run(() => far.destroyed, 60 * MINUTE);
    expect(far.destroyed).toBe(true);
    expect(Math.round(world.clock.now() / MINUTE)).toBe(15);
  });
});

describe('a message under way', () => {
  it('whose device goes away is given up at the destination at once', async () => {
    const world = hostileWorld();
    let closed = -1;
    world.upstream.serve('site.test', 80, (stream) => {
      stream.on('error', () => undefined).resume();
      stream.once('close', () => (closed = world.clock.now()));
    });
    const device = connect(world, ['beam.soracom.io', 23080]);
    device.send('reading');
    await world.run(() => false, 5 * SECOND);
    device.stream.destroy(new Error('session closed'));
    await world.run(() => closed >= 0);
    expect(closed).toBeLessThan(6 * SECOND);
  });
});

describe('10,000 idle connections of 40 SIMs', () => {
  const SIMS = 40;

  it('cost little, do not hinder others, and are let go', { timeout: 120_000 }, async () => {
    const world = hostileWorld();
    const points = TCP.filter(([, port]) => port !== 8023);
    global.gc?.();
    const before = process.memoryUsage().heapUsed;
    let gone = 0;
    const devices = Array.from({ length: 10_000 }, (_, i) => {
      const point = points[i % points.length] ?? ['beam.soracom.io', 8888];
      const device = connect(world, point, session(String(440_103_200_000_000 + (i % SIMS))));
      device.stream.once('close', () => gone++);
      return device;
    });
    await world.run(() => false, SECOND);
    expect(gone).toBe(0);
    expect((process.memoryUsage().heapUsed - before) / devices.length).toBeLessThan(64 * 1024);
    const at = world.clock.now();
    expect(await world.request(post('{"t":1}'))).toMatch(/^HTTP\/1\.1 201 /);
    expect(await world.datagram('x')).toBe('200 ok');
    expect(world.clock.now() - at).toBeLessThan(SECOND);
    expect(world.customer.messages).toMatchObject([{ identity: { imsi: IMSI }, url: '/ingest' }]);
    await world.run(() => gone === devices.length, 40 * MINUTE);
    expect(gone).toBe(devices.length);
    world.platform.close();
  });
});
