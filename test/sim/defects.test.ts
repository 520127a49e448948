// Faults that other cards, soft cards and home networks were found to have, each by its name. Here they are not.

import { describe, expect, it } from 'vitest';
import { fromHex, toHex, xor } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import { AID, Bench, storeOf } from './card.js';
import { challengeAt, functions, sqnBytes } from './challenges.js';

const random = new Random('defects');
const SUCCESS = '612c';
const SYNCHRONISATION = '6110';
const DELTA = 2n ** 28n;

/** A card that has seen this SEQ in slot 0. */
const cardAt = (seq: bigint): Promise<Bench> =>
  new Bench({ store: storeOf({ cardSqn: toHex(sqnBytes(seq << 5n)) }) }).usim();

describe('a fault of others', () => {
  it('Delta unsigned: a SEQ below the highest, but new in its own slot, is refused', async () => {
    const bench = await cardAt(1000n);
    for (const ind of [1n, 2n, 31n]) {
      expect(await bench.send(challengeAt((500n << 5n) + ind, random))).toBe(SUCCESS);
    }
    // At the top of the range as well, where an unsigned difference wraps.
    const top = await cardAt(2n ** 43n - 1n);
    expect(await top.send(challengeAt((1n << 5n) + 1n, random))).toBe(SUCCESS);
    expect(await top.send(challengeAt(2n ** 48n - 32n, random))).toBe(SYNCHRONISATION);
  });

  it('Delta off by one: the last SEQ that is taken, the first that is not', async () => {
    const seq = 1000n;
    expect(await (await cardAt(seq)).send(challengeAt((seq + DELTA) << 5n, random))).toBe(SUCCESS);
    expect(await (await cardAt(seq)).send(challengeAt((seq + DELTA + 1n) << 5n, random))).toBe(SYNCHRONISATION);
    expect(await (await cardAt(seq)).send(challengeAt((seq + 1n) << 5n, random))).toBe(SUCCESS);
    expect(await (await cardAt(seq)).send(challengeAt(seq << 5n, random))).toBe(SYNCHRONISATION);
  });

  it('freshness not checked: a replayed AUTN passes', async () => {
    const bench = await cardAt(0n);
    const first = challengeAt(64, random);
    expect(await bench.send(first)).toBe(SUCCESS);
    for (let i = 0; i < 5; i++) expect(await bench.send(first)).toBe(SYNCHRONISATION);
    expect(await bench.send(challengeAt(96, random))).toBe(SUCCESS);
    expect(await bench.send(first)).toBe(SYNCHRONISATION);
    expect(await bench.send(challengeAt(96, random))).toBe(SYNCHRONISATION); // the same SQN, another RAND
  });

  it('MAC not checked before SQN: a wrong MAC is answered by AUTS, or moves the SQN', async () => {
    const bench = await cardAt(1000n);
    const before = bench.store.writes;
    for (const seq of [1n, 999n, 1000n, 1001n, 1000n + DELTA + 1n]) {
      expect(await bench.send(challengeAt(seq << 5n, random, true))).toBe('9862');
      expect(await bench.send('00c0000010')).toBe('6985');
    }
    expect(bench.store.writes).toBe(before);
    expect(await bench.send(challengeAt(1001n << 5n, random))).toBe(SUCCESS);
  });

  it('AUTS never sent, or with another RAND or AMF than the home network needs', async () => {
    const seen = 1000n << 5n;
    const bench = await cardAt(1000n);
    const stale = challengeAt(32, random);
    const rand = fromHex(stale.replaceAll(' ', '').slice(12, 44));
    const { data, sw } = await bench.ask(stale);
    expect([data.slice(0, 4), sw, data.length / 2]).toEqual(['dc0e', '9000', 16]);
    const auts = fromHex(data.slice(4));
    const sqnMs = xor(auts.subarray(0, 6), functions.f2345(rand).akStar);
    expect(toHex(sqnMs)).toBe(toHex(sqnBytes(seen)));
    expect(toHex(auts.subarray(6))).toBe(toHex(functions.f1(rand, sqnMs, fromHex('0000')).macS));
  });

  it('SQN left above 48 bits: the highest SQN is the end, and not the beginning', async () => {
    const bench = await cardAt(2n ** 43n - 2n);
    expect(await bench.send(challengeAt(2n ** 48n - 1n, random))).toBe(SUCCESS);
    expect(await bench.send(challengeAt(2n ** 48n - 1n, random))).toBe(SYNCHRONISATION);
    expect(await bench.send(challengeAt(31, random))).toBe(SYNCHRONISATION);
  });

  it('33 writes for one AUTHENTICATE: there is one, and none for a refusal', async () => {
    const bench = await cardAt(1000n);
    const written: number[] = [];
    bench.store.fate = (_, key) => {
      written.push(key);
      return 'done';
    };
    await bench.send(challengeAt(1001n << 5n, random));
    expect(written).toEqual([3]);
    await bench.send(challengeAt(1001n << 5n, random));
    await bench.send(challengeAt(1002n << 5n, random, true));
    expect(written).toEqual([3]);
  });

  it('VERIFY query refused with 6700, with P3 00 or without P3', async () => {
    for (const link of ['t0', 'direct'] as const) {
      const bench = new Bench({ link });
      await bench.powerOn();
      expect(await bench.statusWords('0020000100', '00200001', '0020008100', '002c000100', '002c0001')).toEqual([
        ...['63c3', '63c3', '63c3', '63ca', '63ca'],
      ]);
    }
  });

  it('STATUS with Le 00 answered by 9000 and nothing', async () => {
    const bench = await new Bench().usim();
    for (const command of ['80f2000000', '80f2010000', '80f2000100']) {
      const answer = await bench.send(command);
      expect(answer).toMatch(/^6c..$/);
      expect((await bench.ask(command)).data.length / 2).toBe(parseInt(answer.slice(2), 16));
    }
    const direct = await new Bench({ link: 'direct' }).usim();
    expect(await direct.send('80f2000000')).toMatch(/^62.*9000$/);
  });

  it('7FFF found with no application active', async () => {
    const bench = new Bench();
    await bench.powerOn();
    expect(await bench.send('00a4000c027fff')).toBe('6a82');
  });

  it('GET RESPONSE with nothing waiting answered by 6F00', async () => {
    const bench = await new Bench().usim();
    expect(await bench.send('00c0000010')).toBe('6985');
  });

  it('a short SFI table: each SFI of the standard is the file that the standard says', async () => {
    const bench = await new Bench().usim();
    // TS 31.102 4.2: SFI and FID, by the FCP of what READ made current.
    for (const [sfi, fid] of [
      ...[[0x01, '6fb7'] as const, [0x02, '6f05'] as const, [0x03, '6fad'] as const, [0x04, '6f38'] as const],
      ...[[0x06, '6f78'] as const, [0x07, '6f07'] as const, [0x08, '6f08'] as const, [0x09, '6f09'] as const],
      ...[[0x0a, '6f60'] as const, [0x0b, '6f7e'] as const, [0x0c, '6f73'] as const, [0x0d, '6f7b'] as const],
      ...[[0x0f, '6f5b'] as const, [0x10, '6f5c'] as const, [0x11, '6f61'] as const, [0x12, '6f31'] as const],
      ...[[0x13, '6f62'] as const, [0x17, '6f06'] as const, [0x18, '6fe4'] as const, [0x19, '6fc5'] as const],
      ...[[0x1d, '6fd9'] as const, [0x1e, '6fe3'] as const],
    ]) {
      const fcp = (await bench.ask(`00a4000402${fid}`)).data;
      const bySfi = `88 01 ${(sfi << 3).toString(16).padStart(2, '0')}`.replaceAll(' ', '');
      expect([fid, fcp.endsWith(bySfi)]).toEqual([fid, true]);
    }
  });
});

describe('the start of a modem', () => {
  /** Fetches and answers what the card asks for, until it asks for nothing. */
  async function serve(bench: Bench, sw: string): Promise<string[]> {
    const types: string[] = [];
    for (let left = sw; left.startsWith('91');) {
      const command = (await bench.send(`80120000${left.slice(2)}`)).slice(0, -4);
      const details = /^d0..8103(......)82028182/.exec(command)?.[1] ?? '';
      types.push(details.slice(2, 4));
      const more = details.startsWith('26', 2) ? '930744f001123400ff' : '';
      const body = `8103${details}82028281830100${more}`;
      left = await bench.send(`80140000${(body.length / 2).toString(16).padStart(2, '0')}${body}`);
    }
    return types;
  }

  it('that probes for 2G, has the whole toolkit, opens a channel to the ISIM: nothing stops it', async () => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true }) });
    await bench.powerOn();
    const step = async (command: string): Promise<string> => {
      const { sw } = await bench.ask(command);
      expect([command, /^(9000|91..|63c.)$/.test(sw)]).toEqual([command, true]);
      return sw;
    };
    await step('00a40004023f00');
    await step('00a40804022f05');
    await step('00a40804022fe2');
    await step('00b000000a');
    const profile = 'fffffffffffffffd1f23ffff0000dfff03020000000000000000';
    const sw = await step(`80100000${(profile.length / 2).toString(16)}${profile}`);
    expect(await serve(bench, sw)).toEqual(['03', '26']);
    await step('00a40804022f00');
    await step('00b2010426');
    await step('00b2020426');
    await step(`00a4040410${AID}`);
    await step('0020000100');
    await step('0020000108 31323334ffffffff');
    await step('002c000100');
    for (const fid of [
      '6f05',
      '6f38',
      '6fad',
      '6f07',
      '6f78',
      '6fb7',
      '6f46',
      '6fe3',
      '6fe4',
      '6f7e',
      '6f73',
      '6f7b',
    ]) {
      await step(`00a40804047fff${fid}`);
    }
    for (const sfi of [0x03, 0x04, 0x06, 0x07, 0x0b, 0x0c, 0x1e]) await step(`00b0${(0x80 | sfi).toString(16)}0000`);
    await step('80f2010c00');
    // A channel of its own for the ISIM; TS 31.103.
    expect(await bench.send('0070000001')).toBe('019000');
    expect(await bench.send('01a4040407a0000000871004')).toMatch(/^61/);
    const isim = await bench.ask('01a4040407a0000000871004');
    expect(isim.data).toContain('8410a0000000871004');
    for (const sfi of [0x02, 0x03, 0x05, 0x07])
      expect((await bench.ask(`01b0${(0x80 | sfi).toString(16)}0000`)).sw).toBe('9000');
    expect((await bench.ask('01b2012400')).sw).toBe('9000');
    expect(await bench.send(challengeAt(32, random).replace(/^00/, '01'))).toBe(SUCCESS);
    expect(await bench.send('01c000002c')).toMatch(/^db08.*9000$/);
    expect(await bench.statusWords('81f2010c00', '0070800100', '80f2000c00')).toEqual(['9000', '9000', '9000']);
    expect(await bench.send(challengeAt(64, random))).toBe(SUCCESS);
  });

  it('of 2G: DF_GSM, STATUS, phase, CHV1, profile, SST, IMSI, LOCI and Kc written back', async () => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true }) });
    await bench.powerOn();
    const ok = async (...commands: string[]): Promise<void> => {
      for (const command of commands)
        expect([command, await bench.send(command)]).toEqual([command, expect.stringMatching(/(9000|9f..)$/)]);
    };
    await ok('a0a40000027f20', 'a0c0000016', 'a0f2000016', 'a0a40000026fae', 'a0c000000f', 'a0b0000001');
    await ok('a020000108 31323334ffffffff');
    const sw = (await bench.send('a010000009 ff ff ff ff 1f 00 00 df d7')).slice(-4);
    expect(sw).toBe('910f');
    await ok('a0a40000023f00', 'a0a40000022fe2');
    expect(await bench.send('a01200000f')).toMatch(/^d00d81030203.*9000$/);
    expect(await bench.send('a014000010 8103020300 82028281 830100 8402011e')).toBe('910b');
    expect(await bench.send('a01200000b')).toMatch(/^d009810304260082028182 ?9000$/);
    expect(await bench.send('a014000015 8103042600 82028281 830100 930744f001123400ff')).toBe('9000');
    await ok('a0a40000027f20', 'a0a40000026f38', 'a0b0000005', 'a0a40000026f07', 'a0b0000009');
    await ok(
      'a0a40000026f20',
      'a0d6000009 0102030405060708 00',
      'a0a40000026f7e',
      'a0d600000b ffffffff 44f0010001 00 00',
    );
    await ok('a0a40000023f00', 'a0a40000027f20', 'a0a40000026f20');
    expect(await bench.send('a0b0000009')).toBe('0102030405060708009000');
  });
});
