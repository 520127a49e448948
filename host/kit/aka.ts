// MILENAGE (TS 35.206), TUAK (TS 35.231), the XOR test algorithm (TS 34.108 8.1.2) and the card's SQN array (TS 33.102 Annex C) (assembly/kit/aka.ts).

import { oneOf, wants, within } from './check.js';

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

/** One challenge: K is 16 or 32 bytes, TOPc 32, RAND 16, SQN 6, AMF 2. */
export interface TuakInput {
  readonly k: Uint8Array;
  readonly topc: Uint8Array;
  readonly rand: Uint8Array;
  readonly sqn: Uint8Array;
  readonly amf: Uint8Array;
  /** Runs of Keccak, 1..255. */
  readonly iterations: number;
  /** In bytes: 8, 16 or 32. */
  readonly macLength: number;
  /** 4, 8, 16 or 32. */
  readonly resLength: number;
  /** 16 or 32. */
  readonly ckLength: number;
  /** 16 or 32. */
  readonly ikLength: number;
}

/** K and RAND are 16 bytes, SQN 6, AMF 2; RES is to have 4 to 16. */
export interface XorInput {
  readonly k: Uint8Array;
  readonly rand: Uint8Array;
  readonly sqn: Uint8Array;
  readonly amf: Uint8Array;
  readonly resLength: number;
}

/** Limits of a card's freshness check in steps of SEQ; 0 or absent: Delta 2^28, no age limit. */
export interface SqnLimits {
  readonly delta?: bigint;
  readonly ageLimit?: bigint;
  /** Bits of IND, 0..5; 5 if absent. */
  readonly indBits?: number;
}

export interface AkaKit {
  milenage(input: MilenageInput): MilenageOutput;
  /** OPc of an operator's OP. */
  milenageOpc(k: Uint8Array, op: Uint8Array): Uint8Array;
  tuak(input: TuakInput): MilenageOutput;
  /** TOPc of an operator's TOP. */
  tuakTopc(k: Uint8Array, top: Uint8Array, iterations: number): Uint8Array;
  xor(input: XorInput): MilenageOutput;
  /** Whether a card whose array is `array` takes `sqn` as fresh. */
  sqnCheck(array: Uint8Array, sqn: Uint8Array, limits?: SqnLimits): boolean;
  /** The array after `sqn` has been taken. */
  sqnAccept(array: Uint8Array, sqn: Uint8Array, indBits?: number): Uint8Array;
  /** SQN_MS: the highest SEQ taken, with its index. */
  sqnHighest(array: Uint8Array, indBits?: number): Uint8Array;
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
  tuakTopc(k: Uint8Array, top: Uint8Array, iterations: number): Uint8Array;
  tuakAll(
    k: Uint8Array,
    topc: Uint8Array,
    rand: Uint8Array,
    sqn: Uint8Array,
    amf: Uint8Array,
    iterations: number,
    lengths: Uint8Array,
  ): Uint8Array;
  xorAll(k: Uint8Array, rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array, res: number): Uint8Array;
  sqnIndBits(bits: number): void;
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
    tuakTopc(k, top, iterations) {
      wants('k', k, 16, 32);
      wants('top', top, 32);
      within('iterations', iterations, 1, 255);
      return wasm.tuakTopc(k, top, iterations);
    },
    tuak({ k, topc, rand, sqn, amf, iterations, macLength, resLength, ckLength, ikLength }) {
      wants('k', k, 16, 32);
      wants('topc', topc, 32);
      wants('rand', rand, 16);
      wants('sqn', sqn, 6);
      wants('amf', amf, 2);
      within('iterations', iterations, 1, 255);
      oneOf('macLength', macLength, 8, 16, 32);
      oneOf('resLength', resLength, 4, 8, 16, 32);
      oneOf('ckLength', ckLength, 16, 32);
      oneOf('ikLength', ikLength, 16, 32);
      const lengths = Uint8Array.of(macLength, resLength, ckLength, ikLength);
      const next = pieces(wasm.tuakAll(k, topc, rand, sqn, amf, iterations, lengths));
      return {
        macA: next(macLength),
        macS: next(macLength),
        res: next(resLength),
        ak: next(6),
        akStar: next(6),
        ck: next(ckLength),
        ik: next(ikLength),
      };
    },
    xor({ k, rand, sqn, amf, resLength }) {
      wants('k', k, 16);
      wants('rand', rand, 16);
      wants('sqn', sqn, 6);
      wants('amf', amf, 2);
      within('resLength', resLength, 4, 16);
      const next = pieces(wasm.xorAll(k, rand, sqn, amf, resLength));
      const [mac, res, ak, ck, ik] = [next(8), next(resLength), next(6), next(16), next(16)];
      return { macA: mac, macS: mac, res, ck, ik, ak, akStar: ak };
    },
    sqnCheck(array, sqn, { delta = 0n, ageLimit = 0n, indBits = 5 } = {}) {
      wants('array', array, SQN_ARRAY_BYTES);
      wants('sqn', sqn, 6);
      wasm.sqnIndBits(within('indBits', indBits, 0, 5));
      return wasm.sqnCheck(array, sqn, delta, ageLimit) !== 0;
    },
    sqnAccept(array, sqn, indBits = 5) {
      wants('array', array, SQN_ARRAY_BYTES);
      wants('sqn', sqn, 6);
      wasm.sqnIndBits(within('indBits', indBits, 0, 5));
      return wasm.sqnAccept(array, sqn);
    },
    sqnHighest(array, indBits = 5) {
      wants('array', array, SQN_ARRAY_BYTES);
      wasm.sqnIndBits(within('indBits', indBits, 0, 5));
      return wasm.sqnHighest(array);
    },
  };
}

/** Takes an array apart from its start on. */
function pieces(all: Uint8Array): (length: number) => Uint8Array {
  let at = 0;
  return (length) => all.slice(at, (at += length));
}
