// HMAC-SHA-256 (RFC 2104, FIPS 198-1), fed in pieces. The context belongs to the caller.

import { wipe } from "./constant-time";
import {
  SHA256_BLOCK_BYTES,
  SHA256_BYTES,
  SHA256_CONTEXT_BYTES,
  sha256Final,
  sha256Init,
  sha256Update,
} from "./sha256";

/** Bytes of a MAC. */
export const HMAC_BYTES: i32 = SHA256_BYTES;
/** Bytes of a context: the inner digest and the outer one. Aligned to 8; as secret as the key. */
export const HMAC_CONTEXT_BYTES: i32 = 2 * SHA256_CONTEXT_BYTES;

const OUTER: usize = SHA256_CONTEXT_BYTES;
const IPAD: u8 = 0x36;
const OPAD: u8 = 0x5c;
const PAD: usize = memory.data(SHA256_BLOCK_BYTES, 8);
const DIGEST: usize = memory.data(SHA256_BYTES, 8);

/** Starts a MAC with the key at key..key+len, of any length; a `len` of 0 or less is the empty key. */
export function hmacInit(context: usize, key: usize, len: i32): void {
  if (len > SHA256_BLOCK_BYTES) {
    sha256Init(context);
    sha256Update(context, key, len);
    sha256Final(context, DIGEST);
    key = DIGEST;
    len = SHA256_BYTES;
  }
  startWith(context, key, len, IPAD);
  startWith(context + OUTER, key, len, OPAD);
  wipe(PAD, SHA256_BLOCK_BYTES);
  wipe(DIGEST, SHA256_BYTES);
}

/** Takes the next ptr..ptr+len of the message. */
export function hmacUpdate(context: usize, ptr: usize, len: i32): void {
  sha256Update(context, ptr, len);
}

/** Writes the MAC to out..out+32 and wipes the context. */
export function hmacFinal(context: usize, out: usize): void {
  sha256Final(context, DIGEST);
  sha256Update(context + OUTER, DIGEST, SHA256_BYTES);
  sha256Final(context + OUTER, out);
  wipe(DIGEST, SHA256_BYTES);
}

/** Starts a digest with the key, padded with zeros to a block, xor `pad` in every byte. */
function startWith(context: usize, key: usize, len: i32, pad: u8): void {
  for (let i = 0; i < SHA256_BLOCK_BYTES; i++) store<u8>(PAD + i, (i < len ? load<u8>(key + i) : 0) ^ pad);
  sha256Init(context);
  sha256Update(context, PAD, SHA256_BLOCK_BYTES);
}
