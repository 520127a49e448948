// AES-128, CCM, GCM, Keccak-f[1600], SHA-256, HMAC-SHA-256, comparing and wiping.

import * as aes from "../crypto/aes";
import * as ccm from "../crypto/ccm";
import * as constantTime from "../crypto/constant-time";
import * as gcm from "../crypto/gcm";
import * as hmac from "../crypto/hmac";
import * as keccak from "../crypto/keccak";
import * as sha256 from "../crypto/sha256";

const SCHEDULE: usize = memory.data(aes.AES_SCHEDULE_BYTES, 4);
const CONTEXT: usize = memory.data(hmac.HMAC_CONTEXT_BYTES, 8);

/** Encrypts one block or two (16 or 32 bytes) under a key of 16 bytes. */
export function aesEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const output = new Uint8Array(blocks.length);
  const from = blocks.dataStart;
  const to = output.dataStart;
  aes.aesExpandKey(key.dataStart, SCHEDULE);
  if (blocks.length == 32) aes.aesEncrypt2(SCHEDULE, from, from + 16, to, to + 16);
  else aes.aesEncrypt(SCHEDULE, from, to);
  return output;
}

/** Expands a key and encrypts one block in the same pass. */
export function aesExpandKeyAndEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  const output = new Uint8Array(16);
  aes.aesExpandKeyAndEncrypt(key.dataStart, SCHEDULE, block.dataStart, output.dataStart);
  return output;
}

/** Ciphertext and tag. */
export function ccmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tag: i32,
): Uint8Array {
  const out = new Uint8Array(plaintext.length + tag);
  const data = out.dataStart;
  memory.copy(data, plaintext.dataStart, plaintext.length);
  ccm.ccmSeal(key.dataStart, nonce.dataStart, nonce.length, aad.dataStart, aad.length, data, plaintext.length, tag);
  return out;
}

/** One byte that says whether the tag is right, and what the data has become. */
export function ccmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tag: i32): Uint8Array {
  const out = new Uint8Array(1 + sealed.length);
  const data = out.dataStart + 1;
  const len = sealed.length - tag;
  memory.copy(data, sealed.dataStart, sealed.length);
  out[0] = ccm.ccmOpen(key.dataStart, nonce.dataStart, nonce.length, aad.dataStart, aad.length, data, len, tag);
  return out.slice(0, 1 + len);
}

/** Ciphertext and tag. */
export function gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const out = new Uint8Array(plaintext.length + gcm.GCM_TAG_BYTES);
  const data = out.dataStart;
  memory.copy(data, plaintext.dataStart, plaintext.length);
  gcm.gcmSeal(key.dataStart, nonce.dataStart, aad.dataStart, aad.length, data, plaintext.length);
  return out;
}

/** One byte that says whether the tag is right, and what the data has become. */
export function gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + sealed.length);
  const data = out.dataStart + 1;
  const len = sealed.length - gcm.GCM_TAG_BYTES;
  memory.copy(data, sealed.dataStart, sealed.length);
  out[0] = gcm.gcmOpen(key.dataStart, nonce.dataStart, aad.dataStart, aad.length, data, len);
  return out.slice(0, 1 + len);
}

/** The state of 200 bytes after the permutation. */
export function keccakF1600(state: Uint8Array): Uint8Array {
  const out = state.slice();
  keccak.keccakF1600(out.dataStart);
  return out;
}

/** SHA-256 of `data`, fed in pieces of the given lengths, which add up to its own. */
export function sha256Pieces(data: Uint8Array, lengths: Uint32Array): Uint8Array {
  const digest = new Uint8Array(sha256.SHA256_BYTES);
  sha256.sha256Init(CONTEXT);
  let from = data.dataStart;
  for (let i = 0; i < lengths.length; i++) {
    sha256.sha256Update(CONTEXT, from, lengths[i]);
    from += lengths[i];
  }
  sha256.sha256Final(CONTEXT, digest.dataStart);
  return digest;
}

/** HMAC-SHA-256 of `data`, fed in pieces of the given lengths, which add up to its own. */
export function hmacSha256Pieces(key: Uint8Array, data: Uint8Array, lengths: Uint32Array): Uint8Array {
  const mac = new Uint8Array(hmac.HMAC_BYTES);
  hmac.hmacInit(CONTEXT, key.dataStart, key.length);
  let from = data.dataStart;
  for (let i = 0; i < lengths.length; i++) {
    hmac.hmacUpdate(CONTEXT, from, lengths[i]);
    from += lengths[i];
  }
  hmac.hmacFinal(CONTEXT, mac.dataStart);
  return mac;
}

/** Compares two arrays of the same length. */
export function ctEqual(a: Uint8Array, b: Uint8Array): bool {
  return constantTime.ctEqual(a.dataStart, b.dataStart, a.length) != 0;
}

/** A copy of `bytes` in which `length` bytes from `start` are wiped. */
export function wipe(bytes: Uint8Array, start: i32, length: i32): Uint8Array {
  const copy = bytes.slice();
  constantTime.wipe(copy.dataStart + start, length);
  return copy;
}
