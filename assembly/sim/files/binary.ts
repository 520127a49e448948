// READ BINARY and UPDATE BINARY. TS 102 221 11.1.3, 11.1.4.

import { accessGranted } from "../access";
import { LE_ANY, answer, current, data, lc, le, p1, p2, responseBuffer, wrongLe } from "../command";
import { SW } from "../status-words";
import { contentLoad, contentRelease, contentSave } from "./content";
import { FileKind, NO_FILE, childBySfi, kindOf, readConditionOf, sizeOf, treeReady, updateConditionOf } from "./tree";

/** Bit 8 of P1: the low five bits are an SFI, and P2 alone is the offset. */
const SFI_MODE: i32 = 0x80;
const RESPONSE_DATA_MAX: i32 = 256;

/** The EF that P1 P2 name, checked to be transparent; or the status word of the refusal (`isStatusWord`). */
function target(): i32 {
  if (!treeReady()) return SW.NoEfSelected;
  const c = current();
  let file = c.ef;
  if (p1 & SFI_MODE) {
    if ((p1 & 0x60) != 0) return SW.WrongParameters;
    file = childBySfi(c.df, p1 & 0x1f);
    if (file == NO_FILE) return SW.FileNotFound;
    c.ef = file;
    c.record = 0;
  }
  if (file == NO_FILE) return SW.NoEfSelected;
  return kindOf(file) == FileKind.Transparent ? file : SW.AgainstFileStructure;
}

function isStatusWord(value: i32): bool {
  return value >= 0x6000;
}

function offset(): i32 {
  return p1 & SFI_MODE ? p2 : (p1 << 8) | p2;
}

export function readBinary(): i32 {
  const file = target();
  if (isStatusWord(file)) return file;
  if (!accessGranted(readConditionOf(file))) return SW.SecurityNotSatisfied;
  const rest = sizeOf(file) - offset();
  if (rest <= 0) return SW.WrongOffset;
  const len = le != LE_ANY ? le : rest < RESPONSE_DATA_MAX ? rest : RESPONSE_DATA_MAX;
  if (len > rest) return wrongLe(rest);
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  memory.copy(responseBuffer, content + offset(), len);
  contentRelease(file);
  return answer(len);
}

export function updateBinary(): i32 {
  const file = target();
  if (isStatusWord(file)) return file;
  if (!accessGranted(updateConditionOf(file))) return SW.SecurityNotSatisfied;
  if (offset() >= sizeOf(file)) return SW.WrongOffset;
  if (lc == 0 || lc > sizeOf(file) - offset()) return SW.WrongLength;
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  memory.copy(content + offset(), data(), lc);
  const saved = contentSave(file);
  contentRelease(file);
  return saved ? SW.Ok : SW.MemoryProblem;
}
