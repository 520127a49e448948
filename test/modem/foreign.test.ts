// What drivers and programs in the field send, and what a BG95 answers them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEMO_PROFILE, makeDemo } from '../../host/cli/demo.js';
import { UnknownCommands } from '../../host/cli/unknown-commands.js';
import { SECOND } from '../../host/clock/clock.js';
import { releaseBinary } from '../../host/package-root.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { Bench } from './bench.js';

const DEMO = {
  app: releaseBinary('beam-telemetry'),
  appName: 'modem',
  profile: DEMO_PROFILE,
  clock: 'virtual',
} as const;

const PROMPT = '\r\n> ';

/** All lines of a driver's start are OK. */
async function accepts(bench: Bench, lines: readonly string[]): Promise<void> {
  for (const line of lines) expect((await bench.lines(line)).at(-1), line).toBe('OK');
}

describe('the start of a driver', () => {
  it('of an Arduino library', async () => {
    const bench = await new Bench().ready();
    await accepts(bench, ['AT', 'ATE0', 'AT+CMEE=0', 'AT+GMM', 'AT+CTZR=0', 'AT+CTZU=1', 'AT+CPIN?']);
    expect(await bench.lines('AT+CTZU?')).toEqual(['+CTZU: 1', 'OK']);
  });

  it('of a cellular interface that sets bands and search order', async () => {
    const bench = await new Bench().ready();
    await accepts(bench, [
      ...['ATE0', 'AT&D0', 'AT+IFC=2,2', 'AT+QURCCFG="urcport","uart1"', 'AT+QCFG="band",f,400a0e189f,a0e189f'],
      ...['AT+QCFG="nwscanmode",0,1', 'AT+QCFG="iotopmode",2,1', 'AT+QCFG="nwscanseq",0203,1', 'AT+CFUN=1'],
    ]);
    for (const [line, said] of [
      ['AT+QCFG="nwscanmode"', '+QCFG: "nwscanmode",0'],
      ['AT+QCFG="iotopmode"', '+QCFG: "iotopmode",2'],
      ['AT+QCFG="nwscanseq"', '+QCFG: "nwscanseq",0203'],
      ['AT+QCFG="band"', '+QCFG: "band",0xf,0x400a0e189f,0xa0e189f'],
      ['AT+IFC?', '+IFC: 2,2'],
    ] as const) {
      expect(await bench.lines(line)).toEqual([said, 'OK']);
    }
  });

  it('of scripts for any modem', async () => {
    const bench = await new Bench().ready();
    await accepts(bench, ['ATZ', 'ATE0V1X1', 'ATQ0V1E0S0=0&C1&D2+FCLASS=0', 'AT&F', 'ATE0', 'ATH', 'AT+CSCS="IRA"']);
    expect(await bench.lines('AT+FCLASS?')).toEqual(['0', 'OK']);
    expect(await bench.lines('ATS7=60S7?')).toEqual(['060', 'OK']);
    expect(await bench.lines('AT&V')).toEqual(expect.arrayContaining(['&C: 1', 'E: 0', 'X: 4', 'S7: 60', 'OK']));
  });
});

describe('settings that are kept', () => {
  it('live as long as each says: stored at once, with the profile, or until the power goes', async () => {
    const bench = await new Bench().ready();
    await accepts(bench, ['AT+QCFG="nwscanmode",3', 'AT+CPSMS=1,,,"00000110","00000001"', 'AT+IFC=2,2', 'AT+QSCLK=1']);
    bench.modem.powerOff();
    await bench.ready();
    expect(await bench.lines('AT+QCFG="nwscanmode"')).toEqual(['+QCFG: "nwscanmode",3', 'OK']);
    expect(await bench.lines('AT+CPSMS?')).toEqual(['+CPSMS: 1,,,"00000110","00000001"', 'OK']);
    expect(await bench.lines('AT+IFC?')).toEqual(['+IFC: 0,0', 'OK']);
    expect(await bench.lines('AT+QSCLK?')).toEqual(['+QSCLK: 0', 'OK']);
    await accepts(bench, ['AT+IFC=2,0', 'AT&W']);
    bench.modem.powerOff();
    await bench.ready();
    expect(await bench.lines('AT+IFC?')).toEqual(['+IFC: 2,0', 'OK']);
    await accepts(bench, ['AT&F', 'ATE0']);
    expect(await bench.lines('AT+IFC?')).toEqual(['+IFC: 0,0', 'OK']);
  });

  it.each([
    'AT+QCFG="nwscanmode",2',
    'AT+QCFG="nwscanseq",04',
    'AT+QCFG="nwscanseq",2',
    'AT+QCFG="band",xyz',
    'AT+QCFG="no such key"',
    'AT+QCFG="constructor"',
    'AT+QCFG="nwscanmode",0,1,1',
    'AT+IFC=1,1',
    'AT+CSCS="UTF-8"',
    'AT+CPSMS=1,,,"0000010"',
    'ATX5',
  ])('%s is an error and changes nothing', async (line) => {
    const bench = await new Bench().ready();
    const read = ['AT+QCFG="nwscanmode"', 'AT+QCFG="nwscanseq"', 'AT+QCFG="band"', 'AT+IFC?', 'AT+CSCS?', 'AT+CPSMS?'];
    const all = async (): Promise<string[][]> => {
      const said: string[][] = [];
      for (const one of read) said.push(await bench.lines(one));
      return said;
    };
    const before = await all();
    expect(await bench.lines(line)).toEqual(['ERROR']);
    expect(await all()).toEqual(before);
  });

  it('show what was set, whatever it was', async () => {
    const bench = await new Bench().ready();
    const hex = fc.bigInt({ min: 1n, max: (1n << 40n) - 1n }).map((mask) => mask.toString(16));
    await fc.assert(
      fc.asyncProperty(hex, hex, hex, fc.constantFrom('00', '01', '0302', '020301'), async (a, b, c, order) => {
        await accepts(bench, [`AT+QCFG="band",${a},${b},${c},1`, `AT+QCFG="nwscanseq",${order}`]);
        expect(await bench.lines('AT+QCFG="band"')).toEqual([`+QCFG: "band",0x${a},0x${b},0x${c}`, 'OK']);
        expect(await bench.lines('AT+QCFG="nwscanseq"')).toEqual([`+QCFG: "nwscanseq",${order}`, 'OK']);
      }),
      { numRuns: 30, seed: 20 },
    );
  });
});

describe('a line that ends with CR LF', () => {
  it.each([
    ['a given length', 'AT+QISEND=0,5\r\n', 'hello'],
    ['Ctrl-Z', 'AT+QISEND=0\r\n', 'hello\x1a'],
    ['data that begin with LF', 'AT+QISEND=0,6\r', '\nhello'],
    ['data that begin with LF, behind CR LF', 'AT+QISEND=0,6\r\n', '\nhello'],
  ])('and asks for data: they begin behind the prompt (%s)', async (_name, line, data) => {
    const bench = await new Bench().connected();
    bench.take();
    bench.send(line);
    await bench.until(() => bench.heard.endsWith(PROMPT));
    bench.send(data);
    await bench.until(() => bench.heard.endsWith('SEND OK\r\n'));
    const sent = bench.events.findLast(
      (event) => event.type === 'at' && event.data === true && event.from === 'device',
    );
    expect(sent).toMatchObject({ text: Buffer.from(data.replace('\x1a', '')).toString('hex') });
    expect(await bench.lines('AT')).toEqual(['OK']);
  });
});

describe('blanks', () => {
  it.each([
    'AT+QICSGP=1,1,"soracom.io","sora", "sora",1',
    'AT+QICSGP= 1,1,"soracom.io","sora","sora",1',
    'AT+QICSGP=1 ,1,"soracom.io","sora","sora",1',
    'AT+CGDCONT=1,"IP", "soracom.io"',
    'AT+CGDCONT=1,"IP" ,"soracom.io"',
    'AT+CFUN=1, 0',
    'AT+CEREG= 2',
  ])('%s is an error, as the module answers it', async (line) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual(['ERROR']);
  });

  it('within quotes, before a command and behind a line are taken', async () => {
    const bench = await new Bench().ready();
    await accepts(bench, ['AT+QICSGP=1,1,"so ra","s o","r a",1', 'AT +CSQ', 'ATE0 V1 +CEREG=2', 'AT+CEREG=2 ']);
  });
});

describe('radio off', () => {
  it.each([['AT+CFUN=4'], ['AT+COPS=2', 'AT+CFUN=4'], ['AT+CFUN=0', 'AT+CFUN=4']])(
    '%s: it stays off the air',
    async (...lines) => {
      const bench = await new Bench().ready();
      await accepts(bench, ['AT+CREG=2', ...lines]);
      await bench.wait(120_000);
      expect(await bench.lines('AT+CREG?')).toEqual(['+CREG: 2,0', 'OK']);
      expect(await bench.lines('AT+CSQ')).toEqual(['+CSQ: 99,99', 'OK']);
      expect(await bench.lines('AT+CFUN?')).toEqual(['+CFUN: 4', 'OK']);
      await accepts(bench, ['AT+CFUN=1']);
      await bench.until(() => bench.radio.registration === 1, 60);
    },
  );
});

describe('an access point', () => {
  it.each([
    [['AT+QICSGP=1,1,"soracom.io","sora","sora"', 'AT+QIACT=1']],
    [['AT+QICSGP=1,1,"soracom.io","sora","sora",0', 'AT+QIACT=1']],
    [['AT+QICSGP=1,1,"soracom.io","","",1', 'AT+QIACT=1']],
    [['AT+QICSGP=1,1,"soracom.io"', 'AT+QIACT=1']],
    [['AT+QICSGP=1,1,"SORACOM.IO","sora","sora",0', 'AT+QIACT=1']],
    [['AT+CGDCONT=1,"IP","soracom.io"', 'AT+CGACT=1,1']],
    [['AT+CGDCONT=1,"IP","soracom.io"', 'AT+CGAUTH=1,0,"sora","sora"', 'AT+CGACT=1,1']],
    [['AT+CGDCONT=1,"IP","soracom.io"', 'AT+CGAUTH=1,2,"sora","sora"', 'AT+CGACT=1,1']],
  ])('%j brings a session up', async (lines) => {
    const { world, device } = await makeDemo(DEMO);
    let heard = '';
    device.line.near.received = (bytes) => (heard += Buffer.from(bytes).toString('latin1'));
    device.modem.powerOn();
    const at = async (line: string): Promise<void> => {
      heard = '';
      device.line.near.send(Buffer.from(`${line}\r`));
      await world.run({ for: 60 * SECOND, until: () => /\r\n(OK|.*ERROR.*)\r\n$/.test(heard) });
      expect(heard, line).toMatch(/\r\nOK\r\n$/);
    };
    await world.run({
      for: 60 * SECOND,
      until: () => heard.includes('+CPIN: READY'),
    });
    await world.run({ for: 10 * SECOND });
    for (const line of lines) await at(line);
    await world.close();
  });

  it('shows no password in the trace unless asked by name', async () => {
    const bench = await new Bench().ready();
    const lines = ['AT+CGAUTH=1,1,"sora","hush"', 'AT+CGAUTH?', 'AT+QICSGP=2,1,"a.b","c","hush",1', 'AT+QICSGP=2'];
    await accepts(bench, lines);
    const told = bench.events.map((event) => toJsonLine(event, false)).join('\n');
    expect(told).not.toContain('hush');
    const shown = bench.events.filter(({ type }) => type === 'at').map((event) => toJsonLine(event, true));
    expect(shown.filter((line) => line.includes(Buffer.from('hush').toString('hex')))).toHaveLength(4);
    await accepts(bench, ['AT+QICSGP=3,1,"open.example"']);
    expect(bench.events.map((event) => toJsonLine(event, false)).join('\n')).toContain('open.example');
  });

  it.each([
    ...['AT+CGAUTH=1,1,sora,hush', 'AT+CGAUTH=1,1,"sora",hush', 'AT+CGAUTH=1,1,"so,ra","hush"'],
    ...['AT+QICSGP=1,1,"a.b","c",hush,1', 'AT+QICSGP=1,1,a.b,c,hush,1', 'AT+QICSGP=1,1,"a,b","","hush"'],
    ...['AT+CGAUTH=1,1,"sora,"hush"', 'AT+CGAUTH=1,1,,"hush"'],
  ])('shows no password of %s, however it is written', async (line) => {
    const bench = await new Bench().ready();
    await bench.lines(line);
    expect(bench.events.map((event) => toJsonLine(event, false)).join('\n')).not.toContain('hush');
  });
});

describe('the SIM', () => {
  it.each(['AT+CPIN1234', 'AT+CPIN:1234=5', 'AT+cpin-1234', 'AT+CSQ;+CPWD1234', 'AT+CLCK_1234="SC"'])(
    'has its PIN in no trace when %s makes it part of a name',
    async (line) => {
      const bench = await new Bench().ready();
      expect((await bench.lines(line)).at(-1)).toMatch('ERROR');
      const told = bench.events.map((event) => toJsonLine(event, false)).join('\n');
      expect(told).not.toContain('1234');
      expect(told).toContain('unknown-command');
    },
  );

  it('takes a PIN without quotes, where leading zeros count', async () => {
    const bench = new Bench();
    Object.assign(bench.card, { pinOn: true, pin: '0042' });
    bench.modem.powerOn();
    await bench.until(() => bench.heard.endsWith('+CPIN: SIM PIN\r\n'), 20);
    await bench.at('ATE0');
    expect(await bench.lines('AT+CPIN=42')).toEqual(['+CME ERROR: 16']);
    expect(await bench.lines('AT+CPIN=0042')).toEqual(['OK']);
    await bench.until(() => bench.radio.registration === 1, 20);
    expect(await bench.lines('AT+CPWD="SC",0042,1234')).toEqual(['OK']);
    expect(await bench.lines('AT+CLCK="SC",0,1234')).toEqual(['OK']);
    expect(bench.events.map((event) => toJsonLine(event, false)).join('\n')).not.toMatch(/0042|1234/);
  });

  it.each(['00A4000402', '0020000108', '00D6000002', '0088008122'])(
    'lives on after %s, which T=0 cannot carry',
    async (apdu) => {
      const bench = await new Bench().ready();
      expect(await bench.lines(`AT+CSIM=10,"${apdu}"`)).toEqual(['+CSIM: 4,"6700"', 'OK']);
      expect(await bench.lines('AT+CPIN?')).toEqual(['+CPIN: READY', 'OK']);
    },
  );

  it('is reset and used again after a command that it did not answer', async () => {
    const { world, device } = await makeDemo(DEMO);
    let heard = '';
    device.line.near.received = (bytes) => (heard += Buffer.from(bytes).toString('latin1'));
    const until = async (form: RegExp): Promise<void> => {
      await world.run({ for: 120 * SECOND, until: () => form.test(heard) });
      expect(heard).toMatch(form);
      heard = '';
    };
    device.modem.powerOn();
    await until(/\+CPIN: READY\r\n$/);
    // INCREASE of no standard: the card asks for its data, of which the modem knows nothing.
    device.line.near.send(Buffer.from('AT+CSIM=10,"00A2000402"\r'));
    await until(/\+CSIM|\+CME ERROR: 13/);
    await world.run({ for: 30 * SECOND });
    heard = '';
    device.line.near.send(Buffer.from('AT+CPIN?\r'));
    await until(/\+CPIN: READY\r\n\r\nOK\r\n$/);
    await world.close();
  });
});

describe('small things', () => {
  it.each<[string, readonly string[]]>([
    ['AT+CSIM=?', ['OK']],
    ['AT+CPIN=?', ['OK']],
    ['AT+QSSLSTATE?', ['OK']],
    ['AT+QSSLSTATE=1,2', ['OK']],
    ['AT+QSSLSTATE=2', ['OK']],
    ['AT+GCAP', ['+GCAP: +CGSM', 'OK']],
    ['AT+WS46?', ['28', 'OK']],
    ['AT+CPAS', ['+CPAS: 0', 'OK']],
    ['AT+QINISTAT', ['+QINISTAT: 3', 'OK']],
    ['AT+QSIMSTAT?', ['+QSIMSTAT: 0,1', 'OK']],
    ['AT+QTEMP', ['+QTEMP: 25,25,25', 'OK']],
    ['AT+CBC', ['+CBC: 0,100,3800', 'OK']],
    ['AT+CEREG=4;+CEREG?', ['+CEREG: 4,1,"1A2B","01C3D404",7', 'OK']],
    ['AT+CEREG=5;+CEREG?', ['+CEREG: 5,1,"1A2B","01C3D404",7', 'OK']],
    ['AT+CEREG=6', ['ERROR']],
    ['AT+CCLK="26/12/01,12:00:00+36";+CCLK?', ['+CCLK: "26/12/01,12:00:00+36"', 'OK']],
    ['AT+CCLK="26/12/01,12:00:00-08";+CCLK?', ['+CCLK: "26/12/01,12:00:00-08"', 'OK']],
  ])('%s', async (line, said) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual(said);
  });

  it('writes no empty block where there is nothing to say', async () => {
    const bench = await new Bench().ready();
    for (const line of ['AT+CSIM=?', 'AT+QSSLSTATE?', 'AT+CGCONTRDP=?'])
      expect(await bench.at(line)).toBe('\r\nOK\r\n');
  });

  it('remembers a network that was chosen by hand and is not there', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines('AT+COPS=1,2,"44020"')).toEqual(['+CME ERROR: 30']);
    expect(await bench.lines('AT+COPS?')).toEqual(['+COPS: 1', 'OK']);
    await accepts(bench, ['AT+COPS=2']);
    expect(await bench.lines('AT+COPS?')).toEqual(['+COPS: 2', 'OK']);
  });

  it('a command that is not emulated is an event, and one warning', async () => {
    const bench = await new Bench().ready();
    for (const line of ['AT+QGPS=1', 'AT+QGPS?', 'ATB0', 'AT+CSQ']) await bench.lines(line);
    const warnings = new UnknownCommands();
    const told = bench.events.flatMap((event) => warnings.telling(event) ?? []);
    expect(bench.events.filter(({ type }) => type === 'modem')).toHaveLength(3);
    expect(told.map((text) => /AT\S+(?=,)/.exec(text)?.[0])).toEqual(['AT+QGPS', 'ATB']);
  });
});
