// Keccak-f[1600] (FIPS 202 clause 3) in constant time. Written small: one loop for each step of a round.

/** Bytes of the state: lane (x, y) is at 8 * (x + 5 * y), little-endian. */
export const KECCAK_STATE_BYTES: i32 = 200;

const ROUNDS: i32 = 24;
const LANE: i32 = 8;
const PLANE: i32 = 5 * LANE;

/** The walk of pi from lane 1, as lane numbers, and the offsets of rho for it. */
// prettier-ignore
const PI: usize = memory.data<u8>([
  10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1,
]);
// prettier-ignore
const RHO: usize = memory.data<u8>([
  1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44,
]);
/** Iota of each round: bit j is bit 2^j - 1 of the constant. */
// prettier-ignore
const IOTA: usize = memory.data<u8>([
  0x01, 0x1a, 0x5e, 0x70, 0x1f, 0x21, 0x79, 0x55, 0x0e, 0x0c, 0x35, 0x26,
  0x3f, 0x4f, 0x5d, 0x53, 0x52, 0x48, 0x16, 0x66, 0x79, 0x58, 0x21, 0x74,
]);
/** Five lanes on their way. */
const SPARE: usize = memory.data(PLANE, 8);

/** Permutes the KECCAK_STATE_BYTES at `state`. */
export function keccakF1600(state: usize): void {
  for (let round = 0; round < ROUNDS; round++) {
    // theta
    for (let x = 0; x < PLANE; x += LANE) {
      const column = state + x;
      store<u64>(
        SPARE + x,
        load<u64>(column) ^
          load<u64>(column, PLANE) ^
          load<u64>(column, 2 * PLANE) ^
          load<u64>(column, 3 * PLANE) ^
          load<u64>(column, 4 * PLANE),
      );
    }
    let left: usize = 4 * LANE;
    let right: usize = LANE;
    for (let x = 0; x < PLANE; x += LANE) {
      const parity = load<u64>(SPARE + left) ^ rotl(load<u64>(SPARE + right), 1);
      left = x;
      right = right == 4 * LANE ? 0 : right + LANE;
      for (let at = state + x; at < state + KECCAK_STATE_BYTES; at += PLANE) store<u64>(at, load<u64>(at) ^ parity);
    }
    // rho and pi
    let moving = load<u64>(state, LANE);
    for (let i = 0; i < 24; i++) {
      const to = state + <usize>load<u8>(PI + i) * LANE;
      const next = load<u64>(to);
      store<u64>(to, rotl(moving, load<u8>(RHO + i)));
      moving = next;
    }
    // chi
    for (let y = state; y < state + KECCAK_STATE_BYTES; y += PLANE) {
      const a0 = load<u64>(y);
      const a1 = load<u64>(y, LANE);
      const a2 = load<u64>(y, 2 * LANE);
      const a3 = load<u64>(y, 3 * LANE);
      const a4 = load<u64>(y, 4 * LANE);
      store<u64>(y, a0 ^ (~a1 & a2));
      store<u64>(y, a1 ^ (~a2 & a3), LANE);
      store<u64>(y, a2 ^ (~a3 & a4), 2 * LANE);
      store<u64>(y, a3 ^ (~a4 & a0), 3 * LANE);
      store<u64>(y, a4 ^ (~a0 & a1), 4 * LANE);
    }
    // iota
    const bits = <u64>load<u8>(IOTA + round);
    let constant: u64 = 0;
    for (let j = 0; j <= 6; j++) constant |= ((bits >> j) & 1) << ((1 << j) - 1);
    store<u64>(state, load<u64>(state) ^ constant);
  }
  for (let x = 0; x < PLANE; x += LANE) store<u64>(SPARE + x, 0);
}
