import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../host/bytes.js';
import { NasError, NasSecurity, SecurityHeader } from '../../../host/cellular/nas/index.js';
import { aesCmac, eea2, eia2 } from '../../../host/cellular/nas/security.js';
import { Secret } from '../../../host/secret.js';
import vectors from '../../vectors/nas-security.json' with { type: 'json' };

const count = (hex: string): number => Number.parseInt(hex, 16);

describe('The algorithms give the published values', () => {
  for (const v of vectors.aesCmac) {
    it(`AES-CMAC ${v.id}`, () => expect(toHex(aesCmac(fromHex(v.key), fromHex(v.message)))).toBe(v.mac));
  }
  for (const v of vectors.eia2) {
    it(`EIA2 ${v.id}`, () => {
      expect(toHex(eia2(fromHex(v.key), count(v.count), v.bearer, v.direction, fromHex(v.message)))).toBe(v.mac);
    });
  }
  for (const v of vectors.eea2) {
    it(`EEA2 ${v.id}`, () => {
      const out = eea2(fromHex(v.key), count(v.count), v.bearer, v.direction, fromHex(v.plain));
      const last = out.length - 1;
      out[last] = (out[last] as number) & (0xff << (8 - (v.bits % 8)));
      expect(toHex(out)).toBe(v.cipher);
    });
  }
});

describe('A security context', () => {
  const key = new Secret(new Uint8Array(32).fill(7));
  const pair = (eea: number) => ({
    modem: new NasSecurity(key, 0, eea, 'modem'),
    network: new NasSecurity(key, 0, eea, 'network'),
  });
  const plain = fromHex('0746');

  for (const eea of [0, 2]) {
    it(`carries 600 messages each way with EEA${eea}, over two turns of the sequence number`, () => {
      const { modem, network } = pair(eea);
      for (let i = 0; i < 600; i++) {
        const message = Uint8Array.of(0x07, 0x46, i & 0xff);
        expect(network.unprotect(modem.protect(message, SecurityHeader.ciphered))).toEqual(message);
        expect(modem.unprotect(network.protect(message, SecurityHeader.integrity))).toEqual(message);
      }
    });
  }

  it('goes on after messages that were lost', () => {
    const { modem, network } = pair(0);
    for (let i = 0; i < 250; i++) modem.protect(plain, SecurityHeader.ciphered);
    expect(network.unprotect(modem.protect(plain, SecurityHeader.ciphered))).toEqual(plain);
    for (let i = 0; i < 20; i++) modem.protect(plain, SecurityHeader.ciphered);
    expect(network.unprotect(modem.protect(plain, SecurityHeader.ciphered))).toEqual(plain);
  });

  it('refuses a replay, its own message sent back, another key, and every changed bit', () => {
    const { modem, network } = pair(2);
    const first = modem.protect(plain, SecurityHeader.ciphered);
    expect(() => modem.unprotect(first)).toThrow(NasError);
    const other = new NasSecurity(new Secret(new Uint8Array(32)), 0, 2, 'network');
    expect(() => other.unprotect(first)).toThrow(NasError);
    for (let bit = 8; bit < first.length * 8; bit++) {
      const changed = first.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => network.unprotect(changed), `bit ${bit}`).toThrow(NasError);
    }
    expect(network.unprotect(first)).toEqual(plain);
    expect(() => network.unprotect(first)).toThrow(NasError);
  });
});
