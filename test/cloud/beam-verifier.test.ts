import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECOND } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { BeamVerifier } from '../../host/cloud/index.js';
import { Secret } from '../../host/secret.js';
import vectors from '../vectors/beam-signature.json' with { type: 'json' };

type Headers = [string, string][];
const key = (text: string): Secret => new Secret(Buffer.from(text));
const NOW = 1608251959862;

function signed(psk: string, fields: Headers): Headers {
  const text = psk + fields.map(([name, value]) => `${name}=${value}`).join('');
  const signature = createHash('sha256').update(text).digest('hex');
  return [...fields, ['x-soracom-signature-version', '20151001'], ['x-soracom-signature', signature]];
}

const GOOD: Headers = signed('topsecret', [
  ['x-soracom-imei', '860000012345678'],
  ['x-soracom-imsi', '440101234567890'],
  ['x-soracom-msisdn', '812012345678'],
  ['x-soracom-sim-id', '8981100005819480000'],
  ['x-soracom-timestamp', String(NOW)],
]);

const verify = (headers: Headers, at = NOW, psk = 'topsecret') =>
  new BeamVerifier(key(psk), new VirtualClock(at)).verify(headers);

describe('the customer’s check of a signature', () => {
  it.each(vectors.vectors)('accepts the documentation’s own: $signature', ({ psk, headers, signature }) => {
    const all: Headers = [
      ...Object.entries(headers),
      ['X-Soracom-Signature', signature],
      ['X-Soracom-Signature-Version', '20151001'],
    ];
    const at = Number(headers['x-soracom-timestamp']);
    expect(verify(all, at, psk)).toMatchObject({
      ok: true,
      identity: { imsi: headers['x-soracom-imsi'] },
      timestampMs: at,
    });
    expect(verify(all, at, `${psk}x`)).toEqual({ ok: false, reason: 'wrong signature' });
  });

  it('gives the whole identity, whatever the order and case of the names', () => {
    const shuffled = GOOD.map(([name, value]): [string, string] => [name.toUpperCase(), value]).reverse();
    expect(verify([['Host', 'x'], ...shuffled])).toEqual({
      ok: true,
      identity: {
        imei: '860000012345678',
        imsi: '440101234567890',
        msisdn: '812012345678',
        simId: '8981100005819480000',
      },
      timestampMs: NOW,
    });
  });

  const change = (name: string, value: string): Headers => GOOD.map(([n, v]) => [n, n === name ? value : v]);
  const without = (name: string): Headers => GOOD.filter(([n]) => n !== name);

  it.each<[string, Headers, string]>([
    ['no headers at all', [], 'not signed'],
    ['no signature', without('x-soracom-signature'), 'not signed'],
    ['no version', without('x-soracom-signature-version'), 'unknown signature version'],
    ['the obsolete version', change('x-soracom-signature-version', '20150901'), 'unknown signature version'],
    ['a short signature', change('x-soracom-signature', 'abcd'), 'the signature is not 64 hexadecimal digits'],
    ['no hexadecimal', change('x-soracom-signature', 'z'.repeat(64)), 'the signature is not 64 hexadecimal digits'],
    ['another IMSI', change('x-soracom-imsi', '440101234567891'), 'wrong signature'],
    ['an IMEI less', without('x-soracom-imei'), 'wrong signature'],
    ['a header more', [...GOOD, ['x-soracom-zone', '1']], 'wrong signature'],
    ['no timestamp', without('x-soracom-timestamp'), 'no timestamp in milliseconds'],
    ['a timestamp in words', change('x-soracom-timestamp', 'today'), 'no timestamp in milliseconds'],
    ['the IMSI twice', [...GOOD, ['X-Soracom-Imsi', '440101234567890']], 'x-soracom-imsi is there twice'],
    ['nobody', signed('topsecret', [['x-soracom-timestamp', String(NOW)]]), 'no identity is signed'],
  ])('refuses %s', (_, headers, reason) => {
    expect(verify(headers)).toEqual({ ok: false, reason });
  });

  it('takes five minutes of skew either way and no more', () => {
    for (const ms of [-300_000, 300_000]) expect(verify(GOOD, NOW + ms).ok).toBe(true);
    for (const ms of [-300_001, 300_001]) {
      expect(verify(GOOD, NOW + ms)).toEqual({ ok: false, reason: 'the timestamp is too far from the clock' });
    }
  });

  it('accepts a signature once, for as long as its timestamp is good', async () => {
    const clock = new VirtualClock(NOW);
    const verifier = new BeamVerifier(key('topsecret'), clock);
    expect(verifier.verify(GOOD).ok).toBe(true);
    for (const seconds of [0, 299, 1]) {
      await clock.run({ deadline: clock.now() + seconds * SECOND });
      expect(verifier.verify(GOOD)).toEqual({ ok: false, reason: 'replayed signature' });
    }
    await clock.run({ deadline: clock.now() + SECOND });
    expect(verifier.verify(GOOD)).toEqual({ ok: false, reason: 'the timestamp is too far from the clock' });
  });

  it('refuses whatever differs in one character', () => {
    fc.assert(
      fc.property(fc.nat(GOOD.length - 1), fc.nat(100), fc.integer({ min: 0x21, max: 0x7e }), (field, at, code) => {
        const headers = GOOD.map(([name, value], i): [string, string] => {
          const place = at % value.length;
          return i === field
            ? [name, value.slice(0, place) + String.fromCharCode(code) + value.slice(place + 1)]
            : [name, value];
        });
        const same = headers.every(([, value], i) => value.toLowerCase() === GOOD[i]?.[1]);
        expect(verify(headers).ok).toBe(same);
      }),
    );
  });

  it('never throws on anything', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom(...GOOD.map(([n]) => n)));
    const value = fc.oneof(fc.string(), fc.constantFrom(...GOOD.map(([, v]) => v)));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (headers) => {
        verify(headers);
      }),
    );
  });
});
