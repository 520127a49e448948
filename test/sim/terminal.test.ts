// The terminal against cards that are played here, so that they may do what no good card does.

import { describe, expect, it } from 'vitest';
import { UartEvent, UartFormat } from '../../host/board/abi.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { SECOND } from '../../host/clock/clock.js';
import { Random } from '../../host/random.js';
import { type Chip, type FaultRates, type TerminalOptions, seededFaults } from '../../host/sim/index.js';
import { ATR, Bench } from './card.js';
import { struggle } from './noisy-line.js';

const F = 4_000_000;
const clocks = (count: number): number => (count * SECOND) / F;
const ETU = 372;

/** A chip that gives an ATR for each reset, and for each byte it gets what `hears` says. */
class Played implements Chip {
  readonly bench: Bench;
  /** Resets so far. */
  resets = 0;
  /** Contacts as they changed: `RST+`, `VCC-`. */
  readonly contacts: string[] = [];
  /** ATR of the reset number n, from 0; undefined: mute. */
  atr: (reset: number) => string | undefined = () => '3b00';
  /** Bytes in hexadecimal. */
  hears: (received: string) => string | undefined = () => undefined;
  #received = '';

  constructor(terminal: Partial<TerminalOptions> = {}) {
    this.bench = new Bench({ terminal });
    this.bench.slot.insertChip(this);
    this.bench.slot.line.contact = (contact, high) => this.contacts.push(`${contact}${high ? '+' : '-'}`);
  }

  powerOn(): void {
    const { card } = this.bench.slot.line;
    card.activity = () => {
      if (card.takeEvents() & UartEvent.Reset) {
        card.open(ETU, UartFormat.Iso7816);
        this.#received = '';
        card.write(fromHex(this.atr(this.resets++) ?? ''));
      }
      for (const byte of card.read(512)) {
        this.#received += toHex(Uint8Array.of(byte));
        const answer = this.hears(this.#received);
        if (answer === undefined) continue;
        this.#received = '';
        card.write(fromHex(answer));
      }
    };
  }

  powerOff(): void {
    this.bench.slot.line.card.activity = undefined;
  }
}

describe('contacts', () => {
  it('are activated and, after a violation, deactivated in the order of ISO 7816-3 6.2.1 and 6.4', async () => {
    const card = new Played();
    await card.bench.powerOn();
    expect(card.contacts).toEqual(['RST-', 'VCC+', 'I/O+', 'CLK+', 'RST+']);
    card.contacts.length = 0;
    card.hears = (received) => (received.length === 10 ? '00' : undefined); // no procedure byte
    await expect(card.bench.send('00b0000001')).rejects.toMatchObject({ code: 'protocol' });
    expect(card.contacts).toEqual(['RST-', 'CLK-', 'I/O-', 'VCC-']);
    await expect(card.bench.send('00b0000001')).rejects.toMatchObject({ code: 'mute' });
  });

  it('only RST moves in a warm reset', async () => {
    const card = new Played();
    await card.bench.powerOn();
    card.contacts.length = 0;
    await card.bench.reset();
    expect(card.contacts).toEqual(['RST-', 'RST+']);
  });
});

describe('a card without a good ATR', () => {
  const COLD = ['RST-', 'VCC+', 'I/O+', 'CLK+', 'RST+'];
  const OFF = ['RST-', 'CLK-', 'I/O-', 'VCC-'];
  const WARM = ['RST-', 'RST+'];

  it('is reset warm, then cold, then refused and switched off', async () => {
    const card = new Played();
    card.atr = () => undefined;
    await expect(card.bench.powerOn()).rejects.toMatchObject({ code: 'mute' });
    expect(card.contacts).toEqual([...COLD, ...WARM, ...OFF, ...COLD, ...OFF]);
  });

  it.each([
    ['mute', undefined],
    ['of a wrong TCK', '3b80801fc700'],
    ['that stops in the middle', '3b9f'],
    ['without T=0', '3b800181'],
    ['of inverse convention, which this terminal has not', '3f00'],
  ])('is used if a later one comes after one %s', async (_what, bad) => {
    for (const good of [1, 2]) {
      const card = new Played();
      card.atr = (reset) => (reset === good ? '3b00' : bad);
      expect(await card.bench.powerOn()).toBe('3b00');
      expect(card.resets).toBe(good + 1);
      expect(card.contacts).toEqual([...COLD, ...WARM, ...(good === 2 ? [...OFF, ...COLD] : [])]);
    }
  });

  it('a failed PPS is not tried again: the card is used at the default rate', async () => {
    const card = new Played();
    card.atr = () => '3b1095';
    card.hears = (received) =>
      received.startsWith('ff')
        ? received.length === 8
          ? 'ff10947b'
          : undefined
        : received.length === 10
          ? '6d00'
          : undefined;
    expect(await card.bench.powerOn()).toBe('3b1095');
    expect(card.resets).toBe(2);
    expect(await card.bench.send('00b0000001')).toBe('6d00');
  });
});

describe('times', () => {
  it('characters to the card keep 12 + N etu by TC1, 12 when N is FF', async () => {
    for (const [atr, guard] of [
      ['3b00', 12],
      ['3b4005', 17],
      ['3b40fe', 266],
      ['3b40ff', 12],
    ] as const) {
      const card = new Played();
      card.atr = () => atr;
      card.hears = (received) => (received.length === 10 ? '9000' : undefined);
      await card.bench.powerOn();
      const starts: number[] = [];
      card.bench.slot.line.noise = ({ from }) => {
        if (from === 'terminal') starts.push(card.bench.clock.now());
        return 0;
      };
      await card.bench.send('00b0000001');
      const gaps = starts.slice(1).map((start, i) => start - (starts[i] ?? 0));
      expect(gaps).toHaveLength(4);
      for (const gap of gaps) expect(Math.abs(gap - clocks(guard * ETU))).toBeLessThanOrEqual(2);
    }
  });

  it.each([
    ['3b00', 10],
    ['3b80400a', 10], // TC2
    ['3b804001', 1],
    ['3b8040ff', 255],
  ])('a card of ATR %s is waited for as long as WI %i says', async (atr, wi) => {
    const card = new Played();
    card.atr = () => atr;
    await card.bench.powerOn();
    const start = card.bench.clock.now();
    await expect(card.bench.send('00b0000001')).rejects.toMatchObject({ code: 'timeout' });
    const waited = card.bench.clock.now() - start;
    expect(waited / clocks(wi * 960 * ETU)).toBeGreaterThan(1);
    expect(waited - clocks(wi * 960 * ETU)).toBeLessThan(clocks(80 * ETU));
  });

  it('NULL gives the card more time, as often as it needs, but not for ever', async () => {
    const card = new Played();
    await card.bench.powerOn();
    const { line } = card.bench.slot;
    const nulls = (left: number): void => {
      line.card.write(fromHex(left > 0 ? '60' : '9000'));
      if (left > 0) card.bench.clock.after(clocks(9000 * ETU), () => nulls(left - 1));
    };
    card.hears = (received) => {
      if (received.length === 10) nulls(100);
      return undefined;
    };
    const start = card.bench.clock.now();
    expect(await card.bench.send('00d6000000')).toBe('9000');
    expect(card.bench.clock.now() - start).toBeGreaterThan(80 * SECOND);
    card.hears = (received) => {
      if (received.length === 10) nulls(1e9);
      return undefined;
    };
    await expect(card.bench.send('00d6000000')).rejects.toMatchObject({ code: 'timeout' });
  });
});

describe('the error signal of the terminal', () => {
  const firstOfCard = (bench: Bench): void => {
    let hit = false;
    bench.slot.line.noise = ({ from }) => (from === 'card' && !hit ? ((hit = true), 1) : 0);
  };

  it('on, a character is repeated; off, the first wrong one ends the session', async () => {
    for (const errorSignal of [true, false]) {
      const bench = new Bench({ terminal: { errorSignal } });
      await bench.powerOn();
      firstOfCard(bench);
      const outcome = bench.send('00a4000c022fe2');
      if (errorSignal) expect(await outcome).toBe('9000');
      else await expect(outcome).rejects.toMatchObject({ code: 'protocol' });
    }
  });
});

describe('a noisy line', () => {
  it.each<[string, FaultRates, (counts: { good: number; failed: number }) => boolean]>([
    ['parity errors in every tenth character: all is repeated', { parity: 0.1 }, ({ good }) => good > 95],
    ['lost characters', { lost: 0.01 }, ({ good, failed }) => good > 10 && failed > 5],
    ['extra characters', { extra: 0.01 }, ({ good }) => good > 10],
    ['corrupt characters', { corrupt: 0.01 }, ({ good }) => good > 10],
    ['all of that', { parity: 0.05, lost: 0.02, extra: 0.02, corrupt: 0.02 }, ({ failed }) => failed > 5],
    ['nothing gets through', { lost: 1 }, ({ good, failed }) => good === 0 && failed === 100],
  ])('%s: each command ends, and a quiet line makes all good', async (_name, rates, expected) => {
    const seed = 'noisy-1';
    const bench = new Bench();
    bench.slot.line.faults = seededFaults(new Random(seed), rates);
    const counts = await struggle(bench, seed, 100);
    expect(counts, seed).toSatisfy(expected);
    expect(bench.events.filter((event) => event.type === 'board' && event.event === 'trap')).toEqual([]);
    bench.slot.line.faults = undefined;
    expect(await bench.powerOn()).toBe(ATR);
    expect(await struggle(bench, seed, 1)).toEqual({ good: 1, failed: 0 });
  });

  it('is the same for the same seed', async () => {
    const runs = [1, 2].map(async () => {
      const bench = new Bench();
      bench.slot.line.faults = seededFaults(new Random('same'), { parity: 0.05, lost: 0.01, extra: 0.01 });
      await struggle(bench, 'same', 20);
      return bench.events;
    });
    expect(await runs[0]).toEqual(await runs[1]);
  });
});
