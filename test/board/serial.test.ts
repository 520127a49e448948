import { describe, expect, it } from 'vitest';
import { SerialLine, UartEvent, UartFormat } from '../../host/board/index.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));

function line(): { clock: VirtualClock; near: SerialLine['near']; far: SerialLine['far'] } {
  const clock = new VirtualClock(0);
  return { clock, ...new SerialLine(clock) };
}

describe('a serial line', () => {
  it.each([
    [9_600, UartFormat.N81, 10],
    [115_200, UartFormat.N81, 10],
    [9_600, UartFormat.E81, 11],
  ])('takes the true time of its characters: %i baud, format %i', async (baud, format, bits) => {
    const { clock, near, far } = line();
    near.open(baud, format);
    far.open(baud, format);
    const times: number[] = [];
    far.received = () => times.push(clock.now());
    near.write(text('abc'));
    await clock.run({});
    const character = (bits * SECOND) / baud;
    expect(times).toEqual([1, 2, 3].map((n) => Math.round(n * character)));
  });

  it('buffers what a board has not read, then says Overrun', async () => {
    const { clock, near, far } = line();
    far.send(new Uint8Array(1_100).fill(0x55));
    await clock.run({});
    expect(near.takeEvents()).toBe(UartEvent.Overrun);
    expect(near.takeEvents()).toBe(0);
    expect(near.read(2_000)).toHaveLength(1_024);
  });

  it('takes only what its transmit buffer holds, and calls when there is room again', async () => {
    const { clock, near } = line();
    let calls = 0;
    near.activity = () => calls++;
    expect(near.write(new Uint8Array(700))).toBe(512);
    expect(near.write(text('x'))).toBe(0);
    await clock.run({});
    expect(calls).toBe(1);
    expect(near.write(text('x'))).toBe(1);
  });

  it('does not carry the same bytes at two different speeds', async () => {
    const { clock, near, far } = line();
    near.open(9_600, UartFormat.N81);
    const got: number[] = [];
    far.received = (bytes) => got.push(...bytes);
    near.write(text('AT\r'));
    await clock.run({});
    expect(Buffer.from(got).toString('latin1')).not.toContain('AT');
  });

  it('tells both ends when the wire is cut', async () => {
    const { clock, near, far } = line();
    near.cut(true);
    near.write(text('lost'));
    await clock.run({});
    expect(far.read(10)).toHaveLength(0);
    expect(near.takeEvents() & far.takeEvents()).toBe(UartEvent.HangUp);
    near.cut(false);
    near.write(text('found'));
    await clock.run({});
    expect(Buffer.from(far.read(10)).toString()).toBe('found');
  });

  it('refuses speeds and formats it does not have', () => {
    const { near } = line();
    expect([near.open(0, 0), near.open(9_600, UartFormat.Iso7816), near.open(9_600, 7)]).toEqual([false, false, false]);
  });
});
