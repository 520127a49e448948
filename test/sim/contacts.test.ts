import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Secret } from '../../host/secret.js';
import { Random } from '../../host/random.js';
import { SECOND } from '../../host/clock/clock.js';
import { MemoryStore } from '../../host/board/store.js';
import { releaseBinary } from '../../host/package-root.js';
import { CardError } from '../../host/sim/index.js';
import { type Procedure, exchangeTpdu, toTpdu } from '../../host/sim/t0.js';
import { toJsonLine } from '../../host/trace/json-lines.js';
import { AID, ATR, Bench, challenge, storeOf } from './card.js';

const F = 4_000_000;
const clocks = (count: number): number => (count * SECOND) / F;

/** Leading edges of the characters on the line, as clocks since `from`. */
function watchLine(bench: Bench): { from: string; byte: number; attempt: number; judged: number }[] {
  const seen: ReturnType<typeof watchLine> = [];
  bench.slot.line.noise = (character) => {
    seen.push({ ...character, judged: bench.clock.now() });
    return 0;
  };
  return seen;
}

describe('reset', () => {
  it('cold: the ATR comes 400 to 40,000 clocks after RST, its characters 12 etu apart', async () => {
    const bench = new Bench({ terminal: { pps: false } });
    const seen = watchLine(bench);
    expect(await bench.powerOn()).toBe(ATR);
    const reset = bench.events.find((event) => event.type === 'contact' && event.event === 'reset')?.t ?? NaN;
    const on = bench.events.find((event) => event.type === 'contact' && event.event === 'power-on')?.t ?? NaN;
    expect(reset - on).toBeGreaterThanOrEqual(clocks(400));
    const edges = seen.map(({ judged }) => judged - clocks(10.5 * 372));
    expect((edges[0] ?? 0) - reset).toBeGreaterThanOrEqual(clocks(400) - 1);
    expect((edges[0] ?? 0) - reset).toBeLessThanOrEqual(clocks(40_000));
    for (let i = 1; i < edges.length; i++) {
      expect((edges[i] ?? 0) - (edges[i - 1] ?? 0)).toBeGreaterThanOrEqual(clocks(12 * 372) - 2);
    }
  });

  it('warm: selection and PIN state are lost', async () => {
    const bench = await new Bench({ store: storeOf({ pin1Enabled: true }) }).usim();
    await bench.send('0020000108 31323334ffffffff');
    expect(await bench.statusWords('00b0870009')).toEqual(['9000']);
    expect(await bench.reset()).toBe(ATR);
    expect(await bench.statusWords('00b0870009', `00a4040c10${AID}`, '00b0870009')).toEqual(['6a82', '9000', '6982']);
  });

  it('agrees on 32 clocks per etu by PPS, and talks eight times as fast', async () => {
    const bench = new Bench();
    const seen = watchLine(bench);
    await bench.powerOn();
    expect(toHex(Uint8Array.from(seen.map(({ byte }) => byte)))).toBe(`${ATR}ff10957aff10957a`);
    seen.length = 0;
    await bench.send('00a40004023f00');
    const [a, b] = seen.map(({ judged }) => judged);
    expect((b ?? 0) - (a ?? 0)).toBeCloseTo(clocks(12 * 32), -1);
  });

  it.each([
    ['ff10947b', 'ff10947b'],
    ['ff1011fe', 'ff1011fe'],
    ['ff109679', 'ff00ff'], // faster than TA1: stay at the default
    ['ff00ff', 'ff00ff'],
    ['ff3095005a', 'ff10957a'], // PPS2 is not for this card
    ['ff10957b', ''], // PCK
    ['ff11957b', ''], // T=1
  ])('answers the PPS request %s with "%s"', async (request, answer) => {
    const bench = new Bench({ terminal: { pps: false } });
    await bench.powerOn();
    const got: number[] = [];
    const terminal = bench.slot.line.terminal;
    bench.slot.line.terminal = {
      ...{ sent: () => undefined, failed: () => undefined, repeating: () => undefined },
      received: (bytes) => got.push(...bytes),
    };
    bench.slot.line.send(fromHex(request));
    await bench.clock.run({ deadline: bench.clock.now() + SECOND });
    expect(toHex(Uint8Array.from(got))).toBe(answer);
    bench.slot.line.terminal = terminal;
    expect(await bench.reset()).toBe(ATR);
  });

  it('an empty slot is no-card, a mute card is mute, and commands need power', async () => {
    const bench = new Bench();
    await expect(bench.send('00a40000023f00')).rejects.toMatchObject({ code: 'mute' });
    await expect(bench.reset()).rejects.toMatchObject({ code: 'mute' });
    bench.slot.insert({ module: releaseBinary('probe'), store: new MemoryStore() });
    await expect(bench.powerOn()).rejects.toMatchObject({ code: 'mute' });
    bench.slot.remove();
    await expect(bench.powerOn()).rejects.toMatchObject({ code: 'no-card' });
    await expect(bench.send('00a40000023f00')).rejects.toMatchObject({ code: 'no-card' });
  });

  it('a card taken out in the middle of a command is no-card; put back, it works', async () => {
    const bench = new Bench();
    const card = { module: releaseBinary('sim'), store: bench.store };
    await bench.powerOn();
    bench.clock.after(clocks(2000), () => bench.slot.remove());
    await expect(bench.send('00a40000023f00')).rejects.toMatchObject({ code: 'no-card' });
    bench.slot.insert(card);
    expect(await bench.powerOn()).toBe(ATR);
  });

  it('powerOff ends the command under way and those that wait', async () => {
    const bench = new Bench();
    await bench.powerOn();
    const [first, second] = [
      bench.terminal.transmit(fromHex('00a40000')),
      bench.terminal.transmit(fromHex('00a40000')),
    ];
    bench.terminal.powerOff();
    await expect(first).rejects.toBeInstanceOf(CardError);
    await expect(second).rejects.toBeInstanceOf(CardError);
  });

  it('commands queue in order', async () => {
    const bench = new Bench();
    const [atr, select, read] = [
      bench.terminal.powerOn(),
      bench.terminal.transmit(fromHex('00a4000c022fe2')),
      bench.terminal.transmit(fromHex('00b000000a')),
    ];
    expect(toHex(await bench.until(read))).toBe('981801000021436587f49000');
    expect([toHex(await atr), toHex(await select)]).toEqual([ATR, '9000']);
  });
});

describe('parity errors', () => {
  it('are signalled and repeated, both ways, and the exchange succeeds', async () => {
    const bench = new Bench();
    const random = new Random('parity-1');
    const repeated = { card: 0, terminal: 0 };
    await bench.powerOn();
    bench.slot.line.noise = ({ from, attempt }) => {
      if (attempt > 0) repeated[from]++;
      return attempt < 3 && random.below(4) === 0 ? 1 << random.below(9) : 0;
    };
    await bench.reset();
    for (let i = 0; i < 20; i++) {
      expect(await bench.ask('00a40004022fe2')).toMatchObject({ sw: '9000' });
      expect(await bench.ask('00b0000000')).toEqual({ data: '981801000021436587f4', sw: '9000' });
    }
    expect(Math.min(repeated.card, repeated.terminal)).toBeGreaterThan(100);
  });

  it('a repetition starts 2 etu or more after the error signal at 11 etu', async () => {
    const bench = new Bench({ terminal: { pps: false } });
    const judged: number[] = [];
    bench.slot.line.noise = ({ attempt }) => {
      judged.push(bench.clock.now());
      return judged.length === 1 && attempt === 0 ? 1 : 0;
    };
    await bench.powerOn();
    expect((judged[1] ?? 0) - (judged[0] ?? 0)).toBeGreaterThanOrEqual(clocks(13 * 372) - 1);
  });

  it.each(['card', 'terminal'] as const)(
    'a character of the %s that fails four times ends the session',
    async (who) => {
      const bench = new Bench();
      await bench.powerOn();
      bench.slot.line.noise = ({ from }) => (from === who ? 0x100 : 0);
      await expect(bench.send('00a40004023f00')).rejects.toMatchObject({ code: 'protocol' });
      expect(bench.events.at(-1)).toMatchObject({ type: 'contact', event: 'power-off' });
      bench.slot.line.noise = undefined;
      expect(await bench.powerOn()).toBe(ATR);
    },
  );

  it('a terminal without error signal gives up at the first one', async () => {
    const bench = new Bench();
    await bench.powerOn();
    bench.slot.line.errorSignal = false;
    let first = true;
    bench.slot.line.noise = ({ from }) => {
      const hit = from === 'card' && first;
      if (hit) first = false;
      return hit ? 1 : 0;
    };
    await expect(bench.send('00a40004023f00')).rejects.toMatchObject({ code: 'protocol' });
  });

  it('an ATR with a wrong TCK is asked for three times, then refused', async () => {
    const bench = new Bench();
    let characters = 0;
    // Two flipped bits keep parity right.
    bench.slot.line.noise = () => (characters++ % 21 === 20 ? 3 : 0);
    await expect(bench.powerOn()).rejects.toMatchObject({ code: 'protocol', message: expect.stringMatching('TCK') });
    expect(bench.events.filter((event) => event.type === 'atr')).toHaveLength(3);
    characters = 0;
    bench.slot.line.noise = () => (characters++ === 20 ? 3 : 0);
    expect(await bench.powerOn()).toBe(ATR);
  });
});

/** Plays a card for the terminal's T=0: gives `script` byte by byte; returns what was sent and the outcome. */
function play(command: string, script: string): { sent: string[]; answer: string } {
  const secrecy = { command: false, response: false };
  const procedure: Procedure<Uint8Array> = exchangeTpdu(toTpdu(fromHex(command)), 1, secrecy);
  const bytes = [...fromHex(script)];
  const sent: string[] = [];
  for (let result = procedure.next(); ;) {
    if (result.done) return { sent, answer: toHex(result.value) };
    if (result.value.kind === 'send') {
      sent.push(toHex(result.value.bytes));
      result = procedure.next(0);
    } else {
      const { several } = result.value.kind === 'receive' ? result.value : {};
      const taken = bytes.splice(0, several?.count ?? 1);
      const last = taken.at(-1);
      if (last === undefined || taken.length < (several?.count ?? 1)) throw new Error('the card has said all');
      several?.into.push(...taken);
      result = procedure.next(last);
    }
  }
}

describe('T=0, terminal, against a played card (ISO 7816-3 10.3)', () => {
  it('sends all data on INS, one byte on the complement of INS, and waits on NULL', () => {
    expect(play('00d6000003010203', 'd69000')).toEqual({ sent: ['00d6000003', '010203'], answer: '9000' });
    expect(play('00d6000003010203', '60296060d6609000')).toEqual({
      sent: ['00d6000003', '01', '0203'],
      answer: '9000',
    });
  });

  it('receives all data on INS, one byte on its complement; P3 00 is 256', () => {
    expect(play('00b0000003', '4f0160b002039000').answer).toBe('0102039000');
    expect(play('00b0000000', `b0${'aa'.repeat(256)}9000`).answer).toBe(`${'aa'.repeat(256)}9000`);
    expect(play('00b0000003', '6c02').answer).toBe('6c02');
    expect(play('006d000003', '6d00').answer).toBe('6d00');
  });

  it('takes a case 1 APDU of four bytes and drops the Le of a case 4 APDU', () => {
    expect(play('00200001', '63c3')).toEqual({ sent: ['0020000100'], answer: '63c3' });
    expect(play('00a40004023f0000', 'a46125').sent).toEqual(['00a4000402', '3f00']);
  });

  it.each([
    ['00d6000003010203', 'd6d6', /asks for more/],
    ['00b0000001', 'b001b0', /asks for more/],
    ['00b0000001', '00', /procedure byte 00/],
    ['00b0000001', 'a4', /procedure byte a4/],
    ['00', '', /a command is CLA/],
    ['ff10000001', '', /a command is CLA/],
    ['00d600000301', '', /P3 says 3 bytes of data, 1 follow/],
  ])('%s answered %s is an error', (command, script, message) => {
    expect(() => play(command, script)).toThrow(message);
  });
});

describe('waiting time', () => {
  it('a card that stops talking is given WI x 960 x Fi clocks, then switched off', async () => {
    const bench = new Bench();
    await bench.powerOn();
    bench.slot.card?.powerOff(); // the chip dies; the terminal cannot know
    const start = bench.clock.now();
    await expect(bench.send('00a40004023f00')).rejects.toMatchObject({ code: 'timeout' });
    const waited = bench.clock.now() - start - clocks(5 * 12 * 32);
    expect(Math.abs(waited - clocks(10 * 960 * 512))).toBeLessThan(clocks(64 * 32));
    expect(bench.events.at(-1)).toMatchObject({ type: 'contact', event: 'power-off' });
  });
});

describe('trace', () => {
  it('shows the exchange, and PINs and keys only as secrets', async () => {
    const bench = await new Bench().usim();
    await bench.send('0020008108 31313131ffffffff');
    await bench.send('00a4000c026f08');
    await bench.send(`00d6000021 03${'5a'.repeat(32)}`);
    await bench.send('00a4000c026fff');
    await bench.send('00b0000021');
    await bench.send('00b0880021');
    const text = bench.events.map((event) => toJsonLine(event)).join('\n');
    expect(text).not.toMatch(/31313131|5a5a/);
    expect(text).toContain('"name":"VERIFY PIN"');
    const masked = bench.events.filter((event) => event.type === 'line' && event.bytes instanceof Secret);
    expect(masked).toHaveLength(4);
    await bench.send('00a4000c026fad');
    await bench.send('00b0000004');
    expect(bench.events.at(-1)).toMatchObject({ type: 'apdu', name: 'READ BINARY', response: '00000002', sw: '9000' });
  });

  it.each(['t0', 'direct'] as const)('never shows what AUTHENTICATE gave: %s', async (link) => {
    // TS 35.207 test set 1
    const bench = await new Bench({ link, store: storeOf({ cardSqn: 'ff9bb4d0b5e7' }) }).usim();
    const answer = await bench.ask(challenge('23553cbe9637a89d218ae64dae47bf35', '55f328b43577b9b94a9ffac354dfafb3'));
    expect(answer).toEqual({ data: expect.stringMatching(/^db08a54211d5e3ba50bf10b40ba9a3/), sw: '9000' });
    const text = bench.events.map((event) => toJsonLine(event)).join('\n');
    expect(text).not.toMatch(/a54211d5e3ba50bf|b40ba9a3c58b2a05|f769bcd751044604/);
    const shown = bench.events.map((event) => toJsonLine(event, true)).join('\n');
    expect(shown).toMatch(/a54211d5e3ba50bf10b40ba9a3c58b2a05/);
  });
});
