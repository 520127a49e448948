// MILENAGE (TS 35.206): f1..f5 and their resynchronisation twins over one block cipher, AES-128, here node:crypto's.
// The card has its own implementation; the two share nothing.

import { createCipheriv } from 'node:crypto';
import { concat, xor } from '../../bytes.js';
import type { Secret } from '../../secret.js';

const BLOCK = 16;

/** Rotations (bits) and constants of TS 35.206 4.1, for OUT1 to OUT5. */
const ROTATE = [64, 0, 32, 64, 96] as const;
const CONSTANT = [0x00, 0x01, 0x02, 0x04, 0x08] as const;

/** One AES-128 block; `key` and `block` are 16 bytes. */
export function aes128(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(block));
}

/** OPc = OP xor E_K(OP), TS 35.206 clause 8.1. */
export function opcOf(k: Uint8Array, op: Uint8Array): Uint8Array {
  return xor(op, aes128(k, op));
}

/** All values that hang on RAND alone. */
export interface Milenage25 {
  /** f2, 8 bytes. */
  readonly res: Uint8Array;
  /** f3, 16 bytes. */
  readonly ck: Uint8Array;
  /** f4, 16 bytes. */
  readonly ik: Uint8Array;
  /** f5, 6 bytes. */
  readonly ak: Uint8Array;
  /** f5*, 6 bytes. */
  readonly akStar: Uint8Array;
}

export class Milenage {
  readonly #k: Uint8Array;
  readonly #opc: Uint8Array;

  /** `k`, `opc`: 16 bytes each. */
  constructor(k: Secret, opc: Secret) {
    this.#k = k.reveal();
    this.#opc = opc.reveal();
  }

  /** f1 and f1*: 8 bytes each. `rand` 16 bytes, `sqn` 6, `amf` 2. */
  f1(rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array): { readonly macA: Uint8Array; readonly macS: Uint8Array } {
    const in1 = concat(sqn, amf, sqn, amf);
    const rotated = rotate(xor(in1, this.#opc), ROTATE[0]);
    const out1 = xor(aes128(this.#k, addConstant(xor(this.#temp(rand), rotated), CONSTANT[0])), this.#opc);
    return { macA: out1.slice(0, 8), macS: out1.slice(8) };
  }

  /** f2 to f5 and f5*. `rand` is 16 bytes. */
  f2345(rand: Uint8Array): Milenage25 {
    const base = xor(this.#temp(rand), this.#opc);
    const out = (i: 1 | 2 | 3 | 4): Uint8Array =>
      xor(aes128(this.#k, addConstant(rotate(base, ROTATE[i]), CONSTANT[i])), this.#opc);
    const out2 = out(1);
    return { res: out2.slice(8), ak: out2.slice(0, 6), ck: out(2), ik: out(3), akStar: out(4).slice(0, 6) };
  }

  #temp(rand: Uint8Array): Uint8Array {
    return aes128(this.#k, xor(rand, this.#opc));
  }
}

/** To the left, by whole bytes: every r of the algorithm is a multiple of 8. */
function rotate(block: Uint8Array, bits: number): Uint8Array {
  const by = bits / 8;
  return Uint8Array.from(block, (_, i) => block[(i + by) % BLOCK] as number);
}

function addConstant(block: Uint8Array, last: number): Uint8Array {
  const out = block.slice();
  out[BLOCK - 1] = (out[BLOCK - 1] as number) ^ last;
  return out;
}
