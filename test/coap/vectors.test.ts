// Every row of the CoAP vectors: RFC 7252's own examples, messages of Wakaama, libcoap and Californium, and what is malformed.
import { describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { CoapEvent, loadKit } from '../../host/kit/index.js';
import { coapVectors } from '../vectors/read.js';
import { TYPES, codeOf, hexOptions, optionsOf } from './hex.js';

const kit = await loadKit();
const vectors = coapVectors();

describe('a well-formed message', () => {
  test.each(vectors.messages.map((row) => [`${row.name} ${row.hex.slice(0, 8)}`, row] as const))('%s', (_name, row) => {
    const parsed = kit.coapParse(fromHex(row.hex));
    expect(parsed.status).toBe(Status.Ok);
    expect({
      type: TYPES[parsed.type],
      code: parsed.code,
      mid: parsed.mid,
      token: toHex(parsed.token),
      options: hexOptions(parsed.options),
      payload: toHex(parsed.payload),
    }).toEqual({
      type: row.type,
      code: codeOf(row.code),
      mid: row.mid,
      token: row.token,
      options: row.options,
      payload: row.payload,
    });
    const written = kit.coapWrite({
      type: TYPES.indexOf(row.type),
      code: codeOf(row.code),
      mid: row.mid,
      token: fromHex(row.token),
      options: optionsOf(row.options),
      payload: fromHex(row.payload),
    });
    expect(toHex(written)).toBe(row.hex);
  });
});

/** The one datagram that an endpoint answers with, as text; nothing is an empty string. */
function answerTo(hex: string): { event: number; answer: string } {
  kit.coapBegin({ seed: 1n });
  const event = kit.coapReceive(0, fromHex(hex));
  const answer = toHex(kit.coapOutput());
  expect(kit.coapOutput()).toHaveLength(0);
  return { event, answer };
}

const isCon = (hex: string): boolean => hex.length >= 8 && (parseInt(hex.slice(0, 2), 16) & 0xf0) === 0x40;

describe('a message that cannot be parsed', () => {
  const rows = vectors.malformed.filter(({ stage }) => stage === 'format');
  test.each(rows.map((row) => [row.name, row] as const))('%s: RST to a CON, silence otherwise', (_name, { hex }) => {
    const { status } = kit.coapParse(fromHex(hex));
    expect([Status.Short, Status.Malformed, Status.Unsupported]).toContain(status);
    const { event, answer } = answerTo(hex);
    expect(event).toBe(CoapEvent.None);
    // RFC 7252 4.2: a CON that cannot be processed is rejected with RST of its message ID.
    expect(answer).toBe(isCon(hex) ? `7000${hex.slice(4, 8)}` : '');
  });

  test('no row is without its outcome', () => {
    expect(rows.length).toBeGreaterThan(25);
    expect(vectors.malformed.length).toBe(rows.length + 5);
  });
});

describe('a message that parses and cannot be served', () => {
  const row = (name: string): string => {
    const found = vectors.malformed.find((candidate) => candidate.name === name && candidate.stage === 'semantic');
    if (!found) throw new Error(`no vector ${name}`);
    return found.hex;
  };
  test.each([
    ['unassigned method 0.08', '60850010'],
    ['Uri-Port of 4 bytes', '60820010'],
    ['unknown critical option 25', '60820010'],
    ['Proxy-Scheme (39) critical', '60a50000'],
  ])('%s', (name, answer) => {
    expect(answerTo(row(name))).toEqual({ event: CoapEvent.None, answer });
  });

  test('Content-Format of 3 bytes: elective, so it is ignored', () => {
    const parsed = kit.coapParse(fromHex(row('Content-Format of 3 bytes')));
    expect(parsed).toMatchObject({ status: Status.Ok, critical: 0, format: -1 });
  });

  test('an unknown critical option in a NON request: nothing is answered', () => {
    expect(answerTo(`50${row('unknown critical option 25').slice(2)}`)).toEqual({ event: CoapEvent.None, answer: '' });
  });
});

describe('parts of messages', () => {
  test.each(vectors.option_header)('option delta $delta, length $length', ({ delta, length, hex }) => {
    const value = new Uint8Array(length);
    const written = kit.coapWrite({
      ...{ type: 0, code: 1, mid: 0, token: new Uint8Array(), payload: new Uint8Array() },
      options: [[delta, value]],
    });
    expect(toHex(written.slice(4, 4 + hex.length / 2))).toBe(hex);
    expect(written).toHaveLength(4 + hex.length / 2 + length);
    const parsed = kit.coapParse(written);
    expect(parsed.options.map(([number, v]) => [number, v.length])).toEqual([[delta, length]]);
  });

  test.each(vectors.uint)('the number $value', ({ value, hex }) => {
    expect(toHex(kit.coapUint(value))).toBe(hex);
  });

  test.each(vectors.block)('block $num, more $more, of $size', ({ num, more, szx, size, hex }) => {
    const value = (num << 4) | (more ? 8 : 0) | szx;
    expect(1 << (szx + 4)).toBe(size);
    expect(toHex(kit.coapUint(value))).toBe(hex);
    const { block1, block2 } = kit.coapParse(
      kit.coapWrite({
        ...{ type: 0, code: 3, mid: 0, token: new Uint8Array(), payload: new Uint8Array() },
        options: optionsOf([
          [23, hex],
          [27, hex],
        ]),
      }),
    );
    expect([block1, block2]).toEqual([value, value]);
  });

  test.each(vectors.observe_order)('observe $v2 after $v1', ({ v1, v2, v2_newer: newer }) => {
    expect(kit.coapIsNewer(v1, v2, 1_000)).toBe(newer);
    // RFC 7641 3.4: after 128 s anything is newer.
    expect(kit.coapIsNewer(v1, v2, 128_001)).toBe(true);
  });
});

describe('a URI', () => {
  test.each(vectors.uri.map((row) => [row.uri, row] as const))('%s', (_uri, row) => {
    const parsed = kit.coapUri(row.uri);
    expect(parsed.status).toBe(Status.Ok);
    expect(hexOptions(parsed.options)).toEqual(row.options);
    expect(String(parsed.port)).toBe(/:(\d+)$/.exec(row.destination)?.[1]);
  });

  test.each([
    ['coaps://jp.inventory.soracom.io:5684', { secure: true, host: 'jp.inventory.soracom.io', port: 5684 }],
    ['coaps://example.net', { secure: true, host: 'example.net', port: 5684 }],
    ['COAP://Example.NET:/?q', { secure: false, host: 'Example.NET', port: 5683 }],
    ['coap://[::1]:61616', { secure: false, host: '::1', port: 61616 }],
  ])('%s', (text, wanted) => {
    expect(kit.coapUri(text)).toMatchObject({ status: Status.Ok, ...wanted });
  });

  test.each([
    ['', Status.Unsupported],
    ['http://example.net', Status.Unsupported],
    ['coap:/x', Status.Malformed],
    ['coap://', Status.Malformed],
    ['coap://:5683', Status.Malformed],
    ['coap://a:99999', Status.Malformed],
    ['coap://a:0', Status.Malformed],
    ['coap://a:12x', Status.Malformed],
    ['coap://user@a', Status.Malformed],
    ['coap://[::1', Status.Malformed],
    ['coap://a/%4', Status.Malformed],
    ['coap://a/%zz', Status.Malformed],
    ['coap://a/#f', Status.Malformed],
    ['coap://a/b c', Status.Malformed],
    [`coap://a/${'x'.repeat(256)}`, Status.TooLong],
    [`coap://${'a'.repeat(256)}`, Status.Malformed],
  ])('%s is refused', (text, status) => {
    expect(kit.coapUri(text).status).toBe(status);
  });
});
