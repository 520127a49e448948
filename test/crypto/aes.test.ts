// AES-128 of the device side: published vectors, and node:crypto.
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, xor } from '../../host/bytes.js';
import { loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { aesVectors, type AesVector } from '../vectors/read.js';

const kit = await loadKit();

function blocksOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / 16 }, (_, i) => bytes.slice(16 * i, 16 * i + 16));
}

/** The modes of SP 800-38A that only encrypt, made of single blocks. */
function encrypt({ mode, key, iv = '', plaintext }: AesVector): string {
  const k = fromHex(key);
  let chain = fromHex(iv);
  return toHex(
    concat(
      ...blocksOf(fromHex(plaintext)).map((block) => {
        if (mode === 'ECB') return kit.aesEncrypt(k, block);
        if (mode === 'CBC') return (chain = kit.aesEncrypt(k, xor(block, chain)));
        const out = xor(block, kit.aesEncrypt(k, chain));
        chain = nextCounter(chain);
        return out;
      }),
    ),
  );
}

function nextCounter(counter: Uint8Array): Uint8Array {
  return fromHex((BigInt(`0x${toHex(counter)}`) + 1n).toString(16).padStart(32, '0'));
}

function reference(key: Uint8Array, blocks: Uint8Array): string {
  return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(blocks, undefined, 'hex');
}

describe('AES-128', () => {
  const vectors = aesVectors().filter(({ keyLen }) => keyLen === 128);

  it('has all vectors of 128-bit keys', () => {
    const count = (mode: string): number => vectors.filter((vector) => vector.mode === mode).length;
    expect([count('ECB'), count('CBC'), count('CTR')]).toEqual([293, 1, 1]);
  });

  it.each(vectors)('$id', (vector) => {
    expect(encrypt(vector)).toBe(vector.ciphertext);
  });

  it('agrees with node:crypto on random keys and blocks: one, two side by side, and while the key is expanded', () => {
    const random = new Random('aes');
    for (let i = 0; i < 500; i++) {
      const key = random.bytes(16);
      const two = random.bytes(32);
      const expected = reference(key, two);
      expect(toHex(kit.aesEncrypt(key, two)), `case ${i}`).toBe(expected);
      expect(toHex(kit.aesEncrypt(key, two.slice(0, 16)))).toBe(expected.slice(0, 32));
      expect(toHex(kit.aesExpandKeyAndEncrypt(key, two.slice(16)))).toBe(expected.slice(32));
    }
  });

  it('agrees with node:crypto on each single bit of key and block', () => {
    for (let bit = 0; bit < 128; bit++) {
      const one = new Uint8Array(16);
      one[bit >> 3] = 0x80 >> (bit & 7);
      const zero = new Uint8Array(16);
      const blocks = concat(one, zero);
      expect(toHex(kit.aesEncrypt(one, blocks))).toBe(reference(one, blocks));
      expect(toHex(kit.aesEncrypt(zero, concat(zero, one)))).toBe(reference(zero, concat(zero, one)));
    }
  });

  it('carries a chain of 2,000 encryptions, each under the last result', () => {
    let key: Uint8Array = new Uint8Array(16);
    let expected = new Uint8Array(16);
    for (let i = 0; i < 2000; i++) {
      expected = new Uint8Array(Buffer.from(reference(expected, expected), 'hex'));
      key = kit.aesEncrypt(key, key);
    }
    expect(toHex(key)).toBe(toHex(expected));
  });

  it('names the argument of the wrong length, and does not show it', () => {
    const key = fromHex('00112233445566778899aabbccddeeff');
    expect(() => kit.aesEncrypt(key.slice(1), key)).toThrow(new RangeError('key: 15 bytes given, expected 16'));
    expect(() => kit.aesEncrypt(key, new Uint8Array(17))).toThrow(
      new RangeError('blocks: 17 bytes given, expected 16 or 32'),
    );
    expect(() => kit.aesExpandKeyAndEncrypt(key, new Uint8Array())).toThrow(
      new RangeError('block: 0 bytes given, expected 16'),
    );
  });
});
