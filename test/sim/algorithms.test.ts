// The card under each algorithm set and in each context, over T=0, against the home network's own implementations.
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import {
  type AuthSubscriber,
  functionsOf,
  kcOf,
  quintuplet,
  sresOf,
  verifyAuts,
} from '../../host/cellular/hss/index.js';
import { Random } from '../../host/random.js';
import { StoreKey, parseSimProfile, personalise } from '../../host/sim/index.js';
import { MemoryStore } from '../../host/board/store.js';
import { milenageVectors, tuakVectors } from '../vectors/read.js';
import { AID, Bench, OPC, PROFILE, challenge, module, storeOf } from './card.js';
import { filesWithServices } from './services.js';
import { withPrograms } from '../peers.js';

const PLMN = fromHex('44f001');
const sqnHex = (sqn: bigint): string => sqn.toString(16).padStart(12, '0');
const lv = (bytes: Uint8Array): string => bytes.length.toString(16).padStart(2, '0') + toHex(bytes);

/** A card and its subscriber of one profile; `services` are put into or out of the service table. */
function pair(profile: Record<string, unknown>, services: Record<number, boolean> = {}) {
  const sim = parseSimProfile({ ...PROFILE, ...profile }, 'test');
  const store = new MemoryStore({ values: personalise(sim, filesWithServices(sim, services)) });
  const subscriber: AuthSubscriber = sim;
  return { subscriber, bench: new Bench({ store }) };
}

/** A challenge, what the card is to answer, a replay, and the AUTS that the home network is to take. */
async function run(why: string, profile: Record<string, unknown>, random: Random, indBits = 5): Promise<void> {
  const step = 1n << BigInt(indBits);
  const sqn = step + (BigInt(`0x${toHex(random.bytes(6))}`) % (2n ** 48n - 4n * step));
  const rand = random.bytes(16);
  const { bench, subscriber } = pair({ ...profile, indBits, cardSqn: sqnHex(sqn - step) }, { 27: false });
  await bench.usim();
  const vector = quintuplet(subscriber, rand, fromHex(sqnHex(sqn)), PLMN);
  const keys = [vector.xres, vector.ck, vector.ik].map((secret) => lv(secret.reveal())).join('');
  const wrong = vector.autn.slice();
  const at = 8 + random.below(8);
  wrong[at] = (wrong[at] as number) ^ (1 << random.below(8));
  expect(await bench.send(challenge(toHex(rand), toHex(wrong))), why).toBe('9862');
  expect(await bench.ask(challenge(toHex(rand), toHex(vector.autn))), why).toEqual({ data: `db${keys}`, sw: '9000' });
  const { data, sw } = await bench.ask(challenge(toHex(rand), toHex(vector.autn)));
  expect([data.slice(0, 4), sw], why).toEqual(['dc0e', '9000']);
  expect(toHex(verifyAuts(subscriber, rand, fromHex(data.slice(4))) ?? new Uint8Array()), why).toBe(sqnHex(sqn));
}

function pick<T>(random: Random, ...values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}

describe('AUTHENTICATE, 3G context', () => {
  it("TUAK: agrees with the home network's on 60 random cards of all lengths", async () => {
    const random = new Random('tuak cards');
    for (let i = 0; i < 60; i++) {
      const profile = {
        ...{ algorithm: 'tuak', opc: undefined, k: toHex(random.bytes(pick(random, 16, 32))) },
        ...(random.below(2) ? { topc: toHex(random.bytes(32)) } : { top: toHex(random.bytes(32)) }),
        ...{ iterations: 1 + random.below(3), resLength: pick(random, 32, 64, 128) },
        ...{ ckLength: pick(random, 128, 256), ikLength: pick(random, 128, 256) },
      };
      await run(`case ${i}`, profile, random);
    }
  });

  it.each(tuakVectors().ts35_233.filter(({ macLen, resLen }) => macLen === 64 && resLen <= 128))(
    'TUAK: $id',
    async (v) => {
      const { bench } = pair(
        {
          ...{ algorithm: 'tuak', opc: undefined, k: v.K, top: v.TOP, iterations: v.keccakIterations },
          ...{ resLength: v.resLen, ckLength: v.ckLen, ikLength: v.ikLen },
          cardSqn: sqnHex(BigInt(`0x${v.SQN}`) - 32n),
        },
        { 27: false },
      );
      await bench.usim();
      const sqnXorAk = sqnHex(BigInt(`0x${v.SQN}`) ^ BigInt(`0x${v.f5}`));
      const keys = [v.f2, v.f3, v.f4].map((hex) => lv(fromHex(hex))).join('');
      expect(await bench.ask(challenge(v.RAND, sqnXorAk + v.AMF + v.f1))).toEqual({ data: `db${keys}`, sw: '9000' });
    },
  );

  it("MILENAGE with the operator's own r and c agrees with the home network's on 20 cards", async () => {
    const random = new Random('constants');
    for (let i = 0; i < 20; i++) {
      const r = Array.from({ length: 5 }, () => random.below(128));
      const c = Array.from({ length: 5 }, () => toHex(random.bytes(16)));
      await run(`case ${i}`, { r, c }, random);
    }
  });

  withPrograms('osmo-auc-gen').it('XOR agrees with osmo-auc-gen', async () => {
    const random = new Random('xor cards');
    for (let i = 0; i < 10; i++) {
      const [k, rand] = [toHex(random.bytes(16)), toHex(random.bytes(16))];
      const { bench } = pair({ algorithm: 'xor', opc: undefined, k }, { 27: false });
      await bench.usim();
      // It takes one step of SEQ off what -s says: SQN is 64.
      const args = ['-3', '-a', 'XOR', '-k', k, '-o', '00'.repeat(16), '-f', '8000', '-r', rand, '-s', '96'];
      const theirs = execFileSync('osmo-auc-gen', args, { encoding: 'utf8' });
      const field = (name: string): string => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(theirs)?.[1] ?? '';
      expect(await bench.ask(challenge(rand, field('AUTN')))).toEqual({
        data: `db10${field('RES')}10${field('CK')}10${field('IK')}`,
        sw: '9000',
      });
    }
  });

  it.each([0, 1, 4])('takes and asks with %i bits of IND', async (indBits) => {
    const random = new Random(`ind ${indBits}`);
    for (let i = 0; i < 8; i++) await run(`case ${i}`, {}, random, indBits);
  });

  it("keeps to the profile's Delta and L", async () => {
    const { bench, subscriber } = pair({ sqnDelta: 10, sqnLimit: 3 });
    await bench.usim();
    const rand = new Uint8Array(16);
    const sw = async (seq: bigint, ind: bigint): Promise<string> => {
      const vector = quintuplet(subscriber, rand, fromHex(sqnHex((seq << 5n) | ind)), PLMN);
      return (await bench.ask(challenge(toHex(rand), toHex(vector.autn)))).data.slice(0, 2);
    };
    expect([await sw(11n, 0n), await sw(10n, 0n), await sw(7n, 1n), await sw(8n, 1n)]).toEqual([
      'dc',
      'db',
      'dc',
      'db',
    ]);
  });

  it('adds Kc to the keys where the service table has service 27', async () => {
    const { bench, subscriber } = pair({}, { 27: true });
    await bench.usim();
    const rand = new Random('kc').bytes(16);
    const vector = quintuplet(subscriber, rand, fromHex('000000000040'), PLMN);
    const kc = kcOf(vector.ck.reveal(), vector.ik.reveal());
    const keys = [vector.xres.reveal(), vector.ck.reveal(), vector.ik.reveal(), kc].map(lv).join('');
    expect(await bench.send(challenge(toHex(rand), toHex(vector.autn)))).toBe('6135');
    expect(await bench.send('00c0000035')).toBe(`db${keys}9000`);
  });
});

describe('AUTHENTICATE, GSM context', () => {
  it.each(milenageVectors().ts55_205_gsm)('$id', async ({ Ki: k, OPc: opc, RAND, SRES1, Kc }) => {
    const { bench } = pair({ k, opc }, { 38: true });
    await bench.usim();
    expect(await bench.send(`0088008011 10${RAND}`)).toBe('610e');
    expect(await bench.send('00c000000e')).toBe(`04${SRES1}08${Kc}9000`);
    expect(bench.store.writes, 'SQN is not of this context').toBe(0);
  });

  it('TUAK and XOR: SRES and Kc by c2 and c3, for every length of RES', async () => {
    const random = new Random('gsm');
    for (const resLength of [32, 64, 128]) {
      for (const profile of [
        { algorithm: 'tuak', topc: toHex(random.bytes(32)), resLength },
        { algorithm: 'xor', resLength },
      ]) {
        const { bench, subscriber } = pair({ ...profile, opc: undefined }, { 38: true });
        await bench.usim();
        const rand = random.bytes(16);
        const { res, ck, ik } = functionsOf(subscriber).f2345(rand);
        expect(await bench.ask(`0088008011 10${toHex(rand)}`)).toEqual({
          data: toHex(concat(Uint8Array.of(4), sresOf(res), Uint8Array.of(8), kcOf(ck, ik))),
          sw: '9000',
        });
      }
    }
  });

  it('refuses in the order of the specification', async () => {
    const gsm = `10${'00'.repeat(16)}`;
    const without = pair({}, { 38: false }).bench;
    await without.powerOn();
    expect(await without.send(`0088008011 ${gsm}`)).toBe('6985');
    await without.usim();
    expect(await without.send(`0088008011 ${gsm}`), 'no service 38').toBe('9864');

    const { bench } = pair({ pin1Enabled: true }, { 38: true });
    await bench.usim();
    expect(
      await bench.statusWords(
        `0088008011 ${gsm}`,
        '0020000108 31323334ffffffff',
        `0088008010 ${gsm.slice(0, -2)}`,
        `0088008012 ${gsm}00`,
        `0088008011 0f${'00'.repeat(16)}`,
        `0088008011 ${gsm}`,
      ),
    ).toEqual(['6982', '9000', '6700', '6700', '6a80', '610e']);
  });
});

describe('The key record', () => {
  const sound = personalise(parseSimProfile(PROFILE, 'test')).get(StoreKey.Keys) ?? new Uint8Array();
  const rand = '00'.repeat(32);
  const send = async (record: Uint8Array): Promise<string> => {
    const store = storeOf();
    store.write(StoreKey.Keys, record);
    const bench = await new Bench({ store, link: 'direct' }).usim();
    return bench.send(challenge(rand.slice(32), rand.slice(32)));
  };

  it('is refused with 6984 while it is deactivated', async () => {
    const record = sound.slice();
    record[2] = 0x04;
    expect(await send(record)).toBe('6984');
  });

  it('is no key when it breaks a rule: 6A88; whatever it holds, the card answers', async () => {
    expect(await send(sound)).toBe('9862');
    const rules: [number, number][] = [[0, 1], [1, 0], [1, 4], [3, 32], [4, 4], [5, 32], [6, 0], [8, 6]]; // prettier-ignore
    for (const [at, value] of rules) {
      const record = sound.slice();
      record[at] = value;
      expect(await send(record), `${at}: ${value}`).toBe('6a88');
    }
    const random = new Random('key record');
    for (let i = 0; i < 300; i++) {
      const record = sound.slice();
      record[1] = 1 + random.below(3);
      for (let n = random.below(4); n >= 0; n--) record[random.below(10)] = random.below(256);
      expect(['6a88', '6984', '9862'], `case ${i}`).toContain(await send(record));
    }
  });

  it('is in no place of the store but its own', () => {
    const values = personalise(parseSimProfile({ ...PROFILE, opc: OPC }, 'test'));
    for (const [key, value] of values) {
      expect(toHex(value).includes(PROFILE.k), `store key ${key}`).toBe(key === StoreKey.Keys);
    }
  });
});

describe('After AUTHENTICATE', () => {
  it.each([
    ['MILENAGE', { opc: '6b'.repeat(16), k: 'c1'.repeat(8) + '5d'.repeat(8) }],
    ['TUAK', { algorithm: 'tuak', opc: undefined, topc: '6b'.repeat(32), k: 'c1'.repeat(16) + '5d'.repeat(16) }],
    ['XOR', { algorithm: 'xor', opc: undefined, k: 'c1'.repeat(8) + '5d'.repeat(8) }],
  ] as const)('nothing of the keys is in the memory of the card: %s', (_, fields) => {
    const sim = parseSimProfile({ ...PROFILE, ...fields }, 'test');
    const store = personalise(sim, filesWithServices(sim, { 27: true, 38: true }));
    const sentinels = ['c1'.repeat(6), '5d'.repeat(6), '6b'.repeat(6)];
    let seen = 0;
    const memory = (): Uint8Array => new Uint8Array(card.memory.buffer);
    const board: Record<string, (...args: number[]) => number | bigint> = {
      store_read: (key = 0, ptr = 0, max = 0) => {
        const value = store.get(key);
        if (value === undefined) return -3;
        memory().set(value.subarray(0, max), ptr);
        seen += sentinels.filter((sentinel) => toHex(memory()).includes(sentinel)).length;
        return value.length;
      },
      store_write: (key = 0, ptr = 0, length = 0) => {
        store.set(key, memory().slice(ptr, ptr + length));
        return 0;
      },
    };
    const imports = WebAssembly.Module.imports(module).map(({ name }) => [
      name,
      board[name] ?? (() => (name === 'clock_ms' ? 0n : 0)),
    ]);
    const { exports } = new WebAssembly.Instance(module, {
      board: Object.fromEntries(imports) as Record<string, WebAssembly.ImportValue>,
    });
    const card = exports as unknown as {
      memory: WebAssembly.Memory;
      setup(): void;
      apdu_reset(): number;
      apdu_buffer(): number;
      apdu(length: number): number;
    };
    card.setup();
    card.apdu_reset();
    const send = (hex: string): string => {
      const command = fromHex(hex.replaceAll(' ', ''));
      memory().set(command, card.apdu_buffer());
      const length = card.apdu(command.length);
      return toHex(memory().slice(card.apdu_buffer(), card.apdu_buffer() + length));
    };
    const rand = new Random('leftovers').bytes(16);
    const { autn, xres, ck, ik } = quintuplet(sim, rand, fromHex('000000000040'), PLMN);
    expect(send(`00a4040c10${AID}`)).toBe('9000');
    const wrong = `${toHex(autn).slice(0, -2)}${toHex(autn).endsWith('00') ? '01' : '00'}`;
    const answers = [
      send(challenge(toHex(rand), wrong)),
      send(challenge(toHex(rand), toHex(autn))),
      send(challenge(toHex(rand), toHex(autn))),
      send(`0088008011 10${toHex(rand)}`),
    ];
    expect(answers.map((answer) => answer.slice(0, 2))).toEqual(['98', 'db', 'dc', '04']);
    expect(seen, 'the card has had the keys').toBeGreaterThan(0);
    send('00b0820000');
    const left = toHex(memory());
    for (const secret of [...sentinels, ...[xres, ck, ik].map((value) => value.revealHex())]) {
      expect(left.includes(secret)).toBe(false);
    }
  });
});
