import { describe, expect, it } from 'vitest';
import { AttachError, SocketError } from '../../host/cellular/network.js';
import { MS } from '../../host/clock/clock.js';
import { isSecretLine } from '../../host/modem/at/secrets.js';
import { simCommands } from '../../host/modem/commands/sim.js';
import type { ModemCore } from '../../host/modem/core.js';
import {
  parseAuthenticate,
  parseFcp,
  parseIccid,
  parseImsi,
  parseTlvs,
  aidOfDirRecord,
} from '../../host/modem/uicc.js';
import { Random } from '../../host/random.js';
import { Bench } from './bench.js';

const SEEDS = 80;

/** Beginnings and pieces of lines that get far into the interpreter. Not here: what changes speed or switches off. */
const PIECES =
  'AT|at|A/|ATE0|ATE1|ATV1|AT&F|ATZ|ATI|AT+CPIN=|"1234"|AT+CIMI|AT+CSIM=14,|"00A40004023F00"|AT+CRSM=176,28423,0,0,9|AT+CRSM=|' +
  'AT+CFUN=|0|1|4|1,1|AT+COPS=0|AT+COPS=2|AT+CGATT=|AT+CGDCONT=1,"IP","soracom.io"|AT+CGACT=1,1|AT+QICSGP=1,1,"soracom.io","sora","sora",1|' +
  'AT+QIACT=1|AT+QIDEACT=1|AT+QIOPEN=1,0,"TCP","beam.soracom.io",8888,0,|AT+QIOPEN=1,3,"UDP","beam.soracom.io",1|AT+QISEND=0,|AT+QISEND=0|' +
  'AT+QIRD=0,|AT+QICLOSE=0|AT+QISTATE|AT+QIDNSGIP=1,"beam.soracom.io"|AT+CREG=2|AT+CEREG=3|AT+CCHO="A0000000871002"|AT+CGLA=1,10,"00B0000000"|' +
  '?|=?|=|,|;|"|\r|\r|\r|\r\n|\n|\x1a|\x1b|\b|-1|99999999999|1500|0\r|5\rhello|7FFF|\x00|\xff';
const WORDS = PIECES.split('|');

function garbage(random: Random): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = random.below(40); i >= 0; i--) {
    const word = WORDS[random.below(WORDS.length)] ?? '';
    parts.push(random.below(5) === 0 ? random.bytes(random.below(20)) : Buffer.from(word, 'latin1'));
    if (random.below(3) === 0) parts.push(Buffer.from('\r'));
  }
  return Buffer.concat(parts);
}

/** ESC, an empty line, AT, again and again: a device that does not know what its modem is doing. */
async function recovers(bench: Bench): Promise<boolean> {
  for (let i = 0; i < 600; i++) {
    bench.heard = '';
    bench.send('\x1b\r\nAT\r');
    await bench.wait(500);
    if (/\r\nOK\r\n/.test(bench.heard)) return true;
  }
  return false;
}

describe('garbage on the line', () => {
  it(`${SEEDS} seeds: the modem never throws and never hangs`, async () => {
    for (let i = 0; i < SEEDS; i++) {
      const random = new Random(`modem garbage ${i}`);
      const bench = random.below(2) === 0 ? await new Bench().connected() : await new Bench().ready();
      for (let burst = random.below(4); burst >= 0; burst--) {
        bench.send(garbage(random));
        if (random.below(2) === 0) {
          const open = bench.radio.sessions.at(-1)?.connections.at(-1);
          bench.clock.after(random.below(100) * MS, () => open?.events.data(random.bytes(1 + random.below(300))));
          if (random.below(4) === 0) bench.clock.after(random.below(200) * MS, () => open?.events.ended());
          if (random.below(6) === 0) bench.clock.after(random.below(300) * MS, () => bench.radio.lose(2));
          if (random.below(8) === 0) bench.clock.after(random.below(300) * MS, () => bench.modem.reset());
        }
        await bench.wait(random.below(2000));
      }
      expect(await recovers(bench), `seed ${random.seed}; heard ${JSON.stringify(bench.heard)}`).toBe(true);
      // Not just alive: sane.
      await bench.at('AT&F');
      await bench.at('ATE0');
      expect((await bench.lines('AT+CGSN')).slice(-2), `seed ${random.seed}`).toEqual(['866425030123456', 'OK']);
    }
  });

  it('the same garbage gives the same answer, to the byte and the nanosecond', async () => {
    const run = async (): Promise<string> => {
      const random = new Random('twice');
      const bench = await new Bench().connected();
      for (let i = 0; i < 10; i++) {
        bench.send(garbage(random));
        await bench.wait(500);
      }
      return JSON.stringify(bench.events);
    };
    expect(await run()).toBe(await run());
  });
});

describe('a card that answers anything', () => {
  it('never stops the AT interface', async () => {
    for (let i = 0; i < 60; i++) {
      const random = new Random(`card ${i}`);
      const bench = new Bench();
      const honest = bench.card.transmit.bind(bench.card);
      const rate = 1 + random.below(20);
      bench.card.transmit = async (command) => {
        const answer = await honest(command);
        if (random.below(rate) !== 0) return answer;
        const kind = random.below(4);
        if (kind === 0) return random.bytes(random.below(4));
        if (kind === 1) return random.bytes(random.below(258));
        if (kind === 2) return Uint8Array.of(random.below(2) === 0 ? 0x61 : 0x6c, random.below(256));
        const bent = answer.slice();
        bent[random.below(bent.length)] = random.below(256);
        return bent;
      };
      bench.modem.powerOn();
      await bench.wait(10_000);
      await bench.at('ATE0');
      for (const line of [
        'AT+CPIN?',
        'AT+CIMI',
        'AT+QCCID',
        'AT+CRSM=176,28423,0,0,9',
        'AT+CLCK="SC",2',
        'AT+CEREG?',
      ]) {
        expect((await bench.lines(line)).at(-1), `seed ${random.seed}`).toMatch(/^(OK|ERROR|\+CME ERROR: \d+|\+.*)$/);
      }
    }
  });

  it('a card that never answers again is taken for dead', async () => {
    const bench = await new Bench().ready();
    bench.card.transmit = () => new Promise(() => undefined);
    expect(await bench.lines('AT+CRSM=176,28423,0,0,9')).toEqual(['+CME ERROR: 13']);
    await bench.wait(100);
    expect(bench.take()).toBe('\r\n+CPIN: NOT READY\r\n');
    expect(await bench.lines('AT+CIMI')).toEqual(['+CME ERROR: 13']);
  });
});

describe('a network that does anything', () => {
  it('never stops the AT interface, and the modem is back when it behaves', async () => {
    for (let i = 0; i < 40; i++) {
      const random = new Random(`network ${i}`);
      const bench = new Bench();
      const codes = ['no-network', 'rejected', 'network-not-authentic', 'card', 'timeout'] as const;
      bench.radio.refuse = () =>
        random.below(3) === 0
          ? (undefined as unknown as AttachError)
          : new AttachError(codes[random.below(codes.length)] ?? 'timeout', 'chance', { emm: random.below(40) });
      bench.radio.refusePdn = bench.radio.refuse;
      bench.modem.powerOn();
      await bench.wait(5000);
      await bench.at('ATE0+CEREG=3');
      await bench.at('AT+QICSGP=1,1,"soracom.io","sora","sora",1');
      for (let step = 0; step < 25; step++) {
        await bench.at('AT+QIACT=1');
        bench.send('AT+QIOPEN=1,0,"TCP","beam.soracom.io",80\r');
        await bench.wait(random.below(3000));
        const connection = bench.radio.sessions.at(-1)?.connections.at(-1);
        const faults = ['name-unknown', 'refused', 'timeout', 'reset', 'no-session'] as const;
        switch (random.below(6)) {
          case 0:
            bench.radio.lose(2);
            break;
          case 1:
            connection?.events.failed(new SocketError(faults[random.below(faults.length)] ?? 'reset', 'chance'));
            break;
          case 2:
            connection?.events.ended();
            break;
          case 3:
            connection?.events.connected('1.2.3.4:5');
            connection?.events.data(random.bytes(100));
            break;
          case 4:
            bench.radio.set(([0, 2, 3, 4, 5] as const)[random.below(5)] ?? 0);
            break;
          default:
            await bench.at('AT+QICLOSE=0');
        }
        await bench.wait(random.below(30_000));
      }
      bench.radio.refuse = undefined;
      bench.radio.refusePdn = undefined;
      await bench.at('AT+CFUN=0');
      await bench.at('AT+CFUN=1');
      await bench.wait(10_000);
      expect((await bench.lines('AT+QIACT=1')).at(-1), `seed ${random.seed}`).toBe('OK');
      await bench.open(5, 0);
    }
  });
});

describe('parsers of what the card says', () => {
  it('never throw', () => {
    const random = new Random('card parsers');
    const commands = simCommands({} as ModemCore);
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.below(60));
      if (i % 3 === 0 && bytes.length > 2) bytes.set([0x62, bytes.length - 2]);
      if (i % 3 === 1 && bytes.length > 1) bytes[0] = i % 2 === 0 ? 0xdb : 0xdc;
      for (const parse of [parseTlvs, parseFcp, aidOfDirRecord, parseImsi, parseIccid, parseAuthenticate]) parse(bytes);
      const imsi = parseImsi(bytes);
      if (imsi !== undefined) expect(imsi).toMatch(/^\d{6,15}$/);
      isSecretLine(Buffer.from(bytes).toString('latin1'), commands);
    }
  });

  it.each([
    ['082926101160845740', '262011106487504'],
    ['080910101032547698', '001010123456789'],
    ['084904011332547698', '440103123456789'],
    ['0801101021436587f9', '00101123456789'],
    ['ffffffffffffffffff', undefined],
    ['00', undefined],
  ])('EF_IMSI %s is %s', (file, imsi) => {
    expect(parseImsi(Buffer.from(file, 'hex'))).toBe(imsi);
  });

  it.each([
    ['981801000021436587f4', '8981100000123456784'],
    ['98180100002143658719', '89811000001234567891'],
  ])('EF_ICCID %s is %s', (file, iccid) => {
    expect(parseIccid(Buffer.from(file, 'hex'))).toBe(iccid);
  });

  it('FCP templates of real cards', () => {
    const fcp = (text: string) => parseFcp(Buffer.from(text, 'hex'));
    expect(fcp('621f8202412183022fe2a506d00120d201058a01058b032f06028002000a880110')).toEqual({
      structure: 'transparent',
      size: 10,
      recordLength: 0,
      recordCount: 0,
      pinEnabled: undefined,
    });
    expect(fcp('622282054221002b0883022f00a506d00120d2010b8a01058b032f0604800201588801f0')).toMatchObject({
      structure: 'records',
      recordLength: 43,
      recordCount: 8,
    });
    expect(
      fcp(
        '6238820278218410a0000000871002ffffffff8907090000a509800171830400018d088a01058c0100c60f90017083010183018183010a83010b',
      ),
    ).toMatchObject({ structure: undefined, pinEnabled: false });
  });
});
