import { describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import type { WriteFate } from '../../host/board/store.js';
import { MINUTE, MS, SECOND } from '../../host/clock/clock.js';
import { Random } from '../../host/random.js';
import { ok, Rig } from './rig.js';
import type { Answer, Fate } from './scripted-modem.js';

const answer = (status: string, headers = ''): Answer => ({
  text: `HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\n\r\n`,
});
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Runs until the readings 0..n-1 have been accepted, each under one id and in order. */
async function expectAll(rig: Rig, n: number, seconds: number, what = ''): Promise<void> {
  await rig.runUntil(() => rig.distinct.length >= n, seconds);
  expect([what, ...rig.faults()]).toEqual([what]);
  expect([what, ...rig.distinct.slice(0, n).map(({ seq }) => seq)]).toEqual([what, ...upTo(n)]);
}

describe('beam-telemetry with a modem that behaves', () => {
  test.each(['debug', 'release'] as const)('brings the modem up and sends a reading a minute (%s)', async (kind) => {
    const rig = new Rig({ kind });
    rig.board.powerOn();
    await rig.run(3 * 60 + 30);
    expect(rig.faults()).toEqual([]);
    expect(rig.accepted.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    expect(rig.log).toEqual([
      'beam-telemetry: started',
      'reading 0: 21.5 C',
      'modem: answers',
      'modem: waiting for the SIM',
      'modem: SIM ready, waiting for the network',
      'modem: registered',
      'modem: activating the context',
      'modem: online',
      ...upTo(4).flatMap((seq) => [
        ...(seq > 0 ? [`reading ${seq}: 21.5 C`] : []),
        expect.stringMatching(`^beam: delivered ${seq}, status 200, \\d+ ms, waiting 0$`),
      ]),
    ]);
  });

  test('a request is a POST to Beam with the id of the reading as x-message-id', async () => {
    const rig = new Rig();
    rig.millivolts = 487;
    rig.board.powerOn();
    await expectAll(rig, 2, 120);
    const [, request] = rig.requests;
    const [, reading] = rig.accepted;
    expect(request?.head).toBe('POST /telemetry HTTP/1.1');
    expect(request?.headers).toEqual({
      host: 'beam.soracom.io:8888',
      'content-type': 'application/json',
      'content-length': String(request?.body.length),
      'x-message-id': reading?.id,
    });
    expect(reading?.id).toMatch(/^[0-9a-f]{16}-1$/);
    expect(reading?.temperature).toBe(-1.3);
  });

  test('takes the time from the network, and sends without time as long as nobody knows it', async () => {
    const rig = new Rig();
    rig.board.powerOn();
    await expectAll(rig, 2, 120);
    expect(rig.accepted[0]?.t).toBeUndefined();
    // 60 s after the start, and the modem told 18:41:50 a fraction of a second after it.
    expect(rig.accepted[1]?.t).toBeGreaterThan(Date.UTC(2026, 10, 23, 18, 42, 49));
    expect(rig.accepted[1]?.t).toBeLessThan(Date.UTC(2026, 10, 23, 18, 42, 51));
    for (const time of ['""', '"2026/13/45,99:99:99+36,0"', '"80/01/06,00:00:00"', '', '"20']) {
      const clueless = new Rig();
      clueless.modem.time = time;
      clueless.board.powerOn();
      await expectAll(clueless, 2, 120);
      expect(clueless.accepted[1]?.t).toBeUndefined();
    }
  });

  test("prefers the board's own clock", async () => {
    const rig = new Rig({ knowsTime: true });
    rig.board.powerOn();
    await expectAll(rig, 1, 60);
    expect(rig.accepted[0]?.t).toBe(Date.UTC(2026, 10, 23));
  });

  test('a modem that cannot be told to stop the echo', async () => {
    const rig = new Rig();
    rig.modem.echoOff = false;
    rig.board.powerOn();
    await expectAll(rig, 3, 200);
    expect(rig.requests).toHaveLength(3);
  });

  test('a board without the sensor says so and sends nothing', async () => {
    const rig = new Rig();
    rig.millivolts = undefined;
    rig.board.powerOn();
    await rig.run(70);
    expect(rig.log.filter((line) => line === 'no sensor')).toHaveLength(2);
    expect(rig.requests).toEqual([]);
  });

  test('several waiting readings go over one connection', async () => {
    const rig = new Rig();
    rig.modem.stat = 2;
    rig.board.powerOn();
    await rig.run(4 * 60 + 30);
    rig.modem.stat = 1;
    await expectAll(rig, 5, 30);
    expect(rig.modem.commands.filter((command) => command.startsWith('AT+QIOPEN'))).toHaveLength(1);
  });
});

describe('lines that come in between', () => {
  const happyPlaces = async (): Promise<number> => {
    const rig = new Rig();
    rig.modem.interject = () => undefined;
    rig.board.powerOn();
    await expectAll(rig, 2, 120);
    return rig.modem.places;
  };

  test.each([
    '+QIURC: "recv",7',
    '+CEREG: 1,"1A2B","01C3D404",8',
    '+QIURC: "closed",11',
    '+QIOPEN: 9,0',
    '+QIND: SMS DONE',
    'OKAY',
    'x'.repeat(1000),
    '+QIURC: "recv",99999999999999999999',
    '+QIURC: "pdpdeact",2',
    '+CPIN: READY',
  ])('%s at each place of the dialogue changes nothing', async (line) => {
    const places = await happyPlaces();
    expect(places).toBeGreaterThan(40);
    for (let place = 0; place < places; place++) {
      const rig = new Rig({ kind: 'release' });
      rig.modem.interject = (at) => (at === place ? line : undefined);
      rig.board.powerOn();
      await expectAll(rig, 2, 75, `place ${place}`);
      expect(rig.requests).toHaveLength(2);
    }
  });

  test('what looks like a prompt where one is awaited costs one connection at most', async () => {
    const places = await happyPlaces();
    for (let place = 0; place < places; place++) {
      const rig = new Rig({ kind: 'release' });
      rig.modem.interject = (at) => (at === place ? '> not a prompt' : undefined);
      rig.board.powerOn();
      await expectAll(rig, 3, 10 * 60, `place ${place}`);
    }
  });

  test('all of them everywhere', async () => {
    const rig = new Rig();
    rig.modem.interject = (at) => ['+QIURC: "recv",7', '+CEREG: 1,"1A2B","01C3D404",8', '+QIOPEN: 9,0'][at % 3];
    rig.board.powerOn();
    await expectAll(rig, 3, 150);
    expect(rig.requests).toHaveLength(3);
  });

  test('bodies that look like the modem are data', async () => {
    const body = '\r\nOK\r\nERROR\r\n+QIURC: "closed",0\r\n+CME ERROR: 3\r\nRDY\r\nSEND OK\r\n> \r\n+QIRD: 5\r\n';
    const rig = new Rig();
    rig.policy = () => ({ text: `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}` });
    rig.board.powerOn();
    await expectAll(rig, 4, 200);
    expect(rig.requests).toHaveLength(4);
  });
});

describe('a fault at each step of the dialogue', () => {
  const steps = async (): Promise<readonly string[]> => {
    const rig = new Rig();
    rig.board.powerOn();
    await expectAll(rig, 2, 120);
    return rig.modem.commands;
  };

  test.each(['silent', 'reboot', 'error'] satisfies Fate[])('%s once', async (fate) => {
    const commands = await steps();
    for (const [at, command] of commands.entries()) {
      const rig = new Rig({ kind: 'release' });
      rig.modem.fate = (step) => (step === at ? fate : 'ok');
      rig.board.powerOn();
      await expectAll(rig, 3, 30 * 60, `step ${at}: ${command}`);
    }
  });

  test('the modem restarts at any moment, in the middle of a command, of sent data, of received data', async () => {
    for (let at = 0; at < 1_700; at += 9) {
      const rig = new Rig({ kind: 'release' });
      rig.clock.at(at * MS + 500 * MS, () => rig.modem.reboot());
      rig.board.powerOn();
      await expectAll(rig, 2, 10 * 60, `at ${at} ms`);
    }
  });

  test.each(['RDY', 'APP RDY', 'POWERED DOWN'])('%s tells of a restart, which costs seconds', async (word) => {
    const rig = new Rig();
    rig.board.powerOn();
    await rig.run(30);
    rig.modem.urc(word);
    await rig.run(5);
    expect(rig.log.filter((line) => line === 'modem: online')).toHaveLength(2);
    await expectAll(rig, 2, 60);
  });

  test('the network takes the context away at any moment', async () => {
    for (let at = 0; at < 1_700; at += 23) {
      const rig = new Rig({ kind: 'release' });
      rig.clock.at(at * MS + 500 * MS, () => rig.modem.dropContext());
      rig.board.powerOn();
      await expectAll(rig, 2, 10 * 60, `at ${at} ms`);
    }
  });

  test('the wire is cut for a while at any moment', async () => {
    for (let at = 0; at < 1_700; at += 31) {
      const rig = new Rig({ kind: 'release' });
      rig.clock.at(at * MS + 500 * MS, () => rig.line.near.cut(true));
      rig.clock.at(at * MS + 900 * MS, () => rig.line.near.cut(false));
      rig.board.powerOn();
      await expectAll(rig, 2, 15 * 60, `at ${at} ms`);
    }
  });

  test('every 37th command is not answered', async () => {
    const rig = new Rig();
    rig.modem.fate = (step) => (step % 37 === 36 ? 'silent' : 'ok');
    rig.board.powerOn();
    await expectAll(rig, 30, 60 * 60);
  });
});

describe('what the far end does', () => {
  test.each([
    ['closes without an answer', { text: '', close: true }],
    ['cuts the status line short', { text: 'HTTP/1.1 20', close: true }],
    ['cuts the headers short', { text: 'HTTP/1.1 500 X\r\nContent-Le', close: true }],
    ['cuts the body short', { text: 'HTTP/1.1 500 X\r\nContent-Length: 10\r\n\r\n1234', close: true }],
    ['cuts a chunk short', { text: 'HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n1234', close: true }],
    ['never answers', { text: '' }],
    ['answers half and waits', { text: 'HTTP/1.1 500 X\r\nContent-Length: 10\r\n\r\n1234' }],
    ['does not speak HTTP', { text: 'SSH-2.0-OpenSSH_9.6\r\n' }],
    ['answers 500', answer('500 Internal Server Error')],
    ['answers 502', answer('502 Bad Gateway')],
    ['answers 503 for a while', answer('503 Service Unavailable', 'Retry-After: 30\r\n')],
    ['answers 408', answer('408 Request Timeout')],
    ['answers 429', answer('429 Too Many Requests')],
    ['answers 400', answer('400 Bad Request')],
    ['answers 301', answer('301 Moved Permanently', 'Location: http://other/\r\n')],
  ])('%s: the reading is sent again with the same id, later ones wait for it', async (_what, first: Answer) => {
    const rig = new Rig();
    rig.policy = (_request, n) => (n < 2 ? first : ok);
    rig.board.powerOn();
    await expectAll(rig, 3, 20 * 60);
    const ids = rig.requests.map(({ headers }) => headers['x-message-id']);
    expect(ids.slice(0, 3)).toEqual([ids[0], ids[0], ids[0]]);
    expect(new Set(ids).size).toBe(rig.distinct.length);
  });

  test('200 whose body is cut short counts as no answer', async () => {
    const rig = new Rig();
    rig.policy = (_request, n) =>
      n === 0 ? { text: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12', close: true } : ok;
    rig.board.powerOn();
    await expectAll(rig, 2, 10 * 60);
    expect(rig.accepted.map(({ seq }) => seq)).toEqual([0, 0, 1]);
  });

  test('200 with more than the device can take counts as an answer', async () => {
    const rig = new Rig();
    rig.policy = () => ({ text: `HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${'x'.repeat(5000)}` });
    rig.board.powerOn();
    await expectAll(rig, 3, 150);
    expect(rig.requests).toHaveLength(3);
  });

  test('Retry-After is obeyed', async () => {
    const rig = new Rig();
    const times: number[] = [];
    rig.policy = (_request, n) => {
      times.push(rig.clock.now());
      return n === 0 ? answer('503 Service Unavailable', 'Retry-After: 40\r\n') : ok;
    };
    rig.board.powerOn();
    await expectAll(rig, 1, 120);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(40 * SECOND);
  });

  test('a kept connection that the server has closed meanwhile', async () => {
    const rig = new Rig();
    rig.modem.stat = 2;
    rig.board.powerOn();
    await rig.run(3 * 60 + 30);
    rig.modem.stat = 1;
    rig.policy = (_request, n) => (n === 1 ? { text: '', close: true } : ok);
    await expectAll(rig, 4, 20);
    expect(rig.log.filter((line) => line.startsWith('beam: no success'))).toEqual([]);
  });

  test('the name is unknown, the connection refused, the number in use: tried again until it works', async () => {
    for (const error of [565, 566, 563, 561, 550, 554]) {
      const rig = new Rig();
      rig.modem.openError = error;
      rig.clock.at(4 * MINUTE, () => (rig.modem.openError = 0));
      rig.board.powerOn();
      await expectAll(rig, 6, 30 * 60, `error ${error}`);
      expect(rig.modem.openSockets).toBeLessThanOrEqual(1);
    }
  });

  test('a destination that refuses for hours: one try at a time, ever more seldom, and nothing is lost', async () => {
    const rig = new Rig();
    rig.policy = () => (rig.clock.now() < 60 * MINUTE ? answer('400 Bad Request') : ok);
    rig.board.powerOn();
    await rig.run(60 * 60);
    expect(rig.requests.length).toBeGreaterThan(12);
    expect(rig.requests.length).toBeLessThan(30);
    await expectAll(rig, 61, 10 * 60);
  });
});

describe('an outage', () => {
  test.each([
    [
      'of the network',
      (rig: Rig, down: boolean) => {
        rig.modem.stat = down ? 2 : 1;
        if (down) rig.modem.dropContext();
        else rig.modem.urc('+CEREG: 1');
      },
    ],
    [
      'that denies the registration',
      (rig: Rig, down: boolean) => {
        rig.modem.stat = down ? 3 : 1;
        if (down) {
          rig.modem.urc('+CEREG: 3,,,,0,15');
          rig.modem.dropContext();
        }
      },
    ],
    [
      'of the name service',
      (rig: Rig, down: boolean) => {
        rig.modem.openError = down ? 565 : 0;
      },
    ],
    [
      'of the wire',
      (rig: Rig, down: boolean) => {
        rig.line.near.cut(down);
      },
    ],
    [
      'of the destination',
      (rig: Rig, down: boolean) => {
        rig.policy = () => (down ? answer('502 Bad Gateway') : ok);
      },
    ],
    [
      'that swallows answers',
      (rig: Rig, down: boolean) => {
        rig.policy = () => (down ? undefined : ok);
      },
    ],
  ])('%s for an hour: afterwards all readings arrive, once and in order', async (_what, turn) => {
    const rig = new Rig({ kind: 'release' });
    rig.board.powerOn();
    await rig.run(90);
    turn(rig, true);
    await rig.run(60 * 60);
    expect(rig.distinct).toHaveLength(2);
    turn(rig, false);
    await expectAll(rig, 65, 15 * 60);
    expect(rig.accepted).toHaveLength(rig.distinct.length);
  });

  test('for longer than the queue is: the oldest are dropped and counted, the newest 96 arrive', async () => {
    const rig = new Rig({ kind: 'release' });
    rig.modem.stat = 2;
    rig.board.powerOn();
    await rig.run(150 * 60 + 30);
    rig.modem.stat = 1;
    await rig.runUntil(() => rig.distinct.length === 96, 9 * 60);
    expect(rig.faults()).toEqual([]);
    expect(rig.distinct[0]?.seq).toBeGreaterThanOrEqual(55);
    expect(rig.log.filter((line) => line.startsWith('outbox: full, dropped'))).toHaveLength(rig.distinct[0]?.seq ?? 0);
  });
});

describe('power cuts and a failing store', () => {
  /** Ids of the messages that some write put into the store. */
  function watchStore(rig: Rig, fate: (write: number) => WriteFate): Set<string> {
    const stored = new Set<string>();
    rig.store.fate = (write, _key, value) => {
      const result = fate(write);
      const body = Buffer.from(value).toString('latin1');
      const id = /\{"id":"([^"]+)"/.exec(body)?.[1];
      if (id !== undefined && (result === 'done' || result === 'cut-after')) stored.add(id);
      return result;
    };
    return stored;
  }

  async function restartWhenOff(rig: Rig, seconds: number): Promise<void> {
    await rig.runUntil(() => rig.board.exports === undefined, seconds);
    await rig.run(1);
    rig.board.powerOn();
  }

  test.each(['cut-before', 'cut-after'] as const)('power is %s each store write', async (cut) => {
    for (let write = 0; write < 8; write++) {
      const rig = new Rig({ kind: 'release' });
      const stored = watchStore(rig, (n) => (n === write ? cut : 'done'));
      rig.board.powerOn();
      await restartWhenOff(rig, 6 * 60);
      await rig.run(4 * 60 + 30);
      expect([write, ...rig.faults()]).toEqual([write]);
      expect(rig.log.filter((line) => line === 'beam-telemetry: started')).toHaveLength(2);
      expect(new Set(rig.distinct.map(({ id }) => id))).toEqual(stored);
      // A reading that was taken and not stored is the only one that may be missing, and its number is taken again.
      expect(rig.distinct.map(({ seq }) => seq)).toEqual(upTo(rig.distinct.length));
    }
  });

  test('power is cut at each step of the dialogue', async () => {
    const happy = new Rig();
    happy.board.powerOn();
    await expectAll(happy, 2, 120);
    for (const [at, command] of happy.modem.commands.entries()) {
      const rig = new Rig({ kind: 'release' });
      const stored = watchStore(rig, () => 'done');
      rig.modem.fate = (step) => {
        if (step === at) rig.clock.after(0, () => rig.board.powerOff());
        return 'ok';
      };
      rig.board.powerOn();
      await restartWhenOff(rig, 120);
      await rig.run(4 * 60);
      const what = `step ${at}: ${command}`;
      expect([what, ...rig.faults()]).toEqual([what]);
      expect(new Set(rig.distinct.map(({ id }) => id))).toEqual(stored);
    }
  });

  test('a store that fails for ten minutes: nothing is lost as long as there is power', async () => {
    for (const status of [Status.Io, Status.NoSpace] as const) {
      const rig = new Rig();
      watchStore(rig, () => (rig.clock.now() < 10 * MINUTE ? status : 'done'));
      rig.policy = () => (rig.clock.now() < 5 * MINUTE ? undefined : ok);
      rig.board.powerOn();
      await expectAll(rig, 14, 16 * 60);
      await rig.run(15);
      // What was not stored in time is stored later: after a restart nothing is sent again.
      rig.board.powerOff();
      rig.board.powerOn();
      await rig.run(90);
      expect(rig.accepted).toHaveLength(rig.distinct.length);
      expect(rig.faults()).toEqual([]);
    }
  });

  test('ids differ even when the store was lost', async () => {
    const rig = new Rig();
    rig.board.powerOn();
    await expectAll(rig, 1, 60);
    const other = new Rig({ seed: 'another start' });
    other.board.powerOn();
    await expectAll(other, 1, 60);
    expect(other.accepted[0]?.id).not.toBe(rig.accepted[0]?.id);
  });

  test('whatever the store holds: no trap, and it goes on', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(`store ${seed}`);
      const rig = new Rig({ kind: 'release', seed: String(seed) });
      for (let i = 0; i < 96; i++) {
        const value = random.bytes(random.below(250));
        // Half of them pass as records of this queue.
        if (i % 2 === 0 && value.length >= 32) {
          value.set(Buffer.from('AOB1'), 0);
          Buffer.from(value.buffer).writeUInt32LE(96 * random.below(1000) + i, 4);
          if (i % 4 === 0) value.set([value.length - 32, 0, 0, 0, 1, 0, 0, 0], 20);
        }
        rig.store.write(0x4f00 + i, value);
      }
      rig.policy = (_request, n) => (n < 0 ? undefined : answer('400 Bad Request'));
      rig.board.powerOn();
      await rig.run(70);
      expect([seed, ...rig.traps]).toEqual([seed]);
      expect(rig.log.filter((line) => line.startsWith('reading '))).toHaveLength(2);
    }
  });
});

describe('garbage on the line', () => {
  const words = [
    'OK',
    'ERROR',
    'SEND OK',
    'SEND FAIL',
    '> ',
    'RDY',
    '+CME ERROR: 3',
    '+CME ERROR: 99999999999',
    '+CEREG: ',
    '+CEREG: 3,,,,0,7',
    '+QIRD: ',
    '+QIRD: 1500',
    '+QIRD: -1',
    '+QIRD: 99999999',
    '+QIURC: "recv",0',
    '+QIURC: "recv",0,1500',
    '+QIURC: "closed",0',
    '+QIURC: "closed",1',
    '+QIURC: "pdpdeact",1',
    '+QIOPEN: 0,0',
    '+QIOPEN: 0,563',
    '+QIOPEN: 1,0',
    '+CPIN: SIM PIN',
    '+QLTS: "2026/',
    '+QIACT: 1,1',
    '+CMEE: 1',
    'APP RDY',
    '\r',
    '\n',
    '"',
    ',',
    '\0',
  ];

  test('from anywhere at any time, 300 seeds: never a trap, and afterwards all goes on', async () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(`garbage ${seed}`);
      const rig = new Rig({ kind: seed % 10 === 0 ? 'debug' : 'release', seed: String(seed) });
      const bursts = 1 + random.below(40);
      for (let i = 0; i < bursts; i++) {
        const bytes =
          random.below(2) === 0
            ? random.bytes(1 + random.below(300))
            : Buffer.from(
                upTo(1 + random.below(6))
                  .map(() => `\r\n${words[random.below(words.length)] ?? ''}\r\n`)
                  .join(''),
              );
        const end = random.below(8) === 0 ? rig.line.far : rig.line.near;
        rig.clock.at((500 + random.below(90_000)) * MS, () => end.inject(bytes));
      }
      rig.board.powerOn();
      await rig.run(100);
      const before = rig.distinct.length;
      // A false word may cost a connection or a restart of the modem; after that it works.
      const on = await rig.runUntil(
        () => rig.distinct.length >= before + 3 && rig.log.at(-1)?.includes('waiting 0') === true,
        40 * 60,
      );
      expect([seed, on, ...rig.traps]).toEqual([seed, true]);
    }
  });
});
