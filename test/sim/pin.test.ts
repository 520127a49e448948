import { describe, expect, it } from 'vitest';
import { Bench, storeOf } from './card.js';

const pin = (digits: string): string => Buffer.from(digits, 'ascii').toString('hex').padEnd(16, 'f');
const verify = (digits: string): string => `0020000108${pin(digits)}`;
const change = (from: string, to: string): string => `0024000110${pin(from)}${pin(to)}`;
const disable = (digits: string): string => `0026000108${pin(digits)}`;
const enable = (digits: string): string => `0028000108${pin(digits)}`;
const unblock = (puk: string, to: string): string => `002c000110${pin(puk)}${pin(to)}`;
const QUERY = '0020000100';
const UNBLOCK_QUERY = '002c000100';

async function card(pin1Enabled = true): Promise<Bench> {
  const bench = new Bench({ store: storeOf({ pin1Enabled }) });
  await bench.powerOn();
  return bench;
}

describe('PIN commands (TS 102 221 11.1.9 to 11.1.13)', () => {
  it('VERIFY counts down, blocks, and the right value restores the counter', async () => {
    const bench = await card();
    expect(await bench.statusWords(QUERY, verify('9999'), verify('1234'), QUERY)).toEqual([
      '63c3',
      '63c2',
      '9000',
      '63c3',
    ]);
    expect(await bench.statusWords(verify('1'), verify('2'), verify('3'), verify('1234'), QUERY)).toEqual([
      '63c2',
      '63c1',
      '63c0',
      '6983',
      '6983',
    ]);
  });

  it('takes the query with and without P3', async () => {
    const bench = await card();
    expect(await bench.statusWords('00200001', '0020000100', '002c0001', '002c000100')).toEqual([
      '63c3',
      '63c3',
      '63ca',
      '63ca',
    ]);
  });

  it('a wrong VERIFY takes earlier verification away', async () => {
    const bench = await card();
    await bench.send('00a4040c05a000000087');
    await bench.send(verify('1234'));
    expect(await bench.statusWords('00b0870009', verify('9999'), '00b0870009')).toEqual(['9000', '63c2', '6982']);
  });

  it('UNBLOCK sets a new PIN, enables it, restores both counters', async () => {
    const bench = await card();
    await bench.statusWords(verify('1'), verify('2'), verify('3'));
    expect(
      await bench.statusWords(unblock('87654321', '5555'), UNBLOCK_QUERY, unblock('12345678', '5555'), UNBLOCK_QUERY),
    ).toEqual(['63c9', '63c9', '9000', '63ca']);
    expect(await bench.statusWords(QUERY, verify('1234'), verify('5555'))).toEqual(['63c3', '63c2', '9000']);
    const off = await card(false);
    await off.send(unblock('12345678', '5555'));
    expect(await off.statusWords(enable('5555'))).toEqual(['6985']);
  });

  it('UNBLOCK is blocked after ten wrong PUKs', async () => {
    const bench = await card();
    const wrong = Array<string>(10).fill(unblock('00000000', '5555'));
    expect((await bench.statusWords(...wrong)).at(-1)).toBe('63c0');
    expect(await bench.statusWords(unblock('12345678', '5555'), UNBLOCK_QUERY, verify('1234'))).toEqual([
      '6983',
      '6983',
      '9000',
    ]);
  });

  it('CHANGE needs the old value and an enabled PIN', async () => {
    const bench = await card();
    expect(await bench.statusWords(change('9999', '5555'), change('1234', '5555'), verify('1234'))).toEqual([
      '63c2',
      '9000',
      '63c2',
    ]);
    await bench.powerOn();
    expect(await bench.statusWords(verify('5555'))).toEqual(['9000']);
    expect(await (await card(false)).statusWords(change('1234', '5555'))).toEqual(['6985']);
  });

  it('DISABLE and ENABLE switch the need for PIN1, with the right value only', async () => {
    const bench = await card();
    await bench.send('00a4040c05a000000087');
    expect(await bench.statusWords(disable('9999'), disable('1234'), disable('1234'), verify('1234'))).toEqual([
      '63c2',
      '9000',
      '6985',
      '6985',
    ]);
    await bench.reset();
    await bench.send('00a4040c05a000000087');
    expect(await bench.statusWords('00b0870009', enable('9999'), enable('1234'), enable('1234'))).toEqual([
      '9000',
      '63c2',
      '9000',
      '6985',
    ]);
    await bench.reset();
    await bench.send('00a4040c05a000000087');
    expect(await bench.send('00b0870009')).toBe('6982');
  });

  it('refuses unknown references and wrong forms without costing a try', async () => {
    const bench = await card();
    expect(
      await bench.statusWords(
        '0020000208' + pin('1234'),
        '0020010108' + pin('1234'),
        '002000010431323334',
        '002c000a00',
      ),
    ).toEqual(['6a88', '6a86', '6700', '6a88']);
    expect(await bench.statusWords('0026000a08' + pin('88888888'), QUERY, '0020000a00')).toEqual([
      '6985',
      '63c3',
      '63ca',
    ]);
    expect(bench.store.writes).toBe(0);
  });

  it('knows PIN2 and ADM1', async () => {
    const bench = await card();
    expect(await bench.statusWords('0020008108' + pin('0000'), '0020000a08' + pin('88888888'))).toEqual([
      '9000',
      '9000',
    ]);
  });
});

describe('power cuts and the counters', () => {
  /** Tries left for PIN1, by the query. */
  const left = async (bench: Bench): Promise<number> => {
    await bench.powerOn();
    const sw = await bench.send(QUERY);
    return sw === '6983' ? 0 : parseInt(sw.slice(-1), 16);
  };

  it.each(['cut-before', 'cut-after'] as const)('a wrong try never leaves the counter higher: %s', async (fate) => {
    const bench = await card();
    for (let before = 3; before > 0; before = await left(bench)) {
      bench.store.fate = () => fate;
      // The card falls silent without having judged the value.
      await expect(bench.send(verify('9999'))).rejects.toMatchObject({ code: 'timeout' });
      bench.store.fate = undefined;
      const after = await left(bench);
      expect(after).toBe(fate === 'cut-before' ? before : before - 1);
      if (fate === 'cut-before') break;
    }
  });

  it.each([0, 1] as const)('a right try cut at its write %i loses at most that try', async (which) => {
    for (const fate of ['cut-before', 'cut-after'] as const) {
      const bench = await card();
      const start = bench.store.writes;
      bench.store.fate = (write) => (write === start + which ? fate : 'done');
      await expect(bench.send(verify('1234'))).rejects.toMatchObject({ code: 'timeout' });
      bench.store.fate = undefined;
      expect(await left(bench)).toBe(which + (fate === 'cut-after' ? 1 : 0) === 1 ? 2 : 3);
      expect(await bench.send(verify('1234'))).toBe('9000');
    }
  });

  it.each([0, 1] as const)('UNBLOCK cut at its write %i: old PIN and counter, or the new ones', async (which) => {
    for (const fate of ['cut-before', 'cut-after'] as const) {
      const bench = await card();
      await bench.statusWords(verify('1'), verify('2'), verify('3'));
      const start = bench.store.writes;
      bench.store.fate = (write) => (write === start + which ? fate : 'done');
      await expect(bench.send(unblock('12345678', '5555'))).rejects.toMatchObject({ code: 'timeout' });
      bench.store.fate = undefined;
      const done = which === 1 && fate === 'cut-after';
      expect(await left(bench)).toBe(done ? 3 : 0);
      expect(await bench.send(verify('5555'))).toBe(done ? '9000' : '6983');
      expect(await bench.send(UNBLOCK_QUERY)).toBe(done || (which === 0 && fate === 'cut-before') ? '63ca' : '63c9');
    }
  });

  it('a store that refuses to count down refuses the comparison', async () => {
    const bench = await card();
    bench.store.fate = () => -5;
    expect(await bench.statusWords(verify('1234'), verify('9999'))).toEqual(['6581', '6581']);
    bench.store.fate = undefined;
    await bench.send('00a4040c05a000000087');
    expect(await bench.statusWords('00b0870009', QUERY)).toEqual(['6982', '63c3']);
  });
});
