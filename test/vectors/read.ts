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

export interface PrfVector {
  readonly source: string;
  readonly secret: string;
  readonly label: string;
  readonly seed: string;
  readonly length: number;
  readonly output: string;
}

/** A handshake as it was on the wire, C for the client, S for the server. */
export interface DtlsTranscript {
  readonly name: string;
  /** c0a8 or 00a8 */
  readonly suite: string;
  readonly psk: string;
  readonly identity: string;
  readonly client_random: string;
  readonly server_random: string;
  readonly extended_master_secret: boolean;
  readonly premaster_secret: string;
  readonly session_hash: string | null;
  readonly master_secret: string;
  readonly client_write_key: string;
  readonly server_write_key: string;
  readonly client_write_iv: string;
  readonly server_write_iv: string;
  /** What each side asked for. */
  readonly client_cid: string | null;
  readonly server_cid: string | null;
  readonly finished: Readonly<
    Record<'client' | 'server', { readonly handshake_hash: string; readonly verify_data: string }>
  >;
  readonly datagrams: readonly { readonly from: string; readonly hex: string }[];
  /** Each protected record, in order. */
  readonly plain: readonly {
    readonly from: string;
    readonly type: number;
    readonly epoch_seq: string;
    readonly explicit_nonce: string;
    readonly plain: string;
    /** Of a record of type 25. */
    readonly inner_type?: number;
    readonly content?: string;
  }[];
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
export const dtlsVectors = (): {
  readonly prf_sha256: readonly PrfVector[];
  readonly transcripts: readonly DtlsTranscript[];
} => read('dtls12-psk');
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

export interface CoapVector {
  readonly name: string;
  readonly hex: string;
  readonly type: 'CON' | 'NON' | 'ACK' | 'RST';
  /** `c.dd`. */
  readonly code: string;
  readonly mid: number;
  readonly token: string;
  readonly options: readonly (readonly [number, string])[];
  readonly payload: string;
}

/** `stage` format: cannot be parsed. semantic: parses, and a server answers as `action` says. */
export interface CoapMalformedVector {
  readonly name: string;
  readonly hex: string;
  readonly stage: 'format' | 'semantic';
  readonly reason: string;
  readonly action: string;
}

export const coapVectors = (): {
  readonly messages: readonly CoapVector[];
  readonly malformed: readonly CoapMalformedVector[];
  readonly option_header: readonly { readonly delta: number; readonly length: number; readonly hex: string }[];
  readonly block: readonly {
    readonly num: number;
    readonly more: boolean;
    readonly szx: number;
    readonly size: number;
    readonly hex: string;
  }[];
  readonly uint: readonly { readonly value: number; readonly hex: string }[];
  readonly observe_order: readonly { readonly v1: number; readonly v2: number; readonly v2_newer: boolean }[];
  readonly uri: readonly {
    readonly uri: string;
    readonly destination: string;
    readonly options: readonly (readonly [number, string])[];
  }[];
} => read('coap');

export interface TlvEntryVector {
  readonly kind: 'object_instance' | 'resource_instance' | 'multiple_resource' | 'resource';
  readonly id: number;
  /** Hex; absent in containers. */
  readonly value?: string;
  readonly children?: readonly TlvEntryVector[];
}

/** A path with its type and value: a string for whole numbers beyond 2^53, hex for opaque. */
export type Lwm2mValues = Readonly<Record<string, readonly [string, string | number | boolean]>>;

export const lwm2mVectors = (): {
  readonly vectors: readonly {
    readonly name: string;
    readonly path: string | null;
    readonly hex: string;
    readonly tree: readonly TlvEntryVector[];
    readonly canonical: boolean;
    readonly values?: Lwm2mValues;
  }[];
  readonly headers: readonly {
    readonly hex?: string;
    readonly hex_prefix?: string;
    readonly total?: number;
    readonly kind: string;
    readonly id: number;
    readonly length: number;
  }[];
  readonly values: readonly {
    readonly type: string;
    readonly value: string | number | boolean;
    readonly hex: string;
    readonly width?: number;
  }[];
  readonly invalid: readonly {
    readonly name: string;
    readonly hex: string;
    readonly stage: 'parse' | 'semantic';
    readonly reason: string;
  }[];
  readonly senml: readonly {
    readonly name: string;
    readonly path?: string;
    readonly json?: string;
    readonly cbor?: string;
    readonly values?: Lwm2mValues;
  }[];
} => read('lwm2m-tlv');
