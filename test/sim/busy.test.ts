// A store that takes its time: NULL on the line, the same command again, and no try counted twice. ISO 7816-3 10.3.3.

import { describe, expect, it } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { type MemoryStore, type Store } from '../../host/board/store.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { MS, SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { directCard } from '../../host/sim/index.js';
import { Trace } from '../../host/trace/trace.js';
import { Bench, module, storeOf } from './card.js';

const UPDATE = '00d60000 06 010203040506';

/** A card whose store answers Again for `busy` ns from each write on, and then takes it. */
async function slowCard(busy: number): Promise<{ bench: Bench; memory: MemoryStore }> {
  const memory = storeOf({ pin1Enabled: true });
  const bench = new Bench({ store: memory });
  let since: number | undefined;
  const store: Store = {
    read: (key) => memory.read(key),
    write: (key, value) => {
      since ??= bench.clock.now();
      if (bench.clock.now() - since < busy) return Status.Again;
      since = undefined;
      return memory.write(key, value);
    },
  };
  bench.slot.insert({ module, store });
  await bench.usim();
  return { bench, memory };
}

const nulls = (bench: Bench): number =>
  bench.events
    .filter((event) => event.type === 'line' && event.from === 'card')
    .reduce(
      (count, event) => count + (/^(60)*/.exec(String('bytes' in event ? event.bytes : ''))?.[0].length ?? 0) / 2,
      0,
    );

describe('a busy store', () => {
  it.each([
    [1, 0],
    [200, 0],
    [900, 3],
    [4000, 15],
  ])('of %i ms: the command succeeds, with %i NULLs', async (ms, expected) => {
    const { bench, memory } = await slowCard(ms * MS);
    await bench.send('0020000108 31323334ffffffff');
    await bench.send('00a4000c026f5b');
    const [before, writes, began] = [nulls(bench), memory.writes, bench.clock.now()];
    expect(await bench.send(UPDATE)).toBe('9000');
    expect(bench.clock.now() - began).toBeGreaterThanOrEqual(ms * MS);
    expect(nulls(bench) - before).toBe(expected);
    expect(memory.writes - writes).toBe(1);
    expect(await bench.send('00b0000006')).toBe('0102030405069000');
  });

  it('that never ends is a memory problem after ten seconds, and nothing has changed', async () => {
    const { bench, memory } = await slowCard(3600 * SECOND);
    const before = new Map(memory.entries());
    const began = bench.clock.now();
    expect(await bench.send('0020000108 31323334ffffffff')).toBe('6581');
    expect(bench.clock.now() - began).toBeLessThan(11 * SECOND);
    expect(new Map(memory.entries())).toEqual(before);
    expect(await bench.send('0020000100')).toBe('63c3');
  });

  it('counts a PIN try once, whether it is right or wrong, and writes as often as a fast one', async () => {
    for (const ms of [0, 700]) {
      const { bench, memory } = await slowCard(ms * MS);
      const writes = memory.writes;
      expect(await bench.send('0020000108 39393939ffffffff')).toBe('63c2');
      expect(memory.writes - writes).toBe(1);
      expect(await bench.send('0020000108 39393939ffffffff')).toBe('63c1');
      expect(await bench.send('0020000108 31323334ffffffff')).toBe('9000');
      expect(memory.writes - writes).toBe(4);
      expect(await bench.send('0020000100')).toBe('63c3');
      expect(await bench.statusWords(...Array<string>(4).fill('0020000108 39393939ffffffff'))).toEqual([
        ...['63c2', '63c1', '63c0', '6983'],
      ]);
      expect(await bench.send('002c000110 3132333435363738 34333231ffffffff')).toBe('9000');
      expect(await bench.statusWords('002c000100', '0020000100')).toEqual(['63ca', '63c3']);
    }
  });

  it('is asked again by the direct call, which says Again', async () => {
    const memory = storeOf();
    let busy = 3;
    const store: Store = {
      read: (key) => memory.read(key),
      write: (key, value) => (busy-- > 0 ? Status.Again : memory.write(key, value)),
    };
    const bench = new Bench({ store: memory });
    bench.slot.insert({ module, store });
    bench.slot.powerOn();
    const call = (name: string, ...args: number[]): number => {
      const run = bench.slot.card?.exports?.[name];
      if (typeof run !== 'function') throw new Error(`no ${name}`);
      return Number(run(...args));
    };
    const command = fromHex('002000010839393939ffffffff');
    const at = call('apdu_buffer');
    const buffer = (): Buffer => Buffer.from(bench.slot.card?.exports?.memory.buffer ?? new ArrayBuffer(0));
    call('apdu_reset');
    await Promise.resolve();
    // PIN1 is off on this card; PIN2 is not.
    command[3] = 0x81;
    buffer().set(command, at);
    expect([1, 2, 3].map(() => call('apdu', command.length))).toEqual(Array(3).fill(Status.Again));
    expect(call('apdu', command.length)).toBe(2);
    expect(buffer().toString('hex', at, at + 2)).toBe('63c2');
  });

  it('makes the direct reader wait, and others behind it, in order', async () => {
    const memory = storeOf();
    const clock = new VirtualClock(0);
    let busyUntil = 0;
    const store: Store = {
      read: (key) => memory.read(key),
      write: (key, value) => {
        busyUntil ||= clock.now() + 200 * MS;
        return clock.now() < busyUntil ? Status.Again : memory.write(key, value);
      },
    };
    const reader = directCard({ card: { module, store }, clock, trace: new Trace(clock), random: new Random('busy') });
    const answers: string[] = [];
    void reader.powerOn();
    for (const apdu of ['002000810839393939ffffffff', '80f2000000']) {
      void reader
        .transmit(fromHex(apdu))
        .then((answer) => answers.push(`${toHex(answer.slice(-2))}@${clock.now() / MS}`));
    }
    await clock.run({});
    expect(answers).toEqual(['63c2@200', '9000@200']);
  });
});
