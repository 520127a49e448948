import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { Secret } from '../../host/secret.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { Trace } from '../../host/trace/trace.js';

const res = new Secret(Uint8Array.of(0xde, 0xad, 0xbe, 0xef));

describe('a secret', () => {
  it('prints as [redacted] in every common way', () => {
    expect(
      [String(res), `${res}`, JSON.stringify({ res }), inspect({ res }), JSON.stringify([res])].join(' '),
    ).not.toContain('dead');
    expect(inspect(res)).toBe('[redacted]');
    expect(Object.keys(res)).toEqual([]);
  });
});

describe('trace events as JSON lines', () => {
  const event = { t: 5, device: 'd1', type: 'aka', side: 'card', step: 'RES', ok: true, fields: { res } } as const;

  it('mask secrets at any depth', () => {
    expect(JSON.parse(toJsonLine(event))).toEqual({ ...event, fields: { res: '[redacted]' } });
  });

  it('show them when asked by name', () => {
    expect(JSON.parse(toJsonLine(event, true))).toEqual({ ...event, fields: { res: 'deadbeef' } });
  });

  it('carry world time and the device that spoke', async () => {
    const clock = new VirtualClock(0);
    const trace = new Trace(clock);
    const lines: string[] = [];
    const stop = trace.listen((e) => lines.push(toJsonLine(e)));
    clock.after(7, () => trace.of('d1').emit({ type: 'registration', state: 'home' }));
    await clock.run({});
    stop();
    trace.emit({ type: 'registration', state: 'off' });
    expect(lines).toEqual(['{"t":7,"device":"d1","type":"registration","state":"home"}']);
  });
});

describe('Random', () => {
  it('gives the same stream for the same seed, however it is asked for', () => {
    const whole = new Random('s').bytes(100);
    const parts = new Random('s');
    expect(Buffer.concat([parts.bytes(1), parts.bytes(40), parts.bytes(59)])).toEqual(Buffer.from(whole));
    expect(new Random('t').bytes(100)).not.toEqual(whole);
  });

  it('forks streams that do not disturb each other', () => {
    const a = new Random('s');
    const b = new Random('s');
    a.bytes(10);
    expect(a.fork('x').bytes(8)).toEqual(b.fork('x').bytes(8));
    expect(a.fork('x').bytes(8)).not.toEqual(a.fork('y').bytes(8));
  });

  it('spreads numbers over their range', () => {
    const random = new Random('spread');
    const counts = new Array<number>(8).fill(0);
    for (let i = 0; i < 8_000; i++) {
      const drawn = random.below(8);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});
