// AES-128, Keccak-f[1600], SHA-256, HMAC-SHA-256, comparing and wiping.

import * as aes from "../crypto/aes";
import * as constantTime from "../crypto/constant-time";
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
