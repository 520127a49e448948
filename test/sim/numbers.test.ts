// Numbers of cards as they are printed on cards in use, at every entry: profile, key file, configuration, command line, and on the card.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { VirtualClock } from '../../host/clock/virtual.js';
import { parseIccid } from '../../host/modem/uicc.js';
import { iccidFault, iccidPattern, luhnDigit, plainIccid, plainMsisdn } from '../../host/numbers.js';
import { Database, Directory, Seal } from '../../host/platform/index.js';
import { loadServeConfig } from '../../host/serve/config.js';
import { padded, swappedBcd } from '../../host/sim/encoding.js';
import { loadSimRange, parseSimRange } from '../../host/sim/index.js';
import { K, OPC, PROFILE } from './card.js';

const LETTER = 'has the letter B, so that no check digit can be told: taken as it is';
const short = (digits: number): string => `has ${digits} digits, most cards have 19: taken as it is`;

/** As printed, as taken, and what is said of it. */
const PRINTED: readonly (readonly [string, string, readonly string[]])[] = [
  // Issued by China Mobile: the seventh digit stands for a range of telephone numbers, and goes beyond 9.
  ['8986 04B7 1922 7100 0123', '898604B7192271000123', [LETTER]],
  ['898600b5192271000123', '898600B5192271000123', [LETTER]],
  // The maker, in the thirteenth place.
  ['89860 00310 71B12 34567', '8986000310' + '71B1234567', [LETTER]],
  // Nineteen digits and the filler of EF_ICCID, as modules give it.
  ['8944476500008878576F', '8944476500008878576', []],
  ['8981-1000-0012-3456-784', '8981100000123456784', []],
  ['898110000012345677', '898110000012345677', ['ends in 7, its Luhn check digit would be 8: taken as it is']],
  ['898110000012345677FF', '898110000012345677', ['ends in 7, its Luhn check digit would be 8: taken as it is']],
  ['89860012345678901234', '89860012345678901234', ['ends in 4, its Luhn check digit would be 8: taken as it is']],
  [
    '8981 1000 0012 3456 7',
    '89811000001234567',
    [short(17), 'ends in 7, its Luhn check digit would be 8: taken as it is'],
  ],
  // The last thirteen digits, of a card that prints no more; with the filler that EF_ICCID then has.
  [
    '5009 4208 3212 6 FFFFFFF',
    '5009420832126',
    [short(13), 'ends in 6, its Luhn check digit would be 9: taken as it is'],
  ],
];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'akari-numbers-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

describe('numbers of cards in use', () => {
  it.each(PRINTED)('%s is taken by a profile', (printed, iccid, warnings) => {
    const range = parseSimRange({ ...PROFILE, iccid: printed }, 'a.json');
    expect(range.card(0).iccid).toBe(iccid);
    expect(range.warnings).toEqual(warnings.map((warning) => `SIM profile a.json: "iccid" ${warning}`));
    expect(new RegExp(iccidPattern(), 'u').test(printed)).toBe(true);
  });

  it.each(PRINTED)('%s is what a modem reads of the card', (printed, iccid) => {
    const file = padded(swappedBcd(parseSimRange({ ...PROFILE, iccid: printed }, 'a.json').card(0).iccid), 10);
    expect(parseIccid(file)).toBe(iccid);
  });

  it.each(PRINTED)('%s is taken by key files, by akari serve and by the platform', async (printed, iccid, warnings) => {
    const at = folder();
    const path = (name: string): string => join(at, name);
    const write = (name: string, json: unknown): void =>
      writeFileSync(path(name), JSON.stringify(json), { mode: 0o600 });
    write('keys.json', { cards: { [printed]: { k: K, opc: OPC } } });
    write('sim.json', { imsi: PROFILE.imsi, iccid, keys: 'keys.json' });
    expect(loadSimRange(path('sim.json')).card(0).k.revealHex()).toBe(K);
    const stock = [{ imsi: '440101111111111', iccid: printed, registrationSecret: 'secret' }];
    write('world.json', { subscribers: [{ profile: 'sim.json' }], platform: { stock } });
    const config = await loadServeConfig(path('world.json'));
    expect(config.warnings.map((warning) => warning.replaceAll(`${at}/`, ''))).toEqual([
      ...warnings.map((warning) => `SIM profile sim.json: "iccid" ${warning}`),
      ...warnings.map((warning) => `world.json: platform.stock[0].iccid ${warning}`),
    ]);
    const clock = new VirtualClock(1_600_000_000_000);
    const directory = new Directory({ database: new Database(), seal: new Seal(), unixMs: () => clock.unixMs() });
    directory.seed({ subscribers: [{ imsi: PROFILE.imsi, iccid: printed }], stock });
    expect(directory.subscriber(PROFILE.imsi)).toMatchObject({ iccid, simId: iccid });
  });

  it.each([
    ['S stands for a maker, and on no card', '898601102311709830S', 'has the character "S"'],
    ['an F between digits is the filler', '8986F01102311709830', 'has the character "F"'],
    ['nine digits', '898110000', 'has 9 digits, not 10 to 20'],
    ['21 digits', '898110000012345678901', 'has 21 digits, not 10 to 20'],
    ['nothing', '', 'has 0 digits'],
    ['fillers alone', 'FFFFFFFFFFFFFFFFFFFF', 'has 0 digits'],
  ])('%s: refused', (_, printed, fault) => {
    expect(() => parseSimRange({ ...PROFILE, iccid: printed }, 'a.json')).toThrow(`"iccid" ${fault}`);
    expect(new RegExp(iccidPattern(), 'u').test(printed)).toBe(false);
  });

  it('ranges count the digits behind the last letter up', () => {
    const cards = (iccid: string, count = 3): string[] => {
      const range = parseSimRange({ ...PROFILE, iccid, count }, 'a.json');
      return [0, count - 1].map((i) => range.card(i).iccid);
    };
    expect(cards('898604B7192271000123')).toEqual(['898604B7192271000123', '898604B7192271000125']);
    expect(cards('8986000310' + '71B1234567')).toEqual(['898600031071B1234567', '898600031071B1234569']);
    expect(() => cards('8986000310' + '71B1234567', 9_999_999)).toThrow();
    expect(() => cards('898600031071123456C', 2)).toThrow('"iccid" runs out of digits');
    expect(cards('5009420832', 2)).toEqual(['5009420832', '5009420833']);
  });

  it('any grouping, in any case, with any filler is one number, which is its own plain form', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789ABCDE'), minLength: 10, maxLength: 20 });
    const gaps = fc.array(fc.string({ unit: fc.constantFrom(' ', '-', '‐', '–', '\u00a0'), maxLength: 2 }), {
      minLength: 20,
      maxLength: 20,
    });
    const filler = fc.string({ unit: fc.constantFrom('F', 'f', ' '), maxLength: 10 });
    fc.assert(
      fc.property(digits, gaps, fc.boolean(), filler, (number, between, lower, end) => {
        const text = [...(lower ? number.toLowerCase() : number)]
          .map((digit, i) => digit + (between[i] ?? ''))
          .join('');
        expect(plainIccid(text + end)).toBe(number);
        expect(iccidFault(number)).toBeUndefined();
        expect(new RegExp(iccidPattern(), 'u').test(text + end)).toBe(true);
        expect(parseIccid(padded(swappedBcd(number), 10))).toBe(number);
      }),
    );
  });

  it('a telephone number is grouped by slashes, too', () => {
    expect(plainMsisdn('+49 (171) 123/4567')).toBe('491711234567');
    expect(parseSimRange({ ...PROFILE, msisdn: '0171/1234-567' }, 'a.json').card(0).msisdn).toBe('01711234567');
  });

  it('the check digit of this test’s numbers is right', () => {
    expect(luhnDigit('894447650000887857')).toBe(6);
  });
});
