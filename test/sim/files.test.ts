import { describe, expect, it } from 'vitest';
import { AID, Bench, storeOf } from './card.js';

describe('start of a modem', () => {
  it('reads every file of the sequence; what is not there is 6A82', async () => {
    const bench = new Bench();
    await bench.powerOn();
    const sw = async (command: string): Promise<string> => (await bench.ask(command)).sw;
    expect(await sw('00a40004023f00')).toBe('9000');
    expect(await sw('00a40004022f05')).toBe('9000');
    expect(await sw('801000000201ff')).toBe('9000');
    for (const fid of ['2f08', '2f06', '2f00']) expect(await sw(`00a4000402${fid}`)).toBe('9000');
    expect(await sw(`00a4040410${AID}`)).toBe('9000');
    expect(await bench.statusWords('0020000100', '002c000100', '0020008100', '002c008100')).toEqual([
      '63c3',
      '63ca',
      '63c3',
      '63ca',
    ]);
    expect(await sw('00a40004022f0e')).toBe('6a82');
    for (const fid of [
      '6f05',
      '6fad',
      '6f38',
      '6f07',
      '6f78',
      '6f31',
      '6fe3',
      '6f7e',
      '6f73',
      '6f09',
      '6fe4',
      '6f7b',
    ]) {
      expect([fid, await sw(`00a4000402${fid}`)]).toEqual([fid, '9000']);
    }
    expect(await sw('80f2000000')).toBe('9000');
    expect(await sw('80f2010c00')).toBe('9000');
    expect(await sw('00a40004026fe8')).toBe('6a82');
  });

  it('has the first contents that the standards give', async () => {
    const bench = await new Bench().usim();
    const read = async (fid: string): Promise<string> => {
      expect((await bench.ask(`00a4000402${fid}`)).sw).toBe('9000');
      return (await bench.ask('00b0000000')).data;
    };
    expect({
      imsi: await read('6f07'),
      ad: await read('6fad'),
      acc: await read('6f78'),
      loci: await read('6f7e'),
      psloci: await read('6f73'),
      epsloci: await read('6fe3'),
      keys: await read('6f08'),
      hpplmn: await read('6f31'),
      threshold: await read('6f5c'),
      fplmn: await read('6f7b'),
      home: await read('6f62'),
      spn: await read('6f46'),
    }).toEqual({
      imsi: '084904011332547698',
      ad: '00000002',
      acc: '0200',
      loci: 'ffffffffffffff0000ff01',
      psloci: 'ffffffffffffffffffff0000ff01',
      epsloci: 'ffffffffffffffffffffffffffffff000001',
      keys: `07${'ff'.repeat(32)}`,
      hpplmn: '05',
      threshold: 'ffffff',
      fplmn: 'ff'.repeat(12),
      home: '44f0014000',
      spn: `00534f5241434f4d${'ff'.repeat(9)}`,
    });
    // Service 33 shall be 1; 5G is not on this card.
    const ust = Buffer.from(await read('6f38'), 'hex');
    const service = (n: number): number => ((ust[(n - 1) >> 3] ?? 0) >> ((n - 1) & 7)) & 1;
    expect([12, 13, 19, 33, 38, 45, 71, 85, 27, 122].map(service)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    await bench.ask('00a40004023f00');
    expect(await read('2fe2')).toBe('981801000021436587f4');
    expect(await read('2f05')).toBe('656effff');
  });

  it.each([
    ['03', '00000002'],
    ['1e', 'ffffffffffffffffffffffffffffff000001'],
    ['07', '084904011332547698'],
  ])('finds SFI %s, which some modems read without SELECT', async (sfi, content) => {
    const bench = await new Bench().usim();
    const p1 = (0x80 | parseInt(sfi, 16)).toString(16);
    expect(await bench.ask(`00b0${p1}0000`)).toEqual({ data: content, sw: '9000' });
  });
});

/** Data objects of a 62 template, in order. */
function fcpObjects(fcp: string): [string, string][] {
  const bytes = Buffer.from(fcp, 'hex');
  expect(bytes[0]).toBe(0x62);
  expect(bytes[1]).toBe(bytes.length - 2);
  const objects: [string, string][] = [];
  for (let at = 2; at < bytes.length;) {
    const length = bytes[at + 1] ?? 0;
    objects.push([bytes.toString('hex', at, at + 1), bytes.toString('hex', at + 2, at + 2 + length)]);
    at += 2 + length;
  }
  return objects;
}

describe('FCP (TS 102 221 11.1.1.3)', () => {
  const fcp = async (...selects: string[]): Promise<[string, string][]> => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true }) });
    await bench.powerOn();
    let last = { data: '', sw: '' };
    for (const select of selects) last = await bench.ask(select);
    return fcpObjects(last.data);
  };

  it('of the MF: PIN status in C6, PIN1 on', async () => {
    expect(await fcp('00a40004023f00')).toEqual([
      ['82', '7821'],
      ['83', '3f00'],
      ['a5', '800171'],
      ['8a', '05'],
      ['8b', '2f0601'],
      ['c6', '9001e083010183018183010a'],
    ]);
  });

  it('of the ADF: with its AID', async () => {
    expect(await fcp(`00a4040410${AID}`)).toEqual([
      ['82', '7821'],
      ['83', '7ff0'],
      ['84', AID],
      ['a5', '800171'],
      ['8a', '05'],
      ['8b', '2f0601'],
      ['c6', '9001e083010183018183010a'],
    ]);
  });

  it('of a transparent EF', async () => {
    expect(await fcp('00a40004022fe2')).toEqual([
      ['82', '4121'],
      ['83', '2fe2'],
      ['8a', '05'],
      ['8b', expect.stringMatching(/^2f060[1-9]$/)],
      ['80', '000a'],
      ['88', '10'],
    ]);
  });

  it('of a linear fixed EF: record length and count', async () => {
    expect(await fcp('00a40004022f00')).toEqual([
      ['82', '4221002602'],
      ['83', '2f00'],
      ['8a', '05'],
      ['8b', expect.stringMatching(/^2f060[1-9]$/)],
      ['80', '004c'],
      ['88', 'f0'],
    ]);
  });

  it('of an EF without SFI: 88 is empty', async () => {
    expect((await fcp(`00a4040c10${AID}`, '00a40004026f46')).at(-1)).toEqual(['88', '']);
  });

  it('points to an EF_ARR record that says what the card does', async () => {
    const bench = await new Bench().usim();
    const rule = async (fid: string): Promise<string> => {
      const objects = new Map(fcpObjects((await bench.ask(`00a4000402${fid}`)).data));
      const reference = objects.get('8b') ?? '';
      await bench.ask(`00a4000402${reference.slice(0, 4)}`);
      return (await bench.ask(`00b2${reference.slice(4)}0400`)).data.replace(/(ff)+$/, '');
    };
    expect(await rule('6f07')).toBe('800101a406830101950108800102a40683010a950108800118a40683010a950108');
    expect(await rule('6fad')).toBe('8001019000800102a40683010a950108800118a40683010a950108');
    await bench.ask('00a40004023f00');
    expect(await rule('2fe2')).toBe('80010190008001029700800118a40683010a950108');
  });
});

describe('SELECT', () => {
  it('by FID: children, the DF, its parent, the MF; nothing else', async () => {
    const bench = await new Bench().usim();
    expect(await bench.statusWords('00a4000c026f07', '00a4000c027ff0', '00a4000c027fff', '00a4000c023f00')).toEqual(
      Array(4).fill('9000'),
    );
    expect(await bench.statusWords('00a4000c022fe2', '00a4000c026f07', '00a4000c027fff', '00a4000c026f07')).toEqual([
      '9000',
      '6a82',
      '9000',
      '9000',
    ]);
  });

  it('7FFF with no application active is 6A82', async () => {
    const bench = new Bench();
    await bench.powerOn();
    expect(await bench.statusWords('00a4000c027fff', '00a4080c047fff6f07')).toEqual(['6a82', '6a82']);
  });

  it('by path from the MF, from the current DF, and to the parent', async () => {
    const bench = await new Bench().usim();
    expect(
      await bench.statusWords(
        '00a4080c022fe2',
        '00a4080c047fff6f07',
        '00a4080c047ff06f07',
        '00a4090c026f07',
        '00a4030c00',
        '00a4090c047ff06f07',
        '00a4090c026f46',
        '00a4080c046f076f07',
        '00a4080c023f00',
        '00a4080c03 3f002f',
      ),
    ).toEqual([...Array<string>(7).fill('9000'), '6a82', '6a82', '6700']);
  });

  it('by AID: whole, cut off on the right, next, previous, last; and not an AID that goes on', async () => {
    const bench = new Bench();
    await bench.powerOn();
    expect(
      await bench.statusWords(
        `00a4040c10${AID}`,
        '00a4040c05a000000087',
        '00a4040c07a0000000871002',
        '00a4040e07a0000000871002', // next: there is one USIM
        '00a4040c11a0000000871002ffffffff890709000000',
        '00a4040c05a000000088',
        '00a40400 07a0000000871002',
      ),
    ).toEqual(['9000', '9000', '9000', '6a82', '6700', '6a82', '6137']);
    const aid = async (): Promise<string> => (await bench.ask('80f2000100')).data;
    const usim = `8410${AID}`;
    const isim = usim.replace('1002', '1004');
    expect(await bench.statusWords('00a4040e05a000000087')).toEqual(['9000']);
    expect(await aid()).toBe(isim);
    expect(await bench.statusWords('00a4040e05a000000087', '00a4040f05a000000087')).toEqual(['6a82', '9000']);
    expect(await aid()).toBe(usim);
    expect(await bench.statusWords('00a4040f05a000000087', '00a4040d05a000000087')).toEqual(['6a82', '9000']);
    expect(await aid()).toBe(isim);
    expect(await bench.statusWords('00a4040d07a0000000871002', '00a4010c025f3b', '00a4010c027ff0')).toEqual([
      ...['9000', '9000', '6a82'],
    ]);
    expect(await aid()).toBe(usim);
  });

  it('that fails leaves the selection as it was', async () => {
    const bench = await new Bench().usim();
    await bench.send('00a4000c026f07');
    expect(await bench.statusWords('00a4000c026fff', '00a4040c05a000000088', '00a4080c0400001111')).toEqual(
      Array(3).fill('6a82'),
    );
    expect(await bench.send('00b0000009')).toBe('0849040113325476989000');
  });

  it('refuses forms that it does not have', async () => {
    const bench = await new Bench().usim();
    expect(
      await bench.statusWords(
        '00a4010c026f07',
        '00a40008026f07',
        '00a40005026f07',
        '00a4000c016f',
        '00a4044c05a000000087',
      ),
    ).toEqual(['6a82', '6a86', '6a86', '6700', '9000']);
    expect(await bench.send('00a4000c027fff')).toBe('6a82'); // the session was ended
  });
});

describe('READ and UPDATE', () => {
  it('BINARY: offsets, lengths, 6Cxx, 6B00', async () => {
    const bench = await new Bench().usim();
    await bench.send('00a4000c026f07');
    expect(await bench.send('00b0000009')).toBe('0849040113325476989000');
    expect(await bench.send('00b0000702')).toBe('76989000');
    expect(
      await bench.statusWords('00b0000000', '00b000000a', '00b0000800', '00b0000901', '00b0010001', '00b07fff01'),
    ).toEqual(['6c09', '6c09', '6c01', '6b00', '6b00', '6b00']);
    expect(await bench.statusWords('00b0a00001', '00b0930001', '00b09f0001')).toEqual(['6a86', '9000', '6a82']);
  });

  it('BINARY without, or with the wrong, current EF', async () => {
    const bench = await new Bench().usim();
    expect(await bench.statusWords('00b0000001', '00d600000100', '00b2010401', '00dc01040100')).toEqual(
      Array(4).fill('6986'),
    );
    await bench.send('00a4000c026fb7');
    expect(await bench.statusWords('00b0000001', '00d600000100')).toEqual(['6981', '6981']);
    await bench.send('00a4000c026f07');
    expect(await bench.send('00b2010409')).toBe('6981');
  });

  it('UPDATE BINARY changes what it names, for good, where access allows', async () => {
    const bench = await new Bench().usim();
    await bench.send('00a4000c026f7e');
    expect(await bench.statusWords('00d600040344f001', '00d60009 03 000000', '00d6000b0100')).toEqual([
      '9000',
      '6700',
      '6b00',
    ]);
    await bench.usim();
    await bench.send('00a4000c026f7e');
    expect(await bench.send('00b000000b')).toBe('ffffffff44f0010000ff019000');
    await bench.send('00a4000c026f07');
    expect(await bench.send('00d600000108')).toBe('6982');
    await bench.send('00a4000c023f00');
    await bench.send('00a4000c022fe2');
    expect(await bench.send('00d600000198')).toBe('6982');
    expect(await bench.send('0020000a083838383838383838')).toBe('9000');
    expect(await bench.send('00d600000198')).toBe('6982'); // never, not even with ADM1
    await bench.usim();
    await bench.send('0020000a083838383838383838');
    await bench.send('00a4000c026f07');
    expect(await bench.send('00d600000108')).toBe('9000');
  });

  it('asks for PIN1 where the file does', async () => {
    const bench = await new Bench({ store: storeOf({ pin1Enabled: true }) }).usim();
    await bench.send('00a4000c026f07');
    expect(await bench.send('00b0000009')).toBe('6982');
    await bench.send('00a4000c026fad');
    expect(await bench.send('00b0000004')).toBe('000000029000');
    await bench.send('0020000108 31323334ffffffff');
    await bench.send('00a4000c026f07');
    expect(await bench.send('00b0000009')).toBe('0849040113325476989000');
    await bench.reset();
    await bench.send(`00a4040c10${AID}`);
    await bench.send('00a4000c026f07');
    expect(await bench.send('00b0000009')).toBe('6982'); // verification does not outlive a reset
  });

  it('RECORD: absolute, next, previous, current', async () => {
    const bench = await new Bench().usim();
    await bench.send('00a4000c026fb7');
    const [first, second] = ['11f2ff009000', '19f1ff009000'];
    expect(await bench.send('00b2010404')).toBe(first);
    expect(await bench.send('00b2000404')).toBe('6a83'); // no current record: absolute reading sets none
    expect(await bench.send('00b2000204')).toBe(first);
    expect(await bench.send('00b20002ff')).toBe('6c04'); // a refusal does not move the pointer
    expect(await bench.send('00b2000204')).toBe(second);
    expect(await bench.send('00b2000404')).toBe(second);
    expect(await bench.send('00b2000204')).toBe('6a83');
    expect(await bench.send('00b2000304')).toBe(first);
    expect(await bench.statusWords('00b2000304', '00b2030404', '00b2010504', '00b2010204', '00b201fc04')).toEqual([
      '6a83',
      '6a83',
      '6a86',
      '6a86',
      '6a86',
    ]);
    expect(await bench.send('00b2010c04')).toBe(first); // SFI 01
    expect(await bench.send('00b201ec04')).toBe('6981'); // SFI 1D is transparent
  });

  it('UPDATE RECORD takes whole records only', async () => {
    const bench = await new Bench().usim();
    await bench.send('00a4000c026f40');
    const record = '41'.repeat(14) + 'ff'.repeat(14);
    expect(await bench.statusWords(`00dc01041c${record}`, '00dc01040100', `00dc02041c${record}`)).toEqual([
      '9000',
      '6700',
      '6a83',
    ]);
    expect(await bench.send('00b201041c')).toBe(`${record}9000`);
  });

  it('holds the old content or the new one when power is cut at the write, and 6581 when the write fails', async () => {
    for (const [fate, content] of [
      ['cut-before', 'f00000f00000'],
      ['cut-after', '010203040506'],
    ] as const) {
      const bench = await new Bench().usim();
      await bench.send('00a4000c026f5b');
      bench.store.fate = () => fate;
      await expect(bench.send('00d6000006010203040506')).rejects.toMatchObject({ code: 'timeout' });
      bench.store.fate = undefined;
      await bench.usim();
      await bench.send('00a4000c026f5b');
      expect(await bench.send('00b0000006')).toBe(`${content}9000`);
      bench.store.fate = () => -4;
      expect(await bench.send('00d6000006ffffffffffff')).toBe('6581');
      expect(await bench.send('00b0000006')).toBe(`${content}9000`);
    }
  });
});

describe('STATUS', () => {
  it('gives the FCP of the current DF, the AID of the application, or nothing; never 9000 with an empty body', async () => {
    const bench = await new Bench().usim();
    const adf = (await bench.ask('00a40004027fff')).data;
    expect(await bench.send('80f2000000')).toBe('6c37');
    expect(await bench.send('80f2000037')).toBe(`${adf}9000`);
    expect(await bench.send('80f2000012')).toBe('6c37');
    expect(await bench.send('80f2000112')).toBe(`8410${AID}9000`);
    expect(await bench.statusWords('80f2010c00', '80f2020c00', '80f2030000', '80f2000500')).toEqual([
      '9000',
      '9000',
      '6a86',
      '6a86',
    ]);
    expect(await bench.send('00f2000000')).toBe('6e00');
  });
});

describe('MANAGE CHANNEL and class bytes', () => {
  it('gives each channel its own selection and one PIN state to all', async () => {
    const bench = await new Bench({ store: storeOf({ pin1Enabled: true }) }).usim();
    expect(await bench.send('0070000001')).toBe('019000');
    expect(await bench.send('0070000200')).toBe('9000');
    expect(await bench.send('0070000001')).toBe('039000');
    expect(await bench.statusWords('0070000200', '0070001400')).toEqual(['6a81', '6a86']);
    expect(await bench.statusWords('01a4000c027fff', '01a4000c022fe2')).toEqual(['6a82', '9000']);
    expect(await bench.send('00a4000c026f07')).toBe('9000');
    expect(await bench.send('01b000000a')).toBe('981801000021436587f49000');
    expect(await bench.statusWords('0120000108 31323334ffffffff', '00b0000009')).toEqual(['9000', '9000']);
    expect(await bench.send('81f2010c00')).toBe('9000');
    expect(await bench.statusWords('0070800100', '01b000000a', '0070800100', '0070800000', '0270800000')).toEqual([
      '9000',
      '6881',
      '6881',
      '6a86',
      '9000',
    ]);
    await bench.reset();
    expect(await bench.send('03a4000c023f00')).toBe('6881');
  });

  it('keeps a waiting answer to the channel that it belongs to', async () => {
    const bench = await new Bench().usim();
    await bench.send('0070000001');
    expect(await bench.send('00a40004023f00')).toBe('6125');
    expect(await bench.send('01c0000025')).toBe('6985');
    expect(await bench.send('00c0000025')).toBe('6985');
  });

  it.each([
    ['b0a40000023f00', '6e00'],
    ['a1a40000023f00', '6e00'],
    ['10a40000023f00', '6e00'],
    ['04a40000023f00', '6882'],
    ['0ca40000023f00', '6882'],
    ['8cf2000000', '6882'],
    ['40a40000023f00', '6881'],
    ['c1f2000000', '6881'],
    ['80a40000023f00', '6e00'],
    ['0010000001', '6e00'],
    ['00840000 08', '6d00'],
    ['80120000 10', '6985'],
    ['a0700000 01', '6d00'],
    ['00fa000000', '6d00'],
  ])('%s is refused with %s', async (command, sw) => {
    const bench = new Bench();
    await bench.powerOn();
    expect(await bench.send(command)).toBe(sw);
  });
});

describe('GET RESPONSE', () => {
  it('gives the answer in parts, and 6Cxx for too much', async () => {
    const bench = new Bench();
    await bench.powerOn();
    const whole = (await bench.ask('00a40004022fe2')).data;
    expect(await bench.send('00a40004022fe2')).toBe('6119');
    expect(await bench.send('00c00000ff')).toBe('6c19');
    expect(await bench.send('00c0000000')).toBe('6c19');
    expect(await bench.send('00c0000010')).toBe(`${whole.slice(0, 32)}6109`);
    expect(await bench.send('00c0000009')).toBe(`${whole.slice(32)}9000`);
    expect(await bench.send('00c0000009')).toBe('6985');
  });

  it('has nothing after any other command', async () => {
    const bench = new Bench();
    await bench.powerOn();
    await bench.send('00a40004022fe2');
    await bench.send('00b0000001');
    expect(await bench.send('00c0000019')).toBe('6985');
    await bench.send('00a40004022fe2');
    await bench.send('a0000000 00');
    expect(await bench.send('00c0000019')).toBe('6985');
  });
});
