// The sequence numbers a card has seen (TS 33.102 Annex C.2): an array of SEQ_MS, one entry for each index.
//
// SQN (48 bits) = SEQ (43 bits) | IND (5 bits, or as many as the operator has chosen). Every asking node of the home network has its own IND, so that challenges may
// come out of order between nodes. The array belongs to the caller: SQN_ARRAY_BYTES, entry i the SEQ last taken with IND i as a
// little-endian 64-bit number, all zero on a new card. An accepted SQN changes one entry, which is all a store has to write.

import { Status } from "../board/status";

/** Most bits of IND, and how many there are unless `sqnIndBits` says otherwise. */
const IND_BITS_MAX: i32 = 5;
const ENTRIES_MAX: i32 = 1 << IND_BITS_MAX;
const SQN_BITS: i32 = 48;
/** TS 33.102 C.3: the most that SEQ may run ahead, so that one false challenge cannot use up the whole range. */
const STANDARD_DELTA: i64 = 1 << 28;

/** Bytes of one entry: entry i is at array + i * SQN_ENTRY_BYTES. */
export const SQN_ENTRY_BYTES: i32 = 8;
export const SQN_ARRAY_BYTES: i32 = ENTRIES_MAX * SQN_ENTRY_BYTES;

/** Bits of IND fewer than IND_BITS_MAX. */
let fewerBits: i32 = 0;
/** 0 stands for STANDARD_DELTA. */
let delta: i64 = 0;
/** 0 for none. */
let ageLimit: i64 = 0;

/** Sets how many bits of SQN are IND: 0..5. The array then has so many fewer entries in use. */
export function sqnIndBits(bits: i32): void {
  fewerBits = IND_BITS_MAX - bits;
}

function indBits(): i32 {
  return IND_BITS_MAX - fewerBits;
}

function indOf(value: i64): i32 {
  return (<i32>value) & ((1 << indBits()) - 1);
}

/** Sets Delta (C.2.1) and the age limit L (C.2.2) in steps of SEQ; 0 or less: Delta 2^28, no age limit. */
export function sqnLimits(newDelta: i64, limit: i64): void {
  delta = max<i64>(newDelta, 0);
  ageLimit = max<i64>(limit, 0);
}

/** Returns Ok if the 6 bytes at `sqn` are fresh, Denied if not: then the card asks for resynchronisation. Changes nothing. */
export function sqnCheck(array: usize, sqn: usize): i32 {
  const value = read48(sqn);
  const seq = value >> indBits();
  const highest = entry(array, indexOfHighest(array));
  // Signed: a SEQ below the highest one is not far ahead, it is behind, and still fresh if its own entry is older.
  if (seq - highest > (delta ? delta : STANDARD_DELTA)) return Status.Denied;
  if (ageLimit && highest - seq >= ageLimit) return Status.Denied;
  if (seq <= entry(array, indOf(value))) return Status.Denied;
  return Status.Ok;
}

/** Notes the 6 bytes at `sqn` as taken: SEQ_MS[IND] = SEQ. Only after `sqnCheck`. */
export function sqnAccept(array: usize, sqn: usize): void {
  const value = read48(sqn);
  store<i64>(array + indOf(value) * SQN_ENTRY_BYTES, value >> indBits());
}

/** Writes SQN_MS, the highest SEQ taken with its IND, to out..out+6. */
export function sqnHighest(array: usize, out: usize): void {
  const index = indexOfHighest(array);
  const value = (entry(array, index) << indBits()) | index;
  for (let i = 0; i < 6; i++) store<u8>(out + i, <u8>(value >> (40 - 8 * i)));
}

function indexOfHighest(array: usize): i32 {
  let index = 0;
  for (let i = 1; i < 1 << indBits(); i++) {
    if (entry(array, i) > entry(array, index)) index = i;
  }
  return index;
}

/** An entry is read as the bits of SEQ whatever a worn store has made of it, so that SQN_MS cannot leave its 48 bits. */
function entry(array: usize, index: i32): i64 {
  return load<i64>(array + index * SQN_ENTRY_BYTES) & (((<i64>1) << (SQN_BITS - indBits())) - 1);
}

/** Six bytes, big-endian. */
function read48(ptr: usize): i64 {
  let value: i64 = 0;
  for (let i = 0; i < 6; i++) value = (value << 8) | load<u8>(ptr + i);
  return value;
}
