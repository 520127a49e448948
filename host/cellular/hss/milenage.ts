// MILENAGE (TS 35.206): f1..f5 and their resynchronisation twins over one block cipher, AES-128, here node:crypto's.
// The card has its own implementation; the two share nothing.

import { createCipheriv } from 'node:crypto';
import { concat, fromHex, toHex, xor } from '../../bytes.js';
import type { Secret } from '../../secret.js';
import type { AuthenticationFunctions, ChallengeOutput } from './functions.js';

const BLOCK = 16;

/** Rotations and constants for OUT1 to OUT5. An operator may have its own. */
export interface MilenageConstants {
  /** r1..r5 in bits, 0..127. */
  readonly r: readonly number[];
  /** c1..c5, 16 bytes each. */
  readonly c: readonly Uint8Array[];
}

/** Those of TS 35.206 4.1. */
const STANDARD: MilenageConstants = {
  r: [64, 0, 32, 64, 96],
  c: [0x00, 0x01, 0x02, 0x04, 0x08].map((last) => Uint8Array.of(...new Uint8Array(15), last)),
};

/** One AES-128 block; `key` and `block` are 16 bytes. */
export function aes128(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(block));
}

/** OPc = OP xor E_K(OP), TS 35.206 clause 8.1. */
export function opcOf(k: Uint8Array, op: Uint8Array): Uint8Array {
  return xor(op, aes128(k, op));
}

export class Milenage implements AuthenticationFunctions {
  readonly #k: Uint8Array;
  readonly #opc: Uint8Array;
  readonly #constants: MilenageConstants;

  /** `k`, `opc`: 16 bytes each. */
  constructor(k: Secret, opc: Secret, constants: MilenageConstants = STANDARD) {
    this.#constants = constants;
    this.#k = k.reveal();
    this.#opc = opc.reveal();
  }

  /** f1 and f1*: 8 bytes each. `rand` 16 bytes, `sqn` 6, `amf` 2. */
  f1(rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array): { readonly macA: Uint8Array; readonly macS: Uint8Array } {
    const in1 = concat(sqn, amf, sqn, amf);
    const out1 = this.#out(0, xor(in1, this.#opc), this.#temp(rand));
    return { macA: out1.slice(0, 8), macS: out1.slice(8) };
  }

  /** f2 to f5 and f5*. `rand` is 16 bytes. */
  f2345(rand: Uint8Array): ChallengeOutput {
    const base = xor(this.#temp(rand), this.#opc);
    const out2 = this.#out(1, base);
    const [ck, ik, out5] = [this.#out(2, base), this.#out(3, base), this.#out(4, base)];
    return { res: out2.slice(8), ak: out2.slice(0, 6), ck, ik, akStar: out5.slice(0, 6) };
  }

  /** E_K(rot(block, r) xor c xor more) xor OPc with the constants of OUT(i+1). */
  #out(i: number, block: Uint8Array, more: Uint8Array = new Uint8Array(BLOCK)): Uint8Array {
    const turned = rotate(block, this.#constants.r[i] as number);
    const input = xor(xor(turned, this.#constants.c[i] as Uint8Array), more);
    return xor(aes128(this.#k, input), this.#opc);
  }

  #temp(rand: Uint8Array): Uint8Array {
    return aes128(this.#k, xor(rand, this.#opc));
  }
}

/** To the left, towards byte 0. */
function rotate(block: Uint8Array, bits: number): Uint8Array {
  const value = BigInt(`0x${toHex(block)}`);
  const turned = ((value << BigInt(bits)) | (value >> BigInt(8 * BLOCK - bits))) & ((1n << BigInt(8 * BLOCK)) - 1n);
  return fromHex(turned.toString(16).padStart(2 * BLOCK, '0'));
}
