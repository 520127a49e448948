// MILENAGE (TS 35.206): the functions f1..f5, f1* and f5* that a SIM and its home network share.
//
// milenageBegin, then the required functions in any order, then milenageEnd. AES encrypts two blocks for the price of one, so a
// function that has to encrypt takes along the block that is needed next; it is kept until milenageEnd.
// All pointers are to memory of the caller, of the lengths that the standard gives, without need of alignment.

import { AES_SCHEDULE_BYTES, aesEncrypt, aesEncrypt2, aesExpandKeyAndEncrypt } from "../crypto/aes";
import { wipe } from "../crypto/constant-time";

const BLOCK: i32 = 16;

const SCHEDULE: usize = memory.data(AES_SCHEDULE_BYTES, 4);
const OPC: usize = memory.data(BLOCK, 8);
/** TEMP xor OPc, which all of OUT2..OUT5 start from. */
const START: usize = memory.data(BLOCK, 8);
const TEMP: usize = memory.data(BLOCK, 8);
/** Two blocks on their way into AES. */
const IN: usize = memory.data(2 * BLOCK, 8);
/** OUT1..OUT5 of TS 35.206 4.1. */
const OUT: usize = memory.data(5 * BLOCK, 8);

/** Rotations r1..r5 in bits, and constants c1..c5; those of TS 35.206 4.1 until changed. */
const STANDARD_R: usize = memory.data<u8>([64, 0, 32, 64, 96]);
// prettier-ignore
const STANDARD_C: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8,
]);
const OWN_R: usize = memory.data(5);
const OWN_C: usize = memory.data(5 * BLOCK, 8);
let ownConstants: bool = false;

/** Bit i: OUTi is there. */
let done: u32 = 0;

/** Takes an operator's own r1..r5 (five bytes, bits 0..127) and c1..c5 (five blocks); 0 and 0 bring the standard's back. */
export function milenageConstants(r: usize, c: usize): void {
  ownConstants = r != 0 && c != 0;
  if (!ownConstants) return;
  for (let i = 0; i < 5; i++) store<u8>(OWN_R + i, load<u8>(r + i) & 127);
  for (let i = 0; i < 5 * BLOCK; i += BLOCK) xorBlock(c + i, 0, OWN_C + i);
}

/** OPc = OP xor E_K(OP): what a card keeps in place of the operator's OP. */
export function milenageOpc(k: usize, op: usize, opc: usize): void {
  aesExpandKeyAndEncrypt(k, SCHEDULE, op, TEMP);
  xorBlock(TEMP, op, opc);
  milenageEnd();
}

/** Starts on a challenge: takes K, OPc and RAND (16 bytes each), which need not stay. */
export function milenageBegin(k: usize, opc: usize, rand: usize): void {
  done = 0;
  xorBlock(opc, 0, OPC);
  xorBlock(rand, OPC, IN);
  aesExpandKeyAndEncrypt(k, SCHEDULE, IN, TEMP);
  xorBlock(TEMP, OPC, START);
}

/** f1 and f1*: MAC-A and MAC-S (8 bytes each) of SQN (6 bytes) and AMF (2 bytes). A result at 0 is not written. */
export function milenageF1(sqn: usize, amf: usize, macA: usize, macS: usize): void {
  done &= ~(1 << 1);
  // OUT1 takes IN1 = SQN | AMF | SQN | AMF, which is put together in its place.
  const in1 = OUT;
  copy6(sqn, in1);
  store<u16>(in1, load<u16>(amf), 6);
  store<u64>(in1, load<u64>(in1), 8);
  compute(1, 4);
  if (macA) store<u64>(macA, load<u64>(OUT));
  if (macS) store<u64>(macS, load<u64>(OUT, 8));
}

/** f2 and f5: RES (8 bytes) and AK (6 bytes). A result at 0 is not written. */
export function milenageF2F5(res: usize, ak: usize): void {
  compute(2, 3);
  if (res) store<u64>(res, load<u64>(OUT + BLOCK, 8));
  if (ak) copy6(OUT + BLOCK, ak);
}

/** f3: CK (16 bytes). */
export function milenageF3(ck: usize): void {
  compute(3, 4);
  xorBlock(OUT + 2 * BLOCK, 0, ck);
}

/** f4: IK (16 bytes). */
export function milenageF4(ik: usize): void {
  compute(4, 3);
  xorBlock(OUT + 3 * BLOCK, 0, ik);
}

/** f3 and f4 together. */
export function milenageF3F4(ck: usize, ik: usize): void {
  milenageF3(ck);
  milenageF4(ik);
}

/** f5*: AK (6 bytes) that hides SQN_MS in a request for resynchronisation. */
export function milenageF5Star(akStar: usize): void {
  compute(5, 5);
  copy6(OUT + 4 * BLOCK, akStar);
}

/** Forgets the challenge: no value that depends on K stays in this module's memory. */
export function milenageEnd(): void {
  done = 0;
  wipe(SCHEDULE, AES_SCHEDULE_BYTES);
  wipe(OPC, BLOCK);
  wipe(START, BLOCK);
  wipe(TEMP, BLOCK);
  wipe(IN, 2 * BLOCK);
  wipe(OUT, 5 * BLOCK);
}

/** Makes OUTi, and OUTj along with it, unless they are there. */
function compute(i: i32, j: i32): void {
  if (done & (1 << i)) return;
  const outI = OUT + (i - 1) * BLOCK;
  prepare(i, IN);
  if (j == i || done & (1 << j)) {
    aesEncrypt(SCHEDULE, IN, outI);
  } else {
    const outJ = OUT + (j - 1) * BLOCK;
    prepare(j, IN + BLOCK);
    aesEncrypt2(SCHEDULE, IN, IN + BLOCK, outI, outJ);
    xorBlock(outJ, OPC, outJ);
    done |= 1 << j;
  }
  xorBlock(outI, OPC, outI);
  done |= 1 << i;
}

/** The block to encrypt for OUTi, i = 2..5: rot(TEMP xor OPc, ri) xor ci. For OUT1: TEMP xor rot(IN1 xor OPc, r1) xor c1. */
function prepare(i: i32, out: usize): void {
  const r = <u32>load<u8>((ownConstants ? OWN_R : STANDARD_R) + i - 1);
  const c = (ownConstants ? OWN_C : STANDARD_C) + (i - 1) * BLOCK;
  if (i == 1) {
    xorBlock(OUT, OPC, OUT);
    rotateBlock(OUT, r, out);
    xorBlock(out, TEMP, out);
  } else {
    rotateBlock(START, r, out);
  }
  xorBlock(out, c, out);
}

/** out = a xor b, 16 bytes each; b = 0 stands for zeros. */
function xorBlock(a: usize, b: usize, out: usize): void {
  let high = load<u64>(a);
  let low = load<u64>(a, 8);
  if (b) {
    high ^= load<u64>(b);
    low ^= load<u64>(b, 8);
  }
  store<u64>(out, high);
  store<u64>(out, low, 8);
}

function copy6(from: usize, to: usize): void {
  store<u32>(to, load<u32>(from));
  store<u16>(to, load<u16>(from, 4), 4);
}

/** Rotates 128 bits to the left by `bits`, towards byte 0. */
function rotateBlock(from: usize, bits: u32, out: usize): void {
  let head = load<u64>(from);
  let tail = load<u64>(from, 8);
  let spare: u64;
  if (bits & 64) {
    spare = head;
    head = tail;
    tail = spare;
  }
  if (bits & 32) {
    spare = head;
    head = (head >> 32) | (tail << 32);
    tail = (tail >> 32) | (spare << 32);
  }
  const rest = <u64>(bits & 31);
  if (rest) {
    const high = bswap(head);
    const low = bswap(tail);
    head = bswap((high << rest) | (low >> (64 - rest)));
    tail = bswap((low << rest) | (high >> (64 - rest)));
  }
  store<u64>(out, head);
  store<u64>(out, tail, 8);
}
