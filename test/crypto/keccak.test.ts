// Keccak-f[1600] of the device side: published permutations, and node:crypto's SHA-3.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { loadKit } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { tuakVectors } from '../vectors/read.js';

const kit = await loadKit();

/** SHA3-256 (FIPS 202 6.1) over the kit's permutation. */
function sha3(message: Uint8Array): string {
  const RATE = 136;
  const padded = new Uint8Array((Math.floor(message.length / RATE) + 1) * RATE);
  padded.set(message);
  padded[message.length] = 0x06;
  padded[padded.length - 1] = (padded[padded.length - 1] as number) | 0x80;
  let state: Uint8Array = new Uint8Array(200);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let i = 0; i < RATE; i++) state[i] = (state[i] as number) ^ (padded[at + i] as number);
    state = kit.keccakF1600(state);
  }
  return toHex(state.slice(0, 32));
}

describe('Keccak-f[1600]', () => {
  const { keccak_f1600: vectors } = tuakVectors();

  it.each(vectors)('$id', ({ in: state, out }) => {
    expect(toHex(kit.keccakF1600(fromHex(state)))).toBe(out);
  });

  it("carries node:crypto's SHA3-256 on every length from 0 to 300", () => {
    const data = new Random('sha3').bytes(300);
    for (let length = 0; length <= 300; length++) {
      const message = data.slice(0, length);
      expect(sha3(message), `length ${length}`).toBe(createHash('sha3-256').update(message).digest('hex'));
    }
  });

  it('asks for a whole state', () => {
    expect(() => kit.keccakF1600(new Uint8Array(199))).toThrow(new RangeError('state: 199 bytes given, expected 200'));
  });
});
