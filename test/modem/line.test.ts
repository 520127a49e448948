import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_LIMIT } from '../../host/modem/at/line.js';
import { parseLine } from '../../host/modem/at/parser.js';
import { Bench, IMEI } from './bench.js';

const number = (value: number, text = String(value)) => ({ kind: 'number', value, text });
const string = (text: string) => ({ kind: 'string', text });
const word = (text: string) => ({ kind: 'word', text });
const omitted = { kind: 'omitted' };
const command = (name: string, form: string, ...args: unknown[]) => ({ name, form, args });

describe('parser', () => {
  it.each<[string, ...unknown[]]>([
    [''],
    ['  '],
    ['E0', command('E', 'set', number(0))],
    ['e0v1Q', command('E', 'set', number(0)), command('V', 'set', number(1)), command('Q', 'execute')],
    ['&F', command('&F', 'execute')],
    ['&f0&w', command('&F', 'set', number(0)), command('&W', 'execute')],
    ['S3=13', command('S3', 'set', number(13))],
    ['S03?E0', command('S3', 'read'), command('E', 'set', number(0))],
    ['+csq', command('+CSQ', 'execute')],
    ['+CPIN?', command('+CPIN', 'read')],
    ['+CFUN=?', command('+CFUN', 'test')],
    ['+CFUN = 1 , 1', command('+CFUN', 'set', number(1), number(1))],
    ['E0+CMEE=2;+CSQ', command('E', 'set', number(0)), command('+CMEE', 'set', number(2)), command('+CSQ', 'execute')],
    ['+CSQ;E0;+CSQ;', command('+CSQ', 'execute'), command('E', 'set', number(0)), command('+CSQ', 'execute')],
    [
      '+QICSGP=1,1,"a;b,c","",,-1',
      command('+QICSGP', 'set', number(1), number(1), string('a;b,c'), string(''), omitted, number(-1)),
    ],
    ['+X=,', command('+X', 'set', omitted, omitted)],
    ['+X=', command('+X', 'set', omitted)],
    ['+X=0A,IP', command('+X', 'set', word('0A'), word('IP'))],
  ])('AT%s', (body, ...commands) => {
    expect(parseLine(body)).toEqual({ commands, wellFormed: true });
  });

  it.each([
    ['+X="', 0],
    ['+X="a"b', 0],
    ['+X=a"b"', 0],
    ['+', 0],
    ['+CSQ!!?x', 0],
    ['+CSQ;;', 1],
    ['E0+?', 1],
    ['13', 0],
    ['E0\x01', 1],
  ])('AT%s makes no sense; %i commands before that run', (body, count) => {
    const { commands, wellFormed } = parseLine(body);
    expect(wellFormed).toBe(false);
    expect(commands).toHaveLength(count);
  });

  it('takes apart what was put together', () => {
    const argument = fc.oneof(
      fc.integer({ min: -999_999_999, max: 999_999_999 }).map((value) => ({ text: String(value), arg: number(value) })),
      fc.stringMatching(/^[ !#-~]{0,30}$/).map((text) => ({ text: `"${text}"`, arg: string(text) })),
      fc.constant({ text: '', arg: omitted }),
    );
    const one = fc
      .tuple(fc.stringMatching(/^[A-Z][A-Z0-9]{0,8}$/), fc.array(argument, { minLength: 1, maxLength: 6 }))
      .map(([name, args]) => ({
        text: `+${name}=${args.map((arg) => arg.text).join(',')}`,
        command: command(`+${name}`, 'set', ...args.map((arg) => arg.arg)),
      }));
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 4 }), (many) => {
        expect(parseLine(many.map(({ text }) => text).join(';'))).toEqual({
          commands: many.map((each) => each.command),
          wellFormed: true,
        });
      }),
    );
  });

  it('never throws and always ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => void parseLine(text)),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[A&S+;=?",0-9 E]{0,40}$/), (text) => void parseLine(text)),
      { numRuns: 2000 },
    );
  });
});

describe('line', () => {
  it.each<[string, string, string]>([
    ['echo on', 'AT\r', 'AT\r\r\nOK\r\n'],
    ['any case', 'at\r', 'at\r\r\nOK\r\n'],
    ['mixed case', 'aT+gsn\r', `aT+gsn\r\r\n${IMEI}\r\n\r\nOK\r\n`],
    ['garbage before AT is skipped', '\x1b\xff~AAT\r', '\x1b\xff~AAT\r\r\nOK\r\n'],
    ['no AT, no answer', 'hello\r\r', 'hello\r\r'],
    ['LF behind CR ends the same line', 'AT\r\nAT\r\n', 'AT\r\r\nOK\r\nAT\r\r\nOK\r\n'],
    ['LF elsewhere is ignored', '\nA\nT\r\n\n', '\nA\nT\r\r\nOK\r\n\n'],
    ['S5 erases', 'ATX\b+GSNN\b\r', `ATX\b \b+GSNN\b \b\r\r\n${IMEI}\r\n\r\nOK\r\n`],
    ['S5 erases the prefix too', 'AT\b\b\bAT\r', 'AT\b \b\b \b\b \bAT\r\r\nOK\r\n'],
    [
      'joined commands, one result',
      'ATE1V1+CMEE?;+CFUN?\r',
      'ATE1V1+CMEE?;+CFUN?\r\r\n+CMEE: 1\r\n\r\n+CFUN: 1\r\n\r\nOK\r\n',
    ],
    ['an error ends a joined line', 'AT+CMEE?;+NO;+CFUN?\r', 'AT+CMEE?;+NO;+CFUN?\r\r\n+CMEE: 1\r\n\r\nERROR\r\n'],
    ['A/ repeats', 'AT+CMEE?\rA/', 'AT+CMEE?\r\r\n+CMEE: 1\r\n\r\nOK\r\nA/\r\n+CMEE: 1\r\n\r\nOK\r\n'],
    ['unknown command', 'AT+NOSUCH?\r', 'AT+NOSUCH?\r\r\nERROR\r\n'],
    ['names of JavaScript are no commands', 'AT+constructor\r', 'AT+constructor\r\r\nERROR\r\n'],
    ['unknown form', 'AT+CIMI=3\r', 'AT+CIMI=3\r\r\nERROR\r\n'],
    ['arguments out of range', 'AT+CFUN=7\r', 'AT+CFUN=7\r\r\nERROR\r\n'],
    ['echo goes off for what follows', 'ATE0\rAT\r', 'ATE0\r\r\nOK\r\n\r\nOK\r\n'],
    ['numeric results', 'ATE0V0\rAT\rAT+NO\rAT+CMEE?\r', 'ATE0V0\r0\r0\r4\r+CMEE: 1\r\n0\r'],
    ['V0 does not change +CME ERROR', 'ATE0V0\rAT+CPIN="1"\r', 'ATE0V0\r0\r\r\n+CME ERROR: 3\r\n'],
    ['quiet', 'ATE0Q1\rAT+CMEE?\rAT+NO\rATQ0\r', 'ATE0Q1\r\r\n+CMEE: 1\r\n\r\nOK\r\n'],
    ['S-registers', 'ATS3?S5?\r', 'ATS3?S5?\r\r\n013\r\n\r\n008\r\n\r\nOK\r\n'],
    ['another terminator', 'ATE0S3=33\rAT+CMEE?!', 'ATE0S3=33\r!\nOK!\n!\n+CMEE: 1!\n!\nOK!\n'],
    ['CMEE 0', 'ATE0+CMEE=0\rAT+CPIN="1"\r', 'ATE0+CMEE=0\r\r\nOK\r\n\r\nERROR\r\n'],
    ['CMEE 2', 'ATE0+CMEE=2\rAT+CPIN="1"\r', 'ATE0+CMEE=2\r\r\nOK\r\n\r\n+CME ERROR: operation not allowed\r\n'],
    ['factory profile', 'ATE0+CMEE=2\rAT&F+CMEE?\r', 'ATE0+CMEE=2\r\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n'],
    [
      'stored profile',
      'ATE0+CMEE=2\rAT&W\rAT&F\rATZ+CMEE?\r',
      'ATE0+CMEE=2\r\r\nOK\r\n\r\nOK\r\n\r\nOK\r\nATZ+CMEE?\r\r\n+CMEE: 2\r\n\r\nOK\r\n',
    ],
  ])('%s', async (_name, sent, heard) => {
    const expected = async (deliver: (bench: Bench) => Promise<void>): Promise<void> => {
      const bench = new Bench();
      bench.modem.powerOn();
      await bench.wait(10_000);
      bench.take();
      await deliver(bench);
      await bench.wait(2000);
      expect(bench.take()).toBe(heard);
    };
    // Byte by byte, with time between.
    await expected(async (bench) => {
      for (const byte of sent) {
        bench.send(byte);
        await bench.wait(30);
      }
    });
    // All at once: each line waits for the one before. With echo on, the echo comes when the line is read.
    await expected(async (bench) => bench.send(sent));
  });

  it('a line that is too long is an error, and over at its end', async () => {
    const bench = await new Bench().ready();
    expect(await bench.at(`AT+QISENDEX=0,"${'41'.repeat(LINE_LIMIT)}"`)).toBe('\r\nERROR\r\n');
    expect(await bench.at('AT')).toBe('\r\nOK\r\n');
    expect(bench.events).toContainEqual(
      expect.objectContaining({ type: 'at', from: 'device', text: 'AT (line too long)' }),
    );
  });

  it('=? of every main command is OK', async () => {
    const bench = await new Bench().ready();
    const names =
      '+CFUN +CMEE +IPR +CPIN +CLCK +CPWD +CSIM +CRSM +COPS +CREG +CGREG +CEREG +CGATT +CGDCONT +CGAUTH +CGACT +CGPADDR ' +
      '+CGCONTRDP +CSQ +CESQ +QCSQ +CCLK +QLTS +QICSGP +QIACT +QIDEACT +QIOPEN +QISEND +QISENDEX +QIRD +QISTATE +QICLOSE ' +
      '+QIGETERROR +QIDNSGIP +QPOWD +QURCCFG +CIMI +CGSN +QISDE';
    for (const name of names.split(' ')) expect((await bench.lines(`AT${name}=?`)).at(-1), name).toBe('OK');
  });

  it('AT+IPR answers at the old speed, then both go on at the new one', async () => {
    const bench = await new Bench().ready();
    expect(await bench.at('AT+IPR=9600')).toBe('\r\nOK\r\n');
    await bench.wait(20);
    bench.line.near.open(9600, 0);
    expect(await bench.lines('AT+IPR?')).toEqual(['+IPR: 9600', 'OK']);
    await bench.at('AT&W');
    bench.modem.reset();
    await bench.until(() => bench.heard.endsWith('RDY\r\n'), 20);
    expect(await bench.lines('AT+IPR=1234')).toEqual(['ERROR']);
  });

  it('characters at another speed are noise that does no harm', async () => {
    const bench = await new Bench().ready();
    bench.line.near.open(19_200, 0);
    for (let i = 0; i < 20; i++) bench.send('AT+CIMI\r');
    await bench.wait(2000);
    bench.line.near.open(115_200, 0);
    bench.send('\r');
    await bench.wait(100);
    expect(await bench.at('AT')).toMatch(/OK\r\n$/);
  });

  it('an unsolicited code never comes inside a reply', async () => {
    const bench = await new Bench().connected(0, 0);
    await bench.open(1, 1);
    const [buffered, pushed] = bench.radio.session.connections;
    const slow = 'ATI;+COPS?;+CIMI;+CSQ;+QISTATE?;+CRSM=176,28423,0,0,9';
    const alone = await bench.at(slow);
    for (let ms = 0; ms < 90; ms += 3) {
      bench.heard = '';
      bench.send(`${slow}\r`);
      bench.clock.after(ms * 1e6, () => {
        pushed?.events.data(Buffer.from('\r\nOK\r\n'));
        buffered?.events.data(Buffer.from('x'));
      });
      await bench.wait(300);
      const heard = bench.take();
      const push = '\r\n+QIURC: "recv",1,6\r\n\r\nOK\r\n\r\n';
      const recv = ms === 0 ? '\r\n+QIURC: "recv",0\r\n' : '';
      expect([push + recv + alone, alone + push + recv]).toContain(heard);
    }
  });
});
