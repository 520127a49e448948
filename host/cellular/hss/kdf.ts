// Key hierarchy of EPS (TS 33.401 annex A): every key is HMAC-SHA-256 over FC | P0 | L0 | P1 | L1 .. (TS 33.220 annex B).

import { createHmac } from 'node:crypto';
import { concat } from '../../bytes.js';
import { Secret } from '../../secret.js';

/** The algorithm type distinguishers of annex A.7 that NAS uses. */
const NAS_ENC = 0x01;
const NAS_INT = 0x02;

/** 32 bytes: the generic derivation. */
export function kdf(key: Uint8Array, fc: number, ...parameters: readonly Uint8Array[]): Uint8Array {
  const s: Uint8Array[] = [Uint8Array.of(fc)];
  for (const p of parameters) s.push(p, Uint8Array.of(p.length >> 8, p.length & 0xff));
  return new Uint8Array(
    createHmac('sha256', key)
      .update(concat(...s))
      .digest(),
  );
}

/** KASME, A.2. `plmn` is the serving network's 3 BCD bytes, `sqnXorAk` the first 6 bytes of AUTN. */
export function kasme(ck: Uint8Array, ik: Uint8Array, plmn: Uint8Array, sqnXorAk: Uint8Array): Secret {
  return new Secret(kdf(concat(ck, ik), 0x10, plmn, sqnXorAk));
}

/** KeNB, A.3. `uplinkNasCount` is the 32-bit NAS COUNT. */
export function kenb(kasmeKey: Secret, uplinkNasCount: number): Secret {
  const count = new Uint8Array(4);
  new DataView(count.buffer).setUint32(0, uplinkNasCount);
  return new Secret(kdf(kasmeKey.reveal(), 0x11, count));
}

/** The NAS keys, A.7: the last 16 of 32 bytes. `eea` and `eia` are the algorithm identities (0..7). */
export function nasKeys(kasmeKey: Secret, eea: number, eia: number): { readonly enc: Secret; readonly int: Secret } {
  const key = (type: number, id: number): Secret =>
    new Secret(kdf(kasmeKey.reveal(), 0x15, Uint8Array.of(type), Uint8Array.of(id)).slice(16));
  return { enc: key(NAS_ENC, eea), int: key(NAS_INT, eia) };
}
