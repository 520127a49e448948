// ACTIVATE FILE and DEACTIVATE FILE; REHABILITATE and INVALIDATE to a 2G terminal. TS 102 221 11.1.14, 11.1.15.

import { Operation } from "../access";
import { current, lc, p2 } from "../command";
import { SW } from "../status-words";
import { changed, isStatusWord, makeEfCurrent, refusal } from "./current";
import { named } from "./select";
import { NO_FILE, isDf, parentOf, setDeactivated, treeReady } from "./tree";

export function activateFile(): i32 {
  return switchFile(Operation.Activate);
}

export function deactivateFile(): i32 {
  return switchFile(Operation.Deactivate);
}

/** An EF named as in SELECT, which becomes current, or without data the current one. */
function switchFile(operation: i32): i32 {
  if (p2 != 0) return SW.WrongParameters;
  if (!treeReady()) return SW.FileNotFound;
  const c = current();
  let file = c.ef;
  if (lc != 0) {
    file = named();
    if (isStatusWord(file)) return file;
    if (isDf(file)) return SW.AgainstFileStructure;
  }
  if (file == NO_FILE) return SW.NoEfSelected;
  const sw = refusal(file, operation);
  if (sw != 0) return sw;
  if (!setDeactivated(file, operation == Operation.Deactivate)) return SW.MemoryProblem;
  c.df = parentOf(file);
  makeEfCurrent(c, file);
  return changed(file, operation);
}
