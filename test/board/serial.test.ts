import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SerialLine, type UartDelivery, UartEvent, UartFormat } from '../../host/board/index.js';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'));

interface Line {
  readonly clock: VirtualClock;
  readonly near: SerialLine['near'];
  readonly far: SerialLine['far'];
}

function line(delivery: UartDelivery = 'blocks'): Line {
  const clock = new VirtualClock(0);
  return { clock, ...new SerialLine(clock, delivery) };
}

/** Nanoseconds of a character at 115,200 baud, 8N1. */
const CHARACTER = (10 * SECOND) / 115_200;

describe('a serial line', () => {
  it.each([
    [9_600, UartFormat.N81, 10],
    [115_200, UartFormat.N81, 10],
    [9_600, UartFormat.E81, 11],
  ])('takes the true time of its characters: %i baud, format %i', async (baud, format, bits) => {
    const { clock, near, far } = line('characters');
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

describe('a serial line that delivers blocks', () => {
  it('hands over what came in without a pause when the last of it has come', async () => {
    const { clock, near, far } = line();
    const got: [number, string][] = [];
    far.received = (bytes) => got.push([clock.now(), Buffer.from(bytes).toString()]);
    near.write(text('AT+CPIN?\r'));
    await clock.run({});
    expect(got).toEqual([[Math.round(9 * CHARACTER), 'AT+CPIN?\r']]);
  });

  it('hands over no more than a FIFO gathers, and loses no time between two blocks', async () => {
    const { clock, near, far } = line();
    const got: [number, number][] = [];
    far.received = (bytes) => got.push([clock.now(), bytes.length]);
    near.write(new Uint8Array(300));
    await clock.run({});
    expect(got).toEqual([120, 240, 300].map((n) => [Math.round(n * CHARACTER), n % 120 || 120]));
  });

  it('counts as waiting what has not left the wire', async () => {
    const { clock, near } = line();
    near.write(new Uint8Array(10));
    await clock.run({ deadline: 4.5 * CHARACTER });
    expect(near.waiting).toBe(6);
  });

  it.each<[string, (line: Line) => void, string]>([
    ['the sender loses power', ({ near }) => near.clear(), 'abcd'],
    ['the wire is cut', ({ near }) => near.cut(true), 'abcd'],
    ['interference comes in', ({ far }) => far.inject(text('!')), 'abcd!efghij'],
    ['nothing happens', () => undefined, 'abcdefghij'],
  ])('has delivered what had passed the wire when %s', async (_, happens, expected) => {
    const parts = line();
    const { clock, near, far } = parts;
    const got: number[] = [];
    far.received = (bytes) => got.push(...bytes);
    near.write(text('abcdefghij'));
    await clock.run({ deadline: 4.5 * CHARACTER });
    happens(parts);
    await clock.run({});
    expect(Buffer.from(got).toString()).toBe(expected);
  });

  it('is sampled at another speed from the moment at which the receiver changes it', async () => {
    const { clock, near, far } = line();
    const got: number[] = [];
    far.received = (bytes) => got.push(...bytes);
    near.write(text('abcdefghij'));
    await clock.run({ deadline: 4.5 * CHARACTER });
    far.open(9_600, UartFormat.N81);
    await clock.run({});
    expect(Buffer.from(got.slice(0, 4)).toString()).toBe('abcd');
    expect(Buffer.from(got).toString('latin1')).not.toContain('e');
  });

  it('carries the same bytes as one that delivers characters, whatever happens to it, and no later', async () => {
    const events = fc.array(
      fc.record({
        // Never at the very moment at which a character ends: which of the two comes first then is not defined.
        after: fc.integer({ min: 0, max: 40 }).map((n) => n * CHARACTER * 0.371_37),
        what: fc.constantFrom('near', 'far', 'inject', 'cut', 'mend', 'clear'),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      }),
      { maxLength: 12 },
    );
    type Event = typeof events extends fc.Arbitrary<readonly (infer E)[]> ? E : never;
    const carried = async (delivery: UartDelivery, list: readonly Event[]) => {
      const { clock, near, far } = line(delivery);
      const got = { near: [] as number[], far: [] as number[] };
      near.received = (bytes) => got.near.push(...bytes);
      far.received = (bytes) => got.far.push(...bytes);
      for (const { after, what, bytes } of list) {
        await clock.run({ deadline: clock.now() + Math.round(after) });
        if (what === 'near') near.send(bytes);
        else if (what === 'far') far.send(bytes);
        else if (what === 'inject') far.inject(bytes);
        else if (what === 'clear') near.clear();
        else near.cut(what === 'cut');
      }
      await clock.run({});
      return { ...got, end: clock.now() };
    };
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        expect(await carried('blocks', list)).toEqual(await carried('characters', list));
      }),
    );
  });
});
