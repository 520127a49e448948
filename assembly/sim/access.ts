// Access conditions. TS 102 221 9.3. One byte each, held in the file table: who may read, who may update.
// The EF_ARR records that the FCP points to say the same to the terminal.

import { pinSatisfied } from "./pin";

const ALWAYS: i32 = 0;
const NEVER: i32 = 0xff;

/** 00 always, FF never, else the reference of the PIN that is needed (01 PIN1, 81 PIN2, 0A ADM1). */
export function accessGranted(condition: i32): bool {
  if (condition == ALWAYS) return true;
  return condition != NEVER && pinSatisfied(condition);
}
