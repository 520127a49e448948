// AES-128-CCM (RFC 3610, SP 800-38C) in place: authenticated encryption out of two uses of AES, a counter and a CBC-MAC.
//
// Both ride in one call of the cipher, which does two blocks for the price of one: while the MAC takes up a block, the key stream of
// the next comes out beside it. The key is expanded again for each message, in the pass that encrypts the first block of the MAC:
// it costs nothing, and no schedule has to be kept for each key.
//
// Additional data of fewer than 65,280 bytes.

import { AES_SCHEDULE_BYTES, aesEncrypt2, aesExpandKeyAndEncrypt } from "./aes";
import { ctEqual, wipe } from "./constant-time";

/** The MAC so far, the counter block, the key stream, and what hides the tag; all four in this order. */
const MAC: usize = memory.data(4 * 16 + AES_SCHEDULE_BYTES, 8);
const COUNTER: usize = MAC + 16;
const STREAM: usize = COUNTER + 16;
const TAG_STREAM: usize = STREAM + 16;
const SCHEDULE: usize = TAG_STREAM + 16;
const SCRATCH_BYTES: i32 = 4 * 16 + AES_SCHEDULE_BYTES;

/**
 * Encrypts data..data+len in place and writes `tagLen` bytes (4, 6 .. 16) behind it. `key` is 16 bytes, the nonce 7 to 13: a
 * message has to be shorter than 256^(15 - nonceLen).
 */
export function ccmSeal(
  key: usize,
  nonce: usize,
  nonceLen: i32,
  aad: usize,
  aadLen: i32,
  data: usize,
  len: i32,
  tagLen: i32,
): void {
  run(key, nonce, nonceLen, aad, aadLen, data, len, tagLen, 0);
  memory.copy(data + len, MAC, tagLen);
  wipe(MAC, SCRATCH_BYTES);
}

/** Decrypts data..data+len in place when the tag behind it is right, and returns 1; else returns 0 and leaves zeros. */
export function ccmOpen(
  key: usize,
  nonce: usize,
  nonceLen: i32,
  aad: usize,
  aadLen: i32,
  data: usize,
  len: i32,
  tagLen: i32,
): i32 {
  run(key, nonce, nonceLen, aad, aadLen, data, len, tagLen, 0xff);
  const good = ctEqual(data + len, MAC, tagLen);
  if (!good) wipe(data, len);
  wipe(MAC, SCRATCH_BYTES);
  return good;
}

/** Next block of the MAC, and the key stream of the present counter. */
@inline
function next(): void {
  aesEncrypt2(SCHEDULE, MAC, COUNTER, MAC, STREAM);
}

/** Writes a block with the nonce and a number of the bytes it leaves. */
function block(at: usize, flags: i32, nonce: usize, nonceLen: i32, number: i32): void {
  // Big-endian at the end; the nonce, which comes second, covers what is too much of it.
  store<u64>(at, 0);
  store<u64>(at, bswap(<u64>(<u32>number)), 8);
  store<u8>(at, flags);
  memory.copy(at + 1, nonce, nonceLen);
}

/** Leaves the tag at MAC. `opening`: ff when `data` is the ciphertext, 0 when it is the plaintext. */
function run(
  key: usize,
  nonce: usize,
  nonceLen: i32,
  aad: usize,
  aadLen: i32,
  data: usize,
  len: i32,
  tagLen: i32,
  opening: i32,
): void {
  const lengthBytes = 15 - nonceLen;
  // B_0 (2.2)
  block(MAC, ((aadLen > 0 ? 64 : 0) + ((tagLen - 2) << 2)) | (lengthBytes - 1), nonce, nonceLen, len);
  aesExpandKeyAndEncrypt(key, SCHEDULE, MAC, MAC);
  block(COUNTER, lengthBytes - 1, nonce, nonceLen, 0);
  if (aadLen > 0) {
    store<u16>(MAC, load<u16>(MAC) ^ bswap(<u16>aadLen));
    let at = 2;
    for (let i = 0; i < aadLen; i++) {
      if (at == 16) {
        next();
        at = 0;
      }
      store<u8>(MAC + at, load<u8>(MAC + at) ^ load<u8>(aad + i));
      at++;
    }
    next();
  }
  // S_0 and S_1 (2.3). The counter of a message of this memory's size stays within the last four bytes.
  block(TAG_STREAM, lengthBytes - 1, nonce, nonceLen, 1);
  aesEncrypt2(SCHEDULE, COUNTER, TAG_STREAM, TAG_STREAM, STREAM);
  for (let number = 2; len > 0; number++) {
    const n = min(len, 16);
    for (let i = 0; i < n; i++) {
      const before: u32 = load<u8>(data + i);
      const after = before ^ load<u8>(STREAM + i);
      store<u8>(data + i, after);
      const plain = before ^ ((before ^ after) & opening);
      store<u8>(MAC + i, load<u8>(MAC + i) ^ plain);
    }
    block(COUNTER, lengthBytes - 1, nonce, nonceLen, number);
    next();
    data += n;
    len -= n;
  }
  for (let i: usize = 0; i < 16; i += 8) store<u64>(MAC + i, load<u64>(MAC + i) ^ load<u64>(TAG_STREAM + i));
}
