// MILENAGE (TS 35.206) and the card's SQN array (TS 33.102 Annex C) (assembly/kit/aka.ts).

import { wants } from './check.js';

/** Bytes of an SQN array: 32 entries of 8, all zero on a new card. */
export const SQN_ARRAY_BYTES = 256;

/** One challenge: K, OPc and RAND are 16 bytes, SQN 6, AMF 2. */
export interface MilenageInput {
  readonly k: Uint8Array;
  readonly opc: Uint8Array;
  readonly rand: Uint8Array;
  readonly sqn: Uint8Array;
  readonly amf: Uint8Array;
  /** An operator's own r1..r5 (5 bytes, 0..127 bits) and c1..c5 (80 bytes). */
  readonly constants?: { readonly r: Uint8Array; readonly c: Uint8Array };
}

export interface MilenageOutput {
  /** f1, 8 bytes */
  readonly macA: Uint8Array;
  /** f1*, 8 bytes */
  readonly macS: Uint8Array;
  /** f2, 8 bytes */
  readonly res: Uint8Array;
  /** f3, 16 bytes */
  readonly ck: Uint8Array;
  /** f4, 16 bytes */
  readonly ik: Uint8Array;
  /** f5, 6 bytes */
  readonly ak: Uint8Array;
  /** f5*, 6 bytes */
  readonly akStar: Uint8Array;
}

/** Limits of a card's freshness check in steps of SEQ; 0 or absent: Delta 2^28, no age limit. */
export interface SqnLimits {
  readonly delta?: bigint;
  readonly ageLimit?: bigint;
}

export interface AkaKit {
  milenage(input: MilenageInput): MilenageOutput;
  /** OPc of an operator's OP. */
  milenageOpc(k: Uint8Array, op: Uint8Array): Uint8Array;
  /** Whether a card whose array is `array` takes `sqn` as fresh. */
  sqnCheck(array: Uint8Array, sqn: Uint8Array, limits?: SqnLimits): boolean;
  /** The array after `sqn` has been taken. */
  sqnAccept(array: Uint8Array, sqn: Uint8Array): Uint8Array;
  /** SQN_MS: the highest SEQ taken, with its index. */
  sqnHighest(array: Uint8Array): Uint8Array;
}

/** What kit.wasm exports for it. */
export interface AkaExports {
  milenageAll(
    k: Uint8Array,
    opc: Uint8Array,
    rand: Uint8Array,
    sqn: Uint8Array,
    amf: Uint8Array,
    r: Uint8Array,
    c: Uint8Array,
  ): Uint8Array;
  milenageOpc(k: Uint8Array, op: Uint8Array): Uint8Array;
  sqnCheck(array: Uint8Array, sqn: Uint8Array, delta: bigint, ageLimit: bigint): number;
  sqnAccept(array: Uint8Array, sqn: Uint8Array): Uint8Array;
  sqnHighest(array: Uint8Array): Uint8Array;
}

export function akaKit(wasm: AkaExports): AkaKit {
  const none = new Uint8Array();
  return {
    milenage({ k, opc, rand, sqn, amf, constants }) {
      wants('k', k, 16);
      wants('opc', opc, 16);
      wants('rand', rand, 16);
      wants('sqn', sqn, 6);
      wants('amf', amf, 2);
      if (constants !== undefined) {
        wants('constants.r', constants.r, 5);
        wants('constants.c', constants.c, 80);
      }
      const all = wasm.milenageAll(k, opc, rand, sqn, amf, constants?.r ?? none, constants?.c ?? none);
      return {
        macA: all.slice(0, 8),
        macS: all.slice(8, 16),
        res: all.slice(16, 24),
        ak: all.slice(24, 30),
        akStar: all.slice(30, 36),
        ck: all.slice(36, 52),
        ik: all.slice(52, 68),
      };
    },
    milenageOpc(k, op) {
      wants('k', k, 16);
      wants('op', op, 16);
      return wasm.milenageOpc(k, op);
    },
    sqnCheck(array, sqn, { delta = 0n, ageLimit = 0n } = {}) {
      wants('array', array, SQN_ARRAY_BYTES);
      wants('sqn', sqn, 6);
      return wasm.sqnCheck(array, sqn, delta, ageLimit) !== 0;
    },
    sqnAccept(array, sqn) {
      wants('array', array, SQN_ARRAY_BYTES);
      wants('sqn', sqn, 6);
      return wasm.sqnAccept(array, sqn);
    },
    sqnHighest(array) {
      wants('array', array, SQN_ARRAY_BYTES);
      return wasm.sqnHighest(array);
    },
  };
}
