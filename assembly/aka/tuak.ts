// TUAK (TS 35.231): the functions f1..f5, f1* and f5* over Keccak, with lengths that the operator chooses.
//
// tuakBegin, then the required functions in any order, then tuakEnd. f2 to f5 come from one run, which is kept until tuakEnd.
// All pointers are to memory of the caller; lengths are in bytes.

import { wipe } from "../crypto/constant-time";
import { KECCAK_STATE_BYTES, keccakF1600 } from "../crypto/keccak";

export const TOPC_BYTES: i32 = 32;

// IN of TS 35.231 6.1: every field with its last byte first.
const INSTANCE: i32 = 32;
const ALGONAME: i32 = 33;
const RAND: i32 = 40;
const AMF: i32 = 56;
const SQN: i32 = 58;
const KEY: i32 = 64;
const KEY_MAX_BYTES: i32 = 32;
const PADDING: i32 = 96;
const LAST_OF_PADDING: i32 = 135;
// OUT: RES or MAC, CK, IK, AK.
const CK: i32 = 32;
const IK: i32 = 64;
const AK: i32 = 96;

const RAND_BYTES: i32 = 16;
const AMF_BYTES: i32 = 2;
const SQN_BYTES: i32 = 6;
const AK_BYTES: i32 = 6;

// Bits of INSTANCE, 6.2 to 6.5. The length of MAC or RES takes bits 3 to 5: its number of bytes, 0 for 4.
const F1_STAR: u8 = 0x80;
const F2345: u8 = 0x40;
const F5_STAR: u8 = 0xc0;
const CK_256: u8 = 0x04;
const IK_256: u8 = 0x02;
const K_256: u8 = 0x01;

/** "TUAK1.0". */
const NAME: usize = memory.data<u8>([0x54, 0x55, 0x41, 0x4b, 0x31, 0x2e, 0x30]);
const NAME_BYTES: i32 = 7;

/** IN without INSTANCE, AMF and SQN. */
const INPUT: usize = memory.data(PADDING, 8);
const STATE: usize = memory.data(KECCAK_STATE_BYTES, 8);
/** OUT of f2345. */
const OUT: usize = memory.data(AK + AK_BYTES + 2, 8);
let outReady: bool = false;

let key256: u8 = 0;
let iterations: i32 = 0;
let resBytes: i32 = 0;
let ckBytes: i32 = 0;
let ikBytes: i32 = 0;

/** The operator's choice: runs of Keccak (1..255), RES of 4, 8, 16 or 32 bytes, CK and IK of 16 or 32. */
export function tuakParameters(runs: i32, res: i32, ck: i32, ik: i32): void {
  iterations = runs;
  resBytes = res;
  ckBytes = ck;
  ikBytes = ik;
  outReady = false;
}

/** TOPc of an operator's TOP (TOPC_BYTES each) and K of 16 or 32 bytes. */
export function tuakTopc(k: usize, kBytes: i32, top: usize, topc: usize): void {
  keyed(k, kBytes, top);
  memory.copy(STATE, INPUT, PADDING);
  run(0);
  reverse(STATE, topc, TOPC_BYTES);
  tuakEnd();
}

/** Starts on a challenge: takes K (16 or 32 bytes), TOPc and RAND (16), which need not stay. */
export function tuakBegin(k: usize, kBytes: i32, topc: usize, rand: usize): void {
  keyed(k, kBytes, topc);
  reverse(rand, INPUT + RAND, RAND_BYTES);
  outReady = false;
}

/** f1: MAC-A (8, 16 or 32 bytes) of SQN (6) and AMF (2). */
export function tuakF1(sqn: usize, amf: usize, mac: usize, macBytes: i32): void {
  authenticate(0, sqn, amf, mac, macBytes);
}

/** f1*: MAC-S, alike. */
export function tuakF1Star(sqn: usize, amf: usize, mac: usize, macBytes: i32): void {
  authenticate(F1_STAR, sqn, amf, mac, macBytes);
}

/** f2 and f5: RES and AK (6 bytes). A result at 0 is not written. */
export function tuakF2F5(res: usize, ak: usize): void {
  f2345();
  if (res) reverse(OUT, res, resBytes);
  if (ak) reverse(OUT + AK, ak, AK_BYTES);
}

/** f3: CK. */
export function tuakF3(ck: usize): void {
  f2345();
  reverse(OUT + CK, ck, ckBytes);
}

/** f4: IK. */
export function tuakF4(ik: usize): void {
  f2345();
  reverse(OUT + IK, ik, ikBytes);
}

/** f5*: AK (6 bytes) that hides SQN_MS in a request for resynchronisation. */
export function tuakF5Star(akStar: usize): void {
  memory.copy(STATE, INPUT, PADDING);
  run(F5_STAR);
  reverse(STATE + AK, akStar, AK_BYTES);
}

/** Forgets the challenge: no value that depends on K stays in this module's memory. */
export function tuakEnd(): void {
  outReady = false;
  wipe(INPUT, PADDING);
  wipe(STATE, KECCAK_STATE_BYTES);
  wipe(OUT, AK + AK_BYTES);
}

function keyed(k: usize, kBytes: i32, topc: usize): void {
  memory.fill(INPUT, 0, PADDING);
  reverse(topc, INPUT, TOPC_BYTES);
  reverse(NAME, INPUT + ALGONAME, NAME_BYTES);
  reverse(k, INPUT + KEY, kBytes);
  key256 = kBytes == KEY_MAX_BYTES ? K_256 : 0;
}

function authenticate(star: u8, sqn: usize, amf: usize, mac: usize, macBytes: i32): void {
  memory.copy(STATE, INPUT, PADDING);
  reverse(amf, STATE + AMF, AMF_BYTES);
  reverse(sqn, STATE + SQN, SQN_BYTES);
  run(star | (<u8>macBytes));
  reverse(STATE, mac, macBytes);
}

function f2345(): void {
  if (outReady) return;
  memory.copy(STATE, INPUT, PADDING);
  let instance = F2345 | (resBytes == 4 ? 0 : <u8>resBytes);
  if (ckBytes == 32) instance |= CK_256;
  if (ikBytes == 32) instance |= IK_256;
  run(instance);
  memory.copy(OUT, STATE, AK + AK_BYTES);
  outReady = true;
}

/** OUT of the fields at STATE. */
function run(instance: u8): void {
  store<u8>(STATE, instance | key256, INSTANCE);
  memory.fill(STATE + PADDING, 0, KECCAK_STATE_BYTES - PADDING);
  store<u8>(STATE, 0x1f, PADDING);
  store<u8>(STATE, 0x80, LAST_OF_PADDING);
  for (let i = 0; i < iterations; i++) keccakF1600(STATE);
}

/** Copies `len` bytes, the last one first; not in place. */
function reverse(from: usize, to: usize, len: i32): void {
  for (let i = 0; i < len; i++) store<u8>(to + i, load<u8>(from + len - 1 - i));
}
