import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../host/bytes.js';
import {
  NasError,
  answerPco,
  decodeEmm,
  decodeEsm,
  dnsOf,
  encodeEmm,
  encodeEsm,
  encodePlmn,
  openProtected,
  requestPco,
} from '../../../host/cellular/nas/index.js';
import {
  decodeIdentity,
  decodeGprsTimer,
  decodePlmn,
  encodeGprsTimer,
  encodeIdentity,
} from '../../../host/cellular/nas/elements.js';
import { decodePco, encodePco } from '../../../host/cellular/nas/pco.js';
import { Secret } from '../../../host/secret.js';
import { credentials, emmMessages, esmMessages } from './messages.js';

const sora = { user: 'sora', password: new Secret(Buffer.from('sora')) };
const DNS = ['100.127.0.53', '100.127.1.53'] as const;

describe('Session set-up with APN soracom.io, user sora, password sora has the bytes of the specification', () => {
  it('ESM INFORMATION RESPONSE', () => {
    expect(
      toHex(
        encodeEsm({
          message: 'ESM INFORMATION RESPONSE',
          bearer: 0,
          pti: 1,
          apn: 'soracom.io',
          pco: requestPco(credentials('pap')),
        }),
      ),
    ).toBe(
      '0201da280b07736f7261636f6d02696f272880c0230e0101000e04736f726104736f726180211001000010810600000000830600000000000d00',
    );
  });
  it('PDN CONNECTIVITY REQUEST', () => {
    const m = {
      message: 'PDN CONNECTIVITY REQUEST',
      bearer: 0,
      pti: 1,
      requestType: 1,
      pdnType: 1,
      informationTransfer: true,
    } as const;
    expect(toHex(encodeEsm(m))).toBe('0201d011d1');
  });
  it('the answer of the gateway', () => {
    const { ok, options } = answerPco(requestPco(credentials('pap')), sora, DNS);
    expect(ok).toBe(true);
    expect(toHex(encodePco(options))).toBe('80c023050201000500802110030000108106647f00358306647f0135');
    expect(dnsOf(options)).toEqual(DNS);
  });
  it('AUTHENTICATION FAILURE', () => {
    const auts = fromHex('4f2039392ddd4bb4316ed4a14688');
    expect(toHex(encodeEmm({ message: 'AUTHENTICATION FAILURE', cause: 20 }))).toBe('075c14');
    expect(toHex(encodeEmm({ message: 'AUTHENTICATION FAILURE', cause: 26 }))).toBe('075c1a');
    expect(toHex(encodeEmm({ message: 'AUTHENTICATION FAILURE', cause: 21, auts }))).toBe(`075c15300e${toHex(auts)}`);
  });
  it('IDENTITY RESPONSE', () => {
    expect(
      toHex(encodeEmm({ message: 'IDENTITY RESPONSE', identity: { kind: 'imsi', digits: '440103123456789' } })),
    ).toBe('0756084904011332547698');
  });
});

describe('Elements', () => {
  it('PLMN', () => {
    for (const [digits, bytes] of [
      ['44010', '44f001'],
      ['00101', '00f110'],
      ['310410', '130014'],
      ['29505', '92f550'],
    ] as const) {
      expect(toHex(encodePlmn(digits))).toBe(bytes);
      expect(decodePlmn(fromHex(bytes))).toBe(digits);
    }
  });
  it('IMSI with an even and an odd number of digits', () => {
    for (const [digits, bytes] of [
      ['262011106487504', '2926101160845740'],
      ['00101123456789', '01101021436587f9'],
    ] as const) {
      expect(toHex(encodeIdentity({ kind: 'imsi', digits }))).toBe(bytes);
      expect(decodeIdentity(fromHex(bytes))).toEqual({ kind: 'imsi', digits });
    }
  });
  it('GPRS timer', () => {
    for (const s of [2, 62, 120, 3240, 11160]) expect(decodeGprsTimer(encodeGprsTimer(s))).toBe(s);
    expect(decodeGprsTimer(0xe0)).toBeUndefined();
  });
});

describe('PAP and CHAP', () => {
  for (const auth of ['pap', 'chap'] as const) {
    it(`${auth}: the right password is taken, a wrong one and another user are not`, () => {
      expect(answerPco(requestPco(credentials(auth)), sora, DNS).ok).toBe(true);
      expect(answerPco(requestPco(credentials(auth, 'sorb')), sora, DNS).ok).toBe(false);
      expect(answerPco(requestPco({ ...credentials(auth), user: 'sorax' }), sora, DNS).ok).toBe(false);
    });
  }
  it('without credentials the SIM is enough; credentials of which half is missing are wrong ones', () => {
    expect(answerPco(requestPco(credentials('none')), sora, DNS).ok).toBe(true);
    expect(answerPco([], sora, DNS).ok).toBe(true);
    for (const part of [0, 1]) {
      expect(answerPco(requestPco(credentials('chap')).slice(part, part + 1), sora, DNS).ok).toBe(false);
    }
  });
  it('PAP agrees with the bytes of RFC 1334, CHAP with MD5 of RFC 1994 over known bytes', () => {
    const [pap] = requestPco(credentials('pap'));
    expect(pap && toHex(pap.content)).toBe('0101000e04736f726104736f7261');
    // MD5 of 01, the password, the challenge, by Python's hashlib.
    const response = requestPco(credentials('chap'))[1];
    expect(response && toHex(response.content)).toBe('02010019107dc01ff65c65407ccda903570f936865736f7261');
  });
});

describe('The codec', () => {
  it('reads what it writes', () => {
    for (const { message, direction } of emmMessages) expect(decodeEmm(encodeEmm(message), direction)).toEqual(message);
    for (const { message } of esmMessages) expect(decodeEsm(encodeEsm(message))).toEqual(message);
  });

  it('reads over optional elements of every format', () => {
    const accept = emmMessages.find(({ message }) => message.message === 'ATTACH ACCEPT');
    if (!accept) throw new Error('no ATTACH ACCEPT');
    // T3402 (TV), an unknown half octet, emergency numbers (TLV), an unknown TLV-E.
    const more = fromHex('1721' + 'f1' + '3403021919' + '7b0003010203');
    expect(decodeEmm(concat(encodeEmm(accept.message), more), 'downlink')).toEqual(accept.message);
  });

  it('tells a cut message by NasError, at every length', () => {
    for (const { message, direction } of emmMessages) {
      const whole = encodeEmm(message);
      for (let length = 0; length < whole.length; length++)
        onlyNasError(() => decodeEmm(whole.subarray(0, length), direction));
    }
  });

  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.integer({ min: 0x40, max: 0x65 }), fc.uint8Array({ maxLength: 80 }))
      .map(([t, b]) => Uint8Array.of(7, t, ...b)),
    fc
      .tuple(fc.integer({ min: 0xc0, max: 0xee }), fc.uint8Array({ maxLength: 80 }))
      .map(([t, b]) => Uint8Array.of(0x52, 1, t, ...b)),
    fc
      .tuple(fc.constantFrom(...emmMessages, ...esmMessages), fc.nat(), fc.integer({ min: 1, max: 255 }))
      .map(([{ message }, at, flip]) => {
        const bytes = 'pti' in message ? encodeEsm(message) : encodeEmm(message);
        const i = at % bytes.length;
        return bytes.map((byte, j) => (j === i ? byte ^ flip : byte));
      }),
  );

  it('throws nothing but NasError whatever it is given', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        onlyNasError(() => decodeEmm(bytes, 'uplink'));
        onlyNasError(() => decodeEmm(bytes, 'downlink'));
        onlyNasError(() => decodeEsm(bytes));
        onlyNasError(() => openProtected(bytes));
        onlyNasError(() => answerPco(decodePco(bytes), sora, DNS));
        onlyNasError(() => dnsOf(decodePco(bytes)));
      }),
      { numRuns: 20_000 },
    );
  });
});

function onlyNasError(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof NasError)) throw error;
  }
}
