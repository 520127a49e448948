import { describe, expect, it } from 'vitest';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { Bench } from './bench.js';
import { AID } from './card.js';

const PIN_LOCKED = async (): Promise<Bench> => {
  const bench = new Bench();
  bench.card.pinOn = true;
  bench.modem.powerOn();
  await bench.until(() => bench.heard.endsWith('+CPIN: SIM PIN\r\n'), 20);
  await bench.at('ATE0');
  return bench;
};

describe('AT+CPIN', () => {
  it('the right PIN: OK, then READY, then registration', async () => {
    const bench = await PIN_LOCKED();
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CPIN: SIM PIN', 'OK']);
    expect(await bench.lines('AT+CIMI')).toEqual(['+CME ERROR: 11']);
    expect(await bench.lines('AT+QCCID')).toEqual(['+QCCID: 8981100000123456784', 'OK']);
    bench.heard = '';
    bench.send('AT+CPIN="1234"\r');
    await bench.until(() => bench.radio.registration === 1, 20);
    expect(bench.take()).toBe('\r\nOK\r\n\r\n+CPIN: READY\r\n');
    expect(bench.card.log).toContain('002000010831323334ffffffff');
  });

  it('a wrong PIN costs a try; the third asks for the PUK; the PUK sets a new PIN', async () => {
    const bench = await PIN_LOCKED();
    expect(await bench.lines('AT+CPIN="0000"')).toEqual(['+CME ERROR: 16']);
    expect(await bench.lines('AT+CPIN="0000"')).toEqual(['+CME ERROR: 16']);
    expect(await bench.lines('AT+CPIN="0000"')).toEqual(['+CME ERROR: 12']);
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+CPIN: SIM PUK\r\n');
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CPIN: SIM PUK', 'OK']);
    expect(await bench.lines('AT+CPIN="1234"')).toEqual(['+CME ERROR: 12']);
    expect(await bench.lines('AT+CPIN="11111111","4321"')).toEqual(['+CME ERROR: 16']);
    expect(await bench.lines('AT+CPIN="12345678","4321"')).toEqual(['OK']);
    await bench.until(() => bench.radio.registration === 1, 20);
    expect(bench.card.pin).toBe('4321');
  });

  it('a used up PUK ends it', async () => {
    const bench = new Bench();
    Object.assign(bench.card, { pinOn: true, pinTries: 0, pukTries: 1 });
    bench.modem.powerOn();
    await bench.wait(10_000);
    await bench.at('ATE0');
    expect(await bench.lines('AT+CPIN="00000000","1234"')).toEqual(['+CME ERROR: 13']);
    await bench.wait(50);
    expect(bench.take()).toBe('\r\n+CPIN: NOT READY\r\n');
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CME ERROR: 13']);
  });

  it.each(['AT+CPIN="12"', 'AT+CPIN="123456789"', 'AT+CPIN="12a4"'])('%s is no PIN and costs no try', async (line) => {
    const bench = await PIN_LOCKED();
    expect(await bench.lines(line)).toEqual(['+CME ERROR: 16']);
    expect(bench.card.pinTries).toBe(3);
  });

  it('is not allowed when no PIN is needed, and busy while the card starts', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines('AT+CPIN="1234"')).toEqual(['+CME ERROR: 3']);
    await bench.at('AT+CFUN=0');
    await bench.at('AT+CFUN=1');
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CME ERROR: 14']);
  });
});

describe('AT+CLCK, AT+CPWD', () => {
  it('switch the PIN on and off, and change it', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines('AT+CLCK="SC",2')).toEqual(['+CLCK: 0', 'OK']);
    expect(await bench.lines('AT+CPWD="SC","1234","5678"')).toEqual(['+CME ERROR: 3']);
    expect(await bench.lines('AT+CLCK="SC",1,"1111"')).toEqual(['+CME ERROR: 16']);
    expect(await bench.lines('AT+CLCK="SC",1,"1234"')).toEqual(['OK']);
    expect(await bench.lines('AT+CLCK="SC",2')).toEqual(['+CLCK: 1', 'OK']);
    expect(await bench.lines('AT+CPWD="SC","1234","5678"')).toEqual(['OK']);
    expect(await bench.lines('AT+CPWD="SC","1234","5678"')).toEqual(['+CME ERROR: 16']);
    expect(await bench.lines('AT+CLCK="SC",0,"5678"')).toEqual(['OK']);
    expect([bench.card.pinOn, bench.card.pin]).toEqual([false, '5678']);
    expect(await bench.lines('AT+CLCK="PF",2')).toEqual(['+CME ERROR: 4']);
  });
});

describe('AT+CSIM', () => {
  it.each([
    ['AT+CSIM=14,"00A40004023F00"', '+CSIM: 4,"612F"'],
    ['AT+CSIM=10,"0070000001"', '+CSIM: 6,"019000"'],
    ['AT+CSIM=10,"0070800100"', '+CSIM: 4,"9000"'],
    ['AT+CSIM=8,"00700000"', '+CSIM: 6,"019000"'],
    ['AT+CSIM=16,"00A40004023F0000"', '+CSIM: 4,"612F"'],
    ['AT+CSIM=12,"00A40004023F"', '+CSIM: 4,"6700"'],
    ['AT+CSIM=10,"0060000000"', '+CSIM: 4,"6D00"'],
    ['AT+CSIM=10,"FF00000000"', '+CSIM: 4,"6E00"'],
    ['AT+CSIM=10,"00C0000010"', '+CSIM: 4,"6985"'],
    ['AT+CSIM=14,"00A40004027FF1"', '+CSIM: 4,"6A82"'],
  ])('%s', async (line, answer) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual([answer, 'OK']);
  });

  it('shows the T=0 view: 61xx, then GET RESPONSE', async () => {
    const bench = await new Bench().ready();
    await bench.at('AT+CSIM=14,"00A40004023F00"');
    expect(await bench.lines('AT+CSIM=10,"00C000002F"')).toEqual([
      '+CSIM: 98,"622D8202782183023F00A509800171830400018D088A01058C04261A0000C60F90017083010183018183010A83010B9000"',
      'OK',
    ]);
  });

  it.each([
    'AT+CSIM=10,"00A40004023F00"',
    'AT+CSIM=14,"00A40004023FZZ"',
    'AT+CSIM=6,"00A400"',
    'AT+CSIM=9,"00A400040"',
    'AT+CSIM=0,""',
  ])('%s: incorrect parameters', async (line) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual(['+CME ERROR: 50']);
  });

  it('serves a Soracom endorse client: AUTHENTICATE with nothing selected by the client, then GET RESPONSE', async () => {
    const bench = await new Bench().ready();
    const answer = `db08${'a1'.repeat(8)}10${'b2'.repeat(16)}10${'c3'.repeat(16)}`;
    bench.card.authenticate = () => `${answer}9000`;
    await bench.at('ATE0V1');
    await bench.at('AT+CIMI');
    expect(await bench.lines(`AT+CSIM=78,"008800812210${'0a'.repeat(16)}10${'0b'.repeat(16)}"`)).toEqual([
      '+CSIM: 4,"612C"',
      'OK',
    ]);
    expect(await bench.lines('AT+CSIM=10,"00C000002C"')).toEqual([`+CSIM: 92,"${answer.toUpperCase()}9000"`, 'OK']);
  });

  it("an answer that waits for the device is not thrown away by the modem's own authentication", async () => {
    const bench = await new Bench().ready();
    bench.radio.lose(2);
    await bench.wait(1750); // the attach reaches its AUTHENTICATE 1.8 s after the loss
    const before = bench.card.log.length;
    await bench.at('AT+CSIM=14,"00A40004023F00"');
    await bench.wait(300);
    expect((await bench.lines('AT+CSIM=10,"00C000002F"'))[0]).toMatch(/^\+CSIM: 98,.*9000"$/);
    await bench.wait(300);
    const log = bench.card.log.slice(before);
    expect(log.slice(0, 3)).toEqual(['00a40004023f00', '00c000002f', `00a4040410${AID}`]);
    expect(bench.radio.registration).toBe(1);
  });

  it('a device that never fetches does not lock the card', async () => {
    const bench = await new Bench().ready();
    await bench.at('AT+CSIM=14,"00A40004023F00"');
    expect(await bench.lines('AT+CRSM=176,28423,0,0,9')).toEqual(['+CRSM: 144,0,"084904011332547698"', 'OK']);
  });

  it('VERIFY by +CSIM unlocks the modem too', async () => {
    const bench = await PIN_LOCKED();
    await bench.at('AT+CSIM=26,"002000010831323334FFFFFFFF"');
    await bench.until(() => bench.radio.registration === 1, 20);
    expect(bench.heard).toContain('+CPIN: READY');
  });
});

describe('AT+CRSM', () => {
  it.each([
    ['AT+CRSM=176,28423,0,0,9', '+CRSM: 144,0,"084904011332547698"'],
    ['AT+CRSM=176,28423,0,0,0', '+CRSM: 144,0,"084904011332547698"'],
    ['AT+CRSM=176,12258,0,0,10', '+CRSM: 144,0,"981801000021436587F4"'],
    ['AT+CRSM=176,28589,0,0,4', '+CRSM: 144,0,"00000002"'],
    ['AT+CRSM=176,28423,0,0,9,,"3F007FFF"', '+CRSM: 144,0,"084904011332547698"'],
    ['AT+CRSM=178,12032,1,4,38', `+CRSM: 144,0,"${`61194f10${AID}50055553696d31`.padEnd(76, 'f').toUpperCase()}"`],
    ['AT+CRSM=178,12032,9,4,38', '+CRSM: 106,131'],
    ['AT+CRSM=176,28672,0,0,9', '+CRSM: 106,130'],
    ['AT+CRSM=192,12258,0,0,0', '+CRSM: 144,0,"620C8202412183022FE28002000A"'],
    ['AT+CRSM=214,28539,0,0,3,"44F001"', '+CRSM: 144,0'],
    ['AT+CRSM=242', '+CRSM: 144,0,"6224820278218410A0000000871002FFFFFFFF89070900008A0105C609900100830101830181"'],
  ])('%s', async (line, answer) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual([answer, 'OK']);
  });

  it.each([
    ['AT+CRSM=136,28423,0,0,9', '+CME ERROR: 3'],
    ['AT+CRSM=214,28539,0,0,3,"44F0"', '+CME ERROR: 50'],
    ['AT+CRSM=214,28539,0,0,3,"44F0Z1"', '+CME ERROR: 50'],
    ['AT+CRSM=176', 'ERROR'],
    ['AT+CRSM=176,70000,0,0,9', 'ERROR'],
  ])('%s gives %s', async (line, error) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(line)).toEqual([error]);
  });

  it('shows the card’s own refusal when the PIN is missing', async () => {
    const bench = await PIN_LOCKED();
    expect(await bench.lines('AT+CRSM=176,28423,0,0,9')).toEqual(['+CRSM: 105,130', 'OK']);
  });
});

describe('AT+CCHO, AT+CGLA, AT+CCHC', () => {
  it('open a channel for an application, use it, close it', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines(`AT+CCHO="${AID}"`)).toEqual(['+CCHO: 1', 'OK']);
    expect(bench.card.log.at(-2)).toBe(`01a4040410${AID}`);
    expect(await bench.lines('AT+CGLA=1,14,"00A40004026F07"')).toEqual(['+CGLA: 4,"610E"', 'OK']);
    expect(bench.card.log.at(-1)).toBe('01a40004026f07');
    expect(await bench.lines('AT+CGLA=2,14,"00A40004026F07"')).toEqual(['+CME ERROR: 21']);
    expect(await bench.lines('AT+CCHC=1')).toEqual(['OK']);
    expect(bench.card.log.at(-1)).toBe('0070800100');
    expect(await bench.lines('AT+CCHC=1')).toEqual(['+CME ERROR: 21']);
    expect(await bench.lines('AT+CCHO="A000000001"')).toEqual(['+CME ERROR: 22']);
    expect(bench.card.log.at(-1)).toBe('0070800100');
  });
});

describe('Secrets', () => {
  it('PINs, AUTHENTICATE answers and key files never show in the trace', async () => {
    const bench = await PIN_LOCKED();
    bench.card.pin = '77341';
    const answer = `db08${'a1'.repeat(8)}10${'b2'.repeat(16)}10${'c3'.repeat(16)}`;
    bench.card.authenticate = () => `${answer}9000`;
    bench.card.files.push({ path: '7fff6f08', data: `05${'d4'.repeat(32)}` });
    const lines = [
      'AT+CPIN="77340"',
      'at+cpin=77340',
      'AT+CSIM=26,"00200001083737333431FFFFFF"',
      'AT+CFUN?;+CPIN="77341"',
      'AT+CLCK="SC",0,"77341"',
      'AT+CLCK="SC",1,"77341"',
      'AT+CPWD="SC","77341","66552"',
      `AT+CSIM=78,"008800812210${'0a'.repeat(16)}10${'0b'.repeat(16)}"`,
      'AT+CSIM=10,"00C000002C"',
      'AT+CRSM=176,28424,0,0,33',
      'AT+CSIM=10,"00B0000021"',
      'AT+CSIM=10,"00B0880021"',
      'AT+CSIM=14,"00A40004026F08"',
      'AT+CSIM=10,"00B0000021"',
    ];
    const heard: string[] = [];
    for (const line of lines) {
      heard.push(await bench.at(line));
      await bench.wait(3000);
    }
    // They were said, to the device ..
    expect(heard.join('')).toContain('B2B2B2B2');
    expect(heard.join('')).toContain('D4D4D4D4');
    // .. and not to anybody else.
    const trace = bench.events.map((event) => toJsonLine(event)).join('\n');
    for (const secret of ['7734', '66552', '37373334', 'a1a1a1', 'b2b2b2', 'c3c3c3', 'd4d4d4']) {
      expect(trace.toLowerCase()).not.toContain(secret);
    }
    expect(trace).toContain('[redacted]');
  });
});
