// AES-128, CCM, GCM, Keccak-f[1600], SHA-256, HMAC-SHA-256, comparing and wiping (assembly/kit/crypto.ts).

import { concat } from '../bytes.js';
import { lengthsOf, oneOf, wants, within } from './check.js';

export interface CryptoKit {
  /** AES-128 of one block or two (16 or 32 bytes) under a key of 16 bytes. Two are encrypted side by side. */
  aesEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array;
  /** The same of one block, in the pass that expands the key. */
  aesExpandKeyAndEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array;
  /** AES-128-CCM: ciphertext and tag of `tagBytes` (4, 6 .. 16; 8 if absent). Nonces of 7 to 13 bytes. */
  ccmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagBytes?: number): Uint8Array;
  /** The plaintext; undefined when the tag is wrong. */
  ccmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
    tagBytes?: number,
  ): Uint8Array | undefined;
  /** AES-128-GCM: ciphertext and tag of 16 bytes. Nonces of 12 bytes. */
  gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext; undefined when the tag is wrong. */
  gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** Keccak-f[1600] of a state of 200 bytes. */
  keccakF1600(state: Uint8Array): Uint8Array;
  /** SHA-256 of the pieces one after the other; each is one update of the streaming digest. */
  sha256(...pieces: Uint8Array[]): Uint8Array;
  /** HMAC-SHA-256 of the pieces one after the other, with a key of any length. */
  hmacSha256(key: Uint8Array, ...pieces: Uint8Array[]): Uint8Array;
  /** Whether two arrays of the same length hold the same bytes, in constant time. */
  ctEqual(a: Uint8Array, b: Uint8Array): boolean;
  /** A copy of `bytes` in which start..start+length is zero. */
  wipe(bytes: Uint8Array, start: number, length: number): Uint8Array;
}

/** What kit.wasm exports for it. */
export interface CryptoExports {
  aesEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array;
  aesExpandKeyAndEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array;
  ccmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tag: number): Uint8Array;
  ccmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array, tag: number): Uint8Array;
  gcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  gcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array;
  keccakF1600(state: Uint8Array): Uint8Array;
  sha256Pieces(data: Uint8Array, lengths: Uint32Array): Uint8Array;
  hmacSha256Pieces(key: Uint8Array, data: Uint8Array, lengths: Uint32Array): Uint8Array;
  ctEqual(a: Uint8Array, b: Uint8Array): number;
  wipe(bytes: Uint8Array, start: number, length: number): Uint8Array;
}

/** Additional data that CCM takes with a length of two bytes. */
const CCM_AAD_MAX = 65_279;
const GCM_TAG_BYTES = 16;

function ccmArguments(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, length: number, tagBytes: number): void {
  wants('key', key, 16);
  within('bytes of nonce', nonce.length, 7, 13);
  within('bytes of aad', aad.length, 0, CCM_AAD_MAX);
  within('bytes of plaintext', length, 0, 256 ** (15 - nonce.length) - 1);
  oneOf('tagBytes', tagBytes, 4, 6, 8, 10, 12, 14, 16);
}

/** What the module says behind a byte that tells whether the tag was right. When it was not, nothing of it is let out. */
function opened(result: Uint8Array): Uint8Array | undefined {
  return result[0] === 0 ? undefined : result.slice(1);
}

export function cryptoKit(wasm: CryptoExports): CryptoKit {
  return {
    aesEncrypt(key, blocks) {
      wants('key', key, 16);
      wants('blocks', blocks, 16, 32);
      return wasm.aesEncrypt(key, blocks);
    },
    aesExpandKeyAndEncrypt(key, block) {
      wants('key', key, 16);
      wants('block', block, 16);
      return wasm.aesExpandKeyAndEncrypt(key, block);
    },
    ccmSeal(key, nonce, aad, plaintext, tagBytes = 8) {
      ccmArguments(key, nonce, aad, plaintext.length, tagBytes);
      return wasm.ccmSeal(key, nonce, aad, plaintext, tagBytes);
    },
    ccmOpen(key, nonce, aad, sealed, tagBytes = 8) {
      ccmArguments(key, nonce, aad, sealed.length - tagBytes, tagBytes);
      return opened(wasm.ccmOpen(key, nonce, aad, sealed, tagBytes));
    },
    gcmSeal(key, nonce, aad, plaintext) {
      wants('key', key, 16);
      wants('nonce', nonce, 12);
      return wasm.gcmSeal(key, nonce, aad, plaintext);
    },
    gcmOpen(key, nonce, aad, sealed) {
      wants('key', key, 16);
      wants('nonce', nonce, 12);
      within('bytes of sealed', sealed.length, GCM_TAG_BYTES, Number.MAX_SAFE_INTEGER);
      return opened(wasm.gcmOpen(key, nonce, aad, sealed));
    },
    keccakF1600(state) {
      wants('state', state, 200);
      return wasm.keccakF1600(state);
    },
    sha256: (...pieces) => wasm.sha256Pieces(concat(...pieces), lengthsOf(pieces)),
    hmacSha256: (key, ...pieces) => wasm.hmacSha256Pieces(key, concat(...pieces), lengthsOf(pieces)),
    ctEqual(a, b) {
      wants('b', b, a.length);
      return wasm.ctEqual(a, b) !== 0;
    },
    wipe(bytes, start, length) {
      if (!(start >= 0 && length >= 0 && start + length <= bytes.length)) {
        throw new RangeError(`wipe: ${start}..${start + length} is not within ${bytes.length} bytes`);
      }
      return wasm.wipe(bytes, start, length);
    },
  };
}
