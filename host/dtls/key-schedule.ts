// Keys of a PSK session: RFC 5246 5, 6.3 and 8.1, RFC 4279 2, RFC 7627 4.

import { createHash, createHmac } from 'node:crypto';
import { uint } from './reader.js';

const MASTER = 48;
const VERIFY_DATA = 12;
const KEY = 16;
const IV = 4;

/** PRF with SHA-256: P_SHA256(secret, label + seed), `length` bytes of it. */
export function prf(secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const hmac = (...parts: readonly Uint8Array[]): Buffer =>
    parts.reduce((mac, part) => mac.update(part), createHmac('sha256', secret)).digest();
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const out: Buffer[] = [];
  let a: Buffer = labelled;
  for (let have = 0; have < length; have += 32) {
    a = hmac(a);
    out.push(hmac(a, labelled));
  }
  return Buffer.concat(out).subarray(0, length);
}

/** As many zeros as the key has bytes, then the key, each after its length. */
export const premasterSecret = (psk: Uint8Array): Buffer =>
  Buffer.concat([uint(psk.length, 2), Buffer.alloc(psk.length), uint(psk.length, 2), psk]);

/** `seen`: the handshake up to ClientKeyExchange, when the extended master secret was agreed on. */
export function masterSecret(
  psk: Uint8Array,
  { clientRandom, serverRandom }: Randoms,
  seen: Uint8Array | undefined,
): Buffer {
  return seen === undefined
    ? prf(premasterSecret(psk), 'master secret', Buffer.concat([clientRandom, serverRandom]), MASTER)
    : prf(premasterSecret(psk), 'extended master secret', createHash('sha256').update(seen).digest(), MASTER);
}

export interface Randoms {
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** A key and the fixed half of the nonces, of one direction. */
export interface WriteKey {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

export function keyBlock(
  master: Uint8Array,
  { clientRandom, serverRandom }: Randoms,
): { readonly client: WriteKey; readonly server: WriteKey } {
  const block = prf(master, 'key expansion', Buffer.concat([serverRandom, clientRandom]), 2 * (KEY + IV));
  const ivs = 2 * KEY;
  return {
    client: { key: block.subarray(0, KEY), iv: block.subarray(ivs, ivs + IV) },
    server: { key: block.subarray(KEY, ivs), iv: block.subarray(ivs + IV) },
  };
}

/** `seen`: the handshake's messages before this Finished. */
export const verifyData = (master: Uint8Array, side: 'client' | 'server', seen: Uint8Array): Buffer =>
  prf(master, `${side} finished`, createHash('sha256').update(seen).digest(), VERIFY_DATA);
