import { createHmac } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { luhnDigit } from '../../host/numbers.js';
import {
  ProfileError,
  loadSimProfile,
  loadSimRange,
  parseSimProfile,
  parseSimRange,
  profileJsonSchema,
} from '../../host/sim/index.js';
import { K, OPC, PROFILE } from './card.js';

const CARD = { imsi: PROFILE.imsi, iccid: PROFILE.iccid };
let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'akari-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a profile and its key file, and gives the profile's path. */
function written(profile: object, keys: unknown, mode = 0o600): string {
  writeFileSync(join(folder, 'p.json'), JSON.stringify({ ...profile, keys: 'k.json' }));
  writeFileSync(join(folder, 'k.json'), typeof keys === 'string' ? keys : JSON.stringify(keys));
  chmodSync(join(folder, 'k.json'), mode);
  return join(folder, 'p.json');
}

describe('a range of cards', () => {
  it('counts IMSI, ICCID and telephone number up, each ICCID with its own Luhn digit', () => {
    const range = parseSimRange({ ...PROFILE, count: 12, msisdn: '812345678995' }, 'a.json');
    const cards = Array.from({ length: 12 }, (_, i) => range.card(i));
    expect(cards.map((card) => card.imsi).slice(0, 3)).toEqual([
      '440103123456789',
      '440103123456790',
      '440103123456791',
    ]);
    expect(cards[5]?.msisdn).toBe('812345679000');
    for (const [i, { iccid, simId }] of cards.entries()) {
      expect(BigInt(iccid.slice(0, -1))).toBe(BigInt(PROFILE.iccid.slice(0, -1)) + BigInt(i));
      expect(Number(iccid.at(-1))).toBe(luhnDigit(iccid.slice(0, -1)));
      expect(simId).toBe(iccid);
    }
    expect(new Set(cards.map((card) => card.acc.join())).size).toBe(10);
  });

  it('has unlike cards in any range, all of which are valid profiles of their own', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999 }), fc.nat(99_999), (start, index) => {
        const imsi = `44010${String(start).padStart(10, '0')}`;
        const card = parseSimRange({ ...PROFILE, imsi, count: 100_000 }, 'a.json').card(index);
        const alone = parseSimProfile({ ...PROFILE, imsi: card.imsi, iccid: card.iccid }, 'a.json');
        expect(alone).toEqual(card);
      }),
    );
  });

  it.each([
    [{ count: 0 }, '"count" is less than 1'],
    [{ count: 1.5 }, '"count" is no whole number'],
    [{ count: 2_000_000 }, '"count" is more than 1000000'],
    [{ imsi: '440109999999999', count: 2 }, '"imsi" runs out of digits within "count" cards'],
    [{ iccid: '8981109999999999994', count: 10 }, '"iccid" runs out of digits within "count" cards'],
    [{ msisdn: '99', count: 2 }, '"msisdn" runs out of digits within "count" cards'],
    [{ simId: 'x', count: 2 }, '"simId" would be the same on all cards; leave it out'],
    [{ impi: 'a@b', count: 2 }, '"impi" would be the same on all cards; put {imsi} into it'],
    [{ impu: ['sip:{imsi}@b', 'tel:+1'], count: 2 }, '"impu" would be the same on all cards; put {imsi} into it'],
    [{ impu: [] }, '"impu" is not a list of 1 to 4 identities'],
    [{ keys: 'k.json' }, '"k", "opc" beside "keys": they belong into the key file'],
  ])('%o is refused by name', (fields, fault) => {
    expect(() => parseSimRange({ ...PROFILE, ...fields }, 'a.json')).toThrow(`SIM profile a.json: ${fault}`);
  });

  it('has no card beyond its end', () => {
    const range = parseSimRange({ ...PROFILE, count: 3 }, 'a.json');
    for (const index of [3, -1, 0.5, NaN]) expect(() => range.card(index)).toThrow('has 3 cards, 0 to 2');
  });

  it('derives the IMS identities from the IMSI (TS 23.003 13), or takes its own', () => {
    const domain = 'ims.mnc010.mcc440.3gppnetwork.org';
    expect(parseSimProfile(PROFILE, 'a.json')).toMatchObject({
      ...{ impi: `440103123456789@${domain}`, impu: [`sip:440103123456789@${domain}`], domain },
    });
    const own = { impi: '{imsi}@x.example', impu: ['sip:a@x.example', 'tel:+81'], domain: 'x.example' };
    const card = parseSimProfile({ ...PROFILE, ...own }, 'a.json');
    expect(card).toMatchObject({ ...own, impi: '440103123456789@x.example' });
  });
});

describe('a key file', () => {
  it('gives each card its keys by ICCID', () => {
    const path = written(CARD, { cards: { [CARD.iccid]: { k: K, opc: OPC, adm1: '12345678' } } });
    const profile = loadSimProfile(path);
    expect([profile.k.revealHex(), profile.opc.revealHex()]).toEqual([K, OPC]);
    expect(Buffer.from(profile.adm1.reveal()).toString()).toBe('12345678');
    expect(inspect(profile, { depth: 9 }) + JSON.stringify(profile)).not.toMatch(new RegExp(`${K}|${OPC}`));
  });

  it('or a master key, from which K and OPc come as documented', () => {
    const master = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
    const range = loadSimRange(written({ ...CARD, count: 5 }, { master }));
    const { iccid, k, opc } = range.card(4);
    const d = (label: string): string =>
      createHmac('sha256', Buffer.from(master, 'hex'))
        .update(Buffer.concat([Buffer.from(`akari ${label}`), Buffer.of(0), Buffer.from(iccid)]))
        .digest('hex');
    expect(k.revealHex()).toBe(d('k').slice(0, 32));
    expect(opc.revealHex()).toBe(d('opc').slice(0, 32));
    // The same by hand: printf 'akari k\0008981100000123456784' | openssl dgst -sha256 -mac HMAC -macopt hexkey:...
    expect(range.card(0).k.revealHex()).toBe('5d8b945b1d71bbb76f23f03efdc0d9af');
    expect(new Set(Array.from({ length: 5 }, (_, i) => range.card(i).k.revealHex())).size).toBe(5);
  });

  it('or a master key and OP, or TOP and 256 bits for TUAK', () => {
    const master = '55'.repeat(16);
    const op = 'cdc202d5123e20f62b6d676ac72cb318';
    const first = loadSimProfile(written(CARD, { master, op }));
    const { iccid, imsi } = CARD;
    expect(first.opc).toEqual(parseSimProfile({ imsi, iccid, k: first.k.revealHex(), op }, 'a').opc);
    const top = '77'.repeat(32);
    const tuak = loadSimProfile(written({ ...CARD, algorithm: 'tuak' }, { master, top }));
    expect(tuak.k.reveal()).toHaveLength(32);
    const own = { imsi, iccid, algorithm: 'tuak', k: tuak.k.revealHex(), top };
    expect(tuak.algorithm).toEqual(parseSimProfile(own, 'a').algorithm);
  });

  it.each([0o644, 0o640, 0o606, 0o620])('of mode %o is refused, as ssh does', (mode) => {
    const path = written(CARD, { master: '55'.repeat(16) }, mode);
    const shown = `0${mode.toString(8)}`;
    expect(() => loadSimProfile(path)).toThrow(
      `SIM key file ${folder}/k.json: mode ${shown} lets others at the keys in it; run: chmod 600 ${folder}/k.json`,
    );
  });

  it.each([
    [{}, 'expected exactly one of "cards" and "master"'],
    [{ cards: {}, master: '00'.repeat(16) }, 'expected exactly one of "cards" and "master"'],
    [{ cards: {} }, `"cards" has no card ${CARD.iccid}`],
    [{ cards: { '898110000012345678X': {} } }, '"cards.898110000012345678X" is not the number of a card'],
    [{ cards: { [CARD.iccid]: { k: '00' } } }, `"cards.${CARD.iccid}.k" is 2 hex digits`],
    [{ cards: { [CARD.iccid]: { key: K } } }, `"cards.${CARD.iccid}.key": no such field`],
    [{ cards: {}, op: OPC }, '"op" and "top" belong to "master"'],
    [{ master: 'xy' }, '"master" is not 32 to 128 hex digits (master key)'],
    [{ mister: 'xy' }, '"mister": no such field (known: cards, master, op, top)'],
    ['{ "master": ', 'is not JSON'],
    ['[]', 'is not a JSON object'],
  ])('%o is refused by name', (keys, fault) => {
    expect(() => loadSimProfile(written(CARD, keys))).toThrow(`SIM key file ${folder}/k.json: ${fault}`);
  });

  it('that lacks a key is refused, and one that is not there', () => {
    const path = written(CARD, { cards: { [CARD.iccid]: { k: K } } });
    expect(() => loadSimProfile(path)).toThrow('neither "op" nor "opc" is given');
    rmSync(join(folder, 'k.json'));
    expect(() => loadSimProfile(path)).toThrow(`SIM key file ${folder}/k.json: there is no such file`);
    expect(() => parseSimProfile({ ...CARD, keys: 'k.json' }, 'a')).toThrow('"keys" names a file');
  });

  it('any JSON gives keys or a ProfileError, which shows none of it', () => {
    const secret = fc.string({ unit: fc.constantFrom(...'0123456789abcdefxyz'), minLength: 6, maxLength: 70 });
    const card = fc.dictionary(fc.constantFrom('k', 'op', 'opc', 'topc', 'adm1', 'puk1'), secret);
    const file = fc.oneof(
      fc.record({ cards: fc.record({ [CARD.iccid]: card }) }),
      fc.record({ master: secret, op: secret }, { requiredKeys: [] }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(file, secret, (keys, canary) => {
        const json = JSON.stringify(keys).replaceAll('xyz', canary);
        try {
          loadSimProfile(written(CARD, json));
        } catch (error) {
          expect(error).toBeInstanceOf(ProfileError);
          for (const value of json.match(/[0-9a-z]{20,}/g) ?? []) {
            if (value !== CARD.iccid) expect((error as Error).message).not.toContain(value);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('the published schema', () => {
  const schema = profileJsonSchema() as { properties: Record<string, { pattern?: string }>; required: string[] };

  it('is the one in examples/profiles (made by: akari sim schema)', () => {
    expect(JSON.parse(readFileSync('examples/profiles/profile.schema.json', 'utf8'))).toEqual(schema);
    expect(schema.required).toEqual(['imsi', 'iccid']);
  });

  it('takes and refuses the same texts as the loader, but for Luhn digits and what hangs on other fields', () => {
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 22 }),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFg'), maxLength: 66 }),
      ...[4, 12, 16, 32, 64].map((n) => fc.string({ unit: fc.constantFrom(...'09afAF'), minLength: n, maxLength: n })),
      fc.string({ maxLength: 20 }),
    );
    const names = Object.keys(schema.properties).filter((name) => schema.properties[name]?.pattern);
    expect(names.length).toBeGreaterThan(15);
    fc.assert(
      fc.property(fc.constantFrom(...names), texts, (name, text) => {
        let fault = '';
        try {
          parseSimRange({ ...PROFILE, [name]: text }, 'a');
        } catch (error) {
          fault = (error as ProfileError).faults.filter((each) => each.startsWith(`"${name}" `)).join();
        }
        const other = /Luhn|does not belong|are both given|128-bit key of algorithm/.test(fault);
        const pattern = new RegExp(schema.properties[name]?.pattern ?? '', 'u');
        if (!other) expect(pattern.test(text), `${name} ${text} ${fault}`).toBe(fault === '');
      }),
      { numRuns: 3000 },
    );
  });
});
