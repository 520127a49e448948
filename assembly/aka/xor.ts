// The test algorithm of test USIMs (TS 34.108 8.1.2): it proves messages, not secrets. XDOUT = K xor RAND gives everything.

import { wipe } from "../crypto/constant-time";

const BLOCK: i32 = 16;
const MAC_BYTES: i32 = 8;
const SQN_BYTES: i32 = 6;
const AK_BYTES: i32 = 6;
const AK: i32 = 3;

/** XDOUT twice over, so that its rotations lie in a row. */
const XDOUT: usize = memory.data(2 * BLOCK, 8);

/** Starts on a challenge: K and RAND are 16 bytes. */
export function xorBegin(k: usize, rand: usize): void {
  for (let i = 0; i < BLOCK; i++) {
    const byte = load<u8>(k + i) ^ load<u8>(rand + i);
    store<u8>(XDOUT + i, byte);
    store<u8>(XDOUT + i, byte, BLOCK);
  }
}

/** f1 and f1*: the head of XDOUT xor SQN | AMF, 8 bytes. */
export function xorF1(sqn: usize, amf: usize, mac: usize): void {
  for (let i = 0; i < MAC_BYTES; i++) {
    const byte = i < SQN_BYTES ? load<u8>(sqn + i) : load<u8>(amf + i - SQN_BYTES);
    store<u8>(mac + i, load<u8>(XDOUT + i) ^ byte);
  }
}

/** f2: the head of XDOUT, `len` bytes. */
export function xorF2(res: usize, len: i32): void {
  memory.copy(res, XDOUT, len);
}

/** f3 and f4: XDOUT turned to the left by one byte (CK) or two (IK). */
export function xorF3(ck: usize): void {
  memory.copy(ck, XDOUT + 1, BLOCK);
}

export function xorF4(ik: usize): void {
  memory.copy(ik, XDOUT + 2, BLOCK);
}

/** f5 and f5*: bytes 3 to 8 of XDOUT. */
export function xorF5(ak: usize): void {
  memory.copy(ak, XDOUT + AK, AK_BYTES);
}

export function xorEnd(): void {
  wipe(XDOUT, 2 * BLOCK);
}
