import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { fromHex, toHex, xor } from '../../host/bytes.js';
import { Random } from '../../host/random.js';
import { StoreKey } from '../../host/sim/index.js';
import { Bench, K, OPC, challenge, storeOf } from './card.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('osmo-auc-gen');

const run = promisify(execFile);

interface Vector {
  readonly rand: string;
  readonly autn: string;
  readonly res: string;
  readonly ck: string;
  readonly ik: string;
  /** What osmo-auc-gen found in the AUTS it was given. */
  readonly sqnMs: string | undefined;
}

/** A home network that nobody here wrote: osmo-auc-gen of libosmocore. Decimal SQN. */
async function aucVector(k: string, opc: string, rand: string, ...options: string[]): Promise<Vector> {
  const { stdout } = await run('osmo-auc-gen', ['-3', '-a', 'MILENAGE', '-k', k, '-o', opc, '-r', rand, ...options]);
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(stdout)?.[1];
  const wanted = (name: string): string => {
    const value = field(name);
    if (value === undefined) throw new Error(`osmo-auc-gen gave no ${name}:\n${stdout}`);
    return value;
  };
  return {
    rand,
    ...{ autn: wanted('AUTN'), res: wanted('RES'), ck: wanted('CK'), ik: wanted('IK') },
    sqnMs: field('SQN.MS'),
  };
}

const success = ({ res, ck, ik }: Pick<Vector, 'res' | 'ck' | 'ik'>): string => `db08${res}10${ck}10${ik}`;
const sqnHex = (sqn: bigint): string => sqn.toString(16).padStart(12, '0');

/** AUTN of a challenge whose f1 and f5 are known. */
const autnOf = (sqn: string, ak: string, amf: string, mac: string): string =>
  toHex(xor(fromHex(sqn), fromHex(ak))) + amf + mac;

const RAND = '23553cbe9637a89d218ae64dae47bf35';

describe('AUTHENTICATE, 3G context, against osmo-auc-gen over T=0', () => {
  const seed = 'auc-1';
  const COUNT = 240;
  const LANES = 8;

  it(`agrees on ${COUNT} random K, OPc, RAND and SQN; a replay gives AUTS, and the AuC takes it`, async () => {
    const random = new Random(seed);
    const cases = Array.from({ length: COUNT }, (_, i) => {
      const [k, opc, rand] = [16, 16, 16].map((n) => toHex(random.bytes(n))) as [string, string, string];
      // From the whole 48 bits, with room above; the card has seen the one before in the same slot.
      const sqn = BigInt(`0x${toHex(random.bytes(6))}`) % (2n ** 48n - 128n);
      const seen = sqn >= 32n ? sqn - 32n : 0n;
      return { i, k, opc, rand, sqn, seen, amf: toHex(random.bytes(2)) };
    });
    const lane = async (mine: typeof cases): Promise<void> => {
      for (const { i, k, opc, rand, sqn, seen, amf } of mine) {
        const why = `seed ${seed}, case ${i}`;
        const vector = await aucVector(k, opc, rand, '-f', amf, '-s', String(sqn));
        const bench = await new Bench({ store: storeOf({ k, opc, cardSqn: sqnHex(seen) }) }).usim();
        expect(await bench.send(challenge(rand, vector.autn)), why).toBe('612c');
        expect(await bench.send('00c000002c'), why).toBe(`${success(vector)}9000`);

        expect(await bench.send(challenge(rand, vector.autn)), why).toBe('6110');
        const answer = await bench.send('00c0000010');
        expect(answer, why).toMatch(/^dc0e[0-9a-f]{28}9000$/);
        const auts = answer.slice(4, 32);
        const next = await aucVector(k, opc, rand, '-f', '8000', '-A', auts, '-i', '5');
        expect(next.sqnMs, why).toBe(String(sqn));
        expect(await bench.ask(challenge(rand, next.autn)), why).toEqual({ data: success(next), sw: '9000' });
      }
    };
    await Promise.all(Array.from({ length: LANES }, (_, n) => lane(cases.filter(({ i }) => i % LANES === n))));
  });
});

interface MilenageSet {
  readonly id: string;
  readonly K: string;
  readonly RAND: string;
  readonly SQN: string;
  readonly AMF: string;
  readonly OP: string;
  readonly OPc: string;
  readonly f1: string;
  readonly f2: string;
  readonly f3: string;
  readonly f4: string;
  readonly f5: string;
}
const milenage = JSON.parse(readFileSync('test/vectors/milenage.json', 'utf8')) as { ts35_208: MilenageSet[] };

describe('AUTHENTICATE, test sets of TS 35.208', () => {
  it.each(milenage.ts35_208)('$id', async ({ K: k, OP: op, RAND: rand, SQN, AMF, f1, f2, f3, f4, f5 }) => {
    const seen = BigInt(`0x${SQN}`) - 32n;
    const bench = await new Bench({ store: storeOf({ k, opc: undefined, op, cardSqn: sqnHex(seen) }) }).usim();
    const answer = await bench.ask(challenge(rand, autnOf(SQN, f5, AMF, f1)));
    expect(answer).toEqual({ data: success({ res: f2, ck: f3, ik: f4 }), sw: '9000' });
  });
});

describe('AUTHENTICATE', () => {
  const vectorAt = (sqn: number): Promise<Vector> => aucVector(K, OPC, RAND, '-f', '8000', '-s', String(sqn));

  it('answers 9862 to a wrong MAC, writes nothing and sends no AUTS', async () => {
    const bench = await new Bench().usim();
    const { autn } = await vectorAt(64);
    for (let bit = 64; bit < 128; bit++) {
      const bytes = fromHex(autn);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await bench.send(challenge(RAND, toHex(bytes)))).toBe('9862');
    }
    expect(await bench.send('00c0000010')).toBe('6985');
    expect(bench.store.writes).toBe(0);
    expect(await bench.send(challenge(RAND, autn))).toBe('612c');
  });

  it('tests the MAC before the freshness: a stale challenge with a wrong MAC gets 9862', async () => {
    const bench = await new Bench().usim();
    const { autn } = await vectorAt(64);
    await bench.send(challenge(RAND, autn));
    expect(await bench.send(challenge(RAND, `${autn.slice(0, -2)}${autn.endsWith('00') ? '01' : '00'}`))).toBe('9862');
  });

  it('takes SQN 32, 64, 33 in this order, each once, with one store write each and none for a refusal', async () => {
    const bench = await new Bench().usim();
    for (const sqn of [32, 64, 33]) {
      const { autn } = await vectorAt(sqn);
      const before = bench.store.writes;
      expect(await bench.send(challenge(RAND, autn))).toBe('612c');
      expect(bench.store.writes).toBe(before + 1);
      expect(await bench.send(challenge(RAND, autn))).toBe('6110');
      expect(bench.store.writes).toBe(before + 1);
    }
  });

  it('refuses a SEQ more than Delta = 2^28 ahead, and takes one just Delta ahead', async () => {
    const seq = (ahead: number): Promise<Vector> => aucVector(K, OPC, RAND, '-s', String(BigInt(ahead) << 5n));
    const bench = await new Bench().usim();
    expect(await bench.send(challenge(RAND, (await seq(2 ** 28 + 1)).autn))).toBe('6110');
    expect(await bench.send(challenge(RAND, (await seq(2 ** 28)).autn))).toBe('612c');
  });

  it('remembers the SQN over a power cycle', async () => {
    const bench = await new Bench().usim();
    const { autn } = await vectorAt(64);
    await bench.send(challenge(RAND, autn));
    await bench.usim();
    expect(await bench.send(challenge(RAND, autn))).toBe('6110');
  });

  it('gives the whole answer and 9000 by the direct call', async () => {
    const bench = await new Bench({ link: 'direct' }).usim();
    const vector = await vectorAt(64);
    expect(await bench.send(challenge(RAND, vector.autn))).toBe(`${success(vector)}9000`);
    expect(await bench.send(`${challenge(RAND, vector.autn)}00`)).toMatch(/^dc0e[0-9a-f]{28}9000$/);
  });

  it('refuses in the order of the specification', async () => {
    const bench = new Bench({ store: storeOf({ pin1Enabled: true, pin1: '1234' }) });
    await bench.powerOn();
    const body = `22 10${RAND} 10${'00'.repeat(16)}`;
    expect(
      await bench.statusWords(
        `10880081${body}`, // CLA
        `008a0081${body}`, // INS
        `00880181${body}`, // P1
        `00880001${body}`, // P2 without bit 8
        `00880085${body}`, // MBMS context
        `00880084${body}`, // GBA context
        `00880081${body}`, // no application
      ),
    ).toEqual(['6e00', '6d00', '6a86', '6a86', '9864', '9864', '6985']);
    await bench.usim();
    expect(await bench.statusWords(`00880081${body}`, '0020000108 31323334ffffffff')).toEqual(['6982', '9000']);
    expect(
      await bench.statusWords(
        `0088008121 10${RAND} 10${'00'.repeat(15)}`,
        `0088008122 11${RAND} 10${'00'.repeat(16)}`,
        `0088008122 10${RAND} 0f${'00'.repeat(16)}`,
        `00880081${body}`,
      ),
    ).toEqual(['6700', '6a80', '6a80', '9862']);
  });

  it('says 6A88 without a key, 6581 without an SQN array', async () => {
    const { autn } = await vectorAt(64);
    for (const [key, sw] of [
      [StoreKey.Keys, '6a88'],
      [StoreKey.Sqn, '6581'],
    ] as const) {
      const store = storeOf();
      store.write(key, new Uint8Array(5));
      const bench = await new Bench({ store }).usim();
      expect(await bench.send(challenge(RAND, autn))).toBe(sw);
    }
  });

  it('gives no keys when the store refuses the write', async () => {
    const bench = await new Bench().usim();
    bench.store.fate = () => -5;
    expect(await bench.send(challenge(RAND, (await vectorAt(64)).autn))).toBe('6581');
    expect(await bench.send('00c000002c')).toBe('6985');
  });

  it.each(['cut-before', 'cut-after'] as const)('loses no freshness when power is %s the write', async (fate) => {
    const bench = await new Bench().usim();
    const [first, second] = [await vectorAt(64), await vectorAt(96)];
    await bench.send(challenge(RAND, first.autn));
    bench.store.fate = () => fate;
    await expect(bench.send(challenge(RAND, second.autn))).rejects.toMatchObject({ code: 'timeout' });
    bench.store.fate = undefined;
    await bench.usim();
    expect(await bench.send(challenge(RAND, first.autn))).toBe('6110');
    expect(await bench.send(challenge(RAND, second.autn))).toBe(fate === 'cut-before' ? '612c' : '6110');
    expect(await bench.send(challenge(RAND, second.autn))).toBe('6110');
  });
});
