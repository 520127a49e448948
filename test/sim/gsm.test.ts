// The card in a 2G terminal: class A0. TS 51.011 8, 9, 10.

import { describe, expect, it } from 'vitest';
import { milenageVectors } from '../vectors/read.js';
import { AID, Bench, storeOf } from './card.js';

describe('a 2G terminal', () => {
  it('starts: DF_GSM, phase, CHV1, files, RUN GSM ALGORITHM', async () => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true }) });
    await bench.powerOn();
    expect(await bench.send('a0a40000027f20')).toBe('9f16');
    const df = await bench.send('a0c0000016');
    //                     RFU  free FID  type      RFU       len ch DF EF    codes  status of CHVs
    expect(df).toMatch(/^0000 ?0000 ?7f20 ?02 ?0000000000 ?09 ?31 ?00 ?13 ?05 ?00 ?838a838a9000$/);
    expect(await bench.statusWords('a0a40000026fae', 'a0b0000001')).toEqual(['9f0f', '9000']);
    expect(await bench.statusWords('a0a40000026f07', 'a0b0000009')).toEqual(['9f0f', '9804']);
    expect(await bench.statusWords('a020000108 39393939ffffffff', 'a020000108 31323334ffffffff')).toEqual([
      ...['9804', '9000'],
    ]);
    expect(await bench.send('a0b0000009')).toBe('0849040113325476989000');
    for (const [fid, size] of [
      ...[
        ['6f38', 5] as const,
        ['6f20', 9] as const,
        ['6f30', 24] as const,
        ['6f31', 1] as const,
        ['6f7b', 12] as const,
      ],
      ...[
        ['6f74', 16] as const,
        ['6f78', 2] as const,
        ['6f7e', 11] as const,
        ['6fad', 4] as const,
        ['6f53', 14] as const,
      ],
      ...[['6f46', 17] as const, ['6f52', 9] as const, ['6f05', 4] as const],
    ]) {
      expect([fid, await bench.send(`a0a4000002${fid}`)]).toEqual([fid, '9f0f']);
      const fields = await bench.send('a0c000000f');
      expect(parseInt(fields.slice(4, 8), 16)).toBe(size);
      const read = await bench.send(`a0b00000${size.toString(16).padStart(2, '0')}`);
      expect(read).toMatch(new RegExp(`^.{${size * 2}}9000$`));
    }
    expect(await bench.statusWords('a0a40000023f00', 'a0a40000022fe2', 'a0b000000a')).toEqual(['9f16', '9f0f', '9000']);
    expect(await bench.statusWords('a0a40000027f10', 'a0a40000026f40', 'a0b201041c')).toEqual(['9f16', '9f0f', '9000']);
    expect(await bench.statusWords('a0f2000016', 'a0f2000002', 'a0f2000017', 'a0fa000000')).toEqual([
      ...['9000', '9000', '6716', '9000'],
    ]);
  });

  it('is told by SELECT what a file is and who may do what', async () => {
    const bench = await new Bench().usim();
    const fields = async (...path: string[]): Promise<string> => {
      let last = '';
      for (const fid of path) last = (await bench.send(`a0a4000002${fid}`)).slice(2);
      return (await bench.send(`a0c00000${last}`)).slice(0, -4);
    };
    // Two RFU bytes, size, FID, type EF, INCREASE allowed, READ|UPDATE, INCREASE, REHABILITATE|INVALIDATE, status, 2, structure, record.
    expect(await fields('3f00', '2fe2')).toBe('0000000a2fe204000ff04401020000');
    expect(await fields('3f00', '7f20', '6f07')).toBe('000000096f07040014f04401020000');
    expect(await fields('6fad')).toBe('000000046fad040004f04401020000');
    expect(await fields('6f39')).toBe('000000096f3904401110440102 0303'.replace(' ', ''));
    expect(await fields('7f10', '6f40')).toBe('0000001c6f40040011f0440102011c');
    expect(await fields('3f00')).toMatch(/^000000003f00010000000000 ?09 ?b1 ?04 ?05/); // CHV1 is off
  });

  it.each([
    ['a0a40000026f07', '9404', 'no such file from the MF'],
    ['a0a40000027ff0', '9404', 'an application'],
    ['a0a4000001ff', '6702', 'P3'],
    ['a0a40100022fe2', '6b00', 'P1'],
    ['a0b0000001', '9400', 'no EF selected'],
    ['a0b0870001', '6b00', 'no SFI in 2G'],
    ['a0b2010404', '9400', 'no EF selected'],
    ['a020000308 31323334ffffffff', '6b00', 'no CHV3'],
    ['a020000100', '6b00', 'no asking for counters'],
    ['a028000108 31323334ffffffff', '9808', 'CHV1 is on'],
    ['a088000010 00000000000000000000000000000000', '9408', 'not in DF_GSM'],
    ['a070000001', '6d00', 'no channels'],
    ['a0020000', '6d00', 'no such command'],
  ])('%s is answered %s: %s', async (command, sw) => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true }) });
    await bench.powerOn();
    expect(await bench.send(command)).toBe(sw);
  });

  it('gets the other errors in its own numbers', async () => {
    const bench = await new Bench({ store: storeOf({ pin1Enabled: true }) }).usim();
    await bench.statusWords('a0a40000027f20', 'a0a40000026f38');
    expect(await bench.send('a0b0000005')).toBe('9804');
    await bench.send('a020000108 31323334ffffffff');
    expect(await bench.statusWords('a0b0000006', 'a0b0000501', 'a0b2010405', 'a0d6000001ff')).toEqual([
      ...['6705', '9402', '9408', '9804'],
    ]);
    expect(await bench.statusWords('a0a40000026f39', 'a0b2090403', 'a0b2010404', 'a0b201fc03')).toEqual([
      ...['9f0f', '9402', '6703', '6b00'],
    ]);
    await bench.send('0020000a08 3838383838383838');
    expect(await bench.statusWords('a0a40000026f38', 'a004000000', 'a0b0000005', 'a044000000', 'a0b0000005')).toEqual([
      ...['9f0f', '9000', '9810', '9000', '9000'],
    ]);
    expect(await bench.statusWords('a026000108 31323334ffffffff', 'a020000108 31323334ffffffff')).toEqual([
      ...['9000', '9808'],
    ]);
  });

  it('is told of a blocked CHV1, and unblocks it with P2 00', async () => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true }) });
    await bench.powerOn();
    const wrong = 'a020000108 39393939ffffffff';
    expect(await bench.statusWords(wrong, wrong, wrong, wrong)).toEqual(['9804', '9804', '9840', '9840']);
    expect(await bench.statusWords('a0a40000027f20')).toEqual(['9f16']);
    expect((await bench.send('a0c0000016')).slice(36, 44)).toBe('808a838a');
    expect(await bench.statusWords('a02c000010 3132333435363738 34333231ffffffff')).toEqual(['9000']);
    expect(await bench.statusWords('a020000108 34333231ffffffff', 'a020000208 30303030ffffffff')).toEqual([
      ...['9000', '9000'],
    ]);
    expect(await bench.send('a024000110 34333231ffffffff 31323334ffffffff')).toBe('9000');
  });

  it('counts up EF_ACM, which is the USIM own too, and seeks records', async () => {
    const bench = await new Bench().usim();
    await bench.statusWords('a0a40000027f20', 'a0a40000026f39');
    expect(await bench.send('a032000003000005')).toBe('9f06');
    expect(await bench.send('a0c0000006')).toBe('0000050000059000');
    await bench.usim();
    await bench.send('00a4000c026f39');
    expect(await bench.send('00b2010403')).toBe('0000059000');
    await bench.statusWords('a0a40000023f00', 'a0a40000022f00');
    expect(await bench.statusWords('a0a2001002614f', 'a0a2000002 6119')).toEqual(['9404', '9000']);
    expect(await bench.send('a0a2001202 6119')).toBe('9f01');
    expect(await bench.send('a0c0000001')).toBe('029000');
    expect(await bench.statusWords('a0a2001202 6119', 'a0a2001302 6119')).toEqual(['9404', '9f01']);
    expect(await bench.statusWords('a0a2001102 6119', 'a0a2000402 6119', 'a0a2002002 6119')).toEqual([
      ...['9f01', '6b00', '6b00'],
    ]);
  });

  it('takes a part of an answer, and then the rest is gone', async () => {
    const bench = new Bench();
    await bench.powerOn();
    await bench.send('a0a40000023f00');
    expect(await bench.send('a0c00000ff')).toBe('6716');
    expect(await bench.send('a0c0000006')).toBe('000000003f009000');
    expect(await bench.send('a0c0000010')).toBe('9808');
    await bench.send('a0a40000023f00');
    expect(await bench.send('00c0000016')).toBe('6985'); // it is not a UICC terminal's answer
  });

  it('runs the GSM algorithm: SRES and Kc of TS 55.205', async () => {
    for (const { Ki, OPc, RAND, SRES1, Kc } of milenageVectors().ts55_205_gsm) {
      const bench = new Bench({ store: storeOf({ k: Ki, opc: OPc }) });
      await bench.powerOn();
      await bench.send('a0a40000027f20');
      expect(await bench.send(`a088000010${RAND}`)).toBe('9f0c');
      expect(await bench.send('a0c000000c')).toBe(`${SRES1}${Kc}9000`);
      expect(await bench.statusWords(`a088000011${RAND}00`, `a088000110${RAND}`)).toEqual(['6710', '6b00']);
    }
  });

  it('and a UICC terminal can take turns on one card', async () => {
    const bench = await new Bench().usim();
    await bench.send('a0a40000027f20');
    await bench.send('a0a40000026f78');
    expect(await bench.statusWords('00b0000002', '00a4000c027fff', '00a4000c026f07', 'a0b0000009')).toEqual(
      Array(4).fill('9000'),
    );
    expect(await bench.send(`00a4040c10${AID}`)).toBe('9000');
  });
});
