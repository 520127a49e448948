// AES-CCM and AES-GCM of the device side: published vectors, and node:crypto.
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { ccmVectors, gcmVectors } from '../vectors/read.js';

const kit = await loadKit();

/** Turns one bit at a random place. */
function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

describe('CCM', () => {
  const vectors = ccmVectors();

  it('has all vectors', () => {
    expect(vectors.length).toBe(36);
    expect(vectors.filter(({ valid }) => valid === false).length).toBe(1);
  });

  it.each(vectors)('$id', ({ key, nonce, aad, plaintext, ciphertext, tag, valid }) => {
    const [k, n, a] = [fromHex(key), fromHex(nonce), fromHex(aad)];
    const sealed = fromHex(ciphertext + tag);
    const open = kit.ccmOpen(k, n, a, sealed, tag.length / 2);
    if (valid === false) {
      expect(open).toBeUndefined();
      return;
    }
    expect(open && toHex(open)).toBe(plaintext);
    expect(toHex(kit.ccmSeal(k, n, a, fromHex(plaintext), tag.length / 2))).toBe(ciphertext + tag);
  });

  it('agrees with node:crypto whatever the lengths of message, additional data, nonce and tag', () => {
    const random = new Random('ccm');
    for (let i = 0; i < 400; i++) {
      const [key, nonce] = [random.bytes(16), random.bytes(7 + random.below(7))];
      const [aad, plaintext] = [random.bytes(random.below(70)), random.bytes(i < 100 ? i : random.below(700))];
      const authTagLength = 4 + 2 * random.below(7);
      const cipher = createCipheriv('aes-128-ccm', key, nonce, { authTagLength });
      cipher.setAAD(aad, { plaintextLength: plaintext.length });
      const expected = concat(cipher.update(plaintext), cipher.final());
      const sealed = kit.ccmSeal(key, nonce, aad, plaintext, authTagLength);
      expect(toHex(sealed), `case ${i}`).toBe(toHex(concat(expected, cipher.getAuthTag())));
      expect(kit.ccmOpen(key, nonce, aad, sealed, authTagLength)).toEqual(plaintext);
      expect(kit.ccmOpen(key, nonce, aad, damaged(random, sealed), authTagLength)).toBeUndefined();
      expect(kit.ccmOpen(key, damaged(random, nonce), aad, sealed, authTagLength)).toBeUndefined();
    }
  });

  it('refuses wrong lengths by name', () => {
    const [key, nonce, none] = [new Uint8Array(16), new Uint8Array(12), new Uint8Array()];
    expect(() => kit.ccmSeal(none, nonce, none, none)).toThrow(/key/);
    expect(() => kit.ccmSeal(key, new Uint8Array(14), none, none)).toThrow(/nonce/);
    expect(() => kit.ccmSeal(key, nonce, none, none, 5)).toThrow(/tagBytes/);
    expect(() => kit.ccmOpen(key, nonce, none, new Uint8Array(7))).toThrow(/plaintext/);
  });
});

describe('GCM', () => {
  const vectors = gcmVectors();

  it('has all vectors', () => {
    expect(vectors.length).toBe(8);
  });

  it.each(vectors)('$id', ({ key, nonce, aad, plaintext, ciphertext, tag }) => {
    const [k, n, a] = [fromHex(key), fromHex(nonce), fromHex(aad)];
    expect(toHex(kit.gcmSeal(k, n, a, fromHex(plaintext)))).toBe(ciphertext + tag);
    expect(kit.gcmOpen(k, n, a, fromHex(ciphertext + tag))).toEqual(fromHex(plaintext));
  });

  it('agrees with node:crypto whatever the lengths of message and additional data', () => {
    const random = new Random('gcm');
    for (let i = 0; i < 300; i++) {
      const [key, nonce] = [random.bytes(16), random.bytes(12)];
      const [aad, plaintext] = [random.bytes(random.below(70)), random.bytes(i < 100 ? i : random.below(700))];
      const cipher = createCipheriv('aes-128-gcm', key, nonce);
      cipher.setAAD(aad);
      const expected = concat(cipher.update(plaintext), cipher.final());
      const sealed = kit.gcmSeal(key, nonce, aad, plaintext);
      expect(toHex(sealed), `case ${i}`).toBe(toHex(concat(expected, cipher.getAuthTag())));
      expect(kit.gcmOpen(key, nonce, aad, sealed)).toEqual(plaintext);
      expect(kit.gcmOpen(key, nonce, aad, damaged(random, sealed))).toBeUndefined();
      expect(kit.gcmOpen(key, nonce, damaged(random, concat(aad, Uint8Array.of(0))), sealed)).toBeUndefined();
    }
  });

  it('refuses wrong lengths by name', () => {
    const [key, none] = [new Uint8Array(16), new Uint8Array()];
    expect(() => kit.gcmSeal(key, new Uint8Array(13), none, none)).toThrow(/nonce/);
    expect(() => kit.gcmOpen(key, new Uint8Array(12), none, new Uint8Array(15))).toThrow(/sealed/);
  });
});
