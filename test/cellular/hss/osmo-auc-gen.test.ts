import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { concat, fromHex, toHex, xor } from '../../../host/bytes.js';
import { Auc, MemorySubscribers, Milenage, withInd } from '../../../host/cellular/hss/index.js';
import { Random } from '../../../host/random.js';
import { Secret } from '../../../host/secret.js';
import { withPrograms } from '../../peers.js';

const { describe, it } = withPrograms('osmo-auc-gen');

// An authentication centre that nobody here wrote: osmo-auc-gen of libosmocore (Debian package libosmocore-utils).

const PLMN = fromHex('44f001');
const IMSI = '440103123456789';

function osmoAucGen(...args: string[]): Map<string, string> {
  const out = execFileSync('osmo-auc-gen', ['-3', '-a', 'milenage', ...args], { encoding: 'utf8' });
  return new Map([...out.matchAll(/^([\w.]+):\s*(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]));
}

const sqnOf = (hex: string): string => BigInt(`0x${hex}`).toString();

function subscriber(seed: string) {
  const random = new Random(seed);
  const k = random.bytes(16);
  const opc = random.bytes(16);
  // osmo-auc-gen takes SQN as a decimal 64-bit number; SEQ of 43 bits with any IND.
  const sqn = random.bytes(6);
  const subscribers = new MemorySubscribers([
    { imsi: IMSI, k: new Secret(k), opc: new Secret(opc), amf: Uint8Array.of(0x80, 0), sqn },
  ]);
  const keys = ['-k', toHex(k), '-o', toHex(opc), '-f', '8000'];
  const milenage = new Milenage(new Secret(k), new Secret(opc));
  return { auc: new Auc(subscribers, random.fork('rand')), subscribers, keys, milenage, sqn, random };
}

describe('osmo-auc-gen', () => {
  it('makes the same 200 vectors', () => {
    for (let i = 0; i < 200; i++) {
      const { auc, keys, sqn } = subscriber(`auc ${i}`);
      const vector = auc.vector(IMSI, PLMN);
      const used = toHex(withInd(sqn, 0));
      const theirs = osmoAucGen(...keys, '-s', sqnOf(used), '-r', toHex(vector.rand));
      expect([i, toHex(vector.autn), vector.xres.revealHex()]).toEqual([i, theirs.get('AUTN'), theirs.get('RES')]);
    }
  });

  it('reads the same SQN out of 50 AUTS, and goes on from it alike', () => {
    for (let i = 0; i < 50; i++) {
      const { auc, subscribers, keys, milenage, random } = subscriber(`auts ${i}`);
      const rand = random.bytes(16);
      const sqnMs = random.bytes(6);
      // AUTS as a card makes it (TS 33.102 6.3.3); whether it is right is for osmo-auc-gen to say.
      const auts = concat(xor(sqnMs, milenage.f2345(rand).akStar), milenage.f1(rand, sqnMs, new Uint8Array(2)).macS);
      const theirs = osmoAucGen(...keys, '-r', toHex(rand), '-A', toHex(auts), '-i', '0');
      expect([i, theirs.get('SQN.MS')]).toEqual([i, sqnOf(toHex(sqnMs))]);
      expect(auc.resynchronise(IMSI, rand, auts)).toBe(true);
      expect([i, sqnOf(toHex(subscribers.find(IMSI)?.sqn ?? new Uint8Array()))]).toEqual([i, theirs.get('SQN')]);
    }
  });
});
