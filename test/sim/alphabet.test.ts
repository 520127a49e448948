// Texts and numbers as a real card has them: the alphabet that each file asks for, numbers as they are printed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { hssCommand } from '../../host/cli/commands/hss.js';
import { iccidPattern, luhnDigit, msisdnPattern, plainIccid, plainMsisdn } from '../../host/numbers.js';
import { loadServeConfig } from '../../host/serve/index.js';
import { alphaField, packed, septets } from '../../host/sim/alphabet.js';
import { parseSimProfile, parseSimRange, ProfileError } from '../../host/sim/index.js';
import { withPrograms } from '../peers.js';
import { Bench, PROFILE, storeOf } from './card.js';

/** TS 23.038 6.2.1, by rows of 16 as the standard prints them. */
const ROWS = [
  '@£$¥èéùìòÇ\nØø\rÅå',
  'Δ_ΦΓΛΩΠΨΣΘΞ\u0000ÆæßÉ',
  ' !"#¤%&\'()*+,-./',
  '0123456789:;<=>?',
  '¡ABCDEFGHIJKLMNO',
  'PQRSTUVWXYZÄÖÑÜ§',
  '¿abcdefghijklmno',
  'pqrstuvwxyzäöñüà',
];
const EXTENSION: Readonly<Record<number, string>> = {
  ...{ 0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\' },
  ...{ 0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€' },
};
const PRINTABLE = [...ROWS.join(''), ...Object.values(EXTENSION)].filter((character) => character >= ' ');

/** What a terminal shows for septets. */
function shown(codes: readonly number[]): string {
  let text = '';
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    text += code === 0x1b ? EXTENSION[codes[++i] ?? 0] : [...(ROWS[code >> 4] ?? '')][code & 15];
  }
  return text;
}

/** What a terminal shows for an alpha field, by TS 102 221 annex A; FF at the end is no text. */
function read(field: Uint8Array): string {
  const [coding, second = 0, third = 0, fourth = 0] = field;
  const wide = (base: number, bytes: Uint8Array): string =>
    [...bytes].map((byte) => (byte < 0x80 ? shown([byte]) : String.fromCharCode(base + (byte & 0x7f)))).join('');
  switch (coding) {
    case 0x80: {
      const end = field.findIndex((byte, i) => i % 2 === 1 && byte === 0xff && (field[i + 1] ?? 0xff) === 0xff);
      return new TextDecoder('utf-16be').decode(field.subarray(1, end === -1 ? field.length : end));
    }
    case 0x81:
      return wide(third << 7, field.subarray(3, 3 + second));
    case 0x82:
      return wide((third << 8) | fourth, field.subarray(4, 4 + second));
    default: {
      const end = field.indexOf(0xff);
      return shown([...field.subarray(0, end === -1 ? field.length : end)]);
    }
  }
}

/** What a terminal shows for a network name. TS 24.008 10.5.3.5a. */
function readNetworkName(record: Uint8Array): string {
  const [tag, length = 0, header = 0] = record;
  expect(tag).toBe(0x43);
  const text = record.subarray(3, 2 + length);
  if ((header & 0x70) === 0x10) return new TextDecoder('utf-16be').decode(text);
  const bits = [...text].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> i) & 1));
  const count = Math.floor((bits.length - (header & 7)) / 7);
  return shown(
    Array.from({ length: count }, (_, i) => bits.slice(7 * i, 7 * i + 7).reduce((n, bit, at) => n | (bit << at), 0)),
  );
}

/** EF_SPN and the first record of EF_PNN of a card with this name. */
async function namesOf(spn: string): Promise<{ spn: string; pnn: string }> {
  const bench = await new Bench({ store: storeOf({ spn }) }).usim();
  const file = async (fid: string, command: string): Promise<string> => {
    await bench.ask(`00a4000402${fid}`);
    const { data, sw } = (await bench.ask(command)) as { data: string; sw: string };
    expect(sw).toBe('9000');
    return data;
  };
  return { spn: await file('6f46', '00b0000000'), pnn: await file('6fc5', '00b2010400') };
}

describe('the service provider name', () => {
  it('is in the GSM default alphabet, one character a byte, an escape before those of the extension table', async () => {
    const { spn } = await namesOf('A_B@C$ [x]');
    expect(spn).toBe(`00${'41114200430220'}1b3c781b3e${'ff'.repeat(4)}`);
  });

  it.each([
    // Examples of TS 102 221 annex A, coding 81 and 82; the second with the base 0530.
    ['S\u0995\u09a6', '8103135395a6'],
    ['-\u0532\u0583-1', '820505302d82d32d31'],
    ['東京', '8067714eac'],
  ])('%s that is not in it is UCS2 by annex A: %s', (text, hex) => {
    expect(read(Buffer.from(hex, 'hex'))).toBe(text);
    const field = alphaField(text) ?? new Uint8Array();
    expect([read(field), field.length]).toEqual([text, hex.length / 2]);
  });

  it('reads back as it was written, in EF_SPN and in EF_PNN', async () => {
    const anyText = fc.oneof(
      fc.string({ unit: fc.constantFrom(...PRINTABLE), minLength: 1, maxLength: 16 }),
      fc.string({ unit: fc.constantFrom(...'абвгдежзАБ 5é'), minLength: 1, maxLength: 13 }),
      fc.string({ unit: fc.constantFrom(...'東京通信ア 7[]'), minLength: 1, maxLength: 7 }),
      fc.string({ unit: fc.constantFrom(...'\u0530\u05aféA[東\uff21'), minLength: 1, maxLength: 7 }),
    );
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        let fault = '';
        try {
          parseSimProfile({ ...PROFILE, spn: text }, 'a');
        } catch (error) {
          fault = (error as ProfileError).message;
        }
        if (fault !== '') {
          expect((alphaField(text) ?? []).length).toBeGreaterThan(16);
          expect(fault).toMatch(/"spn" takes \d+ bytes on the card, expected at most 16/);
          return;
        }
        const { spn, pnn } = await namesOf(text);
        expect(spn.length).toBe(2 * 17);
        expect(read(Buffer.from(spn, 'hex').subarray(1))).toBe(text);
        expect(readNetworkName(Buffer.from(pnn, 'hex'))).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  it('takes the coding with the fewest bytes, and reads back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const field = alphaField(text);
        if (field === undefined) {
          expect(text).toMatch(/[\u{10000}-\u{10ffff}]/u);
          return;
        }
        if (field.includes(0xff) || text.includes('\u001b')) return; // the padding is another
        expect(read(field)).toBe(text);
        if (septets(text) === undefined) expect(field.length).toBeLessThanOrEqual(1 + 2 * text.length);
      }),
    );
  });

  it.each([['\u{1f600}'], ['a\nb'], ['\u001b'], ['\ud800']])('cannot be %j', (spn) => {
    expect(() => parseSimProfile({ ...PROFILE, spn }, 'a')).toThrow('"spn" has characters that a card cannot hold');
  });

  it('packs septets as TS 23.038 6.1.2.1 has it', () => {
    // "hellohello" is the example of many SMS texts.
    expect(toHex(packed(septets('hellohello') ?? new Uint8Array()))).toBe('e8329bfd4697d9ec37');
  });
});

const perl = withPrograms('perl');
perl.describe('Encode::GSM0338 of Perl', () => {
  it('has the same alphabet', () => {
    const script =
      'use Encode; while (<STDIN>) { chomp; print unpack("H*", encode("gsm0338", decode("UTF-8", pack("H*", $_)), 1)), "\\n" }';
    const lines = PRINTABLE.map((character) => `${Buffer.from(character).toString('hex')}\n`).join('');
    const theirs = execFileSync('perl', ['-e', script], { input: lines }).toString().trimEnd().split('\n');
    expect(theirs).toEqual(PRINTABLE.map((character) => toHex(septets(character) ?? new Uint8Array())));
  });
});

describe('numbers as they are printed', () => {
  const ICCID = '89860012345678901234';

  it.each([
    [ICCID, ICCID, 1],
    ['8986 0012 3456 7890 1234', ICCID, 1],
    ['8981100000123456784', '8981100000123456784', 0],
    ['89-8110-0000-1234-56784', '8981100000123456784', 0],
    ['8981100000123456784F', '8981100000123456784', 0],
    ['898110000012345678FF', '898110000012345678', 0],
    ['898110000012345678', '898110000012345678', 0],
  ])('ICCID %s is card %s', async (printed, iccid, warnings) => {
    const range = parseSimRange({ ...PROFILE, iccid: printed }, 'a.json');
    expect(range.card(0).iccid).toBe(iccid);
    expect(range.warnings.length).toBe(warnings);
    const bench = await new Bench({ store: storeOf({ iccid: printed }) }).usim();
    await bench.ask('00a40004023f00');
    await bench.ask('00a40004022fe2');
    const { data } = (await bench.ask('00b000000a')) as { data: string };
    expect(data.replace(/(.)(.)/g, '$2$1')).toBe(iccid.padEnd(20, 'f'));
  });

  it('a number without a check digit counts up with all its digits, one with it gets a new one each', () => {
    const cards = (iccid: string): string[] => {
      const range = parseSimRange({ ...PROFILE, iccid, count: 3 }, 'a.json');
      return [0, 1, 2].map((i) => range.card(i).iccid);
    };
    expect(cards(ICCID)).toEqual(['89860012345678901234', '89860012345678901235', '89860012345678901236']);
    const checked = cards('8981100000123456784');
    expect(new Set(checked).size).toBe(3);
    for (const iccid of checked) expect(Number(iccid.at(-1))).toBe(luhnDigit(iccid.slice(0, -1)));
  });

  it('any grouping of digits is the same number', () => {
    const grouped = (digits: string, between: string): fc.Arbitrary<string> =>
      fc
        .array(fc.string({ unit: fc.constantFrom(...between), maxLength: 2 }), {
          minLength: digits.length,
          maxLength: digits.length,
        })
        .map((gaps) => gaps.map((gap, i) => gap + (digits[i] ?? '')).join(''));
    fc.assert(
      fc.property(grouped(ICCID, ' -‐–\u00a0'), fc.constantFrom('', 'F', 'f', ' F'), (text, end) => {
        expect(plainIccid(text + end)).toBe(ICCID);
        expect(new RegExp(iccidPattern(), 'u').test(text + end)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(grouped('819012345678', ' -.()'), fc.constantFrom('', '+', ' +'), (text, plus) => {
        expect(plainMsisdn(plus + text)).toBe('819012345678');
        expect(new RegExp(msisdnPattern(0, 15), 'u').test(plus + text)).toBe(true);
      }),
    );
  });

  it('are taken by akari serve and by the commands, which say what is worth a look', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'akari-numbers-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const profile = {
      ...PROFILE,
      imsi: '440 10 1234567890',
      iccid: '8986 0012 3456 7890 1234',
      msisdn: '+81 (90) 1234-5678',
    };
    writeFileSync(join(folder, 'sim.json'), JSON.stringify(profile), { mode: 0o600 });
    const world = join(folder, 'world.json');
    writeFileSync(world, JSON.stringify({ subscribers: [{ profile: 'sim.json', imei: '35-209900-176148-2' }] }));
    const config = await loadServeConfig(world);
    expect(config.sims[0]).toMatchObject({
      imei: '352099001761482',
      profile: { imsi: '440101234567890', iccid: ICCID, msisdn: '819012345678' },
    });
    expect(config.warnings.map((warning) => warning.replaceAll(`${folder}/`, ''))).toEqual([
      'SIM profile sim.json: "iccid" ends in 4, its Luhn check digit would be 8: taken as it is',
      'world.json: subscribers[0].imei ends in 2, its Luhn check digit would be 1: taken as it is',
    ]);
    let said = '';
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => ((said += String(chunk)), true));
    vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
    await hssCommand().parseAsync(['vector', '--profile', join(folder, 'sim.json')], { from: 'user' });
    vi.restoreAllMocks();
    expect(said).toMatch(
      /^akari: SIM profile .*sim\.json: "iccid" ends in 4, its Luhn check digit would be 8: taken as it is\n$/,
    );
  });
});
