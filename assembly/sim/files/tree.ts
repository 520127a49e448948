// The card's files: one table from the store, checked once after reset, then trusted.
//
// Table: 02 (layout) | count | count entries of 16 bytes | AIDs, each length byte and 5..16 bytes.
//
// | offset | entry field                                                                |
// |--------|----------------------------------------------------------------------------|
// | 0 (2)  | FID                                                                        |
// | 2      | `FileKind`                                                                 |
// | 3      | index of the parent (entry 0 is the MF, its own parent)                    |
// | 4      | SFI 1..30, 0 for none                                                      |
// | 5      | index of the file whose content this one shows: its own, or an earlier one |
// | 6      | record (1..) of the EF_ARR with its access rule (access.ts)                |
// | 7      | 0                                                                          |
// | 8 (2)  | FID of that EF_ARR                                                         |
// | 10 (2) | size of the content in bytes (EF), else 0                                  |
// | 12     | record length (linear fixed, cyclic), else 0                               |
// | 13     | number of records (linear fixed, cyclic), else 0                           |
// | 14 (2) | offset in the table of the AID's length byte (ADF), else 0                 |
//
// A file is known by its index; children come after their parent.

import { Status, store_read } from "../../board";
import { StoreKey, storeWrite } from "../store";

export const enum FileKind {
  Mf = 0,
  Df = 1,
  Adf = 2,
  Transparent = 3,
  LinearFixed = 4,
  /** Record 1 is the newest. */
  Cyclic = 5,
}

export const NO_FILE: i32 = -1;
export const MF: i32 = 0;
export const FID_MF: i32 = 0x3f00;
/** Alias of the active application's ADF. TS 102 221 8.3. */
export const FID_CURRENT_ADF: i32 = 0x7fff;

/** Largest content of an EF, bytes. */
export const FILE_MAX_BYTES: i32 = 4096;
const FILES_MAX: i32 = 112;
const LIFE_CYCLE_BYTES: i32 = FILES_MAX / 8;
const AIDS_MAX_BYTES: i32 = 64;
const HEADER_BYTES: i32 = 2;
const ENTRY_BYTES: i32 = 16;
const TABLE_MAX_BYTES: i32 = HEADER_BYTES + FILES_MAX * ENTRY_BYTES + AIDS_MAX_BYTES;
const LAYOUT: u8 = 2;
const AID_MIN_BYTES: i32 = 5;
const AID_MAX_BYTES: i32 = 16;

const table: usize = memory.data(TABLE_MAX_BYTES);
let fileCount: i32 = 0;


@unmanaged
class Entry {
  fid: u16;
  kind: u8;
  parent: u8;
  sfi: u8;
  content: u8;
  arrRecord: u8;
  spare: u8;
  arrFid: u16;
  size: u16;
  recordLength: u8;
  recordCount: u8;
  aidOffset: u16;
}

function entry(file: i32): Entry {
  return changetype<Entry>(table + HEADER_BYTES + file * ENTRY_BYTES);
}

/** Reads the table from the store. A table that breaks a rule leaves a card without files. */
export function treeLoad(): void {
  fileCount = 0;
  lifeCycleLoad();
  const len = store_read(StoreKey.Tree, table, TABLE_MAX_BYTES);
  if (len < HEADER_BYTES || len > TABLE_MAX_BYTES || load<u8>(table) != LAYOUT) return;
  const count = <i32>load<u8>(table, 1);
  const aids = HEADER_BYTES + count * ENTRY_BYTES;
  if (count > FILES_MAX || aids > len) return;
  for (let file = 0; file < count; file++) {
    if (!entryValid(file, aids, len)) return;
  }
  fileCount = count;
}

function entryValid(file: i32, aids: i32, tableBytes: i32): bool {
  const e = entry(file);
  if ((file == MF) != (e.kind == FileKind.Mf)) return false;
  if (file == MF ? e.parent != 0 : <i32>e.parent >= file || !isDf(e.parent)) return false;
  if (isDf(file)) {
    if (e.size != 0) return false;
    if (e.kind != FileKind.Adf) return true;
    const at = <i32>e.aidOffset;
    if (at < aids || at >= tableBytes) return false;
    const aidBytes = <i32>load<u8>(table + at);
    return aidBytes >= AID_MIN_BYTES && aidBytes <= AID_MAX_BYTES && at + 1 + aidBytes <= tableBytes;
  }
  if (e.size == 0 || <i32>e.size > FILE_MAX_BYTES) return false;
  if (<i32>e.content != file && !sameShape(file, e.content)) return false;
  if (e.kind == FileKind.Transparent) return true;
  return <i32>e.kind <= FileKind.Cyclic && e.recordLength != 0 && <i32>e.recordLength * e.recordCount == <i32>e.size;
}

/** Whether `file` can show the content of `other`, an earlier file that has its own. */
function sameShape(file: i32, other: i32): bool {
  const a = entry(file);
  const b = entry(other);
  return (
    other < file &&
    <i32>b.content == other &&
    a.kind == b.kind &&
    a.size == b.size &&
    a.recordLength == b.recordLength &&
    a.recordCount == b.recordCount
  );
}

/** False for a card without (sound) personalisation: nothing can be selected. */
export function treeReady(): bool {
  return fileCount > 0;
}

export function isDf(file: i32): bool {
  return kindOf(file) <= FileKind.Adf;
}

export function kindOf(file: i32): i32 {
  return entry(file).kind;
}

export function fidOf(file: i32): i32 {
  return entry(file).fid;
}

export function parentOf(file: i32): i32 {
  return entry(file).parent;
}

export function sfiOf(file: i32): i32 {
  return entry(file).sfi;
}

export function sizeOf(file: i32): i32 {
  return entry(file).size;
}

export function recordLengthOf(file: i32): i32 {
  return entry(file).recordLength;
}

export function recordCountOf(file: i32): i32 {
  return entry(file).recordCount;
}

/** The file whose content (and life cycle) this one has. */
export function contentOf(file: i32): i32 {
  return entry(file).content;
}

export function arrFidOf(file: i32): i32 {
  return entry(file).arrFid;
}

export function arrRecordOf(file: i32): i32 {
  return entry(file).arrRecord;
}

/** Address of an ADF's AID; `aidLengthOf` bytes. */
export function aidOf(adf: i32): usize {
  return table + entry(adf).aidOffset + 1;
}

export function aidLengthOf(adf: i32): i32 {
  return load<u8>(table + entry(adf).aidOffset);
}

/** The child of `df` with this FID, or NO_FILE. */
export function childByFid(df: i32, fid: i32): i32 {
  for (let file = df + 1; file < fileCount; file++) {
    if (parentOf(file) == df && fidOf(file) == fid) return file;
  }
  return NO_FILE;
}

/** The EF in `df` with this short file identifier (1..30), or NO_FILE. */
export function childBySfi(df: i32, sfi: i32): i32 {
  for (let file = df + 1; file < fileCount; file++) {
    if (parentOf(file) == df && !isDf(file) && sfiOf(file) == sfi) return file;
  }
  return NO_FILE;
}

/** Children of `df` that are DFs, or that are EFs. */
export function childCount(df: i32, dfs: bool): i32 {
  let count = 0;
  for (let file = df + 1; file < fileCount; file++) {
    if (parentOf(file) == df && isDf(file) == dfs) count++;
  }
  return count;
}

/** Which of the ADFs whose AID starts with the `len` bytes at ptr. ISO 7816-4 11.2.2. */
export const enum Occurrence {
  First = 0,
  Last = 1,
  Next = 2,
  Previous = 3,
}

/** The ADF so named, as seen from ADF `from` (NO_FILE: from before the first and after the last), or NO_FILE. */
export function adfByAid(ptr: usize, len: i32, occurrence: i32, from: i32): i32 {
  const down = (occurrence & 1) != 0;
  let file = occurrence >= Occurrence.Next && from != NO_FILE ? from : down ? fileCount : NO_FILE;
  const step = down ? -1 : 1;
  for (file += step; file >= 0 && file < fileCount; file += step) {
    if (kindOf(file) == FileKind.Adf && aidLengthOf(file) >= len && memory.compare(aidOf(file), ptr, len) == 0) {
      return file;
    }
  }
  return NO_FILE;
}

// --- Life cycle. TS 102 221 11.1.14, 11.1.15 ---

/** Bit n % 8 of byte n / 8: the content of file n is deactivated. A card that never did so has no such value. */
const lifeCycle: usize = memory.data(LIFE_CYCLE_BYTES);

function lifeCycleLoad(): void {
  const len = store_read(StoreKey.LifeCycle, lifeCycle, LIFE_CYCLE_BYTES);
  if (len == LIFE_CYCLE_BYTES) return;
  // In doubt nothing is open.
  memory.fill(lifeCycle, len == Status.NotFound ? 0 : 0xff, LIFE_CYCLE_BYTES);
}

export function deactivated(file: i32): bool {
  const index = contentOf(file);
  return !isDf(file) && (((<i32>load<u8>(lifeCycle + (index >> 3))) >> (index & 7)) & 1) != 0;
}

/** Switches an EF; false if the store did not take it, and nothing has changed. */
export function setDeactivated(file: i32, off: bool): bool {
  if (deactivated(file) == off) return true;
  const index = contentOf(file);
  const at = lifeCycle + (index >> 3);
  const flip = 1 << (index & 7);
  store<u8>(at, (<i32>load<u8>(at)) ^ flip);
  if (storeWrite(StoreKey.LifeCycle, lifeCycle, LIFE_CYCLE_BYTES)) return true;
  store<u8>(at, (<i32>load<u8>(at)) ^ flip);
  return false;
}
