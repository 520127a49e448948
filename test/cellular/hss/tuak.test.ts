// The home network's own Keccak, TUAK, XOR and GSM conversions.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../host/bytes.js';
import {
  Tuak,
  Xor,
  functionsOf,
  kcOf,
  sresOf,
  topcOf,
  verifyAuts,
  quintuplet,
} from '../../../host/cellular/hss/index.js';
import { keccakF1600 } from '../../../host/cellular/hss/keccak.js';
import { Random } from '../../../host/random.js';
import { Secret } from '../../../host/secret.js';
import { milenageVectors, tuakVectors } from '../../vectors/read.js';
import { withPrograms } from '../../peers.js';

const secret = (hex: string): Secret => new Secret(fromHex(hex));
const { ts35_233, keccak_f1600 } = tuakVectors();

describe('The home network', () => {
  it.each(keccak_f1600)('permutes as Keccak-f[1600]: $id', ({ in: input, out }) => {
    expect(toHex(keccakF1600(fromHex(input)))).toBe(out);
  });

  it.each(ts35_233)('computes TUAK: $id', (v) => {
    const parameters = {
      iterations: v.keccakIterations,
      ...{ macBytes: v.macLen / 8, resBytes: v.resLen / 8, ckBytes: v.ckLen / 8, ikBytes: v.ikLen / 8 },
    };
    expect(toHex(topcOf(fromHex(v.K), fromHex(v.TOP), v.keccakIterations))).toBe(v.TOPc);
    const tuak = new Tuak(secret(v.K), secret(v.TOPc), parameters);
    const { macA, macS } = tuak.f1(fromHex(v.RAND), fromHex(v.SQN), fromHex(v.AMF));
    const { res, ck, ik, ak, akStar } = tuak.f2345(fromHex(v.RAND));
    const got = [macA, macS, res, ck, ik, ak, akStar].map(toHex);
    expect(got).toEqual([v.f1, v.f1star, v.f2, v.f3, v.f4, v.f5, v.f5star]);
  });

  it.each(milenageVectors().ts55_205_gsm)('gives SRES and Kc of the GSM context: $id', (v) => {
    const { res, ck, ik } = functionsOf({ k: secret(v.Ki), opc: secret(v.OPc) }).f2345(fromHex(v.RAND));
    expect([toHex(sresOf(res)), toHex(kcOf(ck, ik))]).toEqual([v.SRES1, v.Kc]);
  });

  it('computes XOR as the example of pfk-milenage', () => {
    // github.com/flipk/pfk-milenage, main.cc: expected output of its XOR of TS 34.108.
    const xor = new Xor(secret('000102030405060708090a0b0c0d0e0f'), 16);
    const rand = fromHex('34'.repeat(16));
    const { macA, macS } = xor.f1(rand, fromHex('000000000001'), fromHex('8000'));
    const { res, ck, ik, ak, akStar } = xor.f2345(rand);
    expect([macA, macS, res, ck, ik, ak, akStar].map(toHex)).toEqual([
      ...[
        '343536373030b233',
        '343536373030b233',
        '34353637303132333c3d3e3f38393a3b',
        '353637303132333c3d3e3f38393a3b34',
      ],
      ...['3637303132333c3d3e3f38393a3b3435', '37303132333c', '37303132333c'],
    ]);
  });

  withPrograms('osmo-auc-gen').it('makes the XOR vectors of osmo-auc-gen', () => {
    const random = new Random('xor');
    for (let i = 0; i < 20; i++) {
      const [k, rand, sqn] = [random.bytes(16), random.bytes(16), random.bytes(6)] as const;
      const subscriber = {
        ...{ k: new Secret(k), opc: new Secret(new Uint8Array()), amf: fromHex('8000') },
        algorithm: { name: 'xor', resBytes: 16 } as const,
      };
      const vector = quintuplet(subscriber, rand, sqn, fromHex('44f001'));
      // It takes one step of SEQ off what -s says, and has its algorithm put it back, which XOR does not.
      const common = ['-3', '-a', 'XOR', '-k', toHex(k), '-o', '00'.repeat(16), '-f', '8000', '-r', toHex(rand)];
      const theirs = execFileSync('osmo-auc-gen', [...common, '-s', (BigInt(`0x${toHex(sqn)}`) + 32n).toString()], {
        encoding: 'utf8',
      });
      const field = (name: string, text = theirs): string | undefined =>
        new RegExp(`^${name}:\\s*(\\S+)$`, 'm').exec(text)?.[1];
      expect([i, toHex(vector.autn), vector.xres.revealHex(), vector.ck.revealHex(), vector.ik.revealHex()]).toEqual([
        ...[i, field('AUTN'), field('RES'), field('CK'), field('IK')],
      ]);
    }
  });

  it('takes AUTS of TUAK only when MAC-S is right', () => {
    const [v] = ts35_233;
    if (!v) throw new Error('no vector');
    const parameters = { iterations: 1, resBytes: 8, ckBytes: 16, ikBytes: 16 };
    const subscriber = {
      ...{ k: secret(v.K), opc: new Secret(new Uint8Array()) },
      algorithm: { name: 'tuak', topc: secret(v.TOPc), ...parameters } as const,
    };
    const functions = functionsOf(subscriber);
    const rand = fromHex(v.RAND);
    const sqnMs = fromHex('000000000123');
    const { akStar } = functions.f2345(rand);
    const auts = Uint8Array.of(
      ...sqnMs.map((byte, i) => byte ^ (akStar[i] as number)),
      ...functions.f1(rand, sqnMs, new Uint8Array(2)).macS,
    );
    expect(toHex(verifyAuts(subscriber, rand, auts) ?? new Uint8Array())).toBe('000000000123');
    auts[13] = (auts[13] as number) ^ 1;
    expect(verifyAuts(subscriber, rand, auts)).toBeUndefined();
  });
});
