// AES-128, Keccak-f[1600], SHA-256, HMAC-SHA-256, comparing and wiping (assembly/kit/crypto.ts).

import { concat } from '../bytes.js';
import { lengthsOf, wants } from './check.js';

export interface CryptoKit {
  /** AES-128 of one block or two (16 or 32 bytes) under a key of 16 bytes. Two are encrypted side by side. */
  aesEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array;
  /** The same of one block, in the pass that expands the key. */
  aesExpandKeyAndEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array;
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
  keccakF1600(state: Uint8Array): Uint8Array;
  sha256Pieces(data: Uint8Array, lengths: Uint32Array): Uint8Array;
  hmacSha256Pieces(key: Uint8Array, data: Uint8Array, lengths: Uint32Array): Uint8Array;
  ctEqual(a: Uint8Array, b: Uint8Array): number;
  wipe(bytes: Uint8Array, start: number, length: number): Uint8Array;
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
