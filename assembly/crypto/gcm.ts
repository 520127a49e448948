// AES-128-GCM (SP 800-38D) in place, with nonces of 12 bytes and tags of 16: a counter for secrecy, GHASH for the tag.
//
// GHASH is a product in GF(2^128). Here it is done bit by bit under masks: no table, no multiplication, and no branch or address that
// depends on data, on any processor. Two counter blocks go through the cipher at a time. The key is expanded in the pass that
// makes the hash key.

import { AES_SCHEDULE_BYTES, aesEncrypt2, aesExpandKeyAndEncrypt } from "./aes";
import { ctEqual, wipe } from "./constant-time";

/** Bytes of a tag. */
export const GCM_TAG_BYTES: i32 = 16;

/** The hash so far, its key H, two counter blocks and their key streams. */
const HASH: usize = memory.data(7 * 16 + AES_SCHEDULE_BYTES, 8);
const H: usize = HASH + 16;
const COUNTER: usize = H + 16;
const STREAM: usize = COUNTER + 2 * 16;
const TAG_STREAM: usize = STREAM + 2 * 16;
const SCHEDULE: usize = TAG_STREAM + 16;
const SCRATCH_BYTES: i32 = 7 * 16 + AES_SCHEDULE_BYTES;

/** Encrypts data..data+len in place and writes the tag behind it. `key` is 16 bytes, `nonce` 12. */
export function gcmSeal(key: usize, nonce: usize, aad: usize, aadLen: i32, data: usize, len: i32): void {
  begin(key, nonce, aad, aadLen);
  encrypt(data, len);
  hash(data, len);
  finish(aadLen, len);
  memory.copy(data + len, HASH, GCM_TAG_BYTES);
  wipe(HASH, SCRATCH_BYTES);
}

/** Decrypts data..data+len in place when the tag behind it is right, and returns 1; else leaves it as it is and returns 0. */
export function gcmOpen(key: usize, nonce: usize, aad: usize, aadLen: i32, data: usize, len: i32): i32 {
  begin(key, nonce, aad, aadLen);
  hash(data, len);
  finish(aadLen, len);
  const good = ctEqual(data + len, HASH, GCM_TAG_BYTES);
  if (good) encrypt(data, len);
  wipe(HASH, SCRATCH_BYTES);
  return good;
}

function begin(key: usize, nonce: usize, aad: usize, aadLen: i32): void {
  wipe(HASH, 2 * 16);
  aesExpandKeyAndEncrypt(key, SCHEDULE, HASH, H);
  // Big-endian words are easier to shift in this machine's order.
  const high = bswap(load<u64>(H));
  store<u64>(H, bswap(load<u64>(H, 8)));
  store<u64>(H, high, 8);
  memory.copy(COUNTER, nonce, 12);
  memory.copy(COUNTER + 16, nonce, 12);
  keyStream(1);
  // The first of them hides the tag, the second is the first of the data.
  memory.copy(TAG_STREAM, STREAM, 16);
  hash(aad, aadLen);
}

/** Key streams of the counter blocks `number` and the one after it. */
function keyStream(number: u32): void {
  store<u32>(COUNTER, bswap(number), 12);
  store<u32>(COUNTER, bswap(number + 1), 28);
  aesEncrypt2(SCHEDULE, COUNTER, COUNTER + 16, STREAM, STREAM + 16);
}

function encrypt(data: usize, len: i32): void {
  let number: u32 = 1;
  let at = 16;
  for (let i = 0; i < len; i++) {
    if (at == 32) {
      number += 2;
      keyStream(number);
      at = 0;
    }
    store<u8>(data + i, load<u8>(data + i) ^ load<u8>(STREAM + at));
    at++;
  }
}

/** Takes ptr..ptr+len, padded with zeros to whole blocks, into the hash. */
function hash(ptr: usize, len: i32): void {
  for (let i = 0; i < len;) {
    const at = i & 15;
    store<u8>(HASH + at, load<u8>(HASH + at) ^ load<u8>(ptr + i));
    if ((++i & 15) == 0 || i == len) multiply();
  }
}

/** Takes the lengths in, and makes the tag of the hash. */
function finish(aadLen: i32, len: i32): void {
  store<u64>(HASH, load<u64>(HASH) ^ bswap((<u64>aadLen) << 3));
  store<u64>(HASH, load<u64>(HASH, 8) ^ bswap((<u64>len) << 3), 8);
  multiply();
  store<u64>(HASH, load<u64>(HASH) ^ load<u64>(TAG_STREAM));
  store<u64>(HASH, load<u64>(HASH, 8) ^ load<u64>(TAG_STREAM, 8), 8);
}

/** HASH times H (6.3): for each bit of the hash, from the first on, H times that power of x is added or not. */
function multiply(): void {
  let low = load<u64>(H);
  let high = load<u64>(H, 8);
  let productLow: u64 = 0;
  let productHigh: u64 = 0;
  for (let half: usize = 0; half < 16; half += 8) {
    let bits = bswap(load<u64>(HASH + half));
    for (let i = 0; i < 64; i++) {
      const take = 0 - (bits >> 63);
      productLow ^= low & take;
      productHigh ^= high & take;
      bits <<= 1;
      const reduce = 0 - (low & 1);
      low = (low >> 1) | (high << 63);
      high = (high >> 1) ^ (reduce & 0xe100000000000000);
    }
  }
  store<u64>(HASH, bswap(productHigh));
  store<u64>(HASH, bswap(productLow), 8);
}
