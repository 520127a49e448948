// The algorithm set that a card and its home network share: one shape for MILENAGE, TUAK and XOR.

import type { Secret } from '../../secret.js';
import type { AuthenticationFunctions } from './functions.js';
import { Milenage, type MilenageConstants } from './milenage.js';
import { Tuak, type TuakParameters } from './tuak.js';
import { Xor } from './xor.js';

/** Which algorithm set a subscriber has, with what belongs to it besides K. */
export type Algorithm =
  | {
      readonly name: 'milenage';
      /** The standard's r and c unless given. */
      readonly constants?: MilenageConstants;
    }
  | ({
      readonly name: 'tuak';
      /** 32 bytes. */
      readonly topc: Secret;
    } & TuakParameters)
  | {
      readonly name: 'xor';
      /** 4 to 16. */
      readonly resBytes: number;
    };

/** K is 16 bytes, for TUAK 16 or 32; `opc` (16 bytes) is MILENAGE's alone. */
export interface KeyedSubscriber {
  readonly k: Secret;
  readonly opc: Secret;
  /** MILENAGE with the standard's constants unless given. */
  readonly algorithm?: Algorithm;
}

export function functionsOf({ k, opc, algorithm }: KeyedSubscriber): AuthenticationFunctions {
  switch (algorithm?.name) {
    case 'tuak':
      return new Tuak(k, algorithm.topc, algorithm);
    case 'xor':
      return new Xor(k, algorithm.resBytes);
    default:
      return new Milenage(k, opc, algorithm?.constants);
  }
}

/** SRES (4 bytes): the 32-bit words of RES added, after zeros up to 16 bytes. TS 33.102 6.8.1.2, conversion c2. */
export const sresOf = (res: Uint8Array): Uint8Array => foldedXor(res, 4);

/** Kc (8 bytes): the 64-bit halves of CK and IK added. TS 33.102 6.8.1.2, conversion c3. */
export const kcOf = (ck: Uint8Array, ik: Uint8Array): Uint8Array => foldedXor([...ck, ...ik], 8);

function foldedXor(bytes: Iterable<number>, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const byte of bytes) {
    out[at % length] = (out[at % length] as number) ^ byte;
    at++;
  }
  return out;
}
