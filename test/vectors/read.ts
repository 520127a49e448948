// The published vectors of this folder. Each carries its source.
import { readFileSync } from 'node:fs';

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as T;
}

export interface AesVector {
  readonly id: string;
  readonly mode: 'ECB' | 'CBC' | 'CTR';
  readonly keyLen: number;
  readonly key: string;
  readonly iv?: string;
  readonly plaintext: string;
  readonly ciphertext: string;
}

export interface AeadVector {
  readonly id: string;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly ciphertext: string;
  readonly tag: string;
  /** False: has to be refused. Absent: true. */
  readonly valid?: boolean;
}

export interface Sha256Vector {
  readonly id: string;
  readonly msg: string;
  /** The message is `msg` so many times; 1 if absent. */
  readonly repeat?: number;
  readonly digest: string;
}

export interface HmacVector {
  readonly id: string;
  readonly key: string;
  readonly msg: string;
  readonly mac: string;
  /** Bytes of `mac`, which may be cut short. */
  readonly macLen: number;
}

export interface MilenageVector {
  readonly id: string;
  readonly K: string;
  readonly RAND: string;
  readonly SQN: string;
  readonly AMF: string;
  readonly OP: string;
  readonly OPc: string;
  readonly f1: string;
  readonly f1star: string;
  readonly f2: string;
  readonly f3: string;
  readonly f4: string;
  readonly f5: string;
  readonly f5star: string;
}

export interface AutsVector {
  readonly id: string;
  readonly K: string;
  readonly OPc: string;
  readonly RAND: string;
  readonly AUTS: string;
  readonly SQN_MS: string | null;
  readonly valid: boolean;
}

export interface QuintupletVector {
  readonly id: string;
  readonly K: string;
  readonly OPc: string;
  readonly RAND: string;
  readonly SQN: string;
  readonly AMF: string;
  readonly AUTN: string;
  readonly RES: string;
  readonly CK: string;
  readonly IK: string;
}

export interface GsmVector {
  readonly id: string;
  readonly Ki: string;
  readonly RAND: string;
  readonly OPc: string;
  /** By conversion c2. */
  readonly SRES1: string;
  readonly Kc: string;
}

export interface TuakVector {
  readonly id: string;
  readonly K: string;
  readonly RAND: string;
  readonly SQN: string;
  readonly AMF: string;
  readonly TOP: string;
  readonly TOPc: string;
  readonly keccakIterations: number;
  /** Lengths in bits. */
  readonly macLen: number;
  readonly resLen: number;
  readonly ckLen: number;
  readonly ikLen: number;
  readonly f1: string;
  readonly f1star: string;
  readonly f2: string;
  readonly f3: string;
  readonly f4: string;
  readonly f5: string;
  readonly f5star: string;
}

export interface KeccakVector {
  readonly id: string;
  /** 200 bytes each. */
  readonly in: string;
  readonly out: string;
}

export const aesVectors = (): readonly AesVector[] => read<{ vectors: AesVector[] }>('aes').vectors;
export const ccmVectors = (): readonly AeadVector[] => read<{ vectors: AeadVector[] }>('aes-ccm').vectors;
export const gcmVectors = (): readonly AeadVector[] => read<{ vectors: AeadVector[] }>('aes-gcm').vectors;
export const sha256Vectors = (): readonly Sha256Vector[] => read<{ vectors: Sha256Vector[] }>('sha256').vectors;
export const hmacVectors = (): readonly HmacVector[] => read<{ vectors: HmacVector[] }>('hmac-sha256').vectors;
export const milenageVectors = (): {
  readonly ts35_207: readonly MilenageVector[];
  readonly ts35_208: readonly MilenageVector[];
  readonly auts: readonly AutsVector[];
  readonly quintuplets: readonly QuintupletVector[];
  readonly ts55_205_gsm: readonly GsmVector[];
} => read('milenage');
export const tuakVectors = (): {
  readonly ts35_233: readonly TuakVector[];
  readonly keccak_f1600: readonly KeccakVector[];
} => read('tuak');
