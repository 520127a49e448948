// AES-128 encryption of blocks (FIPS 197) in constant time: no table, and no branch or address that depends on a key or on data.
//
// The cipher is bitsliced over two blocks. Plane k of the state is a 32-bit word that holds bit k of all 32 bytes:
// bit 8r + 2c + b of it belongs to the byte in row r, column c of block b. SubBytes is then a circuit of and/xor gates.
//
// ShiftRows is never done ("fixslicing", Adomnicai and Peyrin, TCHES 2021): after n rounds row r of the planes stands r * n columns
// to the right of its place. Round keys are stored displaced alike, and MixColumns looks for its neighbours where they are. After
// ten rounds rows 1 and 3 are two columns away, which the last step takes back.
//
// SubBytes here leaves out its constant 63 (hexadecimal). It would pass through MixColumns unchanged, so it is part of the stored
// round keys instead.
//
// The key schedule needs a SubBytes of four bytes in each round, one after the other. It rides in the second block's
// half of the planes while the first block is encrypted with the round keys just made.
//
// All of it happens in local variables: nothing but the schedule and the results is ever in memory.

const ROUNDS: i32 = 10;
const ROUND_KEY_BYTES: i32 = 8 * 4;

/** Bytes of an expanded key: eleven round keys of eight planes. As secret as the key. */
export const AES_SCHEDULE_BYTES: i32 = 11 * ROUND_KEY_BYTES;

/** Expands the 16 bytes at `key` into the AES_SCHEDULE_BYTES at `schedule`. */
export function aesExpandKey(key: usize, schedule: usize): void {
  cipher(schedule, key, key, key, 0, 0);
}

/** Expands a key and encrypts one block with it, for the price of `aesExpandKey`. */
export function aesExpandKeyAndEncrypt(key: usize, schedule: usize, input: usize, output: usize): void {
  cipher(schedule, key, input, input, output, 0);
}

/** Encrypts input..input+16 to output..output+16, which may be the same place. */
export function aesEncrypt(schedule: usize, input: usize, output: usize): void {
  cipher(schedule, 0, input, input, output, 0);
}

/** Encrypts two blocks for the price of one. Both are read before either is written. */
export function aesEncrypt2(schedule: usize, in0: usize, in1: usize, out0: usize, out1: usize): void {
  cipher(schedule, 0, in0, in1, out0, out1);
}

/** What to xor into both words to swap their bits of `mask`. */
@inline
function exchange(a: u32, b: u32, mask: u32): u32 {
  return (a ^ b) & mask;
}

/** Stores a round key of four columns, its row r displaced by r times `shift` columns: eight planes, the same for both blocks. */
function storeRoundKey(out: usize, w0: u32, w1: u32, w2: u32, w3: u32, shift: i32): void {
  let t: u32, u: u32, v: u32;
  if (shift & 1) {
    // Rows 1 and 3 by one column, then rows 2 and 3 by two.
    t = exchange(w0, w1, 0xff00ff00);
    u = exchange(w1, w2, 0xff00ff00);
    v = exchange(w2, w3, 0xff00ff00);
    w0 ^= t ^ u ^ v;
    w1 ^= t;
    w2 ^= u;
    w3 ^= v;
    t = exchange(w0, w2, 0xffff0000);
    w0 ^= t;
    w2 ^= t;
    t = exchange(w1, w3, 0xffff0000);
    w1 ^= t;
    w3 ^= t;
  }
  if (shift & 2) {
    t = exchange(w0, w2, 0xff00ff00);
    w0 ^= t;
    w2 ^= t;
    t = exchange(w1, w3, 0xff00ff00);
    w1 ^= t;
    w3 ^= t;
  }
  t = exchange(w0 >>> 2, w1, 0x33333333);
  w0 ^= t << 2;
  w1 ^= t;
  t = exchange(w2 >>> 2, w3, 0x33333333);
  w2 ^= t << 2;
  w3 ^= t;
  t = exchange(w0 >>> 4, w2, 0x0f0f0f0f);
  w0 ^= t << 4;
  w2 ^= t;
  t = exchange(w1 >>> 4, w3, 0x0f0f0f0f);
  w1 ^= t << 4;
  w3 ^= t;
  // Word j has plane 2j at the places of block 0 and plane 2j + 1 at those of block 1.
  storePlanes(out, w0);
  storePlanes(out + 8, w1);
  storePlanes(out + 16, w2);
  storePlanes(out + 24, w3);
}


@inline
function storePlanes(out: usize, word: u32): void {
  const even = word & 0x55555555;
  const odd = word & 0xaaaaaaaa;
  store<u32>(out, even | (even << 1));
  store<u32>(out, odd | (odd >>> 1), 4);
}

/** For each byte, the one below it and so many bits to its right, where `mask` has those that do not pass the edge. */
function below(x: u32, bits: u32, mask: u32): u32 {
  return rotr(((x >>> bits) & mask) | ((x << (8 - bits)) & ~mask), 8);
}

/** For each byte, the one two below it and two columns to its right. */
@inline
function twoBelowAcross(x: u32): u32 {
  x = rotr(x, 16);
  return ((x & 0x0f0f0f0f) << 4) | ((x >>> 4) & 0x0f0f0f0f);
}

/** Bit k of four bytes, at the place of column 0 of block 1. */
@inline
function toSpare(word: u32, k: i32): u32 {
  return (k > 0 ? word >>> (k - 1) : word << 1) & 0x02020202;
}

/** The same bit back at its place. */
@inline
function fromSpare(plane: u32, k: i32): u32 {
  const bits = plane & 0x02020202;
  return k > 0 ? bits << (k - 1) : bits >>> 1;
}

/** With `key`, makes the schedule while it encrypts block 0; without, uses it for both. A result at 0 is not written. */
function cipher(schedule: usize, key: usize, in0: usize, in1: usize, out0: usize, out1: usize): void {
  let w0: u32 = 0;
  let w1: u32 = 0;
  let w2: u32 = 0;
  let w3: u32 = 0;
  let rcon: u32 = 1;
  if (key) {
    w0 = load<u32>(key);
    w1 = load<u32>(key, 4);
    w2 = load<u32>(key, 8);
    w3 = load<u32>(key, 12);
    storeRoundKey(schedule, w0, w1, w2, w3, 0);
  }
  // Word 2c + b, column c of block b with row 0 in the lowest byte.
  let a0 = load<u32>(in0);
  let a1 = load<u32>(in1);
  let a2 = load<u32>(in0, 4);
  let a3 = load<u32>(in1, 4);
  let a4 = load<u32>(in0, 8);
  let a5 = load<u32>(in1, 8);
  let a6 = load<u32>(in0, 12);
  let a7 = load<u32>(in1, 12);
  for (let round = 1; ;) {
    // To planes, and after the rounds back to words: the 8x8 bit matrix of each byte position is transposed.
    let t: u32;
    t = exchange(a0 >>> 1, a1, 0x55555555);
    a0 ^= t << 1;
    a1 ^= t;
    t = exchange(a2 >>> 1, a3, 0x55555555);
    a2 ^= t << 1;
    a3 ^= t;
    t = exchange(a4 >>> 1, a5, 0x55555555);
    a4 ^= t << 1;
    a5 ^= t;
    t = exchange(a6 >>> 1, a7, 0x55555555);
    a6 ^= t << 1;
    a7 ^= t;
    t = exchange(a0 >>> 2, a2, 0x33333333);
    a0 ^= t << 2;
    a2 ^= t;
    t = exchange(a1 >>> 2, a3, 0x33333333);
    a1 ^= t << 2;
    a3 ^= t;
    t = exchange(a4 >>> 2, a6, 0x33333333);
    a4 ^= t << 2;
    a6 ^= t;
    t = exchange(a5 >>> 2, a7, 0x33333333);
    a5 ^= t << 2;
    a7 ^= t;
    t = exchange(a0 >>> 4, a4, 0x0f0f0f0f);
    a0 ^= t << 4;
    a4 ^= t;
    t = exchange(a1 >>> 4, a5, 0x0f0f0f0f);
    a1 ^= t << 4;
    a5 ^= t;
    t = exchange(a2 >>> 4, a6, 0x0f0f0f0f);
    a2 ^= t << 4;
    a6 ^= t;
    t = exchange(a3 >>> 4, a7, 0x0f0f0f0f);
    a3 ^= t << 4;
    a7 ^= t;
    if (round > ROUNDS) break;
    for (;;) {
      // AddRoundKey; the first and the last plane before the others, so that a compiler that checks addresses has no more to check.
      a0 ^= load<u32>(schedule);
      a7 ^= load<u32>(schedule, 28);
      a1 ^= load<u32>(schedule, 4);
      a2 ^= load<u32>(schedule, 8);
      a3 ^= load<u32>(schedule, 12);
      a4 ^= load<u32>(schedule, 16);
      a5 ^= load<u32>(schedule, 20);
      a6 ^= load<u32>(schedule, 24);

      if (round > ROUNDS) break;
      schedule += ROUND_KEY_BYTES;
      if (key) {
        // Column 0 of block 1 gives way to the fourth column of the round key.
        a0 = (a0 & ~0x02020202) | toSpare(w3, 0);
        a1 = (a1 & ~0x02020202) | toSpare(w3, 1);
        a2 = (a2 & ~0x02020202) | toSpare(w3, 2);
        a3 = (a3 & ~0x02020202) | toSpare(w3, 3);
        a4 = (a4 & ~0x02020202) | toSpare(w3, 4);
        a5 = (a5 & ~0x02020202) | toSpare(w3, 5);
        a6 = (a6 & ~0x02020202) | toSpare(w3, 6);
        a7 = (a7 & ~0x02020202) | toSpare(w3, 7);
      }

      // SubBytes: the circuit of Boyar and Peralta (SEC 2012), with their names; their x0 and s0 are a7 here.
      // Top linear layer
      const y14 = a4 ^ a2;
      const y13 = a7 ^ a1;
      const y9 = a7 ^ a4;
      const y8 = a7 ^ a2;
      const t0 = a6 ^ a5;
      const y1 = t0 ^ a0;
      const y4 = y1 ^ a4;
      const y12 = y13 ^ y14;
      const y2 = y1 ^ a7;
      const y5 = y1 ^ a1;
      const y3 = y5 ^ y8;
      const t1 = a3 ^ y12;
      const y15 = t1 ^ a2;
      const y20 = t1 ^ a6;
      const y6 = y15 ^ a0;
      const y10 = y15 ^ t0;
      const y11 = y20 ^ y9;
      const y7 = a0 ^ y11;
      const y17 = y10 ^ y11;
      const y19 = y10 ^ y8;
      const y16 = t0 ^ y11;
      const y21 = y13 ^ y16;
      const y18 = a7 ^ y16;
      // Inversion in GF(2^8)
      const t2 = y12 & y15;
      const t3 = y3 & y6;
      const t4 = t3 ^ t2;
      const t5 = y4 & a0;
      const t6 = t5 ^ t2;
      const t7 = y13 & y16;
      const t8 = y5 & y1;
      const t9 = t8 ^ t7;
      const t10 = y2 & y7;
      const t11 = t10 ^ t7;
      const t12 = y9 & y11;
      const t13 = y14 & y17;
      const t14 = t13 ^ t12;
      const t15 = y8 & y10;
      const t16 = t15 ^ t12;
      const t17 = t4 ^ t14;
      const t18 = t6 ^ t16;
      const t19 = t9 ^ t14;
      const t20 = t11 ^ t16;
      const t21 = t17 ^ y20;
      const t22 = t18 ^ y19;
      const t23 = t19 ^ y21;
      const t24 = t20 ^ y18;
      const t25 = t21 ^ t22;
      const t26 = t21 & t23;
      const t27 = t24 ^ t26;
      const t28 = t25 & t27;
      const t29 = t28 ^ t22;
      const t30 = t23 ^ t24;
      const t31 = t22 ^ t26;
      const t32 = t31 & t30;
      const t33 = t32 ^ t24;
      const t34 = t23 ^ t33;
      const t35 = t27 ^ t33;
      const t36 = t24 & t35;
      const t37 = t36 ^ t34;
      const t38 = t27 ^ t36;
      const t39 = t29 & t38;
      const t40 = t25 ^ t39;
      const t41 = t40 ^ t37;
      const t42 = t29 ^ t33;
      const t43 = t29 ^ t40;
      const t44 = t33 ^ t37;
      const t45 = t42 ^ t41;
      const z0 = t44 & y15;
      const z1 = t37 & y6;
      const z2 = t33 & a0;
      const z3 = t43 & y16;
      const z4 = t40 & y1;
      const z5 = t29 & y7;
      const z6 = t42 & y11;
      const z7 = t45 & y17;
      const z8 = t41 & y10;
      const z9 = t44 & y12;
      const z10 = t37 & y3;
      const z11 = t33 & y4;
      const z12 = t43 & y13;
      const z13 = t40 & y5;
      const z14 = t29 & y2;
      const z15 = t42 & y9;
      const z16 = t45 & y14;
      const z17 = t41 & y8;
      // Bottom linear layer
      const t46 = z15 ^ z16;
      const t47 = z10 ^ z11;
      const t48 = z5 ^ z13;
      const t49 = z9 ^ z10;
      const t50 = z2 ^ z12;
      const t51 = z2 ^ z5;
      const t52 = z7 ^ z8;
      const t53 = z0 ^ z3;
      const t54 = z6 ^ z7;
      const t55 = z16 ^ z17;
      const t56 = z12 ^ t48;
      const t57 = t50 ^ t53;
      const t58 = z4 ^ t46;
      const t59 = z3 ^ t54;
      const t60 = t46 ^ t57;
      const t61 = z14 ^ t57;
      const t62 = t52 ^ t58;
      const t63 = t49 ^ t58;
      const t64 = z4 ^ t59;
      const t65 = t61 ^ t62;
      const t66 = z1 ^ t63;
      a7 = t59 ^ t63;
      a1 = t56 ^ t62;
      a0 = t48 ^ t60;
      const t67 = t64 ^ t65;
      a4 = t53 ^ t66;
      a3 = t51 ^ t66;
      a2 = t47 ^ t65;
      a6 = t64 ^ a4;
      a5 = t55 ^ t67;

      if (key) {
        // The next round key: RotWord of the SubBytes, and so on along the columns. It is stored without constant 63 of its
        // own, which is to be 63 more than it is for the sake of the state.
        const substituted =
          fromSpare(a0, 0) |
          fromSpare(a1, 1) |
          fromSpare(a2, 2) |
          fromSpare(a3, 3) |
          fromSpare(a4, 4) |
          fromSpare(a5, 5) |
          fromSpare(a6, 6) |
          fromSpare(a7, 7);
        w0 ^= rotr(substituted, 8) ^ rcon;
        w1 ^= w0;
        w2 ^= w1;
        w3 ^= w2;
        storeRoundKey(schedule, w0, w1, w2, w3, round);
        w0 ^= 0x63636363;
        w1 ^= 0x63636363;
        w2 ^= 0x63636363;
        w3 ^= 0x63636363;
        rcon = (rcon << 1) ^ ((rcon >>> 7) * 0x11b);
      }
      // MixColumns: out = 2(a + b) + b + (c + d), where b, c, d stand one, two and three below a.
      if (round < ROUNDS) {
        const bits = 2 * (round & 3);
        const mask: u32 = (0xff >> bits) * 0x01010101;
        let b0 = below(a0, bits, mask);
        let b1 = below(a1, bits, mask);
        let b2 = below(a2, bits, mask);
        let b3 = below(a3, bits, mask);
        let b4 = below(a4, bits, mask);
        let b5 = below(a5, bits, mask);
        let b6 = below(a6, bits, mask);
        let b7 = below(a7, bits, mask);
        a0 ^= b0;
        a1 ^= b1;
        a2 ^= b2;
        a3 ^= b3;
        a4 ^= b4;
        a5 ^= b5;
        a6 ^= b6;
        a7 ^= b7;
        if (round & 1) {
          b0 ^= twoBelowAcross(a0);
          b1 ^= twoBelowAcross(a1);
          b2 ^= twoBelowAcross(a2);
          b3 ^= twoBelowAcross(a3);
          b4 ^= twoBelowAcross(a4);
          b5 ^= twoBelowAcross(a5);
          b6 ^= twoBelowAcross(a6);
          b7 ^= twoBelowAcross(a7);
        } else {
          b0 ^= rotr(a0, 16);
          b1 ^= rotr(a1, 16);
          b2 ^= rotr(a2, 16);
          b3 ^= rotr(a3, 16);
          b4 ^= rotr(a4, 16);
          b5 ^= rotr(a5, 16);
          b6 ^= rotr(a6, 16);
          b7 ^= rotr(a7, 16);
        }
        const carry = a7;
        a7 = b7 ^ a6;
        a6 = b6 ^ a5;
        a5 = b5 ^ a4;
        a4 = b4 ^ a3 ^ carry;
        a3 = b3 ^ a2 ^ carry;
        a2 = b2 ^ a1;
        a1 = b1 ^ a0 ^ carry;
        a0 = b0 ^ carry;
      }
      round++;
    }
  }
  if (out0) storeBlock(out0, a0, a2, a4, a6);
  if (out1) storeBlock(out1, a1, a3, a5, a7);
}

/** Writes the four columns of a block, whose rows 1 and 3 stand two columns away from their place. */
function storeBlock(out: usize, w0: u32, w1: u32, w2: u32, w3: u32): void {
  const even = exchange(w0, w2, 0xff00ff00);
  const odd = exchange(w1, w3, 0xff00ff00);
  store<u64>(out, pair(w0 ^ even, w1 ^ odd));
  store<u64>(out, pair(w2 ^ even, w3 ^ odd), 8);
}

/** Two words as one, so that who reads both at once finds them in one piece. */
@inline
function pair(low: u32, high: u32): u64 {
  return (<u64>low) | ((<u64>high) << 32);
}
