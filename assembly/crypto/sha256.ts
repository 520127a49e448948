// SHA-256 (FIPS 180-4), fed in pieces. The context belongs to the caller, so that any number of digests can be under way.

import { wipe } from "./constant-time";

/** Bytes of a digest. */
export const SHA256_BYTES: i32 = 32;
/** Bytes that the compression function takes at a time. */
export const SHA256_BLOCK_BYTES: i32 = 64;
/** Bytes of a context: the hash value, the message's length so far (u64), the block being filled. Aligned to 8. */
export const SHA256_CONTEXT_BYTES: i32 = SHA256_BYTES + 8 + SHA256_BLOCK_BYTES;

const LENGTH: usize = SHA256_BYTES;
const BLOCK: usize = LENGTH + 8;

// prettier-ignore
const INITIAL: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

// prettier-ignore
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** The message schedule W: a ring of its last sixteen words. */
const W: usize = memory.data(16 * 4, 4);

export function sha256Init(context: usize): void {
  for (let i = 0; i < SHA256_BYTES; i += 8) store<u64>(context + i, load<u64>(INITIAL + i));
  store<u64>(context, 0, LENGTH);
}

/** Takes the next ptr..ptr+len of the message; a `len` of 0 or less takes nothing. */
export function sha256Update(context: usize, ptr: usize, len: i32): void {
  if (len <= 0) return;
  const length = load<u64>(context, LENGTH);
  store<u64>(context, length + len, LENGTH);

  const block = context + BLOCK;
  const filled = (<i32>length) & (SHA256_BLOCK_BYTES - 1);
  if (filled) {
    const take = min(SHA256_BLOCK_BYTES - filled, len);
    memory.copy(block + filled, ptr, take);
    if (filled + take < SHA256_BLOCK_BYTES) return;
    compress(context, block);
    ptr += take;
    len -= take;
  }
  for (; len >= SHA256_BLOCK_BYTES; len -= SHA256_BLOCK_BYTES) {
    compress(context, ptr);
    ptr += SHA256_BLOCK_BYTES;
  }
  memory.copy(block, ptr, len);
}

/** Writes the digest to out..out+32 and wipes the context, which has to be initialised before it is used again. */
export function sha256Final(context: usize, out: usize): void {
  const length = load<u64>(context, LENGTH);
  const block = context + BLOCK;
  let filled = (<i32>length) & (SHA256_BLOCK_BYTES - 1);
  // Padding (5.1.1): a one bit, zeros, and the length in bits in the last eight bytes of a block.
  store<u8>(block + filled++, 0x80);
  if (filled > SHA256_BLOCK_BYTES - 8) {
    memory.fill(block + filled, 0, SHA256_BLOCK_BYTES - filled);
    compress(context, block);
    filled = 0;
  }
  memory.fill(block + filled, 0, SHA256_BLOCK_BYTES - 8 - filled);
  store<u64>(block, bswap(length << 3), SHA256_BLOCK_BYTES - 8);
  compress(context, block);

  for (let i = 0; i < SHA256_BYTES; i += 4) store<u32>(out + i, bswap(load<u32>(context + i)));
  wipe(context, SHA256_CONTEXT_BYTES);
  wipe(W, 16 * 4);
}

/** The compression function (6.2.2). */
function compress(context: usize, block: usize): void {
  let a = load<u32>(context);
  let b = load<u32>(context, 4);
  let c = load<u32>(context, 8);
  let d = load<u32>(context, 12);
  let e = load<u32>(context, 16);
  let f = load<u32>(context, 20);
  let g = load<u32>(context, 24);
  let h = load<u32>(context, 28);

  for (let t: usize = 0; t < 64 * 4; t += 4) {
    const slot = W + (t & 60);
    let w: u32;
    if (t < 16 * 4) {
      w = bswap(load<u32>(block + t));
    } else {
      w = load<u32>(slot) + sigma1(ago(t, 2)) + ago(t, 7) + sigma0(ago(t, 15));
    }
    store<u32>(slot, w);

    const t1 = h + SIGMA1(e) + Ch(e, f, g) + load<u32>(K + t) + w;
    const t2 = SIGMA0(a) + Maj(a, b, c);
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }

  store<u32>(context, a + load<u32>(context));
  store<u32>(context, b + load<u32>(context, 4), 4);
  store<u32>(context, c + load<u32>(context, 8), 8);
  store<u32>(context, d + load<u32>(context, 12), 12);
  store<u32>(context, e + load<u32>(context, 16), 16);
  store<u32>(context, f + load<u32>(context, 20), 20);
  store<u32>(context, g + load<u32>(context, 24), 24);
  store<u32>(context, h + load<u32>(context, 28), 28);
}

/** W of so many words before the one at byte `t`. */
@inline
function ago(t: usize, words: usize): u32 {
  return load<u32>(W + ((t - 4 * words) & 60));
}

// The functions of 4.1.2.

@inline
function Ch(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}


@inline
function Maj(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y));
}


@inline
function SIGMA0(x: u32): u32 {
  return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}


@inline
function SIGMA1(x: u32): u32 {
  return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}


@inline
function sigma0(x: u32): u32 {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
}


@inline
function sigma1(x: u32): u32 {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >>> 10);
}

/** A digest under way, with memory of its own. Place with `place`. */
@unmanaged
export class Sha256 {
  @bytes(SHA256_CONTEXT_BYTES, 8) private context: usize;
  /** 32 bytes, after `end`. */
  @bytes(SHA256_BYTES, 8) digest: usize;

  begin(): void {
    sha256Init(this.context);
  }

  update(ptr: usize, len: i32): void {
    sha256Update(this.context, ptr, len);
  }

  end(): void {
    sha256Final(this.context, this.digest);
  }
}
