// Keccak-f[1600] (FIPS 202 clause 3) as the standard writes it: lanes A[x, y] of 64 bits. node:crypto has only hashes made of it.

const MASK = (1n << 64n) - 1n;
const ROUNDS = 24;
/** Bytes of the state; lane (x, y) is at 8 * (x + 5 * y), little-endian. */
export const KECCAK_STATE_BYTES = 200;

const rotate = (lane: bigint, by: number): bigint => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK;

/** Offsets of rho for lane x + 5 * y: a walk over the lanes (3.2.2). */
const RHO = ((): readonly number[] => {
  const offsets = new Array<number>(25).fill(0);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    offsets[x + 5 * y] = (((t + 1) * (t + 2)) / 2) % 64;
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return offsets;
})();

/** Round constants of iota: bits of a shift register over x^8 + x^6 + x^5 + x^4 + 1 (3.2.5). */
const IOTA = ((): readonly bigint[] => {
  let register = 1;
  return Array.from({ length: ROUNDS }, () => {
    let constant = 0n;
    for (let j = 0; j <= 6; j++) {
      if (register & 1) constant |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
    return constant;
  });
})();

/** The state after the permutation; `state` is KECCAK_STATE_BYTES. */
export function keccakF1600(state: Uint8Array): Uint8Array {
  const view = new DataView(state.buffer, state.byteOffset, KECCAK_STATE_BYTES);
  let a = Array.from({ length: 25 }, (_, i) => view.getBigUint64(8 * i, true));
  const lane = (lanes: readonly bigint[], x: number, y: number): bigint => lanes[(x % 5) + 5 * (y % 5)] as bigint;
  for (const iota of IOTA) {
    const theta = a;
    const column = (x: number): bigint => [0, 1, 2, 3, 4].reduce((sum, y) => sum ^ lane(theta, x, y), 0n);
    const parity = [0, 1, 2, 3, 4].map((x) => column(x + 4) ^ rotate(column(x + 1), 1));
    const rho = theta.map((value, i) => rotate(value ^ (parity[i % 5] as bigint), RHO[i] as number));
    const pi = rho.map((_, i) => lane(rho, (i % 5) + 3 * Math.floor(i / 5), i % 5));
    a = pi.map((value, i) => {
      const [x, y] = [i % 5, Math.floor(i / 5)];
      return value ^ (lane(pi, x + 1, y) ^ MASK) & lane(pi, x + 2, y); // prettier-ignore
    });
    a[0] = (a[0] as bigint) ^ iota;
  }
  const out = new Uint8Array(KECCAK_STATE_BYTES);
  const outView = new DataView(out.buffer);
  a.forEach((value, i) => outView.setBigUint64(8 * i, value, true));
  return out;
}
