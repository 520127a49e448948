// Constant time, shown on the card as it is shipped: wasm2c makes native code of it, and memcheck watches that code work on keys and PINs
// that count as undefined. Every branch and every address that depends on them would be reported.
//
// What the protocol itself tells is declassified: the outcome of a comparison, the SQN once its MAC is right, and the answer.
import { afterAll, beforeAll, expect } from 'vitest';
import { concat, fromHex, toHex } from '../../host/bytes.js';
import { functionsOf, kcOf, quintuplet, sresOf } from '../../host/cellular/hss/index.js';
import { StoreKey, parseSimProfile, personalise } from '../../host/sim/index.js';
import type { SimProfile } from '../../host/sim/profile.js';
import { AID, PROFILE } from '../sim/card.js';
import { filesWithServices } from '../sim/services.js';
import { DECLASSIFY, changed, cleanUp, knownOutcome, native, run } from './memcheck.js';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms('gcc', 'libc', 'valgrind', 'wasm2c');

const CONSTANT_TIME = 'assembly/crypto/constant-time.ts';
const AUTHENTICATE = 'assembly/sim/authenticate.ts';
const AES = 'assembly/crypto/aes.ts';
const KECCAK = 'assembly/crypto/keccak.ts';

/** The card's sources with nothing changed but what is declassified. */
const watched = {
  ...knownOutcome,
  ...changed(AUTHENTICATE, 'return SW.MacWrong;\n', 'return SW.MacWrong;\n  declassify(sqn, SQN_BYTES);\n', DECLASSIFY),
};

afterAll(cleanUp);

/** The card as a native program. */
const CARD = { entry: 'assembly/sim/index.ts', driver: 'test/constant-time/board.c', module: 'card' };

const bits = (length: number, ...ranges: readonly (readonly [number, number])[]): string =>
  Array.from({ length }, (_, i) => (ranges.some(([from, to]) => i >= from && i < to) ? '1' : '0')).join('');

/** The card's store, with K, OPc and TOPc, PINs and PUKs marked as secret. */
function storeLines(profile: SimProfile): string[] {
  return [...personalise(profile, filesWithServices(profile, { 27: true, 38: true }))].map(([key, value]) => {
    const mask = bits(
      value.length,
      ...(key === StoreKey.Keys ? ([[26, 90]] as const) : []),
      ...(key === StoreKey.Pins ? [0, 1, 2].map((n) => [2 + 24 * n + 8, 2 + 24 * (n + 1)] as const) : []),
    );
    return `store ${key} ${toHex(value)} ${mask}`;
  });
}

const apdu = (hex: string, ...secret: readonly (readonly [number, number])[]): string => {
  const command = hex.replaceAll(' ', '');
  return `apdu ${command} ${bits(command.length / 2, ...secret)}`;
};

const SELECT = apdu(`00a4040c10${AID}`);
const RAND = fromHex('23553cbe9637a89d218ae64dae47bf35');
const lv = (bytes: Uint8Array): string => bytes.length.toString(16).padStart(2, '0') + toHex(bytes);

const KEYS = {
  MILENAGE: {},
  "MILENAGE with the operator's constants": {
    r: [1, 33, 66, 99, 127],
    c: ['00', '01', '02', '04', '08'].map((byte) => byte.repeat(16)),
  },
  'TUAK of 128 bits': { algorithm: 'tuak', opc: undefined, topc: '5a'.repeat(32) },
  'TUAK of 256 bits, twice over': {
    ...{ algorithm: 'tuak', opc: undefined, topc: 'a5'.repeat(32), k: '3c'.repeat(32) },
    ...{ iterations: 2, resLength: 128, ckLength: 256, ikLength: 256 },
  },
  XOR: { algorithm: 'xor', opc: undefined },
} as const;

/** Each outcome of AUTHENTICATE: wrong MAC, keys, AUTS, GSM context. */
function dialogue(profile: SimProfile): { lines: string[]; expected: string[] } {
  const functions = functionsOf(profile);
  const sqn = fromHex('000000000040');
  const { autn, xres, ck, ik } = quintuplet(profile, RAND, sqn, fromHex('44f001'));
  const wrong = autn.slice();
  wrong[15] = (wrong[15] as number) ^ 1;
  const { akStar } = functions.f2345(RAND);
  const { macS } = functions.f1(RAND, sqn, new Uint8Array(2));
  const auts = concat(sqn.map((byte, i) => byte ^ (akStar[i] as number)), macS); // prettier-ignore
  const challenge = (token: Uint8Array): string => apdu(`0088008122 10${toHex(RAND)} 10${toHex(token)}`);
  const kc = kcOf(ck.reveal(), ik.reveal());
  const keys = [...[xres, ck, ik].map((secret) => secret.reveal()), kc].map(lv).join('');
  const gsm = lv(sresOf(xres.reveal())) + lv(kc);
  return {
    lines: [SELECT, challenge(wrong), challenge(autn), challenge(autn), apdu(`0088008011 10${toHex(RAND)}`)],
    expected: ['9000', '9862', `db${keys}9000`, `dc0e${toHex(auts)}9000`, `${gsm}9000`],
  };
}

describe('under memcheck, with keys and PINs undefined', () => {
  let card = '';
  beforeAll(async () => (card = await native('card', CARD, watched)), 120_000);

  it.each(Object.entries(KEYS))('AUTHENTICATE takes no branch and no address from a key: %s', (_, fields) => {
    const profile = parseSimProfile({ ...PROFILE, ...fields }, 'test');
    const { lines, expected } = dialogue(profile);
    const { answers, findings } = run(card, [...storeLines(profile), ...lines]);
    expect([answers, findings]).toEqual([expected, []]);
  });

  it('PIN commands learn of a PIN or PUK whether it is right, and nothing else', () => {
    const profile = parseSimProfile({ ...PROFILE, pin1Enabled: true }, 'test');
    const pin = (digits: string): string => Buffer.from(digits.padEnd(8, '\xff'), 'latin1').toString('hex');
    const one = (command: string, digits: string): string => apdu(`${command}08${pin(digits)}`, [5, 13]);
    const two = (command: string, a: string, b: string): string => apdu(`${command}10${pin(a)}${pin(b)}`, [5, 21]);
    const { answers, findings } = run(card, [
      ...storeLines(profile),
      ...[SELECT, one('00200001', '4321'), one('00200001', '1234'), two('00240001', '1234', '5678')],
      ...[one('00260001', '5678'), one('00280001', '5678'), one('00200001', '1234'), one('00200001', '5679')],
      ...[one('00200001', '0000'), two('002c0001', '12345679', '1111'), two('002c0001', '12345678', '2222')],
      ...[one('00200001', '2222'), one('0020000a', '88888888')],
    ]);
    expect([answers, findings]).toEqual([
      ['9000', '63c2', '9000', '9000', '9000', '9000', '63c2', '63c1', '63c0', '63c9', '9000', '9000', '9000'],
      [],
    ]);
  });
});

describe('memcheck tells of', () => {
  const { lines } = dialogue(parseSimProfile(PROFILE, 'test'));
  const tuak = parseSimProfile({ ...PROFILE, ...KEYS['TUAK of 128 bits'] }, 'test');

  it.each([
    [
      'a branch on a byte of the key',
      changed(AES, 'w0 = load<u32>(key);', 'w0 = load<u32>(key);\n    if (w0 & 1) rcon = load<u32>(schedule) | 1;'),
      /Conditional jump/,
    ],
    [
      'a table looked up by a byte of the key',
      changed(
        AES,
        'w0 = load<u32>(key);',
        'w0 = load<u32>(key);\n    rcon = load<u8>(leak + load<u8>(key));',
        '\nconst leak: usize = memory.data(256);\n',
      ),
      // The bounds check of the lookup is a branch as well.
      /Use of uninit|Conditional jump/,
    ],
  ] as const)('%s', async (what, source, pattern) => {
    const program = await native(what.replaceAll(' ', '-'), CARD, { ...watched, ...source });
    const { findings } = run(program, [...storeLines(parseSimProfile(PROFILE, 'test')), ...lines]);
    expect(findings.join('\n')).toMatch(pattern);
  });

  it('a comparison that stops at the first difference, and a Keccak that looks at its lanes', async () => {
    const program = await native('early', CARD, {
      ...watched,
      ...changed(
        CONSTANT_TIME,
        'let difference: u32 = 0;',
        'let difference: u32 = 0;\n  for (let i = 0; i < len; i++) if (load<u8>(a + i) != load<u8>(b + i)) return 0;',
        `${DECLASSIFY}const outcome: usize = memory.data(4, 4);\n`,
      ),
      ...changed(KECCAK, '// rho and pi', 'if (load<u64>(state) == 0) return;'),
    });
    const early = run(program, [...storeLines(parseSimProfile(PROFILE, 'test')), SELECT, lines[1] ?? '']);
    expect(early.findings.join('\n')).toMatch(/Conditional jump/);
    const lanes = run(program, [...storeLines(tuak), SELECT, apdu(`0088008122 10${toHex(RAND)} 10${'00'.repeat(16)}`)]);
    expect(lanes.findings.length).toBeGreaterThan(early.findings.length);
  });
});
