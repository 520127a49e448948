import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../host/bytes.js';
import { luhnDigit } from '../../host/numbers.js';
import { imsiBytes, plmnBytes, swappedBcd } from '../../host/sim/encoding.js';
import { ProfileError, loadSimProfile, parseSimProfile } from '../../host/sim/index.js';
import { Bench, K, OPC, PROFILE, storeOf } from './card.js';

const faultOf = (fields: Record<string, unknown>): string => {
  const json: Record<string, unknown> = { ...PROFILE, ...fields };
  try {
    parseSimProfile(json, 'cards/a.json');
  } catch (error) {
    if (error instanceof ProfileError) return error.message;
    throw error;
  }
  return 'no fault';
};

describe('a SIM profile', () => {
  it.each([
    [
      { k: K.slice(2) },
      'SIM profile cards/a.json: "k" is 30 hex digits, expected 32 or 64 (128-bit key, for TUAK also 256-bit)',
    ],
    [
      { k: `${K.slice(1)}g` },
      'SIM profile cards/a.json: "k" has a character that is not a hex digit at position 32 (128-bit key, for TUAK also 256-bit)',
    ],
    [{ k: undefined }, 'SIM profile cards/a.json: "k" is missing'],
    [{ k: 5 }, 'SIM profile cards/a.json: "k" is not a JSON string'],
    [{ op: OPC }, 'SIM profile cards/a.json: "op" and "opc" are both given, expected exactly one'],
    [{ opc: undefined }, 'SIM profile cards/a.json: neither "op" nor "opc" is given, expected exactly one'],
    [{ imsi: '44010' }, 'SIM profile cards/a.json: "imsi" is 5 digits, expected 6 to 15 (MCC, MNC and subscriber)'],
    [
      { imsi: '44010x' },
      'SIM profile cards/a.json: "imsi" is not all decimal digits, expected 6 to 15 (MCC, MNC and subscriber)',
    ],
    [{ iccid: '8981 1000 0' }, 'SIM profile cards/a.json: "iccid" has 9 digits, not 10 to 20 (number of the card)'],
    [{ iccid: '89' }, 'SIM profile cards/a.json: "iccid" has 2 digits, not 10 to 20 (number of the card)'],
    [
      { iccid: '8986 0110 2311 7098 3S' },
      'SIM profile cards/a.json: "iccid" has the character "S": a card holds digits and the letters A to E (number of the card)',
    ],
    [
      { iccid: '8986F110231170983' },
      'SIM profile cards/a.json: "iccid" has the character "F": a card holds digits and the letters A to E (number of the card)',
    ],
    [{ pin1: '123' }, 'SIM profile cards/a.json: "pin1" is 3 digits, expected 4 to 8 (PIN)'],
    [{ puk1: '1234' }, 'SIM profile cards/a.json: "puk1" is 4 digits, expected 8 (PUK)'],
    [{ adm1: 'secret' }, 'SIM profile cards/a.json: "adm1" is neither 4 to 8 decimal digits nor 16 hex digits'],
    [{ amf: '80' }, 'SIM profile cards/a.json: "amf" is 2 hex digits, expected 4 (authentication management field)'],
    [
      { spn: 'x'.repeat(17) },
      'SIM profile cards/a.json: "spn" takes 17 bytes on the card, expected at most 16 (service provider name)',
    ],
    [{ mncLength: 4 }, 'SIM profile cards/a.json: "mncLength" is neither 2 nor 3'],
    [{ pin1Enabled: 'yes' }, 'SIM profile cards/a.json: "pin1Enabled" is neither true nor false'],
  ])('%o is refused by name', (fields, message) => {
    expect(faultOf(fields)).toBe(message);
  });

  it('names unknown fields and every fault at once', () => {
    const message = faultOf({ key: 'x', k: '00', imsi: '1' });
    expect(message).toContain('"key": no such field (known: imsi, ');
    expect(message).toContain('"k" is 2 hex digits');
    expect(message).toContain('"imsi" is 1 digits');
  });

  it.each([[null], [[]], ['text'], [7]])('%o is no profile', (json) => {
    expect(() => parseSimProfile(json, 'a.json')).toThrow('SIM profile a.json: is not a JSON object');
  });

  it('never shows a key: not in errors, not when printed', () => {
    const profile = parseSimProfile(PROFILE, 'a.json');
    expect(inspect(profile, { depth: 9 }) + JSON.stringify(profile)).not.toMatch(new RegExp(`${K}|${OPC}|31323334`));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abcdefxyz'), minLength: 5, maxLength: 40 }), (k) => {
        expect(faultOf({ k, pin1: k, op: k, adm1: k })).not.toContain(k);
      }),
    );
  });

  it('any JSON gives a profile or a ProfileError', () => {
    const fields = fc.record(
      Object.fromEntries(
        Object.keys(PROFILE).map((name) => [
          name,
          fc.oneof(fc.constant(PROFILE[name as keyof typeof PROFILE]), fc.jsonValue()),
        ]),
      ),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fields, fc.jsonValue()), (json) => {
        try {
          parseSimProfile(json, 'a.json');
        } catch (error) {
          expect(error).toBeInstanceOf(ProfileError);
        }
      }),
    );
  });

  it('computes OPc from OP (TS 35.207 test set 1) and fills in the rest', () => {
    const profile = parseSimProfile(
      { imsi: '310410123456780', iccid: PROFILE.iccid, k: K, op: 'cdc202d5123e20f62b6d676ac72cb318' },
      'a.json',
    );
    expect(profile.opc.revealHex()).toBe(OPC);
    expect(profile).toMatchObject({
      mncLength: 3,
      spn: '',
      msisdn: '',
      simId: PROFILE.iccid,
      pin1: { enabled: false },
    });
    expect([profile.amf, profile.sqn, profile.cardSqn, profile.acc].map(toHex)).toEqual([
      '8000',
      '000000000020',
      '000000000000',
      '0001',
    ]);
  });

  it('is read from a file; a missing one and one that is not JSON are named', () => {
    expect(loadSimProfile('examples/profiles/soracom-demo.json').imsi).toBe('440103123456789');
    const [demo, wrong] = ['soracom-demo', 'wrong-key'].map(
      (name) => JSON.parse(readFileSync(`examples/profiles/${name}.json`, 'utf8')) as Record<string, unknown>,
    );
    expect(wrong).toEqual({ ...demo, k: wrong?.['k'] });
    expect(wrong?.['k']).not.toBe(demo?.['k']);
    expect(() => loadSimProfile('/nowhere/a.json')).toThrow('SIM profile /nowhere/a.json: there is no such file');
    const folder = mkdtempSync(join(tmpdir(), 'akari-'));
    writeFileSync(join(folder, 'a.json'), `{ "k": ${K} }`);
    expect(() => loadSimProfile(join(folder, 'a.json'))).toThrow(
      /a\.json: is not JSON: line 1, column 8: a value is expected$/,
    );
    rmSync(folder, { recursive: true });
  });
});

describe('numbers on the card', () => {
  it.each([
    ['262011106487504', '082926101160845740'],
    ['001010123456789', '080910101032547698'],
    ['440103123456789', '084904011332547698'],
    ['00101123456789', '0801101021436587f9'],
  ])('IMSI %s is %s', (imsi, bytes) => {
    expect(toHex(imsiBytes(imsi))).toBe(bytes);
  });

  it.each([
    ['8981100000123456784', '981801000021436587f4'],
    ['89811000001234567891', '98180100002143658719'],
  ])('ICCID %s is %s', (iccid, bytes) => {
    expect(toHex(swappedBcd(iccid))).toBe(bytes);
  });

  it.each([
    ['440', '10', '44f001'],
    ['001', '01', '00f110'],
    ['310', '410', '130014'],
    ['295', '05', '92f550'],
  ])('PLMN %s-%s is %s', (mcc, mnc, bytes) => {
    expect(toHex(plmnBytes(mcc, mnc))).toBe(bytes);
  });

  it('Luhn', () => {
    expect(luhnDigit('7992739871')).toBe(3); // the example of ISO/IEC 7812-1
  });
});

describe('personalisation', () => {
  it('takes the profile to the files', async () => {
    const store = storeOf({
      imsi: '310410123456780',
      iccid: '89811000001234567891'.slice(0, 19) + '1',
      spn: 'Akari',
      msisdn: '819012345678',
    });
    const bench = await new Bench({ store }).usim();
    const file = async (fid: string, read = '00b0000000'): Promise<string> => {
      await bench.ask(`00a4000402${fid}`);
      return (await bench.ask(read)).data;
    };
    expect(await file('6f07')).toBe('083901141032547608');
    expect(await file('6fad')).toBe('00000003');
    expect(await file('6f62')).toBe('1300144000');
    expect(await file('6f46')).toMatch(/^00416b617269(ff){11}$/);
    expect(await file('6f40', '00b2010400')).toMatch(/^(ff){14}0791180921436587(ff)+$/);
    // "Akari" in packed 7-bit text, as TS 23.038 6.1.2.1 packs it
    expect(await file('6fc5', '00b2010400')).toMatch(/^430685c175589e06(ff)+$/);
    expect(await file('6f78')).toBe('0001');
    expect(await file('2f00', '00b2010400')).toBe('');
  });
});
