// READ BINARY and UPDATE BINARY. TS 102 221 11.1.3, 11.1.4.

import { Operation } from "../access";
import { LE_ANY, answer, data, lc, le, p1, p2, responseBuffer, wrongLe } from "../command";
import { SW } from "../status-words";
import { contentLoad, contentRelease, contentSave } from "./content";
import { changed, currentEf, isStatusWord, refusal } from "./current";
import { FileKind, kindOf, sizeOf } from "./tree";

/** Bit 8 of P1: the low five bits are an SFI (0: the current EF), and P2 alone is the offset. */
const SFI_MODE: i32 = 0x80;
const SFI_RFU: i32 = 0x60;
const RESPONSE_DATA_MAX: i32 = 256;

/** The EF that P1 P2 name, checked to be transparent and open to the operation; or a status word. */
function target(operation: i32): i32 {
  if (p1 & SFI_MODE && (p1 & SFI_RFU) != 0) return SW.WrongParameters;
  const file = currentEf(p1 & SFI_MODE ? p1 & 0x1f : 0);
  if (isStatusWord(file)) return file;
  if (kindOf(file) != FileKind.Transparent) return SW.AgainstFileStructure;
  const sw = refusal(file, operation);
  return sw != 0 ? sw : file;
}

function offset(): i32 {
  return p1 & SFI_MODE ? p2 : (p1 << 8) | p2;
}

export function readBinary(): i32 {
  const file = target(Operation.Read);
  if (isStatusWord(file)) return file;
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
  const file = target(Operation.Update);
  if (isStatusWord(file)) return file;
  if (offset() >= sizeOf(file)) return SW.WrongOffset;
  if (lc == 0 || lc > sizeOf(file) - offset()) return SW.WrongLength;
  const content = contentLoad(file);
  if (content == 0) return SW.MemoryProblem;
  memory.copy(content + offset(), data(), lc);
  const saved = contentSave(file);
  contentRelease(file);
  return saved ? changed(file, Operation.Update) : SW.MemoryProblem;
}
