// What a SIM factory does: a profile becomes the content of the card's EEPROM. The forms are those of
// assembly/sim/store.ts and the files it names; numbers in tables are little-endian.

import { concat, fromHex } from '../bytes.js';
import type { Secret } from '../secret.js';
import { Condition, type DedicatedFile, type ElementaryFile, standardFiles } from './files.js';
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
    [StoreKey.Keys, concat(Uint8Array.of(1, 1), profile.k.reveal(), profile.opc.reveal())],
    [StoreKey.Sqn, sqnValue(profile.cardSqn)],
    [StoreKey.Pins, pinsValue(profile)],
  ]);
}

/** SEQ_MS[0..31], 64 bits each; only the entry of the highest SQN's own IND is not 0. */
function sqnValue(sqn: Uint8Array): Uint8Array {
  const value = new Uint8Array(32 * 8);
  const number = sqn.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  new DataView(value.buffer).setBigUint64(Number(number & 31n) * 8, number >> 5n, true);
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

const Kind = { Mf: 0, Df: 1, Adf: 2, Transparent: 3, LinearFixed: 4 } as const;
const ENTRY_BYTES = 18;
const ACTIVATED = 0x05;
const ARR_MF = 0x2f06;
const ARR_DF = 0x6f06;
const ARR_SFI = 0x17;
/** Record of every EF_ARR that DFs point to. */
const FOLDER_RULE = 1;

interface Entry {
  readonly fid: number;
  readonly kind: number;
  readonly parent: number;
  readonly sfi: number;
  readonly read: number;
  readonly update: number;
  readonly arrFid: number;
  readonly arrRecord: number;
  readonly aid: Uint8Array | undefined;
  readonly recordLength: number;
  readonly recordCount: number;
  readonly content: Uint8Array;
}

/** The file table and the content of each EF. */
function fileValues(mf: DedicatedFile): [number, Uint8Array][] {
  const entries: Entry[] = [];
  layOut(mf, 0, entries);
  const contents = entries.flatMap(({ content }, file): [number, Uint8Array][] =>
    content.length > 0 ? [[StoreKey.FirstFile + file, content]] : [],
  );
  return [[StoreKey.Tree, tableValue(entries)], ...contents];
}

/** Parents before their children, the EF_ARR as first child. */
function layOut(df: DedicatedFile, parent: number, entries: Entry[]): void {
  const index = entries.length;
  const arrFid = index === 0 ? ARR_MF : ARR_DF;
  const rules = new AccessRules();
  const kind = index === 0 ? Kind.Mf : df.aid ? Kind.Adf : Kind.Df;
  const folder = { recordLength: 0, recordCount: 0, content: new Uint8Array(0) };
  entries.push({
    ...{ fid: df.fid, kind, parent, sfi: 0, read: Condition.Always, update: Condition.Never },
    ...{ arrFid: parent === 0 ? ARR_MF : ARR_DF, arrRecord: FOLDER_RULE, aid: df.aid, ...folder },
  });

  const arr = { fid: arrFid, name: 'EF_ARR', read: Condition.Always, update: Condition.Adm1 };
  const arrRecord = rules.record(arr.read, arr.update);
  const records = df.files.map((file) => rules.record(file.read, file.update));
  const arrFile: ElementaryFile = { ...arr, ...(index === 0 ? {} : { sfi: ARR_SFI }), content: rules.records() };
  [arrFile, ...df.files].forEach((file, i) => {
    const rule = i === 0 ? arrRecord : (records[i - 1] ?? arrRecord);
    entries.push(elementaryEntry(file, index, arrFid, rule));
  });
  for (const child of df.folders) layOut(child, index, entries);
}

function elementaryEntry(file: ElementaryFile, parent: number, arrFid: number, arrRecord: number): Entry {
  const common = { fid: file.fid, parent, sfi: file.sfi ?? 0, read: file.read, update: file.update, aid: undefined };
  if (file.content instanceof Uint8Array) {
    const shape = { kind: Kind.Transparent, recordLength: 0, recordCount: 0, content: file.content };
    return { ...common, arrFid, arrRecord, ...shape };
  }
  const recordLength = file.content[0]?.length ?? 0;
  if (file.content.some((record) => record.length !== recordLength)) {
    throw new RangeError(`${file.name}: its records differ in length`);
  }
  const shape = { kind: Kind.LinearFixed, recordLength, recordCount: file.content.length };
  return { ...common, arrFid, arrRecord, ...shape, content: concat(...file.content) };
}

function tableValue(entries: readonly Entry[]): Uint8Array {
  const aidsAt = 2 + entries.length * ENTRY_BYTES;
  const aids: Uint8Array[] = [];
  const table = new Uint8Array(aidsAt);
  const view = new DataView(table.buffer);
  table.set([1, entries.length]);
  entries.forEach((entry, i) => {
    const at = 2 + i * ENTRY_BYTES;
    view.setUint16(at, entry.fid, true);
    table.set([entry.kind, entry.parent, entry.sfi, entry.read, entry.update, entry.arrRecord], at + 2);
    view.setUint16(at + 8, entry.arrFid, true);
    view.setUint16(at + 10, entry.content.length, true);
    table.set([entry.recordLength, entry.recordCount], at + 12);
    if (entry.aid) {
      view.setUint16(at + 14, aidsAt + aids.reduce((sum, aid) => sum + aid.length, 0), true);
      aids.push(concat(Uint8Array.of(entry.aid.length), entry.aid));
    }
    table[at + 16] = ACTIVATED;
  });
  return concat(table, ...aids);
}

/** The records of one EF_ARR: one for each pair of conditions in use. TS 102 221 9.2.2, ISO 7816-4 9.3. */
class AccessRules {
  /** FOLDER_RULE comes first. */
  readonly #pairs: [number, number][] = [[Condition.Always, Condition.Never]];

  /** Number (1-based) of the record for this pair. */
  record(read: Condition, update: Condition): number {
    const found = this.#pairs.findIndex(([r, u]) => r === read && u === update);
    return found >= 0 ? found + 1 : this.#pairs.push([read, update]);
  }

  /** All records, FF up to the longest one's length. */
  records(): Uint8Array[] {
    const rules = this.#pairs.map(([read, update]) =>
      concat(accessMode(AM_READ), securityCondition(read), accessMode(AM_UPDATE), securityCondition(update)),
    );
    const length = Math.max(...rules.map((rule) => rule.length));
    return rules.map((rule) => concat(rule, new Uint8Array(length - rule.length).fill(0xff)));
  }
}

/** AM byte of an EF: read and search; update. ISO 7816-4 table 17. */
const AM_READ = 0x01;
const AM_UPDATE = 0x02;

const accessMode = (am: number): Uint8Array => Uint8Array.of(0x80, 1, am);

/** SC data object: 90 always, 97 never, A4 user authentication by the key reference. ISO 7816-4 table 23. */
function securityCondition(condition: number): Uint8Array {
  if (condition === Condition.Always) return fromHex('9000');
  if (condition === Condition.Never) return fromHex('9700');
  return Uint8Array.of(0xa4, 6, 0x83, 1, condition, 0x95, 1, 0x08);
}
