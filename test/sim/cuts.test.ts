// Power is cut at every single store write of a long random session: the card answers ATR, each file holds its old or its
// new bytes, SQN never runs back, PIN counters never run up.

import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../host/board/store.js';
import { toHex } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import { StoreKey } from '../../host/sim/index.js';
import { AID, ATR, Bench, storeOf } from './card.js';
import { challengeAt } from './challenges.js';

/** Commands that write, most of them; the terminal does not look at the answers. */
function session(random: Random, length: number): string[] {
  const commands = [`00a4040c10${AID}`, '0020000108 31323334ffffffff', '0020000a08 3838383838383838'];
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  let sqn = 32;
  for (let i = 0; i < length; i++) {
    const hex = (bytes: number): string => toHex(random.bytes(bytes));
    commands.push(
      ...pick([
        () => ['00a4000c026f7e', `00d600000b${hex(11)}`],
        () => ['00a4000c026fe3', `00d6000304${hex(4)}`],
        () => ['00a4000c026f07', `00d6000009${hex(9)}`],
        () => ['00a4000c026f40', `00dc01041c${hex(28)}`],
        () => ['00a4000c026f39', `00dc000303${hex(3)}`],
        () => ['00a4000c026f39', `803200000200${hex(1)}`],
        () => ['00a4000c026f46', pick(['0004000000', '0044000000'])],
        () => [challengeAt((sqn += 32 + random.below(40)), random)],
        () => [`0020000108 ${pick(['31323334', '39393939'])}ffffffff`],
        () => [`0020008108 ${pick(['30303030', '39393939'])}ffffffff`],
        () => ['0024000110 31323334ffffffff 31323334ffffffff'],
        () => [`002c000110 3132333435363738 31323334ffffffff`],
        () => ['00a4000c027fff'],
      ])(),
    );
  }
  return commands;
}

const copyOf = (store: MemoryStore): Map<number, Uint8Array> => new Map([...store.entries()].map(([k, v]) => [k, v]));

/** SEQ_MS of each slot. */
const seqs = (value: Uint8Array | undefined): bigint[] => {
  const view = new DataView((value ?? new Uint8Array(256)).slice().buffer);
  return Array.from({ length: 32 }, (_, i) => view.getBigUint64(i * 8, true));
};

/** Tries left: of each PIN and its PUK. assembly/sim/pin.ts. */
const tries = (value: Uint8Array | undefined): number[] =>
  [0, 1, 2].flatMap((i) => [value?.[2 + i * 24 + 2] ?? 0, value?.[2 + i * 24 + 4] ?? 0]);

describe('power cut', () => {
  it('at every write of a random session, before and after it took effect', { timeout: 120_000 }, async () => {
    const seed = 'cuts-1';
    const commands = session(new Random(seed), 90);
    const profile = { pin1Enabled: true, cardSqn: '000000000000' } as const;

    // Once without a cut: what the store held before each write, and which command wrote.
    const whole = new Bench({ store: storeOf(profile), link: 'direct' });
    const states: Map<number, Uint8Array>[] = [];
    whole.store.fate = () => {
      states.push(copyOf(whole.store));
      return 'done';
    };
    await whole.powerOn();
    await whole.statusWords(...commands);
    states.push(copyOf(whole.store));
    const writes = states.length - 1;
    expect(writes).toBeGreaterThan(80);

    for (let cut = 0; cut < writes; cut++) {
      for (const fate of ['cut-before', 'cut-after'] as const) {
        const why = `seed ${seed}, write ${cut}, ${fate}`;
        const bench = new Bench({ store: storeOf(profile), link: 'direct' });
        bench.store.fate = (write) => (write === cut ? fate : 'done');
        await bench.powerOn();
        for (const command of commands) {
          if (bench.store.writes > cut) break;
          await bench.send(command).catch(() => undefined);
        }
        bench.store.fate = undefined;
        // All values are those of one moment: before this write, or after it.
        const expected = states[fate === 'cut-before' ? cut : cut + 1] as Map<number, Uint8Array>;
        expect(copyOf(bench.store), why).toEqual(expected);
        expect(await bench.powerOn(), why).toBe(ATR);
        expect(await bench.send('00a4000c022fe2'), why).toBe('9000');
        expect(await bench.send('00b000000a'), why).toBe('981801000021436587f49000');
      }
    }

    for (let write = 0; write < writes; write++) {
      const [before, after] = [states[write], states[write + 1]] as [Map<number, Uint8Array>, Map<number, Uint8Array>];
      const changed = [...after.keys()].filter((key) => !same(before.get(key), after.get(key)));
      expect(changed.length, `write ${write} changes one value at most`).toBeLessThanOrEqual(1);
      const [old, now] = [seqs(before.get(StoreKey.Sqn)), seqs(after.get(StoreKey.Sqn))];
      old.forEach((seq, i) => expect((now[i] ?? 0n) >= seq, `write ${write}: SQN`).toBe(true));
    }
  });

  it('in the middle of a PIN try: the try is lost, whatever the PIN was', async () => {
    for (const pin of ['31323334', '39393939']) {
      for (const [writes, left] of [[1, 2], ...(pin === '31323334' ? [[2, 3] as const] : [])] as const) {
        const bench = new Bench({ store: storeOf({ pin1Enabled: true }), link: 'direct' });
        await bench.powerOn();
        let count = 0;
        bench.store.fate = () => (++count === writes ? 'cut-after' : 'done');
        await bench.send(`0020000108 ${pin}ffffffff`).catch(() => undefined);
        bench.store.fate = undefined;
        expect(tries(bench.store.read(StoreKey.Pins))[0]).toBe(left);
        await bench.powerOn();
        expect(await bench.send('0020000100')).toBe(`63c${left}`);
      }
    }
  });
});

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && Buffer.from(a).equals(b);
