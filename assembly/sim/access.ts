// Access rules. TS 102 221 9.2, ISO 7816-4 9.3.3 (expanded format).
//
// An EF's entry in the table names a record of an EF_ARR, which stands in the EF's own DF or the nearest one above. The
// record is a list of access mode objects, each followed by the security conditions for it, any one of which is enough:
//
// | tag      | access mode                              | tag | security condition                                  |
// |----------|------------------------------------------|-----|-----------------------------------------------------|
// | 80 01 b  | b: 01 read and search, 02 update,        | 90  | always                                              |
// |          |    08 deactivate, 10 activate            | 97  | never                                               |
// | 84 n ..  | instructions: 32 INCREASE                | A4  | user authentication: 83 01 key reference, 95 01 08  |
// | 81..8F   | other parts of a command header: not met | A0  | OR of those inside; AF: AND                         |
//
// FF to the end is padding. What a rule does not name is never allowed; nothing is, by a rule that breaks this grammar or
// cannot be read.

import { contentLoad, contentRelease } from "./files/content";
import {
  FileKind,
  MF,
  NO_FILE,
  arrFidOf,
  arrRecordOf,
  childByFid,
  deactivated,
  kindOf,
  parentOf,
  recordCountOf,
  recordLengthOf,
} from "./files/tree";
import { PIN1, PIN2, ADM1, pinSatisfied } from "./pin";

/** Bits of an access mode byte, and one more for an instruction that has none. */
export const enum Operation {
  Read = 0x01,
  Update = 0x02,
  Deactivate = 0x08,
  Activate = 0x10,
  Increase = 0x100,
}

const INS_INCREASE: u8 = 0x32;

// Tags.
const ACCESS_MODE: i32 = 0x80;
const INSTRUCTIONS: i32 = 0x84;
const ALWAYS: i32 = 0x90;
const NEVER: i32 = 0x97;
const SECURITY_BYTE: i32 = 0x9e;
const OR: i32 = 0xa0;
const USER_AUTHENTICATION: i32 = 0xa4;
const AND: i32 = 0xaf;
const KEY_REFERENCE: i32 = 0x83;
const USAGE: i32 = 0x95;
const PADDING: i32 = 0xff;

/** OR and AND inside each other: more than anybody needs. */
const DEPTH_MAX: i32 = 4;

/** Which references count as verified: those that are (THE_VERIFIED), none (NOBODY), or the one named. */
const THE_VERIFIED: i32 = -1;
const NOBODY: i32 = -2;
let assumed: i32 = 0;
let malformed: bool = false;
/** Conditions of the access mode at hand count. */
let wanted: i32 = 0;

/** Whether what has been verified allows the operation on the EF. */
export function accessGranted(file: i32, operation: i32): bool {
  return judge(file, operation, THE_VERIFIED);
}

/** Whether the terminal's user cannot do it, but the card's issuer can: a change the terminal does not expect. */
export function accessAdministrative(file: i32, operation: i32): bool {
  return !judge(file, operation, PIN1) && !judge(file, operation, PIN2);
}

/** Who may, as a 2G terminal is told: 0 always, 1 CHV1, 2 CHV2, 4 administrator, 15 never. TS 51.011 9.3. */
export function accessLevel(file: i32, operation: i32): i32 {
  if (judge(file, operation, NOBODY)) return 0;
  if (judge(file, operation, PIN1)) return 1;
  if (judge(file, operation, PIN2)) return 2;
  return judge(file, operation, ADM1) ? 4 : 15;
}

function judge(file: i32, operation: i32, by: i32): bool {
  const arr = ruleFile(file);
  const record = arrRecordOf(file);
  if (arr == NO_FILE || record == 0 || record > recordCountOf(arr)) return false;
  const content = contentLoad(arr);
  if (content == 0) return false;
  const rule = content + (record - 1) * recordLengthOf(arr);
  assumed = by;
  wanted = operation;
  const granted = ruleHolds(rule, rule + recordLengthOf(arr));
  contentRelease(arr);
  return granted;
}

/** The EF_ARR that a file's entry means, or NO_FILE. 9.2.7: nearest first. */
function ruleFile(file: i32): i32 {
  let df = file;
  do {
    df = parentOf(df);
    const arr = childByFid(df, arrFidOf(file));
    if (arr != NO_FILE) return kindOf(arr) == FileKind.LinearFixed && !deactivated(arr) ? arr : NO_FILE;
  } while (df != MF);
  return NO_FILE;
}

/** End of the data object at `at`, or 0 (and `malformed`) when it does not end before `end`. */
function objectEnd(at: usize, end: usize): usize {
  if (at + 2 <= end) {
    const next = at + 2 + load<u8>(at, 1);
    if (next <= end) return next;
  }
  malformed = true;
  return 0;
}

function ruleHolds(start: usize, end: usize): bool {
  malformed = false;
  let applies = false;
  let granted = false;
  // An access mode without condition, and a condition without access mode, are no rules.
  let named = false;
  let conditions = 1;
  let at = start;
  while (at < end && load<u8>(at) != PADDING) {
    const tag = <i32>load<u8>(at);
    const next = objectEnd(at, end);
    if (next == 0) return false;
    if ((tag & 0xf0) == ACCESS_MODE) {
      if (conditions == 0 || next == at + 2) return false;
      applies = modeApplies(tag, at + 2, next);
      named = true;
      conditions = 0;
    } else {
      const holds = conditionHolds(tag, at + 2, next, 0);
      if (!named || malformed) return false;
      if (applies && holds) granted = true;
      conditions++;
    }
    at = next;
  }
  while (at < end) if (load<u8>(at++) != PADDING) return false;
  return granted && conditions > 0;
}

function modeApplies(tag: i32, at: usize, end: usize): bool {
  if (tag == ACCESS_MODE) return ((<i32>load<u8>(at)) & wanted) != 0 && at + 1 == end;
  if (tag != INSTRUCTIONS || wanted != Operation.Increase) return false;
  for (; at < end; at++) if (load<u8>(at) == INS_INCREASE) return true;
  return false;
}

function conditionHolds(tag: i32, at: usize, end: usize, depth: i32): bool {
  if (tag == ALWAYS || tag == NEVER) {
    if (at != end) malformed = true;
    return tag == ALWAYS;
  }
  if (tag == USER_AUTHENTICATION) return userAuthenticated(at, end);
  // A condition byte speaks of security environments and secure messaging, which this card has not.
  if (tag == SECURITY_BYTE) return false;
  if ((tag != OR && tag != AND) || depth == DEPTH_MAX || at == end) {
    malformed = true;
    return false;
  }
  let any = false;
  let all = true;
  while (at < end) {
    const next = objectEnd(at, end);
    if (next == 0) return false;
    if (conditionHolds(load<u8>(at), at + 2, next, depth + 1)) any = true;
    else all = false;
    at = next;
  }
  return tag == OR ? any : all;
}

/** Control reference template: one key reference, usage "user authentication, knowledge based". */
function userAuthenticated(at: usize, end: usize): bool {
  let reference = 0;
  let knowledge = false;
  while (at < end) {
    const next = objectEnd(at, end);
    if (next == 0) return false;
    const tag = <i32>load<u8>(at);
    const value = <i32>load<u8>(at + 2);
    if (next != at + 3) break;
    if (tag == KEY_REFERENCE && reference == 0) reference = value;
    else if (tag == USAGE) knowledge = (value & 0x08) != 0;
    else break;
    at = next;
  }
  if (at != end || reference == 0 || !knowledge) {
    malformed = true;
    return false;
  }
  return assumed == THE_VERIFIED ? pinSatisfied(reference) : assumed == reference;
}
