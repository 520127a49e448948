// SEARCH RECORD (TS 102 221 11.1.7) and its ancestor SEEK (TS 51.011 8.7).

import { Operation } from "../access";
import { answer, current, data, lc, p1, p2, responseBuffer } from "../command";
import { SW } from "../status-words";
import { contentLoad, contentRelease } from "./content";
import { currentEf, isStatusWord, refusal } from "./current";
import { FileKind, kindOf, recordCountOf, recordLengthOf } from "./tree";

// P2: SFI << 3 | mode.
const MODE: i32 = 0x07;
const FORWARD: i32 = 0x04;
const BACKWARD: i32 = 0x05;
const ENHANCED: i32 = 0x06;
const SFI_MAX: i32 = 30;

// Search indication of an enhanced search: one byte here, then the offset or the value to start from.
const FROM_VALUE: i32 = 0x08;
const FROM_NEXT: i32 = 0x06;
const FROM_PREVIOUS: i32 = 0x07;
const INDICATION_BYTES: i32 = 2;

let file: i32 = 0;
let pattern: usize = 0;
let patternBytes: i32 = 0;

/** Finds the EF with records and checks that it may be read; 0 or a status word. */
function target(sfi: i32): i32 {
  file = currentEf(sfi);
  if (isStatusWord(file)) return file;
  if (kindOf(file) != FileKind.LinearFixed && kindOf(file) != FileKind.Cyclic) return SW.AgainstFileStructure;
  const sw = refusal(file, Operation.Read);
  if (sw != 0) return sw;
  return patternBytes < 1 || patternBytes > recordLengthOf(file) ? SW.WrongLength : 0;
}

export function searchRecord(): i32 {
  const mode = p2 & MODE;
  const enhanced = mode == ENHANCED;
  if (mode < FORWARD || mode > ENHANCED || p2 >> 3 > SFI_MAX) return SW.WrongParameters;
  pattern = data() + <usize>(enhanced ? INDICATION_BYTES : 0);
  patternBytes = lc - (enhanced ? INDICATION_BYTES : 0);
  const sw = target(p2 >> 3);
  if (sw != 0) return sw;

  const count = recordCountOf(file);
  const pointer = current().record;
  let first = p1 == 0 ? pointer : p1;
  let down = mode == BACKWARD;
  let indication = 0;
  if (enhanced) {
    indication = load<u8>(data());
    const from = indication & 7;
    if (from < FORWARD || (indication & 0xf0) != 0) return SW.WrongData;
    down = (from & 1) != 0;
    // Next and previous go out from the record pointer, as READ RECORD does.
    if (from == FROM_NEXT) first = pointer + 1;
    else if (from == FROM_PREVIOUS) first = (pointer == 0 ? count + 1 : pointer) - 1;
    if (from >= FROM_NEXT && p1 != 0) return SW.WrongParameters;
    if (from >= FROM_NEXT && (first == 0 || first > count)) return SW.NotMatched;
  }
  if (first < 1 || first > count) return SW.RecordNotFound;

  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  const len = recordLengthOf(file);
  let found = 0;
  for (let n = first; n >= 1 && n <= count; n += down ? -1 : 1) {
    const start = content + (n - 1) * len;
    const from = enhanced ? startOf(start, len, indication) : 0;
    if (contains(start + from, len - from)) store<u8>(responseBuffer + found++, n);
  }
  contentRelease(file);
  if (found == 0) return SW.NotMatched;
  current().record = load<u8>(responseBuffer);
  return answer(found);
}

/** Where an enhanced search starts in a record: at the offset, or behind the first such value; `len` for nowhere. */
function startOf(record: usize, len: i32, indication: i32): i32 {
  const parameter = <i32>load<u8>(data(), 1);
  if ((indication & FROM_VALUE) == 0) return min(parameter, len);
  for (let i = 0; i < len; i++) if (load<u8>(record + i) == parameter) return i + 1;
  return len;
}

function contains(at: usize, len: i32): bool {
  for (let i = 0; i + patternBytes <= len; i++) {
    if (memory.compare(at + i, pattern, patternBytes) == 0) return true;
  }
  return false;
}

/** P2: type << 4 | start: 0 first record, 1 last, 2 next, 3 previous. Type 1 (0) tells nothing, type 2 (1) the number. */
export function seek(): i32 {
  const from = p2 & 15;
  if (p1 != 0 || from > 3 || p2 >> 4 > 1) return SW.WrongParameters;
  pattern = data();
  patternBytes = lc;
  const sw = target(0);
  if (sw != 0) return sw;
  if (kindOf(file) != FileKind.LinearFixed) return SW.AgainstFileStructure;

  const count = recordCountOf(file);
  const pointer = current().record;
  const down = (from & 1) != 0;
  let n = down ? count : 1;
  if (from >= 2 && pointer != 0) n = pointer + (down ? -1 : 1);
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  const len = recordLengthOf(file);
  while (n >= 1 && n <= count && memory.compare(content + (n - 1) * len, pattern, patternBytes) != 0)
    n += down ? -1 : 1;
  contentRelease(file);
  if (n < 1 || n > count) return SW.NotMatched;
  current().record = n;
  if (p2 >> 4 == 0) return SW.Ok;
  store<u8>(responseBuffer, n);
  return answer(1);
}
