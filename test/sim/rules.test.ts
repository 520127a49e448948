// Access rules: what EF_ARR says is what the card does. TS 102 221 9.2, ISO 7816-4 9.3.3.

import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import { AID, Bench, storeOf } from './card.js';

const PIN1 = '0020000108 31323334ffffffff';
const PIN2 = '0020008108 30303030ffffffff';
const ADM1 = '0020000a08 3838383838383838';
const GID1 = '00a4000c026f3e';

const crt = (reference: string): string => `a406 8301${reference} 950108`;

/** A card whose EF_GID1 stands under the rule given, with what `verify` verifies verified. */
async function cardWith(rule: string, verify: readonly string[] = []): Promise<Bench> {
  const bench = await new Bench({ link: 'direct', store: storeOf({ pin1Enabled: true }) }).usim();
  const fcp = await bench.send('00a40004026f3e');
  const record = /8b036f06(..)/.exec(fcp)?.[1] ?? '';
  await bench.send('00a4000c026f06');
  const length = (await bench.send(`00b2${record}0400`)).length / 2 - 2;
  const bytes = rule.replaceAll(' ', '');
  expect(bytes.length / 2).toBeLessThanOrEqual(length);
  expect(await bench.send(ADM1)).toBe('9000');
  const lc = length.toString(16).padStart(2, '0');
  expect(await bench.send(`00dc${record}04${lc}${bytes.padEnd(length * 2, 'f')}`)).toBe('9000');
  await bench.reset();
  await bench.send(`00a4040c10${AID}`);
  for (const command of verify) expect(await bench.send(command)).toBe('9000');
  await bench.send(GID1);
  return bench;
}

const READ = '00b0000004';
const UPDATE = '00d6000001 01';
const DEACTIVATE = '0004000000';
const ACTIVATE = '0044000000';

describe('EF_ARR', () => {
  // The first two records are those of real cards in pySim's tests of its EF_ARR decoder.
  it.each([
    [
      '800101a40683010a950108 800106900080016097008401d4a40683010a950108',
      { nobody: 'UPDATE', PIN1: 'UPDATE', ADM1: 'READ UPDATE' },
    ],
    [
      '80010190008001029700 800118a40683010a950108 8401d4a40683010a950108',
      { nobody: 'READ', PIN1: 'READ', ADM1: 'READ DEACTIVATE ACTIVATE' },
    ],
    [`80011b 9000`, { nobody: 'READ UPDATE DEACTIVATE ACTIVATE' }],
    [`80011b 9700`, { nobody: '', ADM1: '' }],
    [`80011b ${crt('01')} ${crt('0a')}`, { nobody: '', PIN1: 'READ UPDATE DEACTIVATE ACTIVATE', PIN2: '' }],
    [`800103 a010 ${crt('01')} ${crt('81')}`, { nobody: '', PIN1: 'READ UPDATE', PIN2: 'READ UPDATE', ADM1: '' }],
    [`800103 af10 ${crt('01')} ${crt('81')}`, { nobody: '', PIN1: '', PIN2: '', both: 'READ UPDATE' }],
    [`800101 a00e af0a ${crt('01')} 9700 9000`, { nobody: 'READ' }],
    [`800101 9700 800101 9000`, { nobody: 'READ' }],
    // Not fit for use: never.
    ['', { nobody: '', ADM1: '' }],
    ['800101', { nobody: '' }],
    ['9000', { nobody: '' }],
    ['800101 9000 ff 9000', { nobody: '' }],
    ['800101 9000 800102', { nobody: '' }],
    ['80020101 9000', { nobody: '' }],
    ['800101 900100', { nobody: '' }],
    ['800101 9000 8001', { nobody: '' }],
    ['800101 a000 9000', { nobody: '' }],
    ['800101 a403830101 9000', { PIN1: '' }],
    ['800101 9e01ff', { nobody: '', ADM1: '' }],
    ['800101 b60683010a950108 9000', { nobody: '' }],
    ['800101 a00ca00aa008a006a004a0029000', { nobody: '' }],
    ['800101 9000 800102 90ff', { nobody: '' }],
  ] as const)('%s', async (rule, expected) => {
    const verify = { nobody: [], PIN1: [PIN1], PIN2: [PIN2], ADM1: [ADM1], both: [PIN1, PIN2] } as const;
    for (const [who, may] of Object.entries(expected)) {
      const bench = await cardWith(rule, verify[who as keyof typeof verify]);
      const words = await bench.statusWords(READ, UPDATE, DEACTIVATE, ACTIVATE);
      const allowed = ['READ', 'UPDATE', 'DEACTIVATE', 'ACTIVATE'].filter((_, i) => words[i] !== '6982');
      expect(allowed.join(' '), `${who}: ${words.join(' ')}`).toBe(may);
    }
  });

  it('that is deactivated, or does not have the record, allows nothing', async () => {
    const bench = await cardWith('80011b 9000', [ADM1]);
    expect(await bench.send(READ)).toBe('ffffffff9000');
    expect(await bench.statusWords('00a4000c026f06', DEACTIVATE, GID1, READ)).toEqual(['9000', '9000', '9000', '6982']);
    // Its own rule is in it: nobody can open it again.
    expect(await bench.statusWords('00a4000c026f06', ACTIVATE)).toEqual(['6283', '6982']);
  });

  it('of any content: the card allows what another reading of the standard allows', { timeout: 60_000 }, async () => {
    const seed = 'rules-1';
    const random = new Random(seed);
    const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
    const condition = (depth: number): string => {
      const kind = random.below(depth > 2 ? 3 : 5);
      if (kind < 2) return pick(['9000', '9700']);
      if (kind === 2) return crt(pick(['01', '81', '0a', '0b'])).replaceAll(' ', '');
      const inside = Array.from({ length: 1 + random.below(2) }, () => condition(depth + 1)).join('');
      return pick(['a0', 'af']) + (inside.length / 2).toString(16).padStart(2, '0') + inside;
    };
    let granted = 0;
    for (let i = 0; i < 400; i++) {
      const objects = Array.from(
        { length: 1 + random.below(3) },
        () => pick(['800101', '800102', '800103', '8401d4', '800118']) + condition(0),
      );
      const rule = fromHex(objects.join('')).slice(0, 33);
      if (random.below(3) === 0) rule[random.below(rule.length)] = random.below(256);
      const adm = random.below(2) === 0;
      const bench = await cardWith(toHex(rule), adm ? [ADM1] : [PIN1]);
      const expected = allows(rule, 0x01, adm ? 0x0a : 0x01);
      if (expected) granted++;
      const sw = (await bench.send(READ)).slice(-4);
      expect(sw, `seed ${seed}, ${i}: ${toHex(rule)} by ${adm ? 'ADM1' : 'PIN1'}`).toBe(expected ? '9000' : '6982');
    }
    expect(granted).toBeGreaterThan(40);
  });
});

// --- The same rules, read by another hand ---

interface DataObject {
  readonly tag: number;
  readonly value: Uint8Array;
}

/** undefined: not a list of data objects. */
function objects(bytes: Uint8Array): DataObject[] | undefined {
  if (bytes.length === 0) return [];
  const [tag, length] = bytes;
  if (tag === undefined || length === undefined || 2 + length > bytes.length) return undefined;
  const rest = objects(bytes.subarray(2 + length));
  return rest && [{ tag, value: bytes.subarray(2, 2 + length) }, ...rest];
}

/** undefined: not a condition. */
function holds({ tag, value }: DataObject, verified: number, depth: number): boolean | undefined {
  if (tag === 0x90 || tag === 0x97) return value.length === 0 ? tag === 0x90 : undefined;
  if (tag === 0x9e) return false;
  const inside = objects(value);
  if (inside === undefined || inside.length === 0) return undefined;
  if (tag === 0xa4) {
    const one = (wanted: number): DataObject[] => inside.filter((object) => object.tag === wanted);
    const reference = one(0x83)[0]?.value[0];
    const usage = one(0x95).at(-1)?.value[0] ?? 0;
    const sound = inside.every((object) => [0x83, 0x95].includes(object.tag) && object.value.length === 1);
    if (!sound || one(0x83).length !== 1 || reference === 0 || (usage & 8) === 0) return undefined;
    return reference === verified;
  }
  if ((tag !== 0xa0 && tag !== 0xaf) || depth === 4) return undefined;
  const each = inside.map((object) => holds(object, verified, depth + 1));
  if (each.includes(undefined)) return undefined;
  return tag === 0xa0 ? each.includes(true) : !each.includes(false);
}

function allows(rule: Uint8Array, mode: number, verified: number): boolean {
  // The card looks at a byte of FF where a tag would be: padding from there.
  let end = 0;
  while (end < rule.length && rule[end] !== 0xff) end += 2 + (rule[end + 1] ?? 0);
  if (end > rule.length) return false;
  if (rule.subarray(end).some((byte) => byte !== 0xff)) return false;
  const list = objects(rule.subarray(0, end));
  if (list === undefined) return false;
  let allowed = false;
  let current: DataObject | undefined;
  let conditions = 1;
  for (const object of list) {
    if (object.tag >> 4 === 8) {
      if (conditions === 0 || object.value.length === 0) return false;
      current = object;
      conditions = 0;
    } else {
      const result = holds(object, verified, 0);
      if (current === undefined || result === undefined) return false;
      conditions++;
      const applies = current.tag === 0x80 && current.value.length === 1 && ((current.value[0] ?? 0) & mode) !== 0;
      if (applies && result) allowed = true;
    }
  }
  return allowed && conditions > 0;
}
