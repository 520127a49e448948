// The floor of the toolkit: TERMINAL PROFILE, FETCH, TERMINAL RESPONSE, ENVELOPE. TS 102 223, TS 102 221 11.2.
//
// After TERMINAL PROFILE the card asks for what the terminal says it can do: to be polled (POLL INTERVAL) and where it is
// (PROVIDE LOCAL INFORMATION); and for REFRESH after an administrator has changed a file. One proactive command is open at
// a time:
//
// | state   | leaves on                                                                                  |
// |---------|--------------------------------------------------------------------------------------------|
// | idle    | a command is requested: pending                                                            |
// | pending | FETCH: open (91 LL ends each command of the basic channel until then)                      |
// | open    | TERMINAL RESPONSE: idle, or put off until the next STATUS if the terminal could not do it  |

import { answer, data, lc, leFits, p1, p2, responseBuffer, wrongLe } from "./command";
import { FileKind, MF, NO_FILE, aidLengthOf, aidOf, contentOf, fidOf, kindOf, parentOf } from "./files/tree";
import { SW } from "./status-words";

// Type of command, TS 102 223 9.4; the commands wanted are bits in this order.
const REFRESH: i32 = 0x01;
const POLL_INTERVAL: i32 = 0x03;
const PROVIDE_LOCAL_INFORMATION: i32 = 0x26;
const WANT_REFRESH: i32 = 1;
const WANT_POLL_INTERVAL: i32 = 2;
const WANT_LOCAL_INFORMATION: i32 = 4;

// Terminal profile, 5.2: byte and bit of each.
const PROFILE_POLL: i32 = 2;
const POLL_INTERVAL_BIT: i32 = 0x20;
const REFRESH_BIT: i32 = 0x80;
const PROFILE_LOCAL: i32 = 3;
const LOCAL_INFORMATION_BIT: i32 = 0x40;

// REFRESH qualifiers, 8.6.
const INITIALISATION_ALL_FILES: i32 = 0x00;
const INITIALISATION_FILES: i32 = 0x02;

// Tags (without the comprehension bit), 9.3.
const COMPREHENSION: i32 = 0x80;
const COMMAND_DETAILS: i32 = 0x01;
const DEVICE_IDENTITIES: i32 = 0x02;
const RESULT: i32 = 0x03;
const DURATION: i32 = 0x04;
const FILE_LIST: i32 = 0x12;
const LOCATION: i32 = 0x13;
const AID: i32 = 0x2f;
const PROACTIVE_COMMAND: i32 = 0xd0;

// Device identities, 8.7.
const UICC: i32 = 0x81;
const TERMINAL: i32 = 0x82;

// General result, 8.12: below, the command was performed; up to the other, the terminal cannot now.
const RESULT_TRY_AGAIN: i32 = 0x20;
const RESULT_REFUSED: i32 = 0x30;

const POLL_SECONDS: i32 = 30;
const SECONDS: i32 = 0x01;

/** Changes to more than one file: all are to be read again. */
const ALL_FILES: i32 = -2;
/** Longest path below the MF that a file list tells: ADF, DF, DF, EF. */
const PATH_MAX: i32 = 4;

let refreshable: bool = false;
/** Bits: what the card wants done; which of them waits for the next STATUS. */
let wants: i32 = 0;
let putOff: i32 = 0;
/** Bit of the command that was fetched, 0 for none. */
let open: i32 = 0;
/** File that REFRESH is about. */
let refreshFile: i32 = 0;
const path: usize = memory.data(PATH_MAX * 4, 4);

/** State after reset: a terminal that can do nothing. */
export function toolkitReset(): void {
  refreshable = false;
  wants = 0;
  putOff = 0;
  open = 0;
}

function bitSet(byte: i32, bit: i32): bool {
  return byte < lc && (load<u8>(data() + byte) & bit) != 0;
}

export function terminalProfile(): i32 {
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  if (lc == 0) return SW.WrongLength;
  toolkitReset();
  refreshable = bitSet(PROFILE_POLL, REFRESH_BIT);
  if (bitSet(PROFILE_POLL, POLL_INTERVAL_BIT)) wants |= WANT_POLL_INTERVAL;
  if (bitSet(PROFILE_LOCAL, LOCAL_INFORMATION_BIT)) wants |= WANT_LOCAL_INFORMATION;
  return SW.Ok;
}

/** An administrator changed an EF: what the terminal has read of it is out of date. */
export function toolkitFileChanged(file: i32): void {
  if (!refreshable) return;
  const changed = contentOf(file);
  refreshFile = (wants & WANT_REFRESH) == 0 || refreshFile == changed ? changed : ALL_FILES;
  wants |= WANT_REFRESH;
}

/** The terminal polls: what it could not do before may go now. */
export function toolkitPolled(): void {
  putOff = 0;
}

/** What ends a command: 91 LL in place of 9000 while a proactive command is pending. TS 102 221 7.4.2. */
export function toolkitStatus(sw: i32, channel: i32): i32 {
  if (sw != SW.Ok || channel != 0 || pending() == 0) return sw;
  return SW.CommandPending | commandWrite(0, pending());
}

function pending(): i32 {
  const ready = wants & ~putOff;
  return open != 0 ? 0 : ready & -ready;
}

export function fetch(): i32 {
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  const want = pending();
  if (want == 0) return SW.ConditionsNotSatisfied;
  const len = commandWrite(0, want);
  if (!leFits(len)) return wrongLe(len);
  commandWrite(responseBuffer, want);
  open = want;
  return answer(len);
}

let out: usize = 0;
let written: i32 = 0;

/** Without `out` bytes are counted only. */
function put(byte: i32): void {
  if (out != 0) store<u8>(out + written, byte);
  written++;
}

function put3(a: i32, b: i32, c: i32): void {
  put(a);
  put(b);
  put(c);
}

function typeOf(want: i32): i32 {
  return want == WANT_REFRESH ? REFRESH : want == WANT_POLL_INTERVAL ? POLL_INTERVAL : PROVIDE_LOCAL_INFORMATION;
}

/** REFRESH of one file, or of all; other commands have the qualifier 00. */
function qualifierOf(want: i32): i32 {
  return want == WANT_REFRESH && refreshFile != ALL_FILES ? INITIALISATION_FILES : INITIALISATION_ALL_FILES;
}

/** Writes the command to `to` (0: nowhere) and returns its length, at most 62 bytes. */
function commandWrite(to: usize, want: i32): i32 {
  out = to;
  written = 0;
  put(PROACTIVE_COMMAND);
  put(0);
  put3(COMPREHENSION | COMMAND_DETAILS, 3, want);
  put(typeOf(want));
  put(qualifierOf(want));
  put3(COMPREHENSION | DEVICE_IDENTITIES, 2, UICC);
  put(TERMINAL);
  if (want == WANT_POLL_INTERVAL) {
    put3(COMPREHENSION | DURATION, 2, SECONDS);
    put(POLL_SECONDS);
  } else if (want == WANT_REFRESH && refreshFile != ALL_FILES) {
    putFileList(refreshFile);
  }
  if (out != 0) store<u8>(out, written - 2, 1);
  return written;
}

/** One file by its path from the MF; an application is 7FFF there, and its AID says which. 8.18, 8.60. */
function putFileList(file: i32): void {
  let depth = 0;
  let adf = NO_FILE;
  for (let at = file; at != MF && depth < PATH_MAX; at = parentOf(at)) {
    const isAdf = kindOf(at) == FileKind.Adf;
    if (isAdf) adf = at;
    store<i32>(path + (depth++ << 2), isAdf ? 0x7fff : fidOf(at));
  }
  put3(COMPREHENSION | FILE_LIST, 3 + 2 * depth, 1);
  put(0x3f);
  put(0x00);
  while (depth > 0) {
    const fid = load<i32>(path + (--depth << 2));
    put(fid >> 8);
    put(fid);
  }
  if (adf == NO_FILE) return;
  put(AID);
  put(aidLengthOf(adf));
  for (let i = 0; i < aidLengthOf(adf); i++) put(load<u8>(aidOf(adf) + i));
}

// --- What comes from the terminal ---

// Set by `tlvEnd`.
let value: usize = 0;
let valueBytes: i32 = 0;

/** Takes the length at `at` (one byte, or 81 and one) and sets `value`; returns the value's end, 0 if it is beyond `end`. */
function tlvEnd(at: usize, end: usize): usize {
  if (at >= end) return 0;
  valueBytes = load<u8>(at++);
  if (valueBytes == 0x81) {
    if (at >= end) return 0;
    valueBytes = load<u8>(at++);
  } else if (valueBytes > 0x7f) {
    return 0;
  }
  value = at;
  const next = at + valueBytes;
  return next <= end ? next : 0;
}

export function terminalResponse(): i32 {
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  if (open == 0) return SW.ConditionsNotSatisfied;
  const result = resultOf();
  if (result < 0) return SW.WrongData;
  if (result >= RESULT_TRY_AGAIN && result < RESULT_REFUSED) putOff |= open;
  else wants &= ~open;
  open = 0;
  return SW.Ok;
}

/** The general result in a response to the open command; -1 if it is none, or leaves out what it must hold. 6.8. */
function resultOf(): i32 {
  const end = data() + lc;
  let at = data();
  let result = -1;
  let details = false;
  let located = false;
  while (at < end) {
    const tag = (<i32>load<u8>(at)) & ~COMPREHENSION;
    at = tlvEnd(at + 1, end);
    if (at == 0) return -1;
    if (tag == COMMAND_DETAILS) {
      if (valueBytes != 3 || <i32>load<u8>(value) != open || <i32>load<u8>(value, 1) != typeOf(open)) return -1;
      details = true;
    } else if (tag == RESULT) {
      if (valueBytes == 0) return -1;
      result = load<u8>(value);
    } else if (tag == LOCATION) {
      // MCC, MNC, LAC (5 bytes), with a cell identity where there is one.
      located = valueBytes >= 5;
    }
  }
  if (!details) return -1;
  return open == WANT_LOCAL_INFORMATION && result >= 0 && result < RESULT_TRY_AGAIN && !located ? -1 : result;
}

// Tags of an ENVELOPE, TS 101 220 7.2: SMS-PP download D1 to the last that is given out.
const ENVELOPE_FIRST: i32 = 0xd1;
const ENVELOPE_LAST: i32 = 0xe4;

/** Takes any well-formed envelope: no application on this card asks for one. */
export function envelope(): i32 {
  if (p1 != 0 || p2 != 0) return SW.WrongParameters;
  const end = data() + lc;
  const tag = lc > 0 ? <i32>load<u8>(data()) : 0;
  if (tag < ENVELOPE_FIRST || tag > ENVELOPE_LAST || tlvEnd(data() + 1, end) != end) return SW.WrongData;
  let at = value;
  while (at < end) {
    at = tlvEnd(at + 1, end);
    if (at == 0) return SW.WrongData;
  }
  return SW.Ok;
}
