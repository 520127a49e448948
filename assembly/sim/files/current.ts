// The EF that a command works on, and whether it may. TS 102 221 8.4, 9.2.

import { Operation, accessAdministrative, accessGranted } from "../access";
import { Channel } from "../channels";
import { current } from "../command";
import { SW } from "../status-words";
import { toolkitFileChanged } from "../toolkit";
import { FileKind, NO_FILE, childBySfi, deactivated, kindOf, treeReady } from "./tree";

/** Makes an EF of the channel's current DF (or none) current. A cyclic one starts at its newest record. */
export function makeEfCurrent(c: Channel, file: i32): void {
  c.ef = file;
  c.record = file != NO_FILE && kindOf(file) == FileKind.Cyclic ? 1 : 0;
}

/** The current EF, or the one that `sfi` (not 0) names, which becomes current; or the status word of the refusal. */
export function currentEf(sfi: i32): i32 {
  if (!treeReady()) return SW.NoEfSelected;
  const c = current();
  if (sfi != 0) {
    const file = childBySfi(c.df, sfi);
    if (file == NO_FILE) return SW.FileNotFound;
    makeEfCurrent(c, file);
  }
  return c.ef == NO_FILE ? SW.NoEfSelected : c.ef;
}

/** Tells what `currentEf` and `permitted` refuse with from a file. */
export function isStatusWord(value: i32): bool {
  return value >= 0x6000;
}

/** 0, or why the operation on the EF is refused. */
export function refusal(file: i32, operation: i32): i32 {
  if (!accessGranted(file, operation)) return SW.SecurityNotSatisfied;
  const lifeCycle = operation == Operation.Activate || operation == Operation.Deactivate;
  return deactivated(file) && !lifeCycle ? SW.Deactivated : 0;
}

/** After a change that came to be: the terminal hears of it unless it can have made it. Returns 9000. */
export function changed(file: i32, operation: i32): i32 {
  if (accessAdministrative(file, operation)) toolkitFileChanged(file);
  return SW.Ok;
}
