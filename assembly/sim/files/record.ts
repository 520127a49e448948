// READ RECORD, UPDATE RECORD and INCREASE. TS 102 221 11.1.5, 11.1.6, 11.1.8.
//
// In a cyclic EF record 1 is the newest. What is written takes the place of the oldest and becomes record 1; its content
// is kept in that order, so all of it moves by one.

import { Operation } from "../access";
import { answer, current, data, lc, leFits, p1, p2, responseBuffer, wrongLe } from "../command";
import { SW } from "../status-words";
import { contentLoad, contentRelease, contentSave } from "./content";
import { changed, currentEf, isStatusWord, refusal } from "./current";
import { FileKind, kindOf, recordCountOf, recordLengthOf, sizeOf } from "./tree";

// P2: SFI << 3 | mode.
const MODE: i32 = 0x07;
const NEXT: i32 = 0x02;
const PREVIOUS: i32 = 0x03;
const ABSOLUTE: i32 = 0x04;
const SFI_MAX: i32 = 30;

/** The record that the command names, set by `target`. */
let file: i32 = 0;
let record: i32 = 0;

/** Finds file and record and checks the access; 0 or a status word. */
function target(operation: i32): i32 {
  const mode = p2 & MODE;
  if (mode < NEXT || mode > ABSOLUTE || (mode != ABSOLUTE && p1 != 0) || p2 >> 3 > SFI_MAX) return SW.WrongParameters;
  file = currentEf(p2 >> 3);
  if (isStatusWord(file)) return file;
  const cyclic = kindOf(file) == FileKind.Cyclic;
  if (!cyclic && kindOf(file) != FileKind.LinearFixed) return SW.AgainstFileStructure;
  if (cyclic && operation == Operation.Update && mode != PREVIOUS) return SW.AgainstFileStructure;
  const sw = refusal(file, operation);
  if (sw != 0) return sw;

  const count = recordCountOf(file);
  const pointer = current().record;
  // Without a current record, next is the first and previous the last.
  if (mode == NEXT) record = pointer + 1;
  else if (mode == PREVIOUS) record = (pointer == 0 ? count + 1 : pointer) - 1;
  else record = p1 == 0 ? pointer : p1;
  if (cyclic && mode != ABSOLUTE) record = record < 1 ? count : record > count ? 1 : record;
  return record < 1 || record > count ? SW.RecordNotFound : 0;
}

/** Next and previous move the record pointer; absolute and current leave it. Only a command that succeeds does either. */
function movePointer(): void {
  if ((p2 & MODE) != ABSOLUTE) current().record = record;
}

export function readRecord(): i32 {
  const sw = target(Operation.Read);
  if (sw != 0) return sw;
  const len = recordLengthOf(file);
  if (!leFits(len)) return wrongLe(len);
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  memory.copy(responseBuffer, content + (record - 1) * len, len);
  contentRelease(file);
  movePointer();
  return answer(len);
}

export function updateRecord(): i32 {
  const sw = target(Operation.Update);
  if (sw != 0) return sw;
  const len = recordLengthOf(file);
  if (lc != len) return SW.WrongLength;
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  if (kindOf(file) == FileKind.Cyclic) {
    makeRoom(content);
    record = 1;
  }
  memory.copy(content + (record - 1) * len, data(), len);
  const saved = contentSave(file);
  contentRelease(file);
  if (!saved) return SW.MemoryProblem;
  movePointer();
  return changed(file, Operation.Update);
}

/** Drops the oldest record of a loaded cyclic EF; record 1 is to be written. */
function makeRoom(content: usize): void {
  const len = recordLengthOf(file);
  memory.copy(content + len, content, sizeOf(file) - len);
}

const SFI_MODE: i32 = 0x80;

/** Adds the number in the command data to the newest record; the sum becomes the newest. Answers sum and number. */
export function increase(): i32 {
  if (p2 != 0 || (p1 != 0 && ((p1 & SFI_MODE) == 0 || (p1 & 0x7f) > SFI_MAX))) return SW.WrongParameters;
  file = currentEf(p1 & 0x1f);
  if (isStatusWord(file)) return file;
  if (kindOf(file) != FileKind.Cyclic) return SW.AgainstFileStructure;
  const sw = refusal(file, Operation.Increase);
  if (sw != 0) return sw;
  const len = recordLengthOf(file);
  if (lc == 0 || lc > len || len + lc > 255) return SW.WrongLength;
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  let result: i32 = SW.MaximumReached;
  if (add(content, responseBuffer, len)) {
    memory.copy(responseBuffer + len, data(), lc);
    makeRoom(content);
    memory.copy(content, responseBuffer, len);
    result = contentSave(file) ? SW.Ok : SW.MemoryProblem;
  }
  contentRelease(file);
  if (result != SW.Ok) return result;
  current().record = 1;
  changed(file, Operation.Increase);
  return answer(len + lc);
}

/** out = number of `len` bytes at `value` + command data, big-endian; false if that does not fit. */
function add(value: usize, out: usize, len: i32): bool {
  let carry = 0;
  for (let i = 0; i < len; i++) {
    const at = len - 1 - i;
    carry += load<u8>(value + at);
    if (i < lc) carry += load<u8>(data() + (lc - 1 - i));
    store<u8>(out + at, carry);
    carry >>= 8;
  }
  return carry == 0;
}
