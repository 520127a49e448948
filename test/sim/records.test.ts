// Cyclic files, INCREASE, SEARCH RECORD; ACTIVATE and DEACTIVATE FILE; the ISIM. TS 102 221 11.1, TS 31.103 4.2.

import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../host/board/store.js';
import { fromHex } from '../../host/bytes.js';
import { personalise, standardFiles } from '../../host/sim/index.js';
import { parseSimProfile } from '../../host/sim/profile.js';
import { AID, Bench, PROFILE, storeOf } from './card.js';

const ACM = '00a4000c026f39';

/** A card whose MF has, beside its own, a linear fixed file 2FF1 (SFI 0A) with these records of four bytes. */
function withRecords(...records: string[]): Bench {
  const profile = parseSimProfile(PROFILE, 'test');
  const tree = standardFiles(profile);
  const file = { fid: 0x2ff1, name: 'EF', sfi: 0x0a, read: 0, update: 0, content: records.map(fromHex) } as const;
  return new Bench({
    store: new MemoryStore({ values: personalise(profile, { ...tree, files: [...tree.files, file] }) }),
  });
}

describe('a cyclic file', () => {
  it('says so in its FCP', async () => {
    const bench = await new Bench().usim();
    expect((await bench.ask('00a40004026f39')).data).toMatch(/^62..820546210003038302 ?6f39/);
  });

  it('is written by PREVIOUS alone: the new record is number 1, the oldest is gone', async () => {
    const bench = await new Bench().usim();
    await bench.send(ACM);
    expect(await bench.statusWords('00dc010403000001', '00dc000203000001', '00dc000403000001')).toEqual([
      ...['6981', '6981', '6981'],
    ]);
    for (const value of ['000001', '000002', '000003', '000004']) {
      expect(await bench.send(`00dc000303${value}`)).toBe('9000');
      expect(await bench.send('00b2000403')).toBe(`${value}9000`); // the pointer is at record 1
    }
    const all = [await bench.send('00b2010403'), await bench.send('00b2020403'), await bench.send('00b2030403')];
    expect(all).toEqual(['0000049000', '0000039000', '0000029000']);
    expect(await bench.statusWords('00b2040403', '00dc0003020000', '00dc010303000001')).toEqual([
      '6a83',
      '6700',
      '6a86',
    ]);
  });

  it('is read in a circle, from the newest record that SELECT points to', async () => {
    const bench = await new Bench().usim();
    await bench.send(ACM);
    for (const value of ['000001', '000002', '000003']) await bench.send(`00dc000303${value}`);
    await bench.send(ACM);
    expect(await bench.send('00b2000403')).toBe('0000039000');
    expect(await bench.send('00b2000203')).toBe('0000029000');
    expect(await bench.send('00b2000203')).toBe('0000019000');
    expect(await bench.send('00b2000203')).toBe('0000039000');
    expect(await bench.send('00b2000303')).toBe('0000019000');
  });

  it('INCREASE adds to the newest record and makes the sum the newest', async () => {
    const bench = await new Bench().usim();
    await bench.send(ACM);
    expect(await bench.ask('8032000003 0000ff')).toEqual({ data: '0000ff0000ff', sw: '9000' });
    expect(await bench.ask('8032000001 02')).toEqual({ data: '00010102', sw: '9000' });
    expect(await bench.send('00b2020403')).toBe('0000ff9000');
    expect(await bench.ask('8032000003 fffeff')).toEqual({ data: '', sw: '9850' }); // one too many
    expect(await bench.send('00b2010403')).toBe('0001019000');
    expect(await bench.ask('8032000003 fffefe')).toEqual({ data: 'fffffffffefe', sw: '9000' });
    expect(await bench.statusWords('803200000400000000', '8032000000', '8032010003000001', '8032000103000001')).toEqual(
      ['6700', '6700', '6a86', '6a86'],
    );
    expect(await bench.statusWords('0032000003000001', '8032870003000001', '80329f0003000001')).toEqual([
      ...['6e00', '6981', '6a86'],
    ]);
  });

  it('INCREASE needs the right that the rule gives, and a file that is not deactivated', async () => {
    const bench = await new Bench({ store: storeOf({ pin1Enabled: true }) }).usim();
    await bench.send(ACM);
    expect(await bench.send('8032000003000001')).toBe('6982');
    await bench.send('0020000108 31323334ffffffff');
    expect(await bench.send('8032000003000001')).toBe('6106');
    await bench.send('0020000a08 3838383838383838');
    await bench.send('0004000000');
    expect(await bench.send('8032000003000001')).toBe('6984');
  });
});

describe('a linear fixed file', () => {
  it('is updated next and previous, and stops at its ends', async () => {
    const bench = withRecords('00000000', '11111111', '22222222');
    await bench.powerOn();
    await bench.send('00a4000c022ff1');
    expect(await bench.statusWords('00dc000204aaaaaaaa', '00dc000204bbbbbbbb', '00dc000204cccccccc')).toEqual(
      Array(3).fill('9000'),
    );
    expect(await bench.statusWords('00dc000204dddddddd', '00dc000304eeeeeeee')).toEqual(['6a83', '9000']);
    expect(await bench.send('00dc00040499999999')).toBe('9000'); // current
    await bench.send('00a4000c022ff1');
    expect(await bench.send('00dc000304ffffffff')).toBe('9000'); // without a pointer: the last
    const all = ['00b2010404', '00b2020404', '00b2030404'];
    expect([await bench.send(all[0] ?? ''), await bench.send(all[1] ?? ''), await bench.send(all[2] ?? '')]).toEqual([
      ...['aaaaaaaa9000', '999999999000', 'ffffffff9000'],
    ]);
  });

  it('is read and written by SFI, which makes it current without a record', async () => {
    const bench = withRecords('00000000', '11111111');
    await bench.powerOn();
    expect(await bench.send('00b2025404')).toBe('111111119000');
    expect(await bench.send('00b2000404')).toBe('6a83');
    expect(await bench.send('00dc01540412345678')).toBe('9000');
    expect(await bench.send('00b2000204')).toBe('123456789000');
    expect(await bench.send('00b2005204')).toBe('123456789000'); // the SFI takes the pointer away: next is the first
  });
});

describe('SEARCH RECORD', () => {
  const bench = async (): Promise<Bench> => {
    const card = withRecords('00aabbcc', 'aabb0000', '11223344', 'ffaabbff', 'bbaa00aa');
    await card.powerOn();
    await card.send('00a4000c022ff1');
    return card;
  };

  it.each([
    ['forward from record 1', '00a2010402aabb', '010204'],
    ['forward from record 2', '00a2020402aabb', '0204'],
    ['backward from record 5', '00a2050502aabb', '040201'],
    ['backward from record 3', '00a2030502aabb', '0201'],
    ['by SFI', '00a2015402aabb', '010204'],
    ['the whole record', '00a201040411223344', '03'],
    ['enhanced: forward from offset 1', '00a2010604 0401 aabb', '0104'],
    ['enhanced: backward from offset 1', '00a2050604 0501 aabb', '0401'],
    ['enhanced: behind the first value 00', '00a2010603 0c00 aa', '0105'],
    ['enhanced: behind a value that is the last byte', '00a2010603 0c44 44', ''],
    ['enhanced: an offset behind the record', '00a2010603 04ff aa', ''],
    ['enhanced: forward from the next record', '00a2000604 0600 aabb', '010204'],
    ['enhanced: backward from the previous record', '00a2000604 0700 aabb', '040201'],
    ['in vain', '00a201040199', ''],
  ])('%s', async (_, command, found) => {
    expect(await (await bench()).ask(command)).toEqual({ data: found, sw: found === '' ? '6282' : '9000' });
  });

  it('points to the first record found, and from there to the next', async () => {
    const card = await bench();
    await card.ask('00a2010402aabb');
    expect(await card.send('00b2000404')).toBe('00aabbcc9000');
    expect(await card.ask('00a2000604 0600 aabb')).toEqual({ data: '0204', sw: '9000' });
    expect(await card.ask('00a2000402aabb')).toEqual({ data: '0204', sw: '9000' }); // from the current one
    expect(await card.ask('00a2000604 0600 aabb')).toEqual({ data: '04', sw: '9000' });
  });

  it.each([
    ['00a2060402aabb', '6a83'],
    ['00a2000402aabb', '6a83'],
    ['00a20104050102030405', '6700'],
    ['00a2010400', '6700'],
    ['00a201060104', '6700'],
    ['00a2010301aa', '6a86'],
    ['00a201fc01aa', '6a86'],
    ['00a2010603 0300 aa', '6a80'],
    ['00a2010603 1400 aa', '6a80'],
    ['00a2010603 0600 aa', '6a86'],
    ['00a2011401aa', '6981'],
  ])('%s is refused with %s', async (command, sw) => {
    expect(await (await bench()).send(command)).toBe(sw);
  });
});

describe('ACTIVATE and DEACTIVATE FILE', () => {
  const ADM1 = '0020000a08 3838383838383838';

  it('close a file and open it again, for good; its FCP says so', async () => {
    const bench = await new Bench().usim();
    expect(await bench.statusWords('0004000002 6f46')).toEqual(['6982']);
    await bench.send(ADM1);
    expect(await bench.statusWords('0004000002 6f46', '0004000002 6f46')).toEqual(['9000', '9000']);
    expect(await bench.statusWords('00b0000011', '00d60000 01 00')).toEqual(['6984', '6984']); // it is the current one
    await bench.usim();
    expect(await bench.ask('00a40004026f46')).toMatchObject({ data: expect.stringContaining('8a0104'), sw: '6283' });
    expect(await bench.statusWords('00a4000c026f46', '00b0000011', '0044000000')).toEqual(['6283', '6984', '6982']);
    await bench.send(ADM1);
    expect(await bench.statusWords('0044000000', '00b0000011')).toEqual(['9000', '9000']);
    await bench.usim();
    expect((await bench.ask('00a40004026f46')).data).toContain('8a0105');
  });

  it('name the file as SELECT does, and only an EF', async () => {
    const bench = await new Bench().usim();
    await bench.send(ADM1);
    expect(
      await bench.statusWords(
        '0004080004 7fff6f46',
        '0044080004 7fff6f46',
        '0004090002 6f46',
        '0044000002 6f46',
        '0004000002 6fff',
        '0004000002 5f3b',
        '0004000c02 6f46',
        '0004040005 a000000087',
        '00a4000c027fff',
        '0004000000',
      ),
    ).toEqual(['9000', '9000', '9000', '9000', '6a82', '6981', '6a86', '6a86', '9000', '6986']);
  });

  it('hold for each directory that shows the file', async () => {
    const bench = await new Bench().usim();
    await bench.send(ADM1);
    await bench.send('0004000002 6f46');
    expect(await bench.statusWords('00a4080c04 7f206f46', '00b0000001')).toEqual(['6283', '6984']);
  });
});

describe('ISIM', () => {
  it('has the identities of TS 23.003 13, and stands in EF_DIR', async () => {
    const bench = new Bench();
    await bench.powerOn();
    const isim = AID.replace('1002', '1004');
    await bench.send('00a4000c022f00');
    expect((await bench.ask('00b2020400')).data).toMatch(new RegExp(`^61194f10${isim}50054953696d31`));
    expect((await bench.ask(`00a4040410${isim}`)).data).toContain(`8410${isim}`);
    const text = async (fid: string, read: string): Promise<string> => {
      await bench.send(`00a4000c02${fid}`);
      const { data } = await bench.ask(read);
      const bytes = Buffer.from(data, 'hex');
      expect(bytes[0]).toBe(0x80);
      return bytes.toString('utf8', 2, 2 + (bytes[1] ?? 0));
    };
    expect(await text('6f02', '00b0000000')).toBe('440103123456789@ims.mnc010.mcc440.3gppnetwork.org');
    expect(await text('6f03', '00b0000000')).toBe('ims.mnc010.mcc440.3gppnetwork.org');
    expect(await text('6f04', '00b2010400')).toBe('sip:440103123456789@ims.mnc010.mcc440.3gppnetwork.org');
    expect(await bench.statusWords('00a4000c026fad', '00b0830003', '00b0870001')).toEqual(['9000', '9000', '9000']);
  });
});

describe('logical channels', () => {
  it('are twenty, the upper sixteen with class bytes 4X and CX', async () => {
    const bench = await new Bench().usim();
    for (let n = 1; n < 20; n++) {
      expect(await bench.send('0070000001')).toBe(`${n.toString(16).padStart(2, '0')}9000`);
    }
    expect(await bench.send('0070000001')).toBe('6a81');
    expect(await bench.statusWords('40a4000c022fe2', '4fa4000c022f05', '41b0000001')).toEqual(['9000', '9000', '6986']);
    expect(await bench.send('40b000000a')).toBe('981801000021436587f49000');
    expect(await bench.send('4fb0000004')).toBe('656effff9000');
    expect(await bench.send('c0f2010c00')).toBe('9000');
    // GET RESPONSE on the channel of the command.
    expect(await bench.send('4fa40004022fe2')).toMatch(/^61/);
    expect(await bench.statusWords('40c0000019', '4fa40004022fe2')).toEqual(['6985', '6119']);
    expect(await bench.send('4fc0000019')).toMatch(/9000$/);
    // Close by CLA, or by P2; then it is not there.
    expect(await bench.statusWords('4070800000', '0070801300', '40b0000001', '4fb0000001', '0070801300')).toEqual([
      ...['9000', '9000', '6881', '6881', '6881'],
    ]);
  });

  it('opened from the basic channel start on the MF, from another where that one is', async () => {
    const bench = await new Bench().usim();
    expect(await bench.send('0070000001')).toBe('019000');
    expect(await bench.statusWords('01a4000c026f07', `01a4040c10${AID}`, '01a4000c025f3b')).toEqual([
      ...['6a82', '9000', '9000'],
    ]);
    expect(await bench.send('0170000001')).toBe('029000');
    expect(await bench.statusWords('02b0000001', '02a4000c024f20', '02a4000c027fff')).toEqual(['6986', '9000', '9000']);
    expect(await bench.send('0170000500')).toBe('9000');
    expect(await bench.send('41a4000c027fff')).toBe('9000');
  });
});
