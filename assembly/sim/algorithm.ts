// The algorithm set of this card, whichever it is: f1..f5, f1* and f5* of TS 33.102 6.3 on the key record of the store.
//
// Key record, numbers little-endian:
//
// | offset | field                                                                 |
// |--------|-----------------------------------------------------------------------|
// | 0      | 02 (layout)                                                           |
// | 1      | algorithm: 1 MILENAGE, 2 TUAK, 3 XOR                                  |
// | 2      | life cycle status: 05 activated, others deactivated                   |
// | 3      | bytes of K: 16, or 32 (TUAK)                                          |
// | 4      | bytes of RES: 8 (MILENAGE), 4, 8 or 16 (TUAK), 4..16 (XOR)            |
// | 5, 6   | bytes of CK, of IK: 16, or 32 (TUAK)                                  |
// | 7      | TUAK: runs of Keccak, 1..255                                          |
// | 8      | bits of IND, 0..5                                                     |
// | 9      | 0                                                                     |
// | 10 (8) | Delta, 0 for 2^28                                                     |
// | 18 (8) | L, 0 for no limit                                                     |
// | 26     | K, zeros up to 32 bytes                                               |
// | 58     | OPc, zeros up to 32 bytes, or TOPc                                    |
// | 90     | MILENAGE: 1 if r and c are the operator's own, that follow            |
// | 91     | r1..r5                                                                |
// | 96     | c1..c5                                                                |
//
// All of it is in RAM only between algorithmBegin and algorithmEnd.

import {
  milenageBegin,
  milenageConstants,
  milenageEnd,
  milenageF1,
  milenageF2F5,
  milenageF3,
  milenageF4,
  milenageF5Star,
} from "../aka/milenage";
import { sqnIndBits, sqnLimits } from "../aka/sqn";
import {
  tuakBegin,
  tuakEnd,
  tuakF1,
  tuakF1Star,
  tuakF2F5,
  tuakF3,
  tuakF4,
  tuakF5Star,
  tuakParameters,
} from "../aka/tuak";
import { xorBegin, xorEnd, xorF1, xorF2, xorF3, xorF4, xorF5 } from "../aka/xor";
import { wipe } from "../crypto/constant-time";
import { SW } from "./status-words";
import { StoreKey, storeReadExact } from "./store";

const enum Algorithm {
  Milenage = 1,
  Tuak = 2,
  Xor = 3,
}

const LAYOUT: u8 = 2;
const ACTIVATED: u8 = 0x05;
const IND_BITS_MAX: u8 = 5;
const MAC_BYTES: i32 = 8;

const RECORD_BYTES: i32 = 176;
const K: i32 = 26;
const OPC: i32 = 58;
const OWN_CONSTANTS: i32 = 90;
const R: i32 = 91;
const C: i32 = 96;

const record: usize = memory.data(RECORD_BYTES, 8);
let algorithm: i32 = 0;

/** Starts on a challenge (RAND of 16 bytes). Returns 0, or the status word of a card that cannot. Then `algorithmEnd` in any case. */
export function algorithmBegin(rand: usize): i32 {
  if (!storeReadExact(StoreKey.Keys, record, RECORD_BYTES) || !recordValid()) return SW.ReferenceNotFound;
  if (load<u8>(record, 2) != ACTIVATED) return SW.Deactivated;
  algorithm = load<u8>(record, 1);
  sqnIndBits(load<u8>(record, 8));
  sqnLimits(load<i64>(record, 10), load<i64>(record, 18));
  if (algorithm == Algorithm.Milenage) {
    const own = load<u8>(record, OWN_CONSTANTS) != 0;
    milenageConstants(own ? record + R : 0, own ? record + C : 0);
    milenageBegin(record + K, record + OPC, rand);
  } else if (algorithm == Algorithm.Tuak) {
    tuakParameters(load<u8>(record, 7), resBytes(), ckBytes(), ikBytes());
    tuakBegin(record + K, load<u8>(record, 3), record + OPC, rand);
  } else {
    xorBegin(record + K, rand);
  }
  return 0;
}

/** A record that breaks a rule is no key: lengths are trusted from here on. */
function recordValid(): bool {
  const which = <i32>load<u8>(record, 1);
  if (load<u8>(record) != LAYOUT || which < Algorithm.Milenage || which > Algorithm.Xor) return false;
  if (load<u8>(record, 8) > IND_BITS_MAX) return false;
  const res = resBytes();
  if (which == Algorithm.Tuak) {
    if (res != 4 && res != 8 && res != 16) return false;
    return load<u8>(record, 7) != 0 && is16or32(3) && is16or32(5) && is16or32(6);
  }
  if (load<u8>(record, 3) != 16 || ckBytes() != 16 || ikBytes() != 16) return false;
  return which == Algorithm.Xor ? res >= 4 && res <= 16 : res == 8;
}

function is16or32(offset: i32): bool {
  const len = load<u8>(record + offset);
  return len == 16 || len == 32;
}

export function resBytes(): i32 {
  return load<u8>(record, 4);
}

export function ckBytes(): i32 {
  return load<u8>(record, 5);
}

export function ikBytes(): i32 {
  return load<u8>(record, 6);
}

/** MAC-A, 8 bytes, of SQN (6) and AMF (2). */
export function f1(sqn: usize, amf: usize, mac: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF1(sqn, amf, mac, 0);
  else if (algorithm == Algorithm.Tuak) tuakF1(sqn, amf, mac, MAC_BYTES);
  else xorF1(sqn, amf, mac);
}

/** MAC-S, 8 bytes. */
export function f1Star(sqn: usize, amf: usize, mac: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF1(sqn, amf, 0, mac);
  else if (algorithm == Algorithm.Tuak) tuakF1Star(sqn, amf, mac, MAC_BYTES);
  else xorF1(sqn, amf, mac);
}

/** RES, `resBytes()`. */
export function f2(res: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF2F5(res, 0);
  else if (algorithm == Algorithm.Tuak) tuakF2F5(res, 0);
  else xorF2(res, resBytes());
}

/** CK, `ckBytes()`. */
export function f3(ck: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF3(ck);
  else if (algorithm == Algorithm.Tuak) tuakF3(ck);
  else xorF3(ck);
}

/** IK, `ikBytes()`. */
export function f4(ik: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF4(ik);
  else if (algorithm == Algorithm.Tuak) tuakF4(ik);
  else xorF4(ik);
}

/** AK, 6 bytes. */
export function f5(ak: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF2F5(0, ak);
  else if (algorithm == Algorithm.Tuak) tuakF2F5(0, ak);
  else xorF5(ak);
}

/** AK*, 6 bytes. */
export function f5Star(ak: usize): void {
  if (algorithm == Algorithm.Milenage) milenageF5Star(ak);
  else if (algorithm == Algorithm.Tuak) tuakF5Star(ak);
  else xorF5(ak);
}

/** Forgets the challenge and the keys. */
export function algorithmEnd(): void {
  if (algorithm == Algorithm.Milenage) milenageEnd();
  else if (algorithm == Algorithm.Tuak) tuakEnd();
  else xorEnd();
  algorithm = 0;
  milenageConstants(0, 0);
  wipe(record, RECORD_BYTES);
}
