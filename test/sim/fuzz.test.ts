// Nothing that comes in may trap the card, hang it, or make it give away what it keeps.

import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../host/board/store.js';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { SECOND } from '../../host/clock/clock.js';
import { Random } from '../../host/random.js';
import { atrLength, parseAtr } from '../../host/sim/atr.js';
import { AtrError } from '../../host/sim/index.js';
import { AID, ATR, Bench, K, OPC, challenge, module, storeOf } from './card.js';
import { STATUS_WORD, hostileCommands, noisyLine, someCommand, traps } from './hostile.js';

/** Everything the card keeps to itself, in hexadecimal. */
const SECRETS = [K, OPC, '3132333435363738', '3838383838383838'];

describe('commands', () => {
  it.each(['t0', 'direct'] as const)(
    'each is answered by a status word of the table: %s',
    { timeout: 120_000 },
    async (link) => {
      const seed = `commands-${link}`;
      const random = new Random(seed);
      const count = link === 't0' ? 2_000 : 20_000;
      const bench = new Bench({ link, store: storeOf({ pin1Enabled: true, pin1: '1234' }) });
      await bench.powerOn();
      for (let i = 0; i < count; i++) {
        if (i % 97 === 0) {
          await bench.reset();
          await bench.send(`00a4040c10${AID}`);
          await bench.send('0020000108 31323334ffffffff');
        }
        const command = someCommand(random);
        const answer = await bench.send(toHex(command));
        const why = `seed ${seed}, command ${i}: ${toHex(command)} -> ${answer}`;
        expect(answer.slice(-4), why).toMatch(STATUS_WORD);
        for (const secret of SECRETS) expect(answer.includes(secret), why).toBe(false);
      }
      expect(traps(bench)).toEqual([]);
    },
  );

  it('random and mutated ones leave no key in an answer or in memory', { timeout: 120_000 }, () =>
    hostileCommands('hostile', 40_000),
  );

  it('APDUs of any length and content do not trap the direct call', async () => {
    const seed = 'raw-1';
    const random = new Random(seed);
    const bench = new Bench({ link: 'direct' });
    await bench.powerOn();
    for (let i = 0; i < 5_000; i++) {
      const command = random.bytes(random.below(262));
      expect((await bench.send(toHex(command))).slice(-4), `seed ${seed}, ${i}`).toMatch(STATUS_WORD);
    }
    expect(traps(bench)).toEqual([]);
  });
});

describe('the line', () => {
  it('garbage at any time: no trap, and after reset the card answers', { timeout: 120_000 }, () =>
    noisyLine('garbage', 100_000),
  );

  it('garbage right after reset, in place of PPS and before the ATR is out', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(`early-${seed}`);
      const bench = new Bench();
      const { line } = bench.slot;
      const { terminal } = line;
      line.terminal = undefined;
      bench.slot.powerOn();
      await bench.clock.run({ deadline: bench.clock.now() + random.below(0.001 * SECOND) });
      bench.slot.rstHigh();
      await bench.clock.run({ deadline: bench.clock.now() + random.below(0.03 * SECOND) });
      line.send(
        concat(Uint8Array.of(random.below(2) === 0 ? 0xff : random.below(256)), random.bytes(random.below(40))),
      );
      await bench.clock.run({ deadline: bench.clock.now() + 0.1 * SECOND });
      line.terminal = terminal;
      expect(traps(bench), `seed early-${seed}`).toEqual([]);
      expect(await bench.powerOn(), `seed early-${seed}`).toBe(ATR);
    }
  });

  it('a noisy line ends in an answer or a CardError, never in a hang', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(`noise-${seed}`);
      const bench = new Bench();
      bench.slot.line.noise = () => (random.below(40) === 0 ? random.below(512) : 0);
      const settled = bench.powerOn().then(
        () => bench.send(`00a4040410${AID}`),
        (error: unknown) => Promise.reject(error instanceof Error ? error : new Error(String(error))),
      );
      await settled.catch((error: Error) => expect(error.name, `seed noise-${seed}`).toBe('CardError'));
      bench.slot.line.noise = undefined;
      expect(await bench.powerOn()).toBe(ATR);
    }
  });
});

describe('a store that is wrong', () => {
  const COMMANDS = [
    '00a40004023f00',
    `00a4040410${AID}`,
    '00a40004026f07',
    '00b0000009',
    '00a40004022f00',
    '00b2010426',
    '80f2000000',
    '0020000100',
    '0020000108 31323334ffffffff',
    challenge('00'.repeat(16), '11'.repeat(16)),
    '00d600000101',
  ];

  it('that is empty gives a card that answers its ATR and refuses', async () => {
    for (const link of ['t0', 'direct'] as const) {
      const bench = new Bench({ store: new MemoryStore(), link });
      expect(await bench.powerOn()).toBe(ATR);
      expect(await bench.statusWords(...COMMANDS)).toEqual([
        ...['6a82', '6a82', '6a82', '6986', '6a82', '6986', '6985', '6a88', '6a88', '6985', '6986'],
      ]);
    }
  });

  it('that is damaged anywhere never traps', () => {
    return Promise.all(
      Array.from({ length: 300 }, async (_, seed) => {
        const random = new Random(`store-${seed}`);
        const good = [...storeOf().entries()];
        const values = good.map(([key, value]): [number, Uint8Array] => {
          // The four values with structure are hit more often than the files.
          if (random.below(key < 256 ? 3 : 20) !== 0) return [key, value];
          const copy = Uint8Array.from(value);
          for (let hits = 1 + random.below(4); hits > 0; hits--) copy[random.below(copy.length)] = random.below(256);
          const cut = random.below(4) === 0 ? random.below(copy.length) : copy.length;
          return [key, random.below(6) === 0 ? random.bytes(random.below(5000)) : copy.slice(0, cut)];
        });
        const bench = new Bench({ store: new MemoryStore({ values, capacity: 1e6 }), link: 'direct' });
        expect(await bench.powerOn()).toBe(ATR);
        const words = await bench.statusWords(...COMMANDS);
        for (let i = 0; i < 50; i++) words.push(...(await bench.statusWords(toHex(someCommand(random)))));
        for (const word of words) expect(word, `seed store-${seed}`).toMatch(STATUS_WORD);
        expect(traps(bench), `seed store-${seed}`).toEqual([]);
      }),
    );
  });
});

describe('memory of the card', () => {
  it('holds no key, PIN or result after the command that used it', async () => {
    const bench = await new Bench({ store: storeOf({ pin1: '1234', pin1Enabled: true }) }).usim();
    const memory = (): string => {
      const exports = bench.slot.card?.exports;
      if (exports === undefined) throw new Error('the card is off');
      return Buffer.from(exports.memory.buffer).toString('hex');
    };
    const found = (...secrets: string[]): string[] => secrets.filter((secret) => memory().includes(secret));
    const pins = ['31323334ffffffff', '3132333435363738', '3838383838383838'];
    await bench.send('0020000108 31323334ffffffff');
    expect(found(...pins)).toEqual([]);
    await bench.send('0020000108 39393939ffffffff');
    expect(found('39393939', ...pins)).toEqual([]);
    await bench.send('0020000108 31323334ffffffff');

    // TS 35.207 test set 1; RES, CK, IK and their first halves. A wrong MAC first.
    const rand = '23553cbe9637a89d218ae64dae47bf35';
    const results = ['a54211d5e3ba50bf', 'b40ba9a3c58b2a05', 'f769bcd751044604', 'aa689c648370'];
    expect(await bench.send(challenge(rand, '00'.repeat(16)))).toBe('9862');
    expect(found(K, K.slice(0, 16), OPC, OPC.slice(0, 16), ...results)).toEqual([]);
  });

  it('forgets RES, CK and IK once they were fetched, or when another command drops them', async () => {
    const rand = '23553cbe9637a89d218ae64dae47bf35';
    const autn = '55f328b43577b9b94a9ffac354dfafb3'; // SQN ff9bb4d0b607 xor AK, AMF b9b9, MAC: TS 35.207 test set 1
    const results = ['a54211d5e3ba50bf', 'b40ba9a3c58b2a05bbf0d987b21bf8cb', 'f769bcd751044604127672711c6d3441'];
    for (const next of ['00c000002c', '00a40004023f00', 'a0c0000000']) {
      const bench = await new Bench({ store: storeOf({ cardSqn: 'ff9bb4d0b5e7' }) }).usim();
      expect(await bench.send(challenge(rand, autn))).toBe('612c');
      await bench.send(next);
      const exports = bench.slot.card?.exports;
      const memory = Buffer.from(exports?.memory.buffer ?? new ArrayBuffer(0)).toString('hex');
      expect(memory).toHaveLength(2 * 65_536);
      for (const secret of [K, OPC, ...results]) expect(memory.includes(secret), `${secret} after ${next}`).toBe(false);
    }
  });
});

describe('parseAtr', () => {
  it('takes random bytes apart or throws AtrError', () => {
    const random = new Random('atr-1');
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.below(40));
      if (random.below(4) > 0) bytes[0] = 0x3b;
      try {
        const wanted = atrLength(bytes);
        const atr = parseAtr(wanted <= bytes.length ? bytes.slice(0, wanted) : bytes);
        expect(atr.protocols.length).toBeGreaterThan(0);
      } catch (error) {
        expect(error, `atr-1, ${i}: ${toHex(bytes)}`).toBeInstanceOf(AtrError);
      }
    }
  });

  it('reads real ATRs', () => {
    const atr = parseAtr(fromHex(ATR));
    expect(atr).toMatchObject({ ta1: 0x95, extraGuard: 0, waitingInteger: 10, specific: false, protocols: [0] });
    expect(toHex(atr.historical)).toBe('8031e073fe210066414b4153494d');
    expect(parseAtr(fromHex('3b9f96801f878031e073fe211b674a4c753034054ba9')).ta1).toBe(0x96);
    expect(() => parseAtr(fromHex('3b9f96801f878031e073fe211b674a4c753034054ba8'))).toThrow('TCK');
    expect(() => parseAtr(fromHex('3f00'))).toThrow('direct convention');
    expect(() => parseAtr(fromHex('3b9e95'))).toThrow('expected');
  });
});

describe('the program', () => {
  it('is one module for all tests, with no more than the board asked of it', () => {
    expect(
      WebAssembly.Module.imports(module)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['clock_ms', 'store_read', 'store_write', 'uart_events', 'uart_open', 'uart_read', 'uart_write'].sort());
  });
});
