// SHA-256 and HMAC-SHA-256 of the device side: published vectors, and node:crypto.
import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { hmacVectors, sha256Vectors } from '../vectors/read.js';

const kit = await loadKit();

/** Cuts at random places; some pieces are empty, and some cuts fall on block ends. */
function cut(random: Random, data: Uint8Array): Uint8Array[] {
  const cuts = Array.from({ length: random.below(6) }, () =>
    random.below(3) === 0 ? 64 * random.below(5) : random.below(data.length + 1),
  ).sort((a, b) => a - b);
  return [0, ...cuts].map((from, i) => data.slice(from, cuts[i] ?? data.length));
}

describe('SHA-256', () => {
  const vectors = sha256Vectors();

  it('has all vectors', () => {
    expect(vectors.length).toBe(76);
  });

  it.each(vectors)('$id', ({ msg, repeat = 1, digest }) => {
    const message = new Uint8Array(Buffer.alloc((msg.length / 2) * repeat, msg, 'hex'));
    expect(toHex(kit.sha256(message))).toBe(digest);
  });

  it('agrees with node:crypto on every length from 0 to 300, whole and byte by byte', () => {
    const data = new Random('sha256 lengths').bytes(300);
    for (let length = 0; length <= 300; length++) {
      const message = data.slice(0, length);
      const expected = createHash('sha256').update(message).digest('hex');
      expect(toHex(kit.sha256(message)), `length ${length}`).toBe(expected);
      expect(toHex(kit.sha256(...Array.from(message, (byte) => Uint8Array.of(byte))))).toBe(expected);
    }
  });

  it('agrees with node:crypto however a message is cut', () => {
    const random = new Random('sha256 cuts');
    for (let i = 0; i < 500; i++) {
      const data = random.bytes(random.below(301));
      expect(toHex(kit.sha256(...cut(random, data))), `case ${i}`).toBe(
        createHash('sha256').update(data).digest('hex'),
      );
    }
  });

  it('gives the digest of nothing for no piece', () => {
    expect(toHex(kit.sha256())).toBe(createHash('sha256').digest('hex'));
  });
});

describe('HMAC-SHA-256', () => {
  const vectors = hmacVectors();

  it('has all vectors', () => {
    expect(vectors.length).toBe(7);
  });

  it.each(vectors)('$id', ({ key, msg, mac, macLen }) => {
    const whole = kit.hmacSha256(fromHex(key), fromHex(msg));
    expect(whole.length).toBe(32);
    expect(toHex(whole.slice(0, macLen))).toBe(mac);
  });

  it('agrees with node:crypto for keys of every length from 0 to 130', () => {
    const random = new Random('hmac keys');
    for (let length = 0; length <= 130; length++) {
      const key = random.bytes(length);
      const data = random.bytes(random.below(301));
      expect(toHex(kit.hmacSha256(key, data)), `key of ${length}`).toBe(
        createHmac('sha256', key).update(data).digest('hex'),
      );
    }
  });

  it('agrees with node:crypto however a message is cut', () => {
    const random = new Random('hmac cuts');
    for (let i = 0; i < 300; i++) {
      const key = random.bytes(random.below(150));
      const data = random.bytes(random.below(301));
      expect(toHex(kit.hmacSha256(key, ...cut(random, data))), `case ${i}`).toBe(
        createHmac('sha256', key).update(data).digest('hex'),
      );
    }
  });
});
