// What a SIM factory does: a profile becomes the content of the card's EEPROM. The forms are those of
// assembly/sim/store.ts and the files it names; numbers in tables are little-endian.

import { concat, fromHex } from '../bytes.js';
import type { Secret } from '../secret.js';
import { Condition, type DedicatedFile, type ElementaryFile, standardFiles } from './files.js';
import { keyRecord } from './key-record.js';
import type { SimProfile } from './profile.js';

/** Keys of the card's store. */
export const StoreKey = { Tree: 1, Keys: 2, Sqn: 3, Pins: 4, FirstFile: 256 } as const;

const PIN_TRIES = 3;
const PUK_TRIES = 10;
const ADM_TRIES = 10;

/** The store of a new card: values by key, for a `Store`. */
export function personalise(
  profile: SimProfile,
  files: DedicatedFile = standardFiles(profile),
): Map<number, Uint8Array> {
  return new Map([
    ...fileValues(files),
    [StoreKey.Keys, keyRecord(profile)],
    [StoreKey.Sqn, sqnValue(profile)],
    [StoreKey.Pins, pinsValue(profile)],
  ]);
}

/** SEQ_MS[0..31], 64 bits each; only the entry of the highest SQN's own IND is not 0. */
function sqnValue({ cardSqn, indBits }: SimProfile): Uint8Array {
  const value = new Uint8Array(32 * 8);
  const number = cardSqn.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const ind = Number(number) % 2 ** indBits;
  new DataView(value.buffer).setBigUint64(ind * 8, number >> BigInt(indBits), true);
  return value;
}

function pinsValue(profile: SimProfile): Uint8Array {
  const entry = (reference: number, enabled: boolean, tries: number, value: Secret, puk?: Secret): Uint8Array => {
    const pukTries = puk ? PUK_TRIES : 0;
    const counters = Uint8Array.of(reference, enabled ? 1 : 0, tries, tries, pukTries, pukTries, 0, 0);
    return concat(counters, value.reveal(), puk?.reveal() ?? new Uint8Array(8));
  };
  return concat(
    Uint8Array.of(1, 3),
    entry(0x01, profile.pin1.enabled, PIN_TRIES, profile.pin1.value, profile.puk1),
    entry(0x81, true, PIN_TRIES, profile.pin2, profile.puk2),
    entry(0x0a, true, ADM_TRIES, profile.adm1),
  );
}

// --- Files ---

const Kind = { Mf: 0, Df: 1, Adf: 2, Transparent: 3, LinearFixed: 4, Cyclic: 5 } as const;
const ENTRY_BYTES = 16;
const LAYOUT = 2;
/** Parents and AIDs have one byte in the table; the card has room for so many files, and bytes of AIDs. */
const FILES_MAX = 112;
const AIDS_MAX_BYTES = 64;
const ARR_MF = 0x2f06;
const ARR_ADF = 0x6f06;
const ARR_MF_SFI = 0x06;
const ARR_ADF_SFI = 0x17;

interface Entry {
  readonly fid: number;
  readonly name: string;
  readonly kind: number;
  readonly parent: number;
  readonly sfi: number;
  /** Index of the file whose content it shows. */
  readonly shows: number;
  readonly arr: AccessRules;
  readonly arrRecord: number;
  readonly aid: Uint8Array | undefined;
  readonly records: readonly Uint8Array[];
}

/** The file table and the content of each EF. */
function fileValues(mf: DedicatedFile): [number, Uint8Array][] {
  const entries: Entry[] = [];
  layOut(mf, 0, new AccessRules(ARR_MF), entries);
  const contents = entries.flatMap((entry, file): [number, Uint8Array][] =>
    isEf(entry) && entry.shows === file ? [[StoreKey.FirstFile + file, concat(...recordsOf(entry))]] : [],
  );
  return [[StoreKey.Tree, tableValue(entries)], ...contents];
}

/** Parents before their children. The MF and each ADF have an EF_ARR, which rules over all that is below. */
function layOut(df: DedicatedFile, parent: number, rules: AccessRules, entries: Entry[]): void {
  const index = entries.length;
  const kind = index === 0 ? Kind.Mf : df.aid ? Kind.Adf : Kind.Df;
  // Of a DF the rule says nothing that the card would have to judge. An ADF's own stands with the MF's.
  const arrRecord = rules.record({ read: Condition.Always, update: Condition.Never });
  const common = { fid: df.fid, name: df.name, sfi: 0, shows: index };
  entries.push({ ...common, kind, parent, arr: rules, arrRecord, aid: df.aid, records: [] });
  const own = df.aid ? new AccessRules(ARR_ADF) : rules;
  if (index === 0 || df.aid) {
    const sfi = df.arrSfi ?? (index === 0 ? ARR_MF_SFI : ARR_ADF_SFI);
    entries.push(arrEntry(own, index, entries.length, sfi));
  }
  for (const file of df.files) entries.push(elementaryEntry(file, index, own, entries));
  for (const child of df.folders) layOut(child, index, own, entries);
}

function arrEntry(rules: AccessRules, parent: number, index: number, sfi: number): Entry {
  const arrRecord = rules.record({ read: Condition.Always, update: Condition.Adm1 });
  const common = { fid: rules.fid, name: 'EF_ARR', kind: Kind.LinearFixed, parent, shows: index, aid: undefined };
  return { ...common, sfi, arr: rules, arrRecord, records: [] };
}

function elementaryEntry(file: ElementaryFile, parent: number, rules: AccessRules, entries: readonly Entry[]): Entry {
  const { fid, name, content } = file;
  const common = { fid, name, parent, sfi: file.sfi ?? 0, arr: rules, arrRecord: rules.record(file), aid: undefined };
  if (file.shows) {
    const shows = find(file.shows, entries);
    const shown = entries[shows];
    if (shown === undefined || !isEf(shown)) throw new RangeError(`${name}: the file it shows is not there`);
    return { ...common, shows, kind: shown.kind, records: shown.records };
  }
  const shows = entries.length;
  if (content instanceof Uint8Array) return { ...common, shows, kind: Kind.Transparent, records: [content] };
  const recordLength = content[0]?.length ?? 0;
  if (recordLength === 0 || content.some((record) => record.length !== recordLength)) {
    throw new RangeError(`${name}: its records are not all of one length of 1 byte or more`);
  }
  return { ...common, shows, kind: file.cyclic === true ? Kind.Cyclic : Kind.LinearFixed, records: content };
}

/** Index of the file at this path from the MF; -1 for none. */
function find(path: readonly number[], entries: readonly Entry[]): number {
  return path.reduce((parent, fid) => entries.findIndex((e, i) => i > 0 && e.parent === parent && e.fid === fid), 0);
}

const isEf = ({ kind }: Entry): boolean => kind >= Kind.Transparent;

/** Records of an EF; the one part of a transparent one. An EF_ARR's are known when all other files are. */
const recordsOf = (entry: Entry): readonly Uint8Array[] =>
  isEf(entry) && entry.records.length === 0 ? entry.arr.records() : entry.records;

function tableValue(entries: readonly Entry[]): Uint8Array {
  const aidsAt = 2 + entries.length * ENTRY_BYTES;
  const aids: Uint8Array[] = [];
  const table = new Uint8Array(aidsAt);
  const view = new DataView(table.buffer);
  table.set([LAYOUT, entries.length]);
  entries.forEach((entry, i) => {
    const at = 2 + i * ENTRY_BYTES;
    const records = recordsOf(entry);
    const recordLength = entry.kind > Kind.Transparent ? (records[0]?.length ?? 0) : 0;
    view.setUint16(at, entry.fid, true);
    table.set([entry.kind, entry.parent, entry.sfi, entry.shows, entry.arrRecord], at + 2);
    view.setUint16(at + 8, entry.arr.fid, true);
    view.setUint16(at + 10, concat(...records).length, true);
    table.set([recordLength, recordLength > 0 ? records.length : 0], at + 12);
    if (entry.aid) {
      view.setUint16(at + 14, aidsAt + concat(...aids).length, true);
      aids.push(concat(Uint8Array.of(entry.aid.length), entry.aid));
    }
  });
  if (entries.length > FILES_MAX) throw new RangeError(`a card has ${FILES_MAX} files at most, not ${entries.length}`);
  if (concat(...aids).length > AIDS_MAX_BYTES) throw new RangeError(`AIDs of more than ${AIDS_MAX_BYTES} bytes`);
  return concat(table, ...aids);
}

type Rule = Pick<ElementaryFile, 'read' | 'update' | 'increase' | 'activate'>;

/** The records of one EF_ARR: one for each set of conditions in use. TS 102 221 9.2.2, ISO 7816-4 9.3. */
class AccessRules {
  readonly #records: Uint8Array[] = [];

  constructor(readonly fid: number) {}

  /** Number (1-based) of the record that says this. */
  record({ read, update, increase, activate = Condition.Adm1 }: Rule): number {
    const rule = concat(
      ...[accessMode(AM_READ), securityCondition(read)],
      ...[accessMode(AM_UPDATE), securityCondition(update)],
      ...[accessMode(AM_ACTIVATE | AM_DEACTIVATE), securityCondition(activate)],
      ...(increase === undefined ? [] : [INCREASE, securityCondition(increase)]),
    );
    const found = this.#records.findIndex((other) => Buffer.from(other).equals(rule));
    return found >= 0 ? found + 1 : this.#records.push(rule);
  }

  /** All records, FF up to the longest one's length. */
  records(): Uint8Array[] {
    const length = Math.max(...this.#records.map((rule) => rule.length));
    return this.#records.map((rule) => concat(rule, new Uint8Array(length - rule.length).fill(0xff)));
  }
}

// AM byte of an EF. ISO 7816-4 table 17.
const AM_READ = 0x01;
const AM_UPDATE = 0x02;
const AM_DEACTIVATE = 0x08;
const AM_ACTIVATE = 0x10;

const accessMode = (am: number): Uint8Array => Uint8Array.of(0x80, 1, am);
/** The instruction INCREASE, which has no bit in the AM byte. TS 102 221 9.2.4. */
const INCREASE = fromHex('840132');

/** SC data object: 90 always, 97 never, A4 user authentication by the key reference. ISO 7816-4 table 23. */
function securityCondition(condition: number): Uint8Array {
  if (condition === Condition.Always) return fromHex('9000');
  if (condition === Condition.Never) return fromHex('9700');
  return Uint8Array.of(0xa4, 6, 0x83, 1, condition, 0x95, 1, 0x08);
}
