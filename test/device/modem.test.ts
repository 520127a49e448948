import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { NetState, Status } from '../../host/board/abi.js';
import { AtResult } from '../../host/kit/index.js';
import { Driver, kit } from './driver.js';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const none = new Uint8Array(0);
const feed = (text: string): string[] => kit.atFeed(bytes(text)).split('\n').filter(Boolean);
const sent = (): string => Buffer.from(kit.atOutput()).toString('latin1');

describe('the AT client', () => {
  beforeEach(() => kit.atReset());

  const command = (text: string, prefix = ''): void => {
    kit.atSend(0, 1000, text, prefix, none);
    expect(sent()).toBe(`${text}\r`);
  };

  test('takes the lines with the prefix and the final result code', () => {
    command('AT+CEREG?', '+CEREG:');
    expect(feed('\r\n+CEREG: 1,1\r\n\r\nOK\r\n')).toEqual(['info +CEREG: 1,1']);
    expect(kit.atResult()).toBe(AtResult.Ok);
  });

  test('passes over the echo of its command, with and without LF', () => {
    command('AT+CEREG?', '+CEREG:');
    expect(feed('AT+CEREG?\r\r\n+CEREG: 1,1\r\n\r\nOK\r\n')).toEqual(['info +CEREG: 1,1']);
    expect(kit.atResult()).toBe(AtResult.Ok);
    command('AT');
    expect(feed('AT\r\n\r\nOK\r\n')).toEqual([]);
    expect(kit.atResult()).toBe(AtResult.Ok);
  });

  test.each([
    ['ERROR', AtResult.Error, 0],
    ['NO CARRIER', AtResult.Error, 0],
    ['+CME ERROR: 10', AtResult.Cme, 10],
    ['+CME ERROR: SIM not inserted', AtResult.Cme, -1],
    ['+CME ERROR: 99999999999999', AtResult.Cme, -1],
    ['+CME ERROR:', AtResult.Cme, -1],
    ['+CMS ERROR: 500', AtResult.Cme, 500],
  ])('%s ends a command', (line, result, code) => {
    command('AT+CPIN?', '+CPIN:');
    expect(feed(`\r\n${line}\r\n`)).toEqual([]);
    expect([kit.atResult(), kit.atCode()]).toEqual([result, code]);
  });

  test.each(['OKAY', ' OK', 'SEND OK', 'SEND FAIL', 'ERROR 3', 'CONNECT', '+CEREG', '> '])('%j does not', (line) => {
    command('AT+CPIN?', '+CPIN:');
    feed(`\r\n${line}\r\n`);
    expect(kit.atResult()).toBe(AtResult.None);
  });

  test('a URC between command and answer, and in the middle of an answer, stays a URC', () => {
    command('AT+QIRD=0,1500', '+QIRD:');
    expect(feed('\r\n+QIURC: "recv",1\r\n\r\n+QIRD: 4\r\nOK\r\n\r\n+CEREG: 5\r\n\r\nOK\r\n')).toEqual([
      'urc +QIURC: "recv",1',
      'info +QIRD: 4',
      'data OK\r',
      'urc +CEREG: 5',
    ]);
    expect(kit.atResult()).toBe(AtResult.Ok);
  });

  test('any cutting gives the same result', () => {
    const text =
      '\r\nRDY\r\nAT+QIRD=0,1500\r\r\n+QIURC: "closed",1\r\n\r\n+QIRD: 9\r\nERROR\r\nOK\r\n\r\nOK\r\n\r\n+CPIN: READY\r\n';
    command('AT+QIRD=0,1500', '+QIRD:');
    const whole = feed(text);
    expect(whole).toHaveLength(6); // the data holds a line break
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 20 }), (cuts) => {
        kit.atReset();
        command('AT+QIRD=0,1500', '+QIRD:');
        const ends = [...cuts, text.length].sort((a, b) => a - b);
        const events = ends.flatMap((end, i) => feed(text.slice(ends[i - 1] ?? 0, end)));
        expect(events).toEqual(whole);
        expect(kit.atResult()).toBe(AtResult.Ok);
      }),
      { numRuns: 300 },
    );
  });

  test('sends a payload at the prompt and nowhere else', () => {
    kit.atSend(0, 1000, 'AT+QISEND=0,3', '', bytes('abc'));
    expect(sent()).toBe('AT+QISEND=0,3\r');
    expect(feed('\r\n+QIURC: "recv",0\r\n\r\nOK\r\n')).toEqual(['urc +QIURC: "recv",0']);
    expect(sent()).toBe('');
    feed('\r\n> ');
    expect(kit.atResult()).toBe(AtResult.None);
    expect(sent()).toBe('abc');
    expect(feed('\r\nOK\r\n\r\n+QIURC: "recv",0\r\n')).toEqual(['urc +QIURC: "recv",0']);
    expect(kit.atResult()).toBe(AtResult.None);
    feed('\r\nSEND OK\r\n');
    expect(kit.atResult()).toBe(AtResult.Ok);
  });

  test('a payload that comes back as echo holds no result codes', () => {
    const payload = 'x\r\nSEND OK\r\nERROR\r\n';
    kit.atSend(0, 1000, 'AT+QISEND=0,19', '', bytes(payload));
    feed('AT+QISEND=0,19\r\r\n> ');
    expect(sent()).toContain(payload);
    expect(feed(payload)).toEqual([]);
    expect(kit.atResult()).toBe(AtResult.None);
    feed('\r\nSEND FAIL\r\n');
    expect(kit.atResult()).toBe(AtResult.SendFail);
  });

  test('a line that is too long is dropped, the next one is read', () => {
    command('AT', '+X:');
    expect(feed(`+X: ${'y'.repeat(5000)}\r\n+X: 1\r\nOK\r\n`)).toEqual(['info +X: 1']);
    expect(kit.atResult()).toBe(AtResult.Ok);
  });

  describe('after a time-out', () => {
    /** The command, and then its deadline. */
    const late = (payload = none): void => {
      kit.atSend(0, 1000, 'AT+X', '', payload);
      sent();
      kit.atStep(999);
      expect(sent()).toBe('');
      kit.atStep(1000);
    };

    test('asks for what only the answer to the question can say', () => {
      late();
      expect(sent()).toBe('\x1b\rATE0Q0V1\r');
      feed('\r\nOK\r\n');
      kit.atStep(1010);
      expect(sent()).toBe('AT+CMEE?\r');
      feed('\r\n+CMEE: 1\r\n\r\nOK\r\n');
      kit.atStep(1020);
      expect(kit.atResult()).toBe(AtResult.Timeout);
    });

    test.each(['\r\nOK\r\n', '\r\nERROR\r\n', '\r\n+CME ERROR: 3\r\n', '\r\nSEND OK\r\n', '\r\n+X: 1\r\n\r\nOK\r\n'])(
      'the late answer %j, wherever it comes, is not taken for the answer of the next command',
      (answer) => {
        const dialogue = ['', '\r\nOK\r\n', '', '\r\n+CMEE: 1\r\n\r\nOK\r\n', ''];
        for (let place = 0; place < dialogue.length; place++) {
          kit.atReset();
          late();
          let now = 1000;
          let isNextSent = false;
          dialogue.forEach((text, i) => {
            // The modem answers in order: the late answer comes before those to later commands.
            kit.atFeed(bytes(i === place && !isNextSent ? answer + text : text));
            kit.atStep((now += 10));
            if (!kit.atIdle() || isNextSent) return;
            expect([place, kit.atResult()]).toEqual([place, AtResult.Timeout]);
            kit.atSend(now, 1000, 'AT+NEXT', '', none);
            isNextSent = true;
          });
          expect([place, isNextSent, kit.atResult()]).toEqual([place, true, AtResult.None]);
        }
      },
    );

    test('questions that are answered late are waited for, too', () => {
      late();
      sent();
      for (let now = 1000; now <= 5000; now += 500) kit.atStep(now);
      const questions = sent().split('AT+CMEE?').length - 1;
      expect(questions).toBeGreaterThan(0);
      // All at once: the first is the answer, the others must be gone before the next command.
      kit.atStep(5100);
      feed('\r\n+CMEE: 1\r\n\r\nOK\r\n');
      kit.atStep(5101);
      expect(kit.atIdle()).toBe(false);
      feed('\r\n+CMEE: 1\r\n\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n');
      kit.atStep(5102);
      let now = 5102;
      for (; !kit.atIdle(); now += 100) kit.atStep(now);
      expect(now).toBeLessThan(6000);
      expect(kit.atResult()).toBe(AtResult.Timeout);
    });

    test('a block that lost bytes is filled up with ESC', () => {
      late(new Uint8Array(300).fill(65));
      const text = sent();
      expect(text.startsWith('\x1b'.repeat(300) + '\r')).toBe(true);
    });

    test('a modem that stays silent ends it', () => {
      late();
      let now = 1000;
      for (; !kit.atIdle(); now += 100) kit.atStep(now);
      expect(kit.atResult()).toBe(AtResult.Silent);
      expect(now).toBeLessThan(10_000);
    });

    test('data that does not come to its end is given up', () => {
      expect(feed('+QIRD: 100\r\nabc')).toEqual(['urc +QIRD: 100']);
      kit.atStep(0);
      expect(kit.atDeadline()).toBe(5000);
      kit.atStep(5000);
      expect(kit.atDataLost()).toBe(true);
      expect(feed('\r\nRDY\r\n')).toEqual(['urc RDY']);
    });
  });

  test('random bytes in any phase: never a trap, and it comes back', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .constantFrom(
          '\r\nOK\r\n',
          '> ',
          '\r\n+QIRD: 12\r\n',
          '\r\n+QIRD: 99999\r\n',
          '+CMEE: 1\r\n',
          'SEND OK\r\n',
          '\r',
        )
        .map(bytes),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.nat(700)), { maxLength: 30 }), fc.boolean(), (pieces, withData) => {
        kit.atReset();
        let now = 0;
        kit.atSend(now, 1000, 'AT+QIRD=0,9', '+QIRD:', withData ? bytes('payload') : none);
        for (const [data, wait] of pieces) {
          kit.atFeed(data);
          kit.atOutput();
          kit.atStep((now += wait));
        }
        for (let i = 0; i < 400 && !kit.atIdle(); i++) kit.atStep((now += 100));
        expect(kit.atIdle()).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('sockets of the BG95 driver', () => {
  const request = bytes('GET / HTTP/1.1\r\nHost: h\r\n\r\n');

  test.each([
    ['buffer mode', false],
    ['push mode', true],
  ])('%s: bytes arrive whole, both ways', async (_what, push) => {
    const driver = new Driver(push);
    const answer = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(i % 251)).join('');
    driver.modem.serve = () => ({ text: answer, close: true });
    await driver.until(() => kit.bg95Ready());
    const handle = kit.bg95Open(bytes('beam.soracom.io'), 8888);
    await driver.until(() => kit.bg95Status(handle) === NetState.Open);
    expect(driver.modem.commands.at(-1)).toBe(`AT+QIOPEN=1,0,"TCP","beam.soracom.io",8888,0,${push ? 1 : 0}`);
    expect(kit.bg95Write(handle, request)).toBe(request.length);
    let received = Buffer.alloc(0);
    await driver.until(() => {
      received = Buffer.concat([received, kit.bg95Read(handle, 700)]);
      return kit.bg95Status(handle) === NetState.Ended;
    });
    expect(received.toString('latin1') === answer).toBe(true);
    kit.bg95Close(handle);
    expect(kit.bg95Status(handle)).toBe(Status.Invalid);
    await driver.until(() => driver.modem.openSockets === 0);
  });

  test('push mode: a reader that is too slow loses the connection, not single bytes', async () => {
    const driver = new Driver(true);
    driver.modem.serve = () => ({ text: 'x'.repeat(20_000) });
    await driver.until(() => kit.bg95Ready());
    const handle = kit.bg95Open(bytes('h'), 1);
    await driver.until(() => kit.bg95Status(handle) === NetState.Open);
    kit.bg95Write(handle, request);
    await driver.until(() => kit.bg95Status(handle) === Status.TooLong);
    expect(kit.bg95Read(handle, 10)).toHaveLength(0);
  });

  test('two at once, a third is refused', async () => {
    const driver = new Driver(false);
    await driver.until(() => kit.bg95Ready());
    const [a, b] = [kit.bg95Open(bytes('a'), 1), kit.bg95Open(bytes('b'), 2)];
    expect(kit.bg95Open(bytes('c'), 3)).toBe(Status.Busy);
    await driver.until(() => kit.bg95Status(a) === NetState.Open && kit.bg95Status(b) === NetState.Open);
    kit.bg95Close(a);
    await driver.until(() => kit.bg95Open(bytes('c'), 3) >= 0);
  });

  test('what would break out of the command is no host', async () => {
    new Driver(false);
    for (const host of ['a"b', 'a\r', 'a b', 'a,b', '', '\0', 'ü'])
      expect(kit.bg95Open(bytes(host), 80)).toBe(Status.Invalid);
    expect(kit.bg95Open(bytes('a'.repeat(64)), 80)).toBe(Status.TooLong);
    for (const port of [0, -1, 65_536]) expect(kit.bg95Open(bytes('a'), port)).toBe(Status.Invalid);
    for (const handle of [-1, 0, 1, 2, 1 << 30]) {
      expect(kit.bg95Status(handle)).toBe(Status.Invalid);
      expect(kit.bg95Write(handle, request)).toBe(Status.Invalid);
    }
  });
});
