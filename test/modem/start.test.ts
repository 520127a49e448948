import { describe, expect, it } from 'vitest';
import { AttachError, Registration } from '../../host/cellular/network.js';
import { SECOND } from '../../host/clock/clock.js';
import { Modem } from '../../host/modem/index.js';
import { Bench, IMEI } from './bench.js';
import { AID, ICCID, IMSI } from './card.js';

const seconds = (times: readonly number[]): number[] => times.map((time) => Math.round(time / SECOND));
const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => time - (times[i] ?? 0));

describe('Power-on', () => {
  it('says RDY, APP RDY, then what the SIM wants, and attaches by itself', async () => {
    const bench = new Bench();
    bench.modem.powerOn();
    await bench.until(() => bench.radio.registration === Registration.Home);
    await bench.wait(100);
    expect(bench.take()).toBe('\r\nRDY\r\n\r\nAPP RDY\r\n\r\n+CPIN: READY\r\n');
    expect(bench.radio.lastImsi).toBe(IMSI);
    expect(await bench.lines('ATE0')).toEqual(['ATE0\r', 'OK']);
  });

  it('reads the card as TS 31.102 5.1.1 wants: EF_DIR, the ADF by its AID, PIN query, then the files', async () => {
    const bench = await new Bench().ready();
    const { log } = bench.card;
    const dir = log.indexOf('00a40004022f00');
    const adf = log.indexOf(`00a4040410${AID}`);
    const query = log.indexOf('0020000100');
    const imsi = log.indexOf('00a40004026f07');
    expect([dir, adf, query, imsi].every((at) => at >= 0)).toBe(true);
    expect(dir < adf && adf < query && query < imsi).toBe(true);
    for (const fid of ['6fad', '6f38', '6f78', '6f31', '6fe3', '6f7e', '6f73', '6f09', '6fe4', '6f7b']) {
      expect(log).toContain(`00a4000402${fid}`);
    }
    expect(log).toContain('80f2010c00');
    // The attach authenticates at the USIM: SELECT by AID, then AUTHENTICATE with an answer to be fetched.
    const authenticate = log.indexOf(`008800812210${'01'.repeat(16)}10${'02'.repeat(16)}`);
    expect(log[authenticate - 2]).toBe(`00a4040410${AID}`);
    expect(log[authenticate + 1]).toBe('00c000002c');
  });

  it('does not hear what is said while it boots', async () => {
    const bench = new Bench();
    bench.modem.powerOn();
    bench.send('AT\r');
    await bench.wait(1500);
    expect(bench.heard).toBe('');
  });

  it.each([
    ['no card', (bench: Bench) => (bench.card.present = false), '+CPIN: NOT INSERTED', '+CME ERROR: 10'],
    ['a mute card', (bench: Bench) => (bench.card.mute = true), '+CPIN: NOT READY', '+CME ERROR: 13'],
    ['a card without a USIM', (bench: Bench) => void bench.card.removeUsim(), '+CPIN: NOT READY', '+CME ERROR: 13'],
    ['a card without EF_IMSI', (bench: Bench) => (bench.card.files = []), '+CPIN: NOT READY', '+CME ERROR: 13'],
    ['PIN1 on', (bench: Bench) => (bench.card.pinOn = true), '+CPIN: SIM PIN', '+CME ERROR: 11'],
    [
      'PIN1 blocked',
      (bench: Bench) => ((bench.card.pinOn = true), (bench.card.pinTries = 0)),
      '+CPIN: SIM PUK',
      '+CME ERROR: 12',
    ],
  ])('with %s it tells so and does not attach', async (_name, prepare, code, error) => {
    const bench = new Bench();
    prepare(bench);
    bench.modem.powerOn();
    await bench.until(() => bench.heard.includes(code), 20);
    await bench.wait(1000);
    expect(await bench.lines('AT+CIMI')).toEqual(['AT+CIMI\r', error]);
    expect(bench.radio.attempts).toEqual([]);
  });

  it('the SIM is busy from RDY until it has been read', async () => {
    const bench = new Bench();
    bench.modem.powerOn();
    await bench.until(() => bench.heard.endsWith('RDY\r\n'));
    await bench.at('ATE0');
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CME ERROR: 14']);
    await bench.until(() => bench.heard.endsWith('APP RDY\r\n'));
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CME ERROR: 14']);
  });

  it('takes a USIM that EF_DIR does not name', async () => {
    const bench = new Bench();
    bench.card.files = bench.card.files.filter((file) => file.path !== '2f00');
    await bench.ready();
    expect(await bench.lines('AT+CIMI')).toEqual([IMSI, 'OK']);
  });

  it('needs nothing but EF_IMSI', async () => {
    const bench = new Bench();
    bench.card.files = bench.card.files.filter((file) => file.path === '7fff6f07');
    await bench.ready();
    expect(await bench.lines('AT+CIMI')).toEqual([IMSI, 'OK']);
    expect(await bench.lines('AT+QCCID')).toEqual(['+CME ERROR: 13']);
  });

  it('AT+CFUN=0 leaves the network and the card, AT+CFUN=1 comes back', async () => {
    const bench = await new Bench().online();
    await bench.at('AT+CEREG=1');
    expect(await bench.lines('AT+CFUN=0')).toEqual(['OK']);
    await bench.wait(100);
    expect(bench.radio.detached).toBe(1);
    expect(bench.radio.session.open).toBe(false);
    expect(bench.take()).toBe('\r\n+CEREG: 0\r\n\r\n+CPIN: NOT READY\r\n');
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CME ERROR: 13']);
    expect(await bench.lines('AT+CFUN?')).toEqual(['+CFUN: 0', 'OK']);
    await bench.at('AT+CFUN=1');
    await bench.until(() => bench.heard.includes('+CEREG: 1\r\n'), 20);
    expect(bench.take()).toBe('\r\n+CPIN: READY\r\n\r\n+CEREG: 2\r\n\r\n+CEREG: 1\r\n');
  });

  it('AT+CFUN=4 keeps the card', async () => {
    const bench = await new Bench().ready();
    await bench.at('AT+CFUN=4');
    expect(await bench.lines('AT+CPIN?')).toEqual(['+CPIN: READY', 'OK']);
    expect(await bench.lines('AT+CSQ')).toEqual(['+CSQ: 99,99', 'OK']);
    expect(await bench.lines('AT+CGATT=1')).toEqual(['+CME ERROR: 3']);
  });

  it('AT+CFUN=1,1 restarts after its OK', async () => {
    const bench = await new Bench().ready();
    expect(await bench.at('AT+CFUN=1,1')).toBe('\r\nOK\r\n');
    await bench.until(() => bench.heard.endsWith('+CPIN: READY\r\n'), 20);
    expect(bench.take()).toBe('\r\nRDY\r\n\r\nAPP RDY\r\n\r\n+CPIN: READY\r\n');
  });

  it('AT+QPOWD detaches, says so and is silent until the next power-on', async () => {
    const bench = await new Bench().online();
    expect(await bench.at('AT+QPOWD=1')).toBe('\r\nOK\r\n');
    await bench.wait(1000);
    expect(bench.take()).toBe('\r\nPOWERED DOWN\r\n');
    expect(bench.radio.detached).toBe(1);
    expect(bench.modem.power).toBe('off');
    bench.send('AT\r');
    await bench.wait(1000);
    expect(bench.heard).toBe('');
    bench.modem.powerOn();
    await bench.until(() => bench.heard.includes('RDY'), 20);
  });
});

describe('Registration', () => {
  it('reports every change that +CREG, +CGREG and +CEREG ask for, in their forms', async () => {
    const bench = await new Bench().ready();
    await bench.at('AT+CREG=1;+CGREG=0;+CEREG=2');
    expect(await bench.lines('AT+CEREG?;+CREG?')).toEqual(['+CEREG: 2,1,"1A2B","01C3D404",7', '+CREG: 1,1', 'OK']);
    bench.radio.lose(Registration.Searching);
    await bench.until(() => bench.heard.endsWith(',7\r\n'), 20);
    expect(bench.take()).toBe(
      ['+CREG: 2', '+CEREG: 2', '+CREG: 1', '+CEREG: 1,"1A2B","01C3D404",7'].map((line) => `\r\n${line}\r\n`).join(''),
    );
  });

  it('tries again with growing pauses while there is no network, and is back within a minute of its return', async () => {
    const bench = new Bench();
    bench.radio.refuse = () => new AttachError('no-network', 'nothing to hear');
    bench.modem.powerOn();
    await bench.wait(600_000);
    const pauses = seconds(gaps(bench.radio.attempts));
    expect(pauses.slice(0, 6)).toEqual([3, 5, 9, 17, 33, 61]);
    expect(Math.max(...pauses)).toBe(61);
    bench.radio.refuse = undefined;
    await bench.wait(62_000);
    expect(bench.radio.registration).toBe(Registration.Home);
  });

  it('a USIM that the network refuses for good is not offered again until it is asked for', async () => {
    const bench = new Bench();
    bench.radio.refuse = () => new AttachError('rejected', 'illegal UE', { emm: 3 });
    bench.modem.powerOn();
    await bench.wait(24 * 3600_000);
    expect(bench.radio.attempts.length).toBe(1);
    await bench.at('ATE0+CEREG=3');
    expect(await bench.lines('AT+CEREG?')).toEqual(['+CEREG: 3,3,,,,0,3', 'OK']);
    expect(await bench.lines('AT+CGATT=1')).toEqual(['+CME ERROR: 103']);
    expect(bench.radio.attempts.length).toBe(2);
    bench.radio.refuse = undefined;
    await bench.wait(100);
    expect(bench.take()).toBe('\r\n+CEREG: 2\r\n\r\n+CEREG: 3,,,,0,3\r\n');
    expect(await bench.lines('AT+COPS=0')).toEqual(['OK']);
    await bench.wait(100);
    expect(await bench.lines('AT+COPS?')).toEqual(['+COPS: 0,0,"NTT DOCOMO",7', 'OK']);
  });

  it('other refusals: five attempts at T3411, then T3402', async () => {
    const bench = new Bench();
    bench.radio.refuse = () => new AttachError('rejected', 'network failure', { emm: 17 });
    bench.modem.powerOn();
    await bench.wait(3600_000);
    expect(seconds(gaps(bench.radio.attempts)).slice(0, 5)).toEqual([11, 11, 11, 11, 721]);
    expect(bench.radio.attempts.length).toBeLessThan(11);
  });

  it('a network that is not authentic is left alone for five minutes', async () => {
    const bench = new Bench();
    bench.radio.refuse = () => new AttachError('network-not-authentic', 'MAC failure');
    bench.modem.powerOn();
    await bench.wait(3600_000);
    expect(new Set(seconds(gaps(bench.radio.attempts)))).toEqual(new Set([301]));
  });

  it('a radio that never ends its attach is given up', async () => {
    const bench = new Bench();
    const { attach } = bench.radio;
    bench.radio.attach = (): Promise<void> => new Promise(() => undefined);
    bench.modem.powerOn();
    await bench.wait(100_000);
    bench.radio.attach = attach;
    await bench.wait(30_000);
    expect(bench.radio.registration).toBe(Registration.Home);
  });

  it.each([
    ['AT+CGATT=0', 'AT+CGATT=1', 'AT+CGATT?', '+CGATT: 0', '+CGATT: 1'],
    ['AT+COPS=2', 'AT+COPS=0', 'AT+COPS?', '+COPS: 2', '+COPS: 0,0,"NTT DOCOMO",7'],
    ['AT+COPS=2', 'AT+COPS=1,2,"44010"', 'AT+COPS?', '+COPS: 2', '+COPS: 1,2,"44010",7'],
  ])('%s leaves the network for good, %s returns', async (leave, back, query, off, on) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(leave)).toEqual(['OK']);
    await bench.wait(3600_000);
    expect(bench.radio.attempts.length).toBe(1);
    expect(await bench.lines(query)).toEqual([off, 'OK']);
    expect(await bench.lines('AT+CEREG?')).toEqual(['+CEREG: 0,0', 'OK']);
    expect(await bench.lines(back)).toEqual(['OK']);
    expect(await bench.lines(query)).toEqual([on, 'OK']);
  });

  it('AT+COPS=1 with an operator that is not there', async () => {
    const bench = await new Bench().ready();
    expect(await bench.lines('AT+COPS=1,2,"00101"')).toEqual(['+CME ERROR: 30']);
    expect(await bench.lines('AT+CEREG?')).toEqual(['+CEREG: 0,0', 'OK']);
  });

  it('a card pulled out under way ends the registration', async () => {
    const bench = await new Bench().ready();
    bench.card.present = false;
    expect(await bench.lines('AT+CRSM=176,28423,0,0,9')).toEqual(['+CME ERROR: 10']);
    await bench.wait(200);
    expect(bench.heard).toContain('+CPIN: NOT INSERTED');
    expect(bench.radio.detached).toBe(1);
    expect(await bench.lines('AT+CIMI')).toEqual(['+CME ERROR: 10']);
  });
});

describe('a card pulled out', () => {
  it('while it authenticates: the attach ends, the SIM is absent', async () => {
    const bench = await new Bench().ready();
    bench.radio.lose(Registration.Searching);
    await bench.wait(1500);
    bench.card.present = false;
    await bench.wait(2000);
    expect(bench.heard).toContain('+CPIN: NOT INSERTED');
    expect(await bench.lines('AT+CEREG?')).toEqual(['+CEREG: 0,0', 'OK']);
    await bench.wait(3600_000);
    expect(bench.radio.attempts.length).toBe(2);
  });
});

describe('Faults', () => {
  it('reset() forgets all but what AT&W and the context commands stored, and says RDY again', async () => {
    const bench = await new Bench().online();
    await bench.at('ATE0+CEREG=2;&W');
    await bench.open(3, 0);
    const { session } = bench.radio;
    bench.send('AT+QISEND=3,10\r');
    await bench.until(() => bench.heard.endsWith('> '));
    bench.send('01234');
    await bench.wait(5);
    bench.heard = '';
    bench.modem.reset();
    await bench.until(() => bench.heard.endsWith(',7\r\n'), 30);
    expect(bench.take()).toBe(
      '\r\nRDY\r\n\r\nAPP RDY\r\n\r\n+CPIN: READY\r\n\r\n+CEREG: 2\r\n\r\n+CEREG: 1,"1A2B","01C3D404",7\r\n',
    );
    expect(session.open).toBe(false);
    expect(session.connections[0]?.text).toBe('');
    expect(await bench.lines('AT+QISTATE?')).toEqual(['OK']);
    expect(await bench.lines('AT+QIACT?')).toEqual(['OK']);
    expect(await bench.lines('AT+QICSGP=1')).toEqual(['+QICSGP: 1,"soracom.io","sora","sora",1', 'OK']);
    expect(bench.events).toContainEqual(expect.objectContaining({ type: 'impairment', event: 'modem-reset' }));
  });

  it('reset() at any instant of the start ends in a modem that works', async () => {
    for (let ms = 0; ms < 4000; ms += 37) {
      const bench = new Bench();
      bench.modem.powerOn();
      await bench.wait(ms);
      bench.modem.reset();
      bench.heard = '';
      await bench.until(() => bench.radio.registration === Registration.Home, 20);
      await bench.wait(50);
      expect(bench.take()).toBe('\r\nRDY\r\n\r\nAPP RDY\r\n\r\n+CPIN: READY\r\n');
    }
  });

  it('silence(true) stops all talk; what was said meanwhile is lost', async () => {
    const bench = await new Bench().connected();
    bench.modem.silence(true);
    bench.send('AT\r');
    bench.radio.session.connections[0]?.events.ended();
    await bench.wait(5000);
    expect(bench.heard).toBe('');
    bench.modem.silence(false);
    await bench.wait(5000);
    expect(bench.heard).toBe('');
    expect(await bench.lines('AT+QISTATE=1,0')).toEqual([
      '+QISTATE: 0,"TCP","100.127.127.100",8888,49152,4,1,0,0,"uart1"',
      'OK',
    ]);
  });

  it('powerOff() is at once', async () => {
    const bench = await new Bench().online();
    bench.send('ATI\r');
    await bench.wait(12);
    bench.modem.powerOff();
    const { heard } = bench;
    await bench.wait(1000);
    expect(bench.heard).toBe(heard);
    expect(bench.modem.power).toBe('off');
  });
});

describe('Identity', () => {
  it.each([
    ['ATI', ['Quectel', 'BG95-M3', 'Revision: BG95M3LAR02A04']],
    ['AT+GMI', ['Quectel']],
    ['AT+CGMM', ['BG95-M3']],
    ['AT+GMR', ['BG95M3LAR02A04']],
    ['AT+CGSN', [IMEI]],
    ['AT+GSN', [IMEI]],
    ['AT+CGSN=1', [`+CGSN: "${IMEI}"`]],
    ['AT+CIMI', [IMSI]],
    ['AT+QCCID', [`+QCCID: ${ICCID}`]],
    ['AT+CCID', [`+CCID: ${ICCID}`]],
    ['AT+ICCID', [`+ICCID: ${ICCID}`]],
    ['AT+CSQ', ['+CSQ: 18,99']],
    ['AT+CESQ', ['+CESQ: 99,99,255,255,20,46']],
    ['AT+QCSQ', ['+QCSQ: "eMTC",-77,-95,160,-10']],
    ['AT+QURCCFG="urcport","uart1"', []],
  ])('%s', async (command, lines) => {
    const bench = await new Bench().ready();
    expect(await bench.lines(command)).toEqual([...lines, 'OK']);
  });

  it('a BG96 has its own names', async () => {
    const bench = await new Bench('BG96').ready();
    expect(await bench.lines('ATI')).toEqual(['Quectel', 'BG96', 'Revision: BG96MAR02A07M1G', 'OK']);
    expect(await bench.lines('AT+QCSQ')).toEqual(['+QCSQ: "CAT-M1",-77,-95,160,-10', 'OK']);
  });

  it('a BG96 tells of its start in its own lines, and activates contexts by AT+QIACT alone', async () => {
    const bench = new Bench('BG96');
    bench.modem.powerOn();
    await bench.wait(10_000);
    const told = ['RDY', '+CFUN: 1', '+CPIN: READY', '+QUSIM: 1', '+QIND: SMS DONE'];
    expect(bench.take()).toBe(told.map((line) => `\r\n${line}\r\n`).join(''));
    await bench.online();
    expect(await bench.lines('AT+CGACT?')).toEqual(['ERROR']);
    expect(await bench.lines('AT+CGACT=1,1')).toEqual(['ERROR']);
    expect(await bench.lines('AT+QIACT?')).toEqual(['+QIACT: 1,1,1,"10.236.152.129"', 'OK']);
    bench.modem.reset();
    await bench.wait(10_000);
    expect(bench.take()).toBe(told.map((line) => `\r\n${line}\r\n`).join(''));
  });

  it('a model that is not known is refused, with those that are', () => {
    expect(() => new Bench('SIM9999')).toThrow(new RangeError('modem "SIM9999" is not known; there are BG95, BG96'));
    expect(() => new Bench('constructor')).toThrow(RangeError);
  });

  it('an IMEI has 15 digits', () => {
    const { clock, trace, line, card, radio } = new Bench();
    const parts = { clock, trace, serial: line.far, reader: card, radio };
    expect(() => new Modem({ ...parts, imei: '12' })).toThrow(/15 digits/);
  });
});

describe('Clock', () => {
  it('AT+CCLK starts in 1980, is set by the network, and can be set', async () => {
    const bench = new Bench();
    bench.radio.refuse = () => new AttachError('no-network', 'none');
    bench.modem.powerOn();
    await bench.wait(10_000);
    await bench.at('ATE0');
    expect((await bench.lines('AT+CCLK?'))[0]).toBe('+CCLK: "80/01/06,00:00:10+00"');
    expect(await bench.lines('AT+QLTS=1')).toEqual(['+QLTS: ""', 'OK']);
    bench.radio.refuse = undefined;
    await bench.wait(60_000);
    expect((await bench.lines('AT+CCLK?'))[0]).toMatch(/^\+CCLK: "26\/01\/02,03:05:1\d\+00"$/);
    expect((await bench.lines('AT+QLTS=1'))[0]).toMatch(/^\+QLTS: "2026\/01\/02,03:05:1\d\+00,0"$/);
    expect(await bench.lines('AT+CCLK="31/12/31,23:59:59+36"')).toEqual(['OK']);
    expect((await bench.lines('AT+CCLK?'))[0]).toBe('+CCLK: "31/12/31,23:59:59+36"');
    expect(await bench.lines('AT+CCLK="31/02/31,23:59:59"')).toEqual(['ERROR']);
  });
});
