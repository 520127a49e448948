// CoAP messages of any kind: ours and the npm package coap-packet read each other's, and no bytes upset the parser.
import packet from 'coap-packet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { concat, toHex } from '../../host/bytes.js';
import { loadKit, type CoapMessageFields, type CoapOptionPair } from '../../host/kit/index.js';
import { coapVectors } from '../vectors/read.js';

const kit = await loadKit();
const bytes = (maxLength: number, minLength = 0): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength, maxLength });

/** Numbers with all three forms of delta and length; no 0, which coap-packet has no name for. */
const option: fc.Arbitrary<CoapOptionPair> = fc.tuple(
  fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 200, max: 300 }), fc.integer({ min: 1, max: 65_000 })),
  fc.oneof(bytes(16), bytes(300)),
);
const ordered = (options: readonly CoapOptionPair[]): CoapOptionPair[] => [...options].sort(([a], [b]) => a - b);

const REQUESTS = [1, 2, 3, 4, 5, 6, 7];
const RESPONSES = [0x41, 0x42, 0x44, 0x45, 0x5f, 0x80, 0x84, 0x8d, 0x8f, 0xa0, 0xa5];
const message: fc.Arbitrary<CoapMessageFields> = fc.record({
  type: fc.constantFrom(0, 1, 2),
  code: fc.constantFrom(...REQUESTS, ...RESPONSES),
  mid: fc.nat(65_535),
  token: bytes(8),
  options: fc.array(option, { maxLength: 8 }).map(ordered),
  payload: bytes(400),
});
const valid = message.filter(({ type, code }) => !(type === 2 && code < 32));

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'FETCH', 'PATCH', 'iPATCH'];
const dotted = (code: number): string => `${code >> 5}.${String(code & 31).padStart(2, '0')}`;
const pick = ({ type, code, mid, token, options, payload }: CoapMessageFields): unknown => ({
  ...{ type, code, mid, token: toHex(token), payload: toHex(payload) },
  options: options.map(([number, value]) => [number, toHex(value)]),
});

/** Option numbers by the names that coap-packet gives them. */
const NAMES: Readonly<Record<string, number>> = {
  'If-Match': 1,
  'Uri-Host': 3,
  ETag: 4,
  'If-None-Match': 5,
  Observe: 6,
  'Uri-Port': 7,
  'Location-Path': 8,
  OSCORE: 9,
  'Uri-Path': 11,
  'Content-Format': 12,
  'Max-Age': 14,
  'Uri-Query': 15,
  'Hop-Limit': 16,
  Accept: 17,
  'Q-Block1': 19,
  'Location-Query': 20,
  Block2: 23,
  Block1: 27,
  Size2: 28,
  'Q-Block2': 31,
  'Proxy-Uri': 35,
  'Proxy-Scheme': 39,
  Size1: 60,
  'No-Response': 258,
  'OCF-Accept-Content-Format-Version': 2049,
  'OCF-Content-Format-Version': 2053,
};

describe('any message', () => {
  test('is read by us as it was written', () => {
    fc.assert(
      fc.property(valid, (m) => {
        const parsed = kit.coapParse(kit.coapWrite(m));
        expect(parsed.status).toBe(Status.Ok);
        expect(pick(parsed)).toEqual(pick(m));
      }),
      { numRuns: 500 },
    );
  });

  test('that we write is read by coap-packet', () => {
    fc.assert(
      fc.property(valid, (m) => {
        const theirs = packet.parse(Buffer.from(kit.coapWrite(m)));
        expect(theirs.code).toBe(dotted(m.code));
        expect(theirs.messageId).toBe(m.mid);
        expect([theirs.confirmable, theirs.ack, theirs.reset]).toEqual([m.type === 0, m.type === 2, false]);
        expect(toHex(theirs.token)).toBe(toHex(m.token));
        expect(toHex(theirs.payload)).toBe(toHex(m.payload));
        expect(theirs.options.map(({ name, value }) => [NAMES[name] ?? Number(name), toHex(value)])).toEqual(
          m.options.map(([number, value]) => [number, toHex(value)]),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('that coap-packet writes is read by us', () => {
    fc.assert(
      fc.property(valid, (m) => {
        const theirs = packet.generate(
          {
            code: m.code < 32 ? (METHODS[m.code - 1] as string) : dotted(m.code),
            messageId: m.mid,
            token: Buffer.from(m.token),
            payload: Buffer.from(m.payload),
            confirmable: m.type === 0,
            ack: m.type === 2,
            options: m.options.map(([name, value]) => ({ name, value: Buffer.from(value) })),
          },
          8192,
        );
        expect(pick(kit.coapParse(theirs))).toEqual(pick(m));
      }),
      { numRuns: 500 },
    );
  });
});

/** Bytes that nearly are a message. */
const nearly: fc.Arbitrary<Uint8Array> = fc.oneof(
  bytes(200),
  fc
    .tuple(
      fc.oneof(
        valid.map((m) => kit.coapWrite(m)),
        fc.constantFrom(...coapVectors().messages.map(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex')))),
      ),
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 }),
      fc.nat(400),
      bytes(4),
    )
    .map(([whole, changes, cut, tail]) => {
      const out = whole.slice(0, Math.max(0, whole.length - (cut % (whole.length + 1) < 8 ? cut % 8 : 0)));
      for (const [at, value] of changes) if (out.length > 0) out[at % out.length] = value;
      return concat(out, tail);
    }),
);

describe('bytes from anywhere', () => {
  test('are parsed to something that is written back the same, or refused', () => {
    let well = 0;
    fc.assert(
      fc.property(nearly, (datagram) => {
        const parsed = kit.coapParse(datagram);
        expect([Status.Ok, Status.Short, Status.Malformed, Status.Unsupported]).toContain(parsed.status);
        if (parsed.status !== Status.Ok) return;
        well++;
        expect(toHex(kit.coapWrite(parsed))).toBe(toHex(datagram));
      }),
      { numRuns: 3_000 },
    );
    expect(well).toBeGreaterThan(300);
  });

  test('that coap-packet refuses, we refuse', () => {
    fc.assert(
      fc.property(nearly, (datagram) => {
        let refusal = '';
        try {
          packet.parse(Buffer.from(datagram));
        } catch (error) {
          refusal = String(error);
        }
        // Longer datagrams than its default of 1280 bytes do not occur here.
        if (refusal !== '')
          expect({ refusal, status: kit.coapParse(datagram).status }).not.toMatchObject({ status: Status.Ok });
      }),
      { numRuns: 3_000 },
    );
  });

  test('do not stop an endpoint: it still serves, and its times stay finite', () => {
    const kinds = new Set<number>();
    fc.assert(
      fc.property(fc.array(fc.tuple(nearly, fc.nat(20_000)), { minLength: 1, maxLength: 30 }), (datagrams) => {
        kit.coapBegin({ seed: 7n, limit: 512 });
        let now = 0;
        kit.coapRequest(now, { method: 1, options: [[11, Buffer.from('x')]], observe: 0 });
        for (const [datagram, wait] of datagrams) {
          while (kit.coapOutput().length > 0);
          now += wait;
          const event = kit.coapReceive(now, datagram);
          kinds.add(event);
          if (event === 1) kit.coapRespond({ code: 0x45, format: 0, body: new Uint8Array(1500), observe: 1 });
          if (event === 2 || event === 4) kit.coapKeep(now);
          for (let steps = 0; kit.coapDeadline() <= now; steps++) {
            while (kit.coapOutput().length > 0);
            kit.coapStep(now);
            expect(steps).toBeLessThan(20);
          }
        }
        while (kit.coapOutput().length > 0);
        // A GET of somebody new is answered.
        const get = kit.coapWrite({
          ...{ type: 0, code: 1, mid: 4711, token: Uint8Array.of(9, 9, 9), payload: new Uint8Array() },
          options: [[11, Buffer.from('alive')]],
        });
        expect(kit.coapReceive(now + 300_000, get)).toBe(1);
        kit.coapRespond({ code: 0x45 });
        expect(toHex(kit.coapOutput())).toBe('63451267090909');
      }),
      { numRuns: 400 },
    );
    expect(kinds.size).toBeGreaterThan(1);
  });
});
