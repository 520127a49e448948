// READ RECORD and UPDATE RECORD. TS 102 221 11.1.5, 11.1.6.

import { accessGranted } from "../access";
import { answer, current, data, lc, leFits, p1, p2, responseBuffer, wrongLe } from "../command";
import { SW } from "../status-words";
import { contentLoad, contentRelease, contentSave } from "./content";
import {
  FileKind,
  NO_FILE,
  childBySfi,
  kindOf,
  readConditionOf,
  recordCountOf,
  recordLengthOf,
  treeReady,
  updateConditionOf,
} from "./tree";

// P2: SFI << 3 | mode.
const MODE: i32 = 0x07;
const NEXT: i32 = 0x02;
const PREVIOUS: i32 = 0x03;
const ABSOLUTE: i32 = 0x04;

/** The record that the command names, set by `target`. */
let file: i32 = 0;
let record: i32 = 0;

/** Finds file and record and checks the condition; 0 or a status word. */
function target(update: bool): i32 {
  if (!treeReady()) return SW.NoEfSelected;
  const c = current();
  const mode = p2 & MODE;
  const sfi = p2 >> 3;
  if (mode < NEXT || mode > ABSOLUTE || (mode != ABSOLUTE && p1 != 0) || sfi == 31) return SW.WrongParameters;
  if (sfi != 0) {
    const named = childBySfi(c.df, sfi);
    if (named == NO_FILE) return SW.FileNotFound;
    c.ef = named;
    c.record = 0;
  }
  file = c.ef;
  if (file == NO_FILE) return SW.NoEfSelected;
  if (kindOf(file) != FileKind.LinearFixed) return SW.AgainstFileStructure;
  if (!accessGranted(update ? updateConditionOf(file) : readConditionOf(file))) return SW.SecurityNotSatisfied;

  const count = recordCountOf(file);
  // Without a current record, next is the first and previous the last.
  if (mode == NEXT) record = c.record + 1;
  else if (mode == PREVIOUS) record = (c.record == 0 ? count + 1 : c.record) - 1;
  else record = p1 == 0 ? c.record : p1;
  return record < 1 || record > count ? SW.RecordNotFound : 0;
}

/** Next and previous move the record pointer; absolute and current leave it. Only a command that succeeds does either. */
function movePointer(): void {
  if ((p2 & MODE) != ABSOLUTE) current().record = record;
}

export function readRecord(): i32 {
  const refusal = target(false);
  if (refusal != 0) return refusal;
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
  const refusal = target(true);
  if (refusal != 0) return refusal;
  const len = recordLengthOf(file);
  if (lc != len) return SW.WrongLength;
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  memory.copy(content + (record - 1) * len, data(), len);
  const saved = contentSave(file);
  contentRelease(file);
  if (!saved) return SW.MemoryProblem;
  movePointer();
  return SW.Ok;
}
