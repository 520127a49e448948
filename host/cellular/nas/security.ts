// Protection of NAS messages (TS 24.301 4.4, TS 33.401 8 and annex B): 128-EIA2 = AES-CMAC, 128-EEA2 = AES-CTR, EEA0 =
// none. That both sides hold the same KASME is never assumed: it shows when the other side's MAC is right.

import { createCipheriv, timingSafeEqual } from 'node:crypto';
import { concat, xor } from '../../bytes.js';
import type { Secret } from '../../secret.js';
import { nasKeys } from '../hss/kdf.js';
import { aes128 } from '../hss/milenage.js';
import { NasError, NasReader } from './bytes.js';
import { PD_EMM } from './emm.js';

/** Security header types of 9.3.1. */
export const SecurityHeader = { plain: 0, integrity: 1, ciphered: 2, newContext: 3, cipheredNewContext: 4 } as const;
export type SecurityHeader = (typeof SecurityHeader)[keyof typeof SecurityHeader];

/** Algorithm identities: the ones that this code has. */
export const Eea = { null: 0, aes: 2 } as const;
export const Eia = { aes: 2 } as const;

/** DIRECTION of TS 33.401 annex B. */
const DIRECTION = { modem: 0, network: 1 } as const;
/** BEARER is 0 for NAS (TS 33.401 8.1.1). */
const NAS_BEARER = 0;
const BLOCK = 16;
const MAC_LENGTH = 4;

/** AES-CMAC (RFC 4493), 16 bytes. */
export function aesCmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const k1 = double(aes128(key, new Uint8Array(BLOCK)));
  const whole = message.length > 0 && message.length % BLOCK === 0;
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK));
  const last = new Uint8Array(BLOCK);
  last.set(message.subarray((blocks - 1) * BLOCK));
  if (!whole) last[message.length % BLOCK] = 0x80;
  let state: Uint8Array = new Uint8Array(BLOCK);
  for (let i = 0; i < blocks - 1; i++) state = aes128(key, xor(state, message.subarray(i * BLOCK, (i + 1) * BLOCK)));
  return aes128(key, xor(state, xor(last, whole ? k1 : double(k1))));
}

/** Multiplication by x in GF(2^128), RFC 4493 2.3. */
function double(block: Uint8Array): Uint8Array {
  const carry = (block[0] as number) >> 7;
  return Uint8Array.from(
    block,
    (byte, i) => ((byte << 1) | ((block[i + 1] ?? 0) >> 7) | 0) ^ (i === BLOCK - 1 ? carry * 0x87 : 0),
  );
}

/** COUNT | BEARER DIRECTION 0..0: what both algorithms start from. */
function start(count: number, bearer: number, direction: number): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setUint32(0, count);
  out[4] = (bearer << 3) | (direction << 2);
  return out;
}

/** 128-EIA2 of a message of whole bytes: 4 bytes. */
export function eia2(
  key: Uint8Array,
  count: number,
  bearer: number,
  direction: number,
  message: Uint8Array,
): Uint8Array {
  return aesCmac(key, concat(start(count, bearer, direction), message)).slice(0, MAC_LENGTH);
}

/** 128-EEA2, both ways. */
export function eea2(
  key: Uint8Array,
  count: number,
  bearer: number,
  direction: number,
  message: Uint8Array,
): Uint8Array {
  const counter = concat(start(count, bearer, direction), new Uint8Array(8));
  return new Uint8Array(createCipheriv('aes-128-ctr', key, counter).update(message));
}

/** One EPS security context as one side sees it: keys, and the NAS COUNT of each direction. */
export class NasSecurity {
  readonly #keys: { readonly enc: Secret; readonly int: Secret };
  readonly #eea: number;
  readonly #sends: 0 | 1;
  #sendCount = 0;
  /** Lowest COUNT that the next message from the other side may have: older ones are replays. */
  #receiveCount = 0;

  /** `ksi`: the name of `kasme` among the two sides. `eea` is one of `Eea`; integrity is always EIA2. */
  constructor(
    kasme: Secret,
    readonly ksi: number,
    eea: number,
    side: 'modem' | 'network',
  ) {
    this.#keys = nasKeys(kasme, eea, Eia.aes);
    this.#eea = eea;
    this.#sends = DIRECTION[side];
  }

  /** header | MAC | sequence number | message. */
  protect(plain: Uint8Array, header: Exclude<SecurityHeader, 0>): Uint8Array {
    const count = this.#sendCount++;
    const payload = isCiphered(header) ? this.#cipher(count, this.#sends, plain) : plain;
    const covered = concat(Uint8Array.of(count & 0xff), payload);
    return concat(Uint8Array.of((header << 4) | PD_EMM), this.#mac(count, this.#sends, covered), covered);
  }

  /** The plain message within, if its MAC is right and its COUNT new. Throws NasError 'protected' otherwise. */
  unprotect(bytes: Uint8Array): Uint8Array {
    const { header, mac, covered, sequence, payload } = openProtected(bytes);
    const receives = this.#sends === 0 ? 1 : 0;
    // The overflow counter is not sent: it goes up when the sequence number comes round (4.4.3.1).
    const overflow = (this.#receiveCount >>> 8) + (sequence < (this.#receiveCount & 0xff) ? 1 : 0);
    const count = ((overflow << 8) | sequence) >>> 0;
    if (!timingSafeEqual(mac, this.#mac(count, receives, covered))) throw new NasError('protected', 'the MAC is wrong');
    this.#receiveCount = count + 1;
    return isCiphered(header) ? this.#cipher(count, receives, payload) : payload;
  }

  #mac(count: number, direction: number, covered: Uint8Array): Uint8Array {
    return eia2(this.#keys.int.reveal(), count, NAS_BEARER, direction, covered);
  }

  #cipher(count: number, direction: number, bytes: Uint8Array): Uint8Array {
    return this.#eea === Eea.aes ? eea2(this.#keys.enc.reveal(), count, NAS_BEARER, direction, bytes) : bytes;
  }
}

function isCiphered(header: number): boolean {
  return header === SecurityHeader.ciphered || header === SecurityHeader.cipheredNewContext;
}

/** The security header type of any NAS message, 0 for plain (and for ESM, which has none of its own). */
export function securityHeaderOf(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  return (first & 0x0f) === PD_EMM ? first >> 4 : SecurityHeader.plain;
}

/** The parts of a protected message, nothing checked but their lengths. `payload` is plain text under header type 3. */
export function openProtected(bytes: Uint8Array): {
  readonly header: number;
  readonly mac: Uint8Array;
  /** What the MAC covers: sequence number and payload. */
  readonly covered: Uint8Array;
  readonly sequence: number;
  readonly payload: Uint8Array;
} {
  const reader = new NasReader(bytes);
  const header = reader.u8('security header') >> 4;
  if (header < SecurityHeader.integrity || header > SecurityHeader.cipheredNewContext) {
    throw new NasError('unknown-message', `security header type ${header}`);
  }
  const mac = reader.take(MAC_LENGTH, 'message authentication code');
  const covered = reader.rest();
  const [sequence] = covered;
  if (sequence === undefined || covered.length < 3)
    throw new NasError('short', 'a protected message without a message');
  return { header, mac, covered, sequence, payload: covered.slice(1) };
}
