// TUAK (TS 35.231): f1..f5 and their resynchronisation twins over Keccak. The card has its own implementation; the two share nothing.

import { concat } from '../../bytes.js';
import type { Secret } from '../../secret.js';
import type { AuthenticationFunctions, ChallengeOutput } from './functions.js';
import { keccakF1600 } from './keccak.js';

/** Lengths that the operator has chosen, in bytes. */
export interface TuakParameters {
  /** Runs of Keccak for each output, 1 or more. */
  readonly iterations: number;
  /** 4, 8, 16 or 32. */
  readonly resBytes: number;
  /** 16 or 32. */
  readonly ckBytes: number;
  /** 16 or 32. */
  readonly ikBytes: number;
  /** 8 (the only length that AUTN and AUTS have room for) unless given; 16 or 32 for the bare functions. */
  readonly macBytes?: number;
}

const ALGONAME = new TextEncoder().encode('TUAK1.0');
/** RAND, AMF and SQN where they are not used. */
const NO_RAND = new Uint8Array(16);
const NO_AMF = new Uint8Array(2);
const NO_SQN = new Uint8Array(6);

/** Bits 2..7 of INSTANCE (TS 35.231 6.2..6.5), by length in bytes. */
const F1_LENGTH: Readonly<Record<number, number>> = { 8: 0x08, 16: 0x10, 32: 0x20 };
const F1_STAR = 0x80;
const F2_LENGTH: Readonly<Record<number, number>> = { 4: 0x00, 8: 0x08, 16: 0x10, 32: 0x20 };
const F2345 = 0x40;
const CK_256 = 0x04;
const IK_256 = 0x02;
const F5_STAR = 0xc0;
const K_256 = 0x01;

/** TS 35.231 writes each field with its last byte first. */
const reversed = (bytes: Uint8Array): Uint8Array => bytes.slice().reverse();

interface Fields {
  readonly k: Uint8Array;
  /** TOP or TOPc. */
  readonly top: Uint8Array;
  readonly instance: number;
  readonly rand?: Uint8Array;
  readonly amf?: Uint8Array;
  readonly sqn?: Uint8Array;
}

/** IN of 6.1: fields, padding 1F .. 80 as of SHAKE, zeros. */
function permute({ k, top, instance, rand, amf, sqn }: Fields, iterations: number): Uint8Array {
  let state: Uint8Array = new Uint8Array(200);
  const key256 = k.length === 32 ? K_256 : 0;
  const fields = concat(
    reversed(top),
    Uint8Array.of(instance | key256),
    reversed(ALGONAME),
    reversed(rand ?? NO_RAND),
    reversed(amf ?? NO_AMF),
    reversed(sqn ?? NO_SQN),
    reversed(k),
  );
  state.set(fields);
  state[96] = 0x1f;
  state[135] = 0x80;
  for (let i = 0; i < iterations; i++) state = keccakF1600(state);
  return state;
}

/** TOPc of an operator's TOP (32 bytes). 6.1.1. */
export function topcOf(k: Uint8Array, top: Uint8Array, iterations: number): Uint8Array {
  return reversed(permute({ k, top, instance: 0 }, iterations).subarray(0, 32));
}

export class Tuak implements AuthenticationFunctions {
  readonly #k: Uint8Array;
  readonly #topc: Uint8Array;
  readonly #parameters: TuakParameters;

  /** `k` 16 or 32 bytes, `topc` 32. */
  constructor(k: Secret, topc: Secret, parameters: TuakParameters) {
    this.#k = k.reveal();
    this.#topc = topc.reveal();
    this.#parameters = parameters;
  }

  f1(rand: Uint8Array, sqn: Uint8Array, amf: Uint8Array): { readonly macA: Uint8Array; readonly macS: Uint8Array } {
    const length = this.#parameters.macBytes ?? 8;
    const instance = lengthCode(F1_LENGTH, length);
    const mac = (star: number): Uint8Array =>
      reversed(this.#run({ instance: instance | star, rand, amf, sqn }).subarray(0, length));
    return { macA: mac(0), macS: mac(F1_STAR) };
  }

  f2345(rand: Uint8Array): ChallengeOutput {
    const { resBytes, ckBytes, ikBytes } = this.#parameters;
    const instance =
      F2345 | lengthCode(F2_LENGTH, resBytes) | (ckBytes === 32 ? CK_256 : 0) | (ikBytes === 32 ? IK_256 : 0);
    const out = this.#run({ instance, rand });
    return {
      res: reversed(out.subarray(0, resBytes)),
      ck: reversed(out.subarray(32, 32 + ckBytes)),
      ik: reversed(out.subarray(64, 64 + ikBytes)),
      ak: reversed(out.subarray(96, 102)),
      akStar: reversed(this.#run({ instance: F5_STAR, rand }).subarray(96, 102)),
    };
  }

  #run(fields: Pick<Fields, 'instance' | 'rand' | 'amf' | 'sqn'>): Uint8Array {
    return permute({ k: this.#k, top: this.#topc, ...fields }, this.#parameters.iterations);
  }
}

function lengthCode(codes: Readonly<Record<number, number>>, length: number): number {
  const code = codes[length];
  if (code === undefined) throw new RangeError(`TUAK has no output of ${length} bytes`);
  return code;
}
