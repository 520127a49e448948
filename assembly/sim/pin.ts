// PINs: VERIFY, CHANGE, DISABLE, ENABLE, UNBLOCK PIN. TS 102 221 11.1.9..13 and 9.5.
//
// Stored: 01 (layout) | count | entries of 24 bytes:
// reference | flags (bit 1: enabled) | tries left | tries | unblock tries left | unblock tries | 0 0 | value 8 | PUK 8.
// An entry with 0 unblock tries (ADM1) has no PUK and cannot be disabled.
//
// A try is counted down in the store before the value is compared: who cuts the power in between has lost that try.
// The value, its counters and its flags are one store value, so CHANGE and UNBLOCK switch all of them at once.

import { store_read } from "../board";
import { ctEqual, wipe } from "../crypto/constant-time";
import { data, lc, p1, p2 } from "./command";
import { SW } from "./status-words";
import { StoreKey, storeWrite } from "./store";

// References. TS 102 221 9.5.1.
export const PIN1: i32 = 0x01;
export const PIN2: i32 = 0x81;
export const ADM1: i32 = 0x0a;

const LAYOUT: u8 = 1;
const HEADER_BYTES: i32 = 2;
const ENTRY_BYTES: i32 = 24;
const PINS_MAX: i32 = 8;
const VALUE_BYTES: i32 = 8;
const ENABLED: u8 = 1;


@unmanaged
class Pin {
  reference: u8;
  flags: u8;
  triesLeft: u8;
  tries: u8;
  unblockTriesLeft: u8;
  unblockTries: u8;
  spare: u16;
  value: u64;
  unblockValue: u64;
}

const pins: usize = memory.data(HEADER_BYTES + ENTRY_BYTES * PINS_MAX);

/** Bit n: PIN of entry n was verified since reset. All channels share it. */
let verified: i32 = 0;

/** The command under way has counted its try down: when it is run again for a busy store, it does not do so twice. */
let counted: bool = false;

/** A command begins that was not begun before. */
export function pinsBegin(): void {
  counted = false;
}

/** State after reset: nothing verified. */
export function pinsReset(): void {
  verified = 0;
}

function pin(index: i32): Pin {
  return changetype<Pin>(pins + HEADER_BYTES + index * ENTRY_BYTES);
}

/** Brings the PINs to RAM (until `release`) and returns how many; 0 if the store holds none that make sense. */
function readPins(): i32 {
  const len = store_read(StoreKey.Pins, pins, HEADER_BYTES + ENTRY_BYTES * PINS_MAX);
  if (len < HEADER_BYTES || load<u8>(pins) != LAYOUT) return 0;
  const count = <i32>load<u8>(pins, 1);
  return count <= PINS_MAX && len == HEADER_BYTES + count * ENTRY_BYTES ? count : 0;
}

function save(): bool {
  return storeWrite(StoreKey.Pins, pins, HEADER_BYTES + <i32>load<u8>(pins, 1) * ENTRY_BYTES);
}

function release(): void {
  wipe(pins, HEADER_BYTES + ENTRY_BYTES * PINS_MAX);
}

function find(reference: i32): i32 {
  const count = readPins();
  for (let index = 0; index < count; index++) {
    if (pin(index).reference == reference) return index;
  }
  return -1;
}

/** Whether the condition "this PIN" holds: verified since reset, or switched off. */
export function pinSatisfied(reference: i32): bool {
  const index = find(reference);
  const satisfied = index >= 0 && ((verified >> index) & 1 || !(pin(index).flags & ENABLED));
  release();
  return satisfied;
}

/** PIN status template DO of an FCP (TS 102 221 11.1.1.4.10) at out; returns its length, 0 without PINs. */
export function pinStatusWrite(out: usize): i32 {
  const count = readPins();
  let enabled = 0;
  for (let index = 0; index < count; index++) {
    const p = pin(index);
    if (p.flags & ENABLED) enabled |= 0x80 >> index;
    store<u8>(out + 5 + index * 3, 0x83);
    store<u8>(out + 6 + index * 3, 1);
    store<u8>(out + 7 + index * 3, p.reference);
  }
  release();
  if (count == 0) return 0;
  store<u8>(out, 0xc6);
  store<u8>(out, 3 + count * 3, 1);
  store<u8>(out, 0x90, 2);
  store<u8>(out, 1, 3);
  store<u8>(out, enabled, 4);
  return 5 + count * 3;
}

/** Tries left of PIN1, its PUK, PIN2, its PUK, as a 2G terminal is told: four bytes at out. TS 51.011 9.2.1. */
export function chvStatusWrite(out: usize): void {
  chvStatus(PIN1, out);
  chvStatus(PIN2, out + 2);
}

/** Bit 8: there is such a code. */
function chvStatus(reference: i32, out: usize): void {
  const index = find(reference);
  if (index >= 0) {
    store<u8>(out, 0x80 | min<i32>(pin(index).triesLeft, 15));
    store<u8>(out, 0x80 | min<i32>(pin(index).unblockTriesLeft, 15), 1);
  }
  release();
}

/** PIN1 is there and switched off. */
export function pin1Off(): bool {
  const index = find(PIN1);
  const off = index >= 0 && !(pin(index).flags & ENABLED);
  release();
  return off;
}

/** What a command of this group does once its PIN (or PUK) has proved right. */
const enum Then {
  Verify,
  Change,
  Disable,
  Enable,
  Unblock,
}

export function verifyPin(): i32 {
  return withPin(Then.Verify);
}

export function changePin(): i32 {
  return withPin(Then.Change);
}

export function disablePin(): i32 {
  return withPin(Then.Disable);
}

export function enablePin(): i32 {
  return withPin(Then.Enable);
}

export function unblockPin(): i32 {
  return withPin(Then.Unblock);
}

function withPin(then: Then): i32 {
  if (p1 != 0) return SW.WrongParameters;
  const index = find(p2);
  const sw = index < 0 ? SW.ReferenceNotFound : judge(index, then);
  release();
  return sw;
}

/** The refusals that need no comparison, then `attempt`. */
function judge(index: i32, then: Then): i32 {
  const p = pin(index);
  const unblock = then == Then.Unblock;
  if (unblock && p.unblockTries == 0) return SW.ReferenceNotFound;
  const left = <i32>(unblock ? p.unblockTriesLeft : p.triesLeft) + (counted ? 1 : 0);
  // Without data VERIFY and UNBLOCK ask for the counter.
  if (lc == 0 && (unblock || then == Then.Verify)) return left == 0 ? SW.PinBlocked : triesLeft(left);
  if (lc != (unblock || then == Then.Change ? 2 * VALUE_BYTES : VALUE_BYTES)) return SW.WrongLength;
  const enabled = (p.flags & ENABLED) != 0;
  if (then == Then.Enable ? enabled : !enabled && !unblock) return SW.ConditionsNotSatisfied;
  if (then == Then.Disable && p.unblockTries == 0) return SW.ConditionsNotSatisfied;
  if (left == 0) return SW.PinBlocked;
  return attempt(index, then, left - 1);
}

function attempt(index: i32, then: Then, left: i32): i32 {
  const p = pin(index);
  const unblock = then == Then.Unblock;
  const bit = 1 << index;
  if (!counted) {
    if (unblock) p.unblockTriesLeft = <u8>left;
    else p.triesLeft = <u8>left;
    if (!save()) return SW.MemoryProblem;
    counted = true;
  }

  const value = changetype<usize>(p) + (unblock ? offsetof<Pin>("unblockValue") : offsetof<Pin>("value"));
  if (!ctEqual(value, data(), VALUE_BYTES)) {
    if (!unblock) verified &= ~bit;
    return triesLeft(left);
  }

  p.triesLeft = p.tries;
  if (unblock) p.unblockTriesLeft = p.unblockTries;
  if (then == Then.Change || unblock) p.value = load<u64>(data() + VALUE_BYTES);
  if (then == Then.Enable || unblock) p.flags |= ENABLED;
  if (then == Then.Disable) p.flags &= ~ENABLED;
  if (!save()) return SW.MemoryProblem;
  verified |= bit;
  return SW.Ok;
}

function triesLeft(left: i32): i32 {
  return SW.TriesLeft | (left < 15 ? left : 15);
}
