import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../host/clock/clock.js';
import { crc16, FrameError, FrameReader } from '../../host/platform/message/binary-format.js';
import published from '../vectors/binary-format-v1.json' with { type: 'json' };
import { frame } from './frames.js';
import { FrontWorld } from './fronts.js';
import { IMSI, session } from './harness.js';
import { withPrograms } from '../peers.js';

const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1, maxLength: 10 });

/** The same bytes in other pieces. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });

describe('Binary Format v1', () => {
  it.each(published.crcs)('CRC-16/CCITT-FALSE of $bytes is $crc', ({ bytes, crc }) => {
    expect(crc16(Buffer.from(bytes, 'hex')).toString(16)).toBe(crc);
  });

  it.each(published.frames)('the documentation’s frame holds $body', ({ body, frame: whole }) => {
    expect([...new FrameReader().take(Buffer.from(whole, 'hex'))]).toEqual([Buffer.from(body, 'hex')]);
  });

  withPrograms('python3').it('Python’s binascii computes the same CRC', () => {
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7) & 0xff));
    const program = 'import binascii,sys; print(binascii.crc_hqx(bytes.fromhex(sys.argv[1]), 0xffff))';
    const { stdout } = spawnSync('python3', ['-c', program, bytes.toString('hex')], { encoding: 'utf8' });
    expect(crc16(bytes)).toBe(Number(stdout));
  });

  it('gives the bodies, however the bytes are split and merged', () => {
    fc.assert(
      fc.property(bodies, sizes, (sent, pieces) => {
        const reader = new FrameReader();
        const got = cut(Buffer.concat(sent.map(frame)), pieces).flatMap((piece) => [...reader.take(piece)]);
        expect(got).toEqual(sent.map((body) => Buffer.from(body)));
        expect(reader.idle).toBe(true);
      }),
    );
  });

  it('takes the smallest and the largest body', () => {
    for (const size of [1, 65_535]) {
      expect([...new FrameReader().take(frame(Buffer.alloc(size, 7)))]).toEqual([Buffer.alloc(size, 7)]);
    }
    expect(() => [...new FrameReader().take(frame(''))]).toThrow(FrameError);
  });

  it('finds any one damaged bit: no body is ever wrong', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.nat(), (body, at) => {
        const bytes = frame(body);
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const got: Buffer[] = [];
        try {
          got.push(...new FrameReader().take(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
        expect(got).toEqual([]);
      }),
    );
  });

  it('any bytes give bodies or a FrameError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (pieces) => {
        const reader = new FrameReader();
        try {
          for (const piece of pieces)
            for (const body of reader.take(Buffer.from(piece))) expect(body.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError);
        }
      }),
    );
  });
});

describe('a service that wants frames', () => {
  it('gets each body as one message, whatever TCP did to the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, sizes, async (sent, pieces) => {
        const world = new FrontWorld({ framed: true });
        const device = world.connect();
        for (const piece of cut(Buffer.concat(sent.map(frame)), pieces)) {
          device.send(piece);
          await world.run(() => false, SECOND);
        }
        device.stream.end();
        await device.ended();
        expect(world.messages.map(({ body }) => body)).toEqual(sent.map((body) => Buffer.from(body)));
        expect(device.text).toBe(sent.map((body) => `200 ${Buffer.from(body).toString('latin1')}`).join(''));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    [
      'a wrong CRC',
      Buffer.concat([frame('ok'), Buffer.from('0002616200ff', 'hex'), frame('never')]),
      'the CRC does not match',
    ],
    ['no body', Buffer.concat([frame('ok'), Buffer.from('00001d0f', 'hex')]), 'a frame without a body'],
  ])('refuses %s with 400 and closes; what came before is answered', async (_, bytes, reason) => {
    const world = new FrontWorld({ framed: true });
    const device = world.connect();
    device.send(bytes);
    await device.ended();
    expect(device.text).toBe(`200 ok400 Binary Format v1: ${reason}`);
    expect(world.messages).toHaveLength(1);
    expect(world.events.filter((e) => e.type === 'service')).toMatchObject([{ status: 400, imsi: IMSI }]);
  });

  it('refuses a frame that the device does not finish: at its FIN, and after five minutes', async () => {
    const bytes = frame('half').subarray(0, 5);
    for (const end of [true, false]) {
      const world = new FrontWorld({ framed: true });
      const device = world.connect();
      device.send(bytes);
      if (end) device.stream.end();
      await device.ended();
      expect(device.text).toBe('400 Binary Format v1: the frame stays without its end');
      expect(Math.round(world.clock.now() / MINUTE)).toBe(end ? 0 : 5);
      expect(world.messages).toEqual([]);
    }
  });

  it('lets a byte now and then not hold the connection', async () => {
    const world = new FrontWorld({ framed: true });
    const device = world.connect();
    const bytes = frame(Buffer.alloc(5000));
    let sent = 0;
    const drip = (): void => {
      world.clock.stir();
      if (!device.stream.writable) return;
      device.send(bytes.subarray(sent, ++sent));
      world.clock.after(SECOND, drip);
    };
    drip();
    await device.ended();
    expect(device.text).toMatch(/^400 .*stays without its end$/);
    expect(Math.round(world.clock.now() / MINUTE)).toBe(5);
  });

  it('gives a slow device time between frames', async () => {
    const world = new FrontWorld({ framed: true });
    const device = world.connect();
    for (let i = 1; i <= 3; i++) {
      device.send(frame(`n${i}`));
      await device.expect(`200 n${i}`);
      await world.run(() => false, 20 * MINUTE);
    }
  });

  it('refuses a caller that it does not take by the first bytes, and closes', async () => {
    const world = new FrontWorld({ framed: true });
    const device = world.connect(session('440109999999999'));
    device.send(frame('a'));
    await device.ended();
    expect(device.text).toBe('400 unknown subscriber');
    expect(world.messages).toEqual([]);
  });
});
