import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinaryParser, FormatError } from '../../host/platform/binary-parser/index.js';
import { Directory, PlatformConfigError } from '../../host/platform/index.js';
import { NAMESPACES } from '../../host/platform/services.js';
import { interpret } from '../../host/platform/message/payload.js';
import published from '../vectors/binary-parser.json' with { type: 'json' };
import { message } from './messages.js';
import { withPrograms } from '../peers.js';

const parse = (format: string, hex: string): unknown =>
  JSON.parse(new BinaryParser(format).parse(Buffer.from(hex.replaceAll(' ', ''), 'hex')));
const values = (format: string, hex: string): unknown => {
  const { binaryParserEnabled, ...rest } = parse(format, hex) as Record<string, unknown>;
  expect(binaryParserEnabled).toBe(true);
  return rest;
};

describe('the Binary Parser', () => {
  it.each(published.vectors)('reads as published: $format', ({ format, payload, json }) => {
    expect(new BinaryParser(format).parse(Buffer.from(payload.replaceAll(' ', ''), 'hex'))).toBe(json);
  });

  it.each([
    ['a::uint:64', 'ffffffffffffffff', '18446744073709551615'],
    ['a::int:64', '8000000000000000', '-9223372036854775808'],
    ['a::uint:64:little-endian', '0100000000000080', '9223372036854775809'],
  ])('%s keeps all 64 bits', (format, hex, digits) => {
    expect(new BinaryParser(format).parse(Buffer.from(hex, 'hex'))).toBe(`{"a":${digits},"binaryParserEnabled":true}`);
  });

  it.each([
    ['a::uint:8:/10', 'd7', { a: 21.5 }],
    ['a::int:8:*2:-40', '0a', { a: -20 }],
    ['a::uint:8:+0.5', '01', { a: 1.5 }],
    ['a::uint:16:little-endian:/10', 'd700', { a: 21.5 }],
    ['a::uint:12::3:*2', '0123', { a: 0x246 }],
    ['a::float:64:little-endian:*2', '000000000000f83f', { a: 3 }],
    ['a::float:32 b::float:64', '7fc00000 7ff0000000000000', { a: null, b: null }],
    ['a::char:5 b::bool:0', '68656c6c6f 01', { a: 'hello', b: true }],
    ['a::char:3', '22ff00', { a: '"\ufffd\0' }],
    ['a:2:uint:8 b::uint:8 c:0:uint:8', '01020304', { a: 3, b: 4, c: 1 }],
    ['  a::uint:8\n b::uint:8 ', '0102', { a: 1, b: 2 }],
    ['__proto__::uint:8 #-$::uint:8', '0102', JSON.parse('{"__proto__":1,"#-$":2}')],
  ])('%s of %s', (format, hex, object) => {
    expect(values(format, hex)).toEqual(object);
  });

  it('leaves out what the payload is too short for', () => {
    const format = 'a::uint:8 b::uint:16 c:0:bool:7 d::char:3';
    expect(values(format, '')).toEqual({});
    expect(values(format, '80')).toEqual({ a: 128, c: true });
    expect(values(format, '8001')).toEqual({ a: 128, c: true });
    expect(values(format, '800102')).toEqual({ a: 128, b: 258, c: true });
    expect(values(format, '80010203')).toEqual({ a: 128, b: 258, c: true, d: '\u0001\u0002\u0003' });
  });

  it.each(['4d010351ff', '4d0103', '4e010352', '4d040354', '4d000350', '4d010452', '4d010350', ''])(
    '@button takes %s for no button',
    (hex) => expect(values('@button', hex)).toEqual({}),
  );
});

describe('formats of devices, from what their makers and the platform published', () => {
  it('@sensit: the payload of the announcement', () => {
    expect(values('@sensit', '816c1e71')).toEqual({
      ...{ mode: 1, modeText: 'Temperature + Humidity', timeframe: 0, type: 0, battery: 4.1 },
      ...{ tempCLowPrecision: 23, tempFLowPrecision: 73.4, tempC: 26.75, tempF: 80.15 },
      ...{ reedSwitchState: 0, humidity: 56.5 },
    });
    expect(values('@sensit', '806c1e71')).toEqual({ mode: 0, timeframe: 0, type: 0, battery: 4.1 });
    expect(values('@sensit', '816c1e')).toEqual({});
  });

  it('@unashield: the message of the library’s own page', () => {
    expect(values('@unashield', '920e5a00b051680194597b00')).toEqual({ ctr: 9, tmp: 36, vlt: 12.3 });
    expect(values('@unashield', '920e5a')).toEqual({});
  });

  it('no bytes make more than an object', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('@sensit', '@unashield', '@button'),
        fc.uint8Array({ maxLength: 16 }),
        (name, bytes) => {
          expect(typeof values(name, Buffer.from(bytes).toString('hex'))).toBe('object');
        },
      ),
    );
  });
});

describe('a format that cannot be', () => {
  it.each([
    ['', 'is empty: must be name:index:type:parameters'],
    ['a', 'item 1, character 2: a type is missing'],
    ['a:0', 'item 1, character 4: a type is missing'],
    ['a::uint', 'item 1, character 8: the length is missing'],
    ['a::uint:8 b::integer:8', 'item 2, character 14: "integer" is not a type: must be bool, int, uint, float or char'],
    ['a:0:bool:8', 'item 1, character 10: the bit "8" is not 0 to 7'],
    ['a:0:bool:7:/10', 'item 1, character 12: "/10" is not expected for bool'],
    ['a:0:int:0', 'item 1, character 9: the length "0" is not 1 to 64'],
    ['a:0:int:65', 'item 1, character 9: the length "65" is not 1 to 64'],
    ['a:0:float:33', 'item 1, character 11: a float has 32 or 64 bits'],
    ['a:0:uint:8:/0', 'item 1, character 12: nothing can be divided by 0'],
    ['a:0:uint:8:^2', 'item 1, character 12: "^2" is not an operation such as /10, *2, +5 or -40'],
    [
      'a:0:uint:8:middle-endian',
      'item 1, character 12: "middle-endian" is not an operation such as /10, *2, +5 or -40',
    ],
    ['a:0:uint:8::9', 'item 1, character 13: the offset "9" is not 0 to 7'],
    ['a:0:uint:12:little-endian', 'item 1, character 13: little-endian is for whole bytes: 12 bits from bit 7 are not'],
    ['a:x:uint:8', 'item 1, character 3: the index "x" is not a number of a byte, nor a type'],
    ['a:-1:uint:8', 'item 1, character 3: the index "-1" is not a number of a byte, nor a type'],
    ['a:65536:uint:8', 'item 1, character 14: no payload is longer than 65536 bytes'],
    ['a::char:0', 'item 1, character 9: the count "0" is not 1 to 65536'],
    ['a::uint:8 a::uint:8', 'item 2, character 11: "a" is there twice'],
    ['ä::uint:8', 'item 1, character 1: the name "ä" may have letters, digits, # - _ $ only'],
    ['binaryParserEnabled::bool:1', 'item 1, character 1: "binaryParserEnabled" is the parser\'s own'],
    ['@sensit.v3', '"@sensit.v3" is not emulated: @button, @sensit, @unashield are, and so are custom formats'],
    ['@nothing', '"@nothing" is not a predefined format: @button, @sensit, @unashield are, and so are custom formats'],
  ])('%j: %s', (format, text) => {
    expect(() => new BinaryParser(format)).toThrow(expect.objectContaining({ message: text }));
    expect(() => new BinaryParser(format)).toThrow(FormatError);
  });

  const air = (SoracomAir: object) => () =>
    new Directory({ namespaces: NAMESPACES }).seed({ groups: { g: { configuration: { SoracomAir } } } });

  it('is refused when it is configured, with the field and the place in it', () => {
    expect(air({ binaryParserEnabled: true, binaryParserFormat: 'a::uint:8 b::bool:9' })).toThrow(
      new PlatformConfigError('platform configuration', [
        'groups.g.configuration.SoracomAir.binaryParserFormat: item 2, character 19: the bit "9" is not 0 to 7',
      ]),
    );
    expect(air({ binaryParserEnabled: true })).toThrow(
      /binaryParserFormat: must be given when binaryParserEnabled is true/,
    );
    expect(air({ binaryParserEnabled: false, binaryParserFormat: '' })).not.toThrow();
  });

  it('any text is a format or a FormatError, and a format reads any payload as JSON', () => {
    const field = (...texts: string[]) => fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...texts) }, fc.string());
    const item = fc
      .tuple(
        field('a', 'b', 'c', 'd'),
        field('', '0', '1', '9'),
        field('int', 'uint', 'bool', 'float', 'char'),
        field('1', '7', '32', '64'),
        fc.array(field('little-endian', '', '3', '/10', '*0.5'), { maxLength: 2 }),
      )
      .map(([name, index, type, size, more]) => [name, index, type, size, ...more].join(':'));
    const format = fc.oneof(
      fc.string(),
      fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(' ')),
    );
    let formats = 0;
    fc.assert(
      fc.property(format, fc.uint8Array({ maxLength: 100 }), (text, payload) => {
        let parser;
        try {
          parser = new BinaryParser(text);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          return;
        }
        formats++;
        expect(JSON.parse(parser.parse(Buffer.from(payload)))).toMatchObject({ binaryParserEnabled: true });
      }),
      { numRuns: 3000 },
    );
    expect(formats).toBeGreaterThan(100);
  });
});

/** One item with its value, and the bits that say it: written here, with text and DataView. */
interface Packed {
  readonly item: string;
  readonly bits: string;
  readonly value: unknown;
}

const twos = (value: bigint, bits: number): string =>
  (value < 0n ? value + (1n << BigInt(bits)) : value).toString(2).padStart(bits, '0');
const reversed = (bits: string): string => (bits.match(/.{8}/g) ?? []).reverse().join('');

const integer = fc
  .record({
    signed: fc.boolean(),
    bits: fc.integer({ min: 1, max: 64 }),
    order: fc.constantFrom('', ':big-endian', 'LE'),
  })
  .chain(({ signed, bits, order }) => {
    const top = 1n << BigInt(bits - (signed ? 1 : 0));
    return fc.bigInt({ min: signed ? -top : 0n, max: top - 1n }).map((value): Packed => {
      const little = order === 'LE' && bits % 8 === 0;
      const text = twos(value, bits);
      const endianness = little ? ':little-endian' : order === 'LE' ? '' : order;
      return { item: `${signed ? 'int' : 'uint'}:${bits}${endianness}`, bits: little ? reversed(text) : text, value };
    });
  });

const float = fc
  .record({ value: fc.double({ noNaN: true, noDefaultInfinity: true }), little: fc.boolean() })
  .map(({ value, little }): Packed => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, little);
    const bits = Array.from({ length: 8 }, (_, i) => view.getUint8(i).toString(2).padStart(8, '0')).join('');
    return { item: `float:64${little ? ':little-endian' : ''}`, bits, value: Object.is(value, -0) ? 0 : value };
  });

const characters = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' }).map((text): Packed => {
  const bits = [...text].map((letter) => letter.charCodeAt(0).toString(2).padStart(8, '0')).join('');
  return { item: `char:${text.length}`, bits, value: text };
});

const flag = fc.record({ bit: fc.integer({ min: 0, max: 7 }), value: fc.boolean() }).map(({ bit, value }): Packed => ({
  item: `bool:${bit}`,
  bits: Array.from({ length: 8 }, (_, i) => (7 - i === bit) === value)
    .map(Number)
    .join(''),
  value,
}));

const packed = fc.array(fc.oneof(integer, float, characters, flag), { minLength: 1, maxLength: 30 });
/** Each item begins at a byte. */
const pad = (bits: string): string => bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
const bytesOf = (bits: string): Buffer => Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => parseInt(octet, 2)));

/** JSON text with its integers exact. */
const shown = (value: unknown): string => (typeof value === 'bigint' ? String(value) : JSON.stringify(value));

describe('what another packer wrote', () => {
  it('is read back, by index and without', () => {
    fc.assert(
      fc.property(packed, fc.boolean(), (items, indexed) => {
        let bits = '';
        const format = items.map(({ item, bits: more }, i) => {
          const index = indexed ? String(bits.length / 8) : '';
          bits += pad(more);
          return `v${i}:${index}:${item}`;
        });
        const members = items.map(({ value }, i) => `"v${i}":${shown(value)}`);
        const json = new BinaryParser(format.join(' ')).parse(bytesOf(bits));
        expect(json).toBe(`{${[...members, '"binaryParserEnabled":true'].join(',')}}`);
      }),
    );
  });

  it('is read back from any bit on', () => {
    fc.assert(
      fc.property(
        integer,
        fc.integer({ min: 0, max: 7 }),
        fc.nat({ max: 5 }),
        ({ item, bits, value }, offset, byte) => {
          fc.pre(!item.includes('little'));
          const [, type, length] = /^(\w+):(\d+)/.exec(item) ?? [];
          const lead = '10'.repeat(4 * byte) + '1'.repeat(7 - offset);
          const json = new BinaryParser(`v:${byte}:${type}:${length}::${offset}`).parse(bytesOf(pad(lead + bits)));
          expect(json).toBe(`{"v":${shown(value)},"binaryParserEnabled":true}`);
        },
      ),
    );
  });

  withPrograms('python3').it('Python’s struct reads the same', () => {
    const payload = Buffer.from('8001fffe7fc0010203040506070809400921fb54442d18c2480000a5', 'hex');
    const program =
      'import json,struct,sys; d=bytes.fromhex(sys.argv[1]); ' +
      "print(json.dumps(list(struct.unpack('>hHbBiQdfB', d[:31]))+list(struct.unpack('<hIq', d[:14]))))";
    const bytes = Buffer.concat([payload, Buffer.alloc(32)]).subarray(0, 31);
    const { stdout, status } = spawnSync('python3', ['-c', program, bytes.toString('hex')], { encoding: 'utf8' });
    expect(status).toBe(0);
    const format =
      'a::int:16 b::uint:16 c::int:8 d::uint:8 e::int:32 f::uint:64 g::float:64 h::float:32 i::uint:8 ' +
      'j:0:int:16:little-endian k::uint:32:little-endian l::int:64:little-endian';
    const own = JSON.parse(new BinaryParser(format).parse(bytes)) as Record<string, unknown>;
    const python = JSON.parse(stdout) as unknown[];
    expect(Object.values(own).slice(0, -1)).toEqual(python);
    expect(python).toHaveLength(12);
  });
});

describe('a payload of a group with the Binary Parser', () => {
  const sent = message('');
  const caller = (on: boolean) => ({
    ...sent.caller,
    group: {
      id: 'g',
      configuration: { SoracomAir: { binaryParserEnabled: on, binaryParserFormat: new BinaryParser('t::int:8:/10') } },
    },
  });
  const body = Buffer.from('d7', 'hex');
  const json = '{"t":-4.1,"binaryParserEnabled":true}';

  it.each([undefined, 'json', 'text', 'binary'] as const)(
    'over TCP and UDP is the parser’s JSON, with the content type %s of the service',
    (setting) => {
      for (const protocol of ['tcp', 'udp'] as const) {
        const payload = interpret(message(body, { protocol, caller: caller(true) }), setting);
        expect(payload).toMatchObject({ kind: 'json', json, contentType: 'application/json', parsed: true });
        expect(payload.bytes.toString()).toBe(json);
      }
    },
  );

  it('over HTTP is the parser’s JSON when it is binary', () => {
    const http = (type: string) =>
      message(body, { protocol: 'http', caller: caller(true), headers: [['Content-Type', type]] });
    expect(interpret(http('application/octet-stream'), undefined)).toMatchObject({ json, parsed: true });
    expect(interpret(http('text/plain'), undefined)).toMatchObject({ kind: 'text', parsed: false });
    expect(() => interpret(http('application/json'), undefined)).toThrow(/not valid JSON/);
  });

  it('stays as it is when the parser is off', () => {
    expect(interpret(message(body, { caller: caller(false) }), undefined)).toMatchObject({
      kind: 'binary',
      parsed: false,
    });
  });
});
