import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { duplexPair } from '../../host/cloud/index.js';
import { Random } from '../../host/random.js';

function watch(stream: Duplex) {
  const seen = { bytes: Buffer.alloc(0), ended: false, error: undefined as NodeJS.ErrnoException | undefined };
  stream.on('data', (chunk: Buffer) => (seen.bytes = Buffer.concat([seen.bytes, chunk])));
  stream.on('end', () => (seen.ended = true));
  stream.on('error', (error) => (seen.error = error));
  return seen;
}

describe('duplexPair', () => {
  it('bytes arrive after the latency, in order, then the end', async () => {
    const clock = new VirtualClock(0);
    const [a, b] = duplexPair(clock, 20 * MS);
    const seen = watch(b);
    a.write('one ');
    a.end('two');
    await clock.run({ deadline: 19 * MS });
    expect(seen.bytes.length).toBe(0);
    await clock.run({ deadline: 21 * MS });
    expect(seen.bytes.toString()).toBe('one two');
    expect(seen.ended).toBe(true);
  });

  it('one direction ends, the other goes on', async () => {
    const clock = new VirtualClock(0);
    const [a, b] = duplexPair(clock, MS);
    const seen = watch(a);
    b.resume().on('end', () => b.end('the answer'));
    a.end('the request');
    await clock.run({});
    expect(seen).toMatchObject({ ended: true, error: undefined });
    expect(seen.bytes.toString()).toBe('the answer');
  });

  it('destroy with an error resets the other end, after what was sent', async () => {
    const clock = new VirtualClock(0);
    const [a, b] = duplexPair(clock, MS);
    const seen = watch(b);
    a.on('error', () => undefined);
    a.write('last words');
    a.destroy(new Error('radio lost'));
    await clock.run({});
    expect(seen.bytes.toString()).toBe('last words');
    expect(seen.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('plain destroy ends the other end; writing to it afterwards is reset', async () => {
    const clock = new VirtualClock(0);
    const [a, b] = duplexPair(clock, MS);
    const seen = watch(b);
    a.destroy();
    await clock.run({});
    expect(seen).toMatchObject({ ended: true, error: undefined });
    b.write('too late');
    await clock.run({});
    expect(seen.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('destroy with bytes unread resets', async () => {
    const clock = new VirtualClock(0);
    const [a, b] = duplexPair(clock, MS);
    const seen = watch(b);
    b.write('nobody reads this');
    a.destroy();
    await clock.run({});
    expect(seen.error).toMatchObject({ code: 'ECONNRESET' });
  });

  it('a writer waits for a reader that does not read', async () => {
    const clock = new VirtualClock(0);
    const [a, b] = duplexPair(clock, MS);
    let written = 0;
    for (let i = 0; i < 100; i++) a.write(Buffer.alloc(64 * 1024), () => (written += 1));
    await clock.run({ deadline: SECOND });
    expect(written).toBeLessThan(10);
    const seen = watch(b);
    clock.stir();
    await clock.run({ deadline: 60 * SECOND });
    expect(written).toBe(100);
    expect(seen.bytes.length).toBe(100 * 64 * 1024);
  });

  it('whatever is written, however it is read, arrives whole', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(`duplex ${seed}`);
      const clock = new VirtualClock(0);
      const [a, b] = duplexPair(clock, random.below(2) * 10 * MS);
      const sent = Buffer.from(random.bytes(random.below(2000)));
      const seen = watch(b);
      for (let at = 0; at < sent.length;) {
        const step = 1 + random.below(300);
        const part = sent.subarray(at, at + step);
        clock.after(random.below(50) === 0 ? 0 : at * MS, () => {
          clock.stir();
          if (random.below(3) === 0) b.pause();
          else b.resume();
          a.write(part);
        });
        at += step;
      }
      clock.after(3 * SECOND, () => {
        clock.stir();
        b.resume();
        a.end();
      });
      await clock.run({});
      expect(seen.ended, `seed ${seed}`).toBe(true);
      expect(seen.bytes.length, `seed ${seed}`).toBe(sent.length);
    }
  });
});
