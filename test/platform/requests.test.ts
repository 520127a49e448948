import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import { firstVersion } from '../../host/platform/http/version.js';
import { BeamWorld, Device, session } from './harness.js';
import { everything, type Front, FRONTS, good, REFUSED, RESTS, SERVED, UNFINISHED } from './requests.js';

const statuses = (text: string): number[] => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));

function connect(world: BeamWorld, { name, port }: Front): Device {
  const [near, far] = duplexPair(world.clock, 20 * MS);
  if (port === 8080) world.platform.api.accept(far);
  else world.registry.connect(port, far, session(), name);
  return new Device(world, near);
}

/** TLS is one more layer, and not what is looked at: requests-programs has it. */
const PLAIN = FRONTS.filter(({ port }) => port !== 443);

describe.each(PLAIN)('$name, port $port', (front) => {
  /** All that comes back for these bytes over a connection of its own, until it ends. */
  async function exchange(world: BeamWorld, bytes: string, step = bytes.length): Promise<string> {
    const device = connect(world, front);
    for (let i = 0; i < bytes.length; i += step) device.send(Buffer.from(bytes.slice(i, i + step), 'latin1'));
    if (bytes === UNFINISHED) device.stream.end();
    await device.ended();
    return device.text;
  }

  it('a complete request stands, whatever follows it', async () => {
    const world = new BeamWorld({ config: everything });
    for (const rest of RESTS) {
      const from = world.clock.now();
      const text = await exchange(world, good(front) + rest);
      const repeated = front.line.startsWith('PUT') ? 200 : front.status;
      expect([front.status, repeated], JSON.stringify(rest)).toContain(statuses(text)[0]);
      expect(statuses(text).slice(1), JSON.stringify(rest)).toEqual([400]);
      expect(text).toMatch(/Connection: close\r\n\r\nnot an HTTP request: [^\n]+\n$/);
      expect(world.clock.now() - from).toBeLessThan(5 * SECOND);
    }
    const two = statuses(await exchange(world, `${good(front)}${good(front)}\0`));
    expect(two).toHaveLength(3);
    expect(two[0]).toBe(two[1]);
    expect(two[2]).toBe(400);
    expect(statuses(await exchange(world, `${good(front, 'Connection: close\r\n')}\0`))).toHaveLength(1);
    world.platform.close();
  });

  it('what cannot be served is refused in words, and the connection ends', async () => {
    const world = new BeamWorld({ config: everything });
    for (const [name, bytes, status, words] of REFUSED) {
      const text = await exchange(world, bytes);
      expect(statuses(text), name).toEqual([status]);
      const [head = '', body = ''] = text.split('\r\n\r\n');
      expect(head, name).toMatch(/^connection: close/im);
      expect(body.trim(), name).toMatch(words);
    }
    expect(world.customer.messages).toHaveLength(0);
    world.platform.close();
  });

  it('what is odd and clear is served, however its bytes come', async () => {
    for (const step of [1, 7, 1000]) {
      for (const [name, make] of SERVED) {
        const world = new BeamWorld({ config: everything });
        expect(statuses(await exchange(world, make(front), step)), `${name}, ${step}`).toEqual([front.status]);
        world.platform.close();
      }
    }
  });

  it('a later version in other than the first request is not', async () => {
    const world = new BeamWorld({ config: everything });
    expect(statuses(await exchange(world, good(front) + good(front, '', 'HTTP/1.2')))).toEqual([front.status, 505]);
    world.platform.close();
  });
});

describe('the first line of a connection', () => {
  /** What a reader gets after the version was looked at, for a connection that brings these pieces. */
  async function read(pieces: readonly Uint8Array[]): Promise<{ text: string; later: boolean | undefined }> {
    const clock = new VirtualClock(0);
    const [near, far] = duplexPair(clock, MS);
    let text = '';
    let later: boolean | undefined;
    firstVersion(far, {
      ready: (was) => {
        later = was;
        far.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
      },
      ended: (bytes) => (text = `(${bytes})`),
    });
    for (const piece of pieces) near.write(piece);
    near.end();
    await clock.run({ deadline: SECOND });
    return { text, later };
  }

  it('changes a later minor version and nothing else, however the bytes come', async () => {
    const line = fc.constantFrom(
      'GET /a?b=HTTP/1.2 HTTP/1.1',
      'GET / HTTP/1.7',
      'POST / HTTP/1.12',
      'X-A /a HTTP/1.2',
      'GET /',
    );
    await fc.assert(
      fc.asyncProperty(line, fc.string(), fc.array(fc.nat(60), { maxLength: 8 }), async (first, rest, cuts) => {
        const bytes = Buffer.from(`\r\n${first}\r\n${rest}`, 'latin1');
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = edges
          .slice(1)
          .map((to, i) => bytes.subarray(edges[i], to))
          .filter((piece) => piece.length > 0);
        const { text, later } = await read(pieces);
        const expected = first.replace(/ HTTP\/1\.(7|12|2)$/, ' HTTP/1.1');
        expect(text).toBe(`\r\n${expected}\r\n${Buffer.from(rest, 'latin1').toString('latin1')}`);
        expect(later).toBe(expected !== first);
      }),
    );
  });

  it('loses no byte of anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }), async (pieces) => {
        const all = Buffer.concat(pieces).toString('latin1');
        const { text, later } = await read(pieces);
        if (later === undefined) expect(text).toBe(`(${all.length})`);
        else if (!later) expect(text).toBe(all);
      }),
    );
  });
});
