import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../host/bytes.js';
import {
  Milenage,
  kasme,
  kenb,
  nasKeys,
  nextSqn,
  opcOf,
  quintuplet,
  verifyAuts,
} from '../../../host/cellular/hss/index.js';
import { Secret } from '../../../host/secret.js';
import eps from '../../vectors/eps-aka.json' with { type: 'json' };
import milenage from '../../vectors/milenage.json' with { type: 'json' };

const secret = (hex: string): Secret => new Secret(fromHex(hex));

describe('MILENAGE gives the published values', () => {
  for (const v of [...milenage.ts35_207, ...milenage.ts35_208]) {
    it(v.id, () => {
      if ('OP' in v && typeof v.OP === 'string') expect(toHex(opcOf(fromHex(v.K), fromHex(v.OP)))).toBe(v.OPc);
      const m = new Milenage(secret(v.K), secret(v.OPc));
      const { macA, macS } = m.f1(fromHex(v.RAND), fromHex(v.SQN), fromHex(v.AMF));
      const { res, ck, ik, ak, akStar } = m.f2345(fromHex(v.RAND));
      expect([macA, macS, res, ck, ik, ak, akStar].map(toHex)).toEqual([
        v.f1,
        v.f1star,
        v.f2,
        v.f3,
        v.f4,
        v.f5,
        v.f5star,
      ]);
    });
  }

  for (const v of milenage.quintuplets) {
    it(`quintuplet ${v.id}`, () => {
      const subscriber = { k: secret(v.K), opc: secret(v.OPc), amf: fromHex(v.AMF) };
      const q = quintuplet(subscriber, fromHex(v.RAND), fromHex(v.SQN), fromHex('44f001'));
      expect([toHex(q.autn), q.xres.revealHex(), q.ck.revealHex(), q.ik.revealHex()]).toEqual([
        v.AUTN,
        v.RES,
        v.CK,
        v.IK,
      ]);
    });
  }

  for (const v of milenage.auts) {
    it(`AUTS ${v.id} is ${v.valid ? 'taken' : 'refused'}`, () => {
      const subscriber = { k: secret(v.K), opc: secret(v.OPc) };
      const sqnMs = verifyAuts(subscriber, fromHex(v.RAND), fromHex(v.AUTS));
      expect(sqnMs && toHex(sqnMs)).toBe(v.valid ? v.SQN_MS : undefined);
      const broken = fromHex(v.AUTS);
      broken[13] = (broken[13] as number) ^ 1;
      expect(verifyAuts(subscriber, fromHex(v.RAND), broken)).toBeUndefined();
    });
  }
});

describe('The key hierarchy of TS 33.401 annex A gives the published values', () => {
  for (const v of eps.kasme) {
    it(`KASME ${v.id}`, () => {
      expect(kasme(fromHex(v.CK), fromHex(v.IK), fromHex(v.snId), fromHex(v.SQNxorAK)).revealHex()).toBe(v.KASME);
    });
  }
  for (const v of eps.knas) {
    it(`NAS keys ${v.id}`, () => {
      // The vector gives all 32 bytes of the derivation; the key is the last 16 (A.7).
      const keys = nasKeys(secret(v.KASME), v.eea, v.eia);
      expect([keys.enc.revealHex(), keys.int.revealHex()]).toEqual([v.K_NASenc.slice(32), v.K_NASint.slice(32)]);
    });
  }
  for (const v of eps.kenb) {
    it(`KeNB ${v.id}`, () => expect(kenb(secret(v.KASME), v.ulNasCount).revealHex()).toBe(v.KeNB));
  }
});

describe('The home network steps SQN as TS 33.102 annex C', () => {
  const next = (sqn: number, ind: number): number =>
    Number.parseInt(toHex(nextSqn(fromHex(sqn.toString(16).padStart(12, '0')), ind)), 16);

  it('goes 31 -> 42 -> 74 -> 106 for IND 10', () => {
    expect([next(31, 10), next(42, 10), next(74, 10)]).toEqual([42, 74, 106]);
  });

  it('stays within 48 bits', () => {
    expect(toHex(nextSqn(fromHex('ffffffffffff'), 3))).toBe('000000000003');
  });
});
