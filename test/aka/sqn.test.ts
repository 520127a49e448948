// The card's SQN array (TS 33.102 Annex C), and the faults that other implementations are known for.
import { describe, expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { loadKit, SQN_ARRAY_BYTES, type SqnLimits } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';

const kit = await loadKit();
const DELTA = 1n << 28n;
const SEQ_MAX = (1n << 43n) - 1n;

const bytesOf = (sqn: bigint): Uint8Array => new Uint8Array(Buffer.from(sqn.toString(16).padStart(12, '0'), 'hex'));
const sqnOf = (seq: bigint, ind: number): bigint => (seq << 5n) | BigInt(ind);

/** A card that keeps its array, as the applet does. */
class Card {
  array: Uint8Array = new Uint8Array(SQN_ARRAY_BYTES);
  constructor(readonly limits: SqnLimits = {}) {}

  fresh(sqn: bigint): boolean {
    return kit.sqnCheck(this.array, bytesOf(sqn), this.limits);
  }

  /** Checks, and notes what is fresh. */
  take(sqn: bigint): boolean {
    const fresh = this.fresh(sqn);
    if (fresh) this.array = kit.sqnAccept(this.array, bytesOf(sqn));
    return fresh;
  }

  get highest(): bigint {
    return BigInt(`0x${toHex(kit.sqnHighest(this.array))}`);
  }
}

describe('the SQN array', () => {
  it('refuses SQN 0 to a new card and takes the next', () => {
    const card = new Card();
    expect(card.highest).toBe(0n);
    expect(card.fresh(0n)).toBe(false);
    expect(card.fresh(31n), 'SEQ 0 of any index').toBe(false);
    expect(card.take(32n)).toBe(true);
  });

  it('refuses a replay, and everything at or below it with the same index', () => {
    const card = new Card();
    expect(card.take(sqnOf(5n, 3))).toBe(true);
    expect(card.take(sqnOf(5n, 3))).toBe(false);
    expect(card.take(sqnOf(4n, 3))).toBe(false);
    expect(card.take(sqnOf(6n, 3))).toBe(true);
  });

  it('takes 32, 64, 33: an older SEQ of another index', () => {
    const card = new Card();
    expect([32n, 64n, 33n].map((sqn) => card.take(sqn))).toEqual([true, true, true]);
    expect(card.highest).toBe(64n);
  });

  it('takes the series of a node with index 10: 42, 74, 106', () => {
    const card = new Card();
    expect([42n, 74n, 106n].map((sqn) => card.take(sqn))).toEqual([true, true, true]);
    expect(card.highest).toBe(106n);
  });

  it('takes a SEQ exactly Delta ahead of the highest and refuses the one after it', () => {
    const card = new Card();
    expect(card.take(sqnOf(100n, 1))).toBe(true);
    expect(card.fresh(sqnOf(100n + DELTA + 1n, 2))).toBe(false);
    expect(card.fresh(sqnOf(100n + DELTA, 2))).toBe(true);
  });

  it('compares with sign: a low SEQ of another index is behind, not far ahead', () => {
    const card = new Card();
    let seq = 0n;
    for (let i = 0; i < 4; i++) expect(card.take(sqnOf((seq += DELTA), 0))).toBe(true);
    expect(card.take(sqnOf(1n, 1))).toBe(true);
    expect(card.take(sqnOf(seq - DELTA - 1n, 2))).toBe(true);
  });

  it('takes another Delta', () => {
    const card = new Card({ delta: 10n });
    expect(card.take(sqnOf(11n, 0))).toBe(false);
    expect(card.take(sqnOf(10n, 0))).toBe(true);
    expect(card.take(sqnOf(21n, 1))).toBe(false);
  });

  it('has an age limit only if one is set: then a SEQ that far behind is refused', () => {
    const limited = new Card({ ageLimit: 50n });
    const free = new Card();
    for (const card of [limited, free]) expect(card.take(sqnOf(100n, 0))).toBe(true);
    expect([limited.fresh(sqnOf(50n, 1)), free.fresh(sqnOf(50n, 1))]).toEqual([false, true]);
    expect(limited.fresh(sqnOf(51n, 1))).toBe(true);
  });

  it('reaches the last SQN of 48 bits, and no further', () => {
    const card = new Card({ delta: SEQ_MAX });
    expect(card.take(0xffffffffffffn)).toBe(true);
    expect(card.highest).toBe(0xffffffffffffn);
    expect(card.take(0xffffffffffffn)).toBe(false);
    expect(card.take(sqnOf(SEQ_MAX, 30))).toBe(true);
  });

  it('gives SQN_MS of 48 bits whatever a worn store has made of the array', () => {
    const random = new Random('worn array');
    for (let i = 0; i < 200; i++) {
      const card = new Card();
      card.array = random.bytes(SQN_ARRAY_BYTES).map((byte) => (i === 0 ? 0xff : byte));
      const highest = card.highest;
      expect(highest < 1n << 48n).toBe(true);
      expect(card.fresh(highest), 'SQN_MS itself is never fresh').toBe(false);
      if (highest >> 5n < SEQ_MAX) expect(card.fresh(highest + 32n), 'and the next one always is').toBe(true);
    }
  });

  it('changes one entry of eight bytes for one SQN', () => {
    const card = new Card();
    for (let ind = 0; ind < 32; ind++) {
      const before = card.array;
      expect(card.take(sqnOf(0x123456789an >> 12n, ind))).toBe(true);
      const changed = [...card.array.keys()].filter((i) => card.array[i] !== before[i]);
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.every((i) => i >> 3 === ind)).toBe(true);
    }
  });

  it('leaves the array alone when it only checks', () => {
    const card = new Card();
    const before = card.array.slice();
    card.fresh(sqnOf(7n, 7));
    expect(card.array).toEqual(before);
  });

  it('agrees with Annex C written down in whole numbers, over long random runs', () => {
    const random = new Random('sqn runs');
    for (let run = 0; run < 40; run++) {
      const delta = [DELTA, 5n, 1000n][random.below(3)] as bigint;
      const ageLimit = [0n, 1n, 300n][random.below(3)] as bigint;
      const card = new Card({ delta, ageLimit });
      const seqMs = Array.from({ length: 32 }, () => 0n);
      for (let step = 0; step < 150; step++) {
        const high = seqMs.reduce((a, b) => (a > b ? a : b));
        const span = [8, 700, 2 ** 30][random.below(3)] as number;
        let seq = high + BigInt(random.below(span)) - BigInt(random.below(span));
        if (seq < 0n) seq = 0n;
        const ind = random.below(32);
        const wanted =
          seq - high <= delta && (ageLimit === 0n || high - seq < ageLimit) && seq > (seqMs[ind] as bigint);
        expect(card.take(sqnOf(seq, ind)), `run ${run}, step ${step}: SEQ ${seq} IND ${ind}`).toBe(wanted);
        if (wanted) seqMs[ind] = seq;
        const newHigh = seqMs.reduce((a, b) => (a > b ? a : b));
        expect(card.highest >> 5n).toBe(newHigh);
        expect(seqMs[Number(card.highest & 31n)]).toBe(newHigh);
      }
    }
  });

  it('names the argument of the wrong length', () => {
    expect(() => kit.sqnHighest(new Uint8Array(255))).toThrow(new RangeError('array: 255 bytes given, expected 256'));
    expect(() => kit.sqnCheck(new Uint8Array(256), new Uint8Array(7))).toThrow(
      new RangeError('sqn: 7 bytes given, expected 6'),
    );
  });
});

describe("an operator's own length of IND", () => {
  it.each([0, 1, 3, 5])('%i bits: so many entries, each taking what is above it', (indBits) => {
    const entries = 1 << indBits;
    let array: Uint8Array = new Uint8Array(SQN_ARRAY_BYTES);
    const take = (sqn: number): boolean => {
      const fresh = kit.sqnCheck(array, bytesOf(BigInt(sqn)), { indBits });
      if (fresh) array = kit.sqnAccept(array, bytesOf(BigInt(sqn)), indBits);
      return fresh;
    };
    for (let ind = entries - 1; ind >= 0; ind--) {
      expect(take(7 * entries + ind), `IND ${ind}`).toBe(true);
      expect(take(7 * entries + ind)).toBe(false);
    }
    expect(take(9 * entries + entries - 1)).toBe(true);
    expect(Number(`0x${toHex(kit.sqnHighest(array, indBits))}`)).toBe(10 * entries - 1);
    expect(array.slice(entries * 8).every((byte) => byte === 0)).toBe(true);
  });

  it('0 bits: SQN only ever rises, up to 48 bits', () => {
    const array = new Uint8Array(SQN_ARRAY_BYTES);
    new DataView(array.buffer).setBigUint64(0, (1n << 48n) - 2n, true);
    expect(toHex(kit.sqnHighest(array, 0))).toBe('fffffffffffe');
    expect(kit.sqnCheck(array, bytesOf((1n << 48n) - 1n), { indBits: 0 })).toBe(true);
    expect(kit.sqnCheck(array, bytesOf((1n << 48n) - 2n), { indBits: 0 })).toBe(false);
    expect(() => kit.sqnHighest(array, 6)).toThrow(RangeError);
  });
});
