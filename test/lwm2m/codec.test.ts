// Payloads of any kind: what we write we read, cborg and JSON.parse read what we write and we what they write, and no bytes
// upset a reader.
import { decode, encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Status } from '../../host/board/abi.js';
import { fromHex, toHex } from '../../host/bytes.js';
import { Lwm2mFormat, loadKit, type Lwm2mTypeName, type Lwm2mValue } from '../../host/kit/index.js';
import { lwm2mVectors } from '../vectors/read.js';

const kit = await loadKit();

interface Typed {
  readonly type: Lwm2mTypeName;
  readonly value: Lwm2mValue;
}

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -70_000n, max: 70_000n }),
);
/** A sensor's numbers, and any. Those of 16 or 17 digits are compared with a tolerance where they go through decimal text. */
const float = fc.oneof(
  fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((n) => n / 1_000),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }),
);
const typed: fc.Arbitrary<Typed> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((value) => ({ type: 'string' as const, value })),
  int64.map((value) => ({ type: 'integer' as const, value })),
  int64.map((value) => ({ type: 'time' as const, value })),
  fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map((value) => ({ type: 'unsigned' as const, value })),
  float.map((value) => ({ type: 'float' as const, value: value === 0 ? 0 : value })),
  fc.boolean().map((value) => ({ type: 'boolean' as const, value })),
  fc.uint8Array({ maxLength: 300 }).map((value) => ({ type: 'opaque' as const, value })),
  fc.tuple(fc.nat(65_535), fc.nat(65_535)).map(([o, i]) => ({ type: 'objlnk' as const, value: `${o}:${i}` })),
);
const id = fc.oneof(fc.nat(30), fc.nat(65_534));

/** One resource: a value, or items. */
type Content = Typed | { readonly items: ReadonlyMap<number, Typed> };
const items = fc
  .tuple(fc.uniqueArray(id, { maxLength: 4 }), fc.array(typed, { minLength: 4, maxLength: 4 }))
  .map(([ids, some]) => ({ items: new Map(ids.map((at, i) => [at, some[i] as Typed])) }));
const resources = fc
  .tuple(
    fc.uniqueArray(id, { maxLength: 6 }),
    fc.array(fc.oneof({ weight: 3, arbitrary: typed as fc.Arbitrary<Content> }, items), { minLength: 6, maxLength: 6 }),
  )
  .map(([ids, some]) => ids.map((at, i) => [at, some[i] as Content] as const));
const instances = fc
  .tuple(fc.uniqueArray(id, { minLength: 1, maxLength: 3 }), fc.array(resources, { minLength: 3, maxLength: 3 }))
  .map(([ids, some]) => ids.map((at, i) => [at, some[i] ?? []] as const));

type Line = { path: string; mark?: 'instance' | 'multiple'; type?: Lwm2mTypeName; value?: Lwm2mValue };
/** What is written for an object. */
const linesOf = (object: string, tree: typeof instances extends fc.Arbitrary<infer T> ? T : never): Line[] =>
  tree.flatMap(([at, content]) => [
    { path: `${object}/${at}`, mark: 'instance' as const },
    ...resourceLines(`${object}/${at}`, content),
  ]);
const resourceLines = (instance: string, content: readonly (readonly [number, Content])[]): Line[] =>
  content.flatMap(([at, value]): Line[] =>
    'items' in value
      ? [
          { path: `${instance}/${at}`, mark: 'multiple' },
          ...[...value.items].map(([item, v]) => ({ path: `${instance}/${at}/${item}`, ...v })),
        ]
      : [{ path: `${instance}/${at}`, ...value }],
  );
const valuesOf = (lines: readonly Line[]): Line[] => lines.filter(({ value }) => value !== undefined);
const typeIn = (lines: readonly Line[]): ((path: string) => Lwm2mTypeName | undefined) => {
  const types = new Map(valuesOf(lines).map(({ path, type }) => [path, type]));
  return (path) => types.get(path);
};

/** Numbers through decimal text may differ in the last places. */
function expectSame(found: Lwm2mValue | undefined, wanted: Lwm2mValue | undefined, exact: boolean): void {
  if (exact || typeof wanted !== 'number') expect(found).toEqual(wanted);
  else expect(Math.abs((found as number) - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * 1e-14);
}

const STRUCTURED = [Lwm2mFormat.Tlv, Lwm2mFormat.SenmlJson, Lwm2mFormat.SenmlCbor];

describe('what we write we read', () => {
  test.each(STRUCTURED)('an object, in format %i', (format) => {
    fc.assert(
      fc.property(instances, (tree) => {
        const lines = linesOf('/3303', tree);
        const written = kit.lwm2mWrite(format, '/3303', lines);
        const { status, entries } = kit.lwm2mRead(format, written.bytes, '/3303', typeIn(lines));
        expect(status).toBe(Status.Ok);
        const back = entries.filter(({ mark }) => mark === 'value');
        const wanted = valuesOf(lines);
        expect(back.map(({ path }) => path)).toEqual(wanted.map(({ path }) => path));
        back.forEach(({ value }, i) => expectSame(value, wanted[i]?.value, format !== Lwm2mFormat.SenmlJson));
        // Containers, empty ones too, are TLV's alone.
        if (format === Lwm2mFormat.Tlv)
          expect(entries.map(({ path, mark }) => [path, mark])).toEqual(
            lines.map(({ path, mark = 'value' }) => [path, mark]),
          );
      }),
      { numRuns: 300 },
    );
  });

  test.each(STRUCTURED)('an instance and a resource, in format %i', (format) => {
    fc.assert(
      fc.property(resources, (content) => {
        const lines = resourceLines('/3303/1', content);
        for (const [base, some] of [
          ['/3303/1', lines] as const,
          ...content.map(
            ([at]) => [`/3303/1/${at}`, lines.filter(({ path }) => `${path}/`.startsWith(`/3303/1/${at}/`))] as const,
          ),
        ]) {
          const { bytes } = kit.lwm2mWrite(format, base, some);
          const { status, entries } = kit.lwm2mRead(format, bytes, base, typeIn(lines));
          expect(status).toBe(Status.Ok);
          expect(entries.filter(({ mark }) => mark === 'value').map(({ path }) => path)).toEqual(
            valuesOf(some).map(({ path }) => path),
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('one value as plain text', () => {
    fc.assert(
      fc.property(typed, ({ type, value }) => {
        const { bytes } = kit.lwm2mWrite(Lwm2mFormat.Text, '/1/2/3', [{ path: '/1/2/3', type, value }]);
        const { status, entries } = kit.lwm2mRead(Lwm2mFormat.Text, bytes, '/1/2/3', () => type);
        expect(status).toBe(Status.Ok);
        expectSame(entries[0]?.value, value, false);
      }),
      { numRuns: 500 },
    );
  });

  test('a number of up to 15 digits is the same after decimal text', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 15), max: 10 ** 15 }), fc.nat(15), (digits, places) => {
        const value = Number(`${digits}e-${places}`);
        const { bytes } = kit.lwm2mWrite(Lwm2mFormat.Text, '/1/2/3', [
          { path: '/1/2/3', type: 'float', value: value === 0 ? 0 : value },
        ]);
        const text = Buffer.from(bytes).toString();
        // Two readers agree: JavaScript's own, and ours.
        expect(Number(text)).toBe(value === 0 ? 0 : value);
        expect(kit.lwm2mRead(Lwm2mFormat.Text, bytes, '/1/2/3', () => 'float').entries[0]?.value).toBe(Number(text));
      }),
      { numRuns: 1_000 },
    );
  });

  test('into a buffer that is too small: the same length is counted, nothing stands beyond the end', () => {
    fc.assert(
      fc.property(instances, fc.constantFrom(...STRUCTURED), fc.nat(200), (tree, format, capacity) => {
        const lines = linesOf('/5', tree);
        const whole = kit.lwm2mWrite(format, '/5', lines);
        const cut = kit.lwm2mWrite(format, '/5', lines, capacity);
        expect(cut.length).toBe(whole.length);
        expect(cut.bytes.length).toBe(Math.min(capacity, whole.length));
      }),
      { numRuns: 300 },
    );
  });

  test('no number has no form as text', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const format of [Lwm2mFormat.Text, Lwm2mFormat.SenmlJson, Lwm2mFormat.SenmlCbor])
        expect(kit.lwm2mWrite(format, '/1/2/3', [{ path: '/1/2/3', type: 'float', value }]).length).toBe(-1);
    }
  });
});

const LABEL: Readonly<Record<Lwm2mTypeName, readonly [string, number | string]>> = {
  ...{ string: ['vs', 3], integer: ['v', 2], time: ['v', 2], unsigned: ['v', 2], float: ['v', 2] },
  ...{ boolean: ['vb', 4], opaque: ['vd', 8], objlnk: ['vlo', 'vlo'] },
};
/** Whole numbers as cborg gives them. */
const plain = (value: unknown): unknown =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;

describe('a second opinion', () => {
  test('cborg reads our SenML CBOR', () => {
    fc.assert(
      fc.property(instances, (tree) => {
        const lines = linesOf('/3303', tree);
        const { bytes } = kit.lwm2mWrite(Lwm2mFormat.SenmlCbor, '/3303', lines);
        const records = decode(bytes, { useMaps: true }) as Map<number | string, unknown>[];
        let base = '';
        const read = records.map((record) => {
          base = (record.get(-2) as string | undefined) ?? base;
          const [key] = [...record.keys()].filter((k) => k !== -2 && k !== 0);
          return [base + ((record.get(0) as string | undefined) ?? ''), key, plain(record.get(key as number))];
        });
        expect(read).toEqual(
          valuesOf(lines).map(({ path, type, value }) => [path, LABEL[type as Lwm2mTypeName][1], plain(value)]),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('JSON.parse reads our SenML JSON', () => {
    fc.assert(
      fc.property(instances, (tree) => {
        const lines = linesOf('/3303', tree);
        const { bytes } = kit.lwm2mWrite(Lwm2mFormat.SenmlJson, '/3303', lines);
        const records = JSON.parse(Buffer.from(bytes).toString()) as Record<string, string | number | boolean>[];
        let base = '';
        records.forEach((record, i) => {
          base = (record['bn'] as string | undefined) ?? base;
          const { path, type = 'string', value } = valuesOf(lines)[i] as Line;
          expect(base + String(record['n'] ?? '')).toBe(path);
          const found = record[LABEL[type][0]];
          if (value instanceof Uint8Array) expect(found).toBe(Buffer.from(value).toString('base64url'));
          else if (typeof value === 'bigint' || typeof value === 'number') expectSame(found, Number(value), false);
          else expect(found).toBe(value);
        });
        expect(records).toHaveLength(valuesOf(lines).length);
      }),
      { numRuns: 300 },
    );
  });

  /** Keys in any order, labels that we do not know in between. */
  const shuffled = fc.tuple(fc.boolean(), fc.boolean());

  test('we read the SenML CBOR of cborg', () => {
    fc.assert(
      fc.property(instances, shuffled, (tree, [turned, extra]) => {
        const lines = valuesOf(linesOf('/3303', tree));
        const records = lines.map(({ path, type = 'string', value }, i) => {
          const link = type === 'objlnk' ? 'vlo' : LABEL[type][1];
          const pairs: [number | string, unknown][] = [
            [0, path.slice(5)],
            [link, plain(value)],
            ...(i === 0 ? [[-2, '/3303'] as [number, unknown]] : []),
            ...(extra ? [[6, 12.5] as [number, unknown], ['x', { deep: [1, null, 'y'] }] as [string, unknown]] : []),
          ];
          return new Map(turned ? pairs.reverse() : pairs);
        });
        const { status, entries } = kit.lwm2mRead(Lwm2mFormat.SenmlCbor, encode(records), '/3303', typeIn(lines));
        expect(status).toBe(Status.Ok);
        expect(entries.map(({ path, value }) => ({ path, value }))).toEqual(
          lines.map(({ path, value }) => ({ path, value })),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('we read the SenML JSON of JSON.stringify', () => {
    fc.assert(
      fc.property(instances, shuffled, fc.nat(3), (tree, [turned, extra], indent) => {
        const lines = valuesOf(linesOf('/3303', tree)).filter(
          ({ value }) => typeof value !== 'bigint' || Number.isSafeInteger(Number(value)),
        );
        const records = lines.map(({ path, type = 'string', value }, i) => {
          const form =
            value instanceof Uint8Array
              ? Buffer.from(value).toString('base64url')
              : typeof value === 'bigint'
                ? Number(value)
                : value;
          const pairs: [string, unknown][] = [
            ...(i === 0 ? [['bn', '/3303'] as [string, unknown]] : []),
            ['n', path.slice(5)],
            [LABEL[type][0], form],
            ...(extra
              ? [['t', 1e9] as [string, unknown], ['x', { 'a"': [1, null, 'y', {}] }] as [string, unknown]]
              : []),
          ];
          return Object.fromEntries(turned ? pairs.reverse() : pairs);
        });
        const bytes = new Uint8Array(Buffer.from(JSON.stringify(records, null, indent)));
        const { status, entries } = kit.lwm2mRead(Lwm2mFormat.SenmlJson, bytes, '/3303', typeIn(lines));
        expect(status).toBe(Status.Ok);
        expect(entries.map(({ path }) => path)).toEqual(lines.map(({ path }) => path));
        entries.forEach(({ value }, i) => expectSame(value, lines[i]?.value, false));
      }),
      { numRuns: 300 },
    );
  });
});

const json = (text: string, base = '/3/0', type: Lwm2mTypeName = 'string'): ReturnType<typeof kit.lwm2mRead> =>
  kit.lwm2mRead(Lwm2mFormat.SenmlJson, new Uint8Array(Buffer.from(text)), base, () => type);
const cbor = (hex: string, base = '/3/0', type: Lwm2mTypeName = 'integer'): ReturnType<typeof kit.lwm2mRead> =>
  kit.lwm2mRead(Lwm2mFormat.SenmlCbor, fromHex(hex), base, () => type);

describe('SenML, RFC 8428', () => {
  test.each([
    ['escapes', '[{"n":"/3/0/1","vs":"\\ud83d\\uddfc\\n\\/é\\u00e9\\u3042\\u0041"}]', '🗼\n/ééあA'],
    ['an empty string', '[{"n":"/3/0/1","vs":""}]', ''],
    ['a version written as 10.0', '[{"bver":10.0,"n":"/3/0/1","vs":"x"}]', 'x'],
    ['a version written as 1e1', '[{"bver":1e1,"n":"/3/0/1","vs":"x"}]', 'x'],
    ['base name until the next', '[{"bn":"/3/0/","n":"0","vs":"a"},{"bn":"/3/0/1","vs":"b"}]', 'b'],
  ])('JSON: %s', (_what, text, last) => {
    const { status, entries } = json(text);
    expect([status, entries.at(-1)?.value]).toEqual([Status.Ok, last]);
  });

  test('a base value is added', () => {
    expect(
      json('[{"bv":100,"n":"/3/0/1","v":5},{"n":"/3/0/2","v":-1}]', '/3/0', 'integer').entries.map((e) => e.value),
    ).toEqual([105n, 99n]);
    expect(json('[{"bv":0.5,"n":"/3/0/1","v":5}]', '/3/0', 'float').entries[0]?.value).toBe(5.5);
  });

  test.each([
    ['a number of 5.0 for an integer', '81a200662f332f302f3102f94500', 5n],
    ['a number of eight bytes', '81a200662f332f302f31021b0000000000000007', 7n],
    ['a negative one', '81a200662f332f302f310238ff', -256n],
  ])('CBOR: %s', (_what, hex, value) => {
    const { status, entries } = cbor(hex);
    expect([status, entries[0]?.value]).toEqual([Status.Ok, value]);
  });

  test('CBOR: strings in pieces are put together', () => {
    // ["/3/0/" + "1": vs "ab" + "c"], all of indefinite length.
    const { status, entries } = cbor('9fbf007f652f332f302f6131ff037f6261626163ffffff', '/3/0', 'string');
    expect([status, entries]).toEqual([Status.Ok, [{ path: '/3/0/1', mark: 'value', value: 'abc' }]]);
  });

  test.each([
    ['no array', '{"n":"/3/0/1","v":1}'],
    ['no end', '[{"n":"/3/0/1","v":1}'],
    ['something behind it', '[{"n":"/3/0/1","v":1}] x'],
    ['a comma too many', '[{"n":"/3/0/1","v":1},]'],
    ['a number with a leading zero', '[{"n":"/3/0/1","v":01}]'],
    ['no digits after the point', '[{"n":"/3/0/1","v":1.}]'],
    ['a number beyond all doubles', '[{"n":"/3/0/1","v":1e999}]'],
    ['two values', '[{"n":"/3/0/1","v":1,"vs":"x"}]'],
    ['a lone surrogate', '[{"n":"/3/0/1","vs":"\\ud83d"}]'],
    ['a raw control character', '[{"n":"/3/0/1","vs":"\u0001"}]'],
    ['an unknown escape', '[{"n":"/3/0/1","vs":"\\x"}]'],
    ['a string without end', '[{"n":"/3/0/1","vs":"x'],
    ['a label that must be understood', '[{"n":"/3/0/1","v":1,"cut_":2}]'],
    ['a version between', '[{"bver":9.5,"n":"/3/0/1","v":1}]'],
    ['a version to come', '[{"bver":11,"n":"/3/0/1","v":1}]'],
    ['null for a value', '[{"n":"/3/0/1","v":null}]'],
    ['a name outside the request', '[{"n":"/3/1/1","v":1}]'],
    ['a name without slash', '[{"n":"3/0/1","v":1}]'],
    ['a name with letters', '[{"n":"/3/0/x","v":1}]'],
    ['a name of five levels', '[{"n":"/3/0/1/2/3","v":1}]'],
    ['an ID beyond 65535', '[{"n":"/3/0/65536","v":1}]'],
    ['an ID with a leading zero', '[{"n":"/3/0/01","v":1}]'],
    ['an empty level', '[{"n":"/3//1","v":1}]'],
    ['no name at all', '[{"v":1}]'],
    ['bad base64', '[{"n":"/3/0/1","vd":"a"}]'],
    ['nesting without end', `[{"x":${'['.repeat(100)}`],
  ])('JSON with %s is refused', (_what, text) => {
    expect(json(text, '/3/0', 'integer').status).toBe(Status.Malformed);
  });

  test.each([
    ['nothing', ''],
    ['no array', 'a200662f332f302f310201'],
    ['no end', '9fa200662f332f302f310201'],
    ['fewer records than announced', '82a200662f332f302f310201'],
    ['more records than there are bytes', '9bffffffffffffffff'],
    ['something behind it', '81a200662f332f302f31020100'],
    ['two values', '81a300662f332f302f3102010363616263'],
    ['a string longer than the payload', '81a2007b7fffffffffffffff'],
    ['a text for a number', '81a200662f332f302f31026131'],
    ['a number beyond 63 bits', '81a200662f332f302f31021bffffffffffffffff'],
    ['infinity', '81a200662f332f302f3102f97c00'],
    ['a label of another kind', '81a1f401'],
    ['tags without end', `81a200662f332f302f3102${'c4'.repeat(200)}`],
    ['nesting without end', `81a11818${'81'.repeat(200)}`],
    ['a label that must be understood', '81a300662f332f302f3102016478795a5f01'],
  ])('CBOR with %s is refused', (_what, hex) => {
    expect(cbor(hex).status).toBe(Status.Malformed);
  });
});

describe('plain text', () => {
  test.each<[Lwm2mTypeName, string, Lwm2mValue | undefined]>([
    ['integer', '-9223372036854775808', -(2n ** 63n)],
    ['integer', '9223372036854775808', undefined],
    ['integer', '1.5', undefined],
    ['integer', '', undefined],
    ['integer', ' 1', undefined],
    ['unsigned', '18446744073709551615', 2n ** 64n - 1n],
    ['unsigned', '18446744073709551616', undefined],
    ['unsigned', '-1', undefined],
    ['boolean', '1', true],
    ['boolean', 'true', undefined],
    ['float', '-43.5723', -43.5723],
    ['float', '1e400', undefined],
    ['objlnk', '66:0', '66:0'],
    ['objlnk', '65536:0', undefined],
    ['objlnk', '66:', undefined],
    ['objlnk', '1:2:3', undefined],
    ['opaque', 'q80=', fromHex('abcd')],
    ['opaque', 'q8*', undefined],
    ['string', '\xff', undefined],
  ])('%s %s', (type, text, value) => {
    const { status, entries } = kit.lwm2mRead(
      Lwm2mFormat.Text,
      new Uint8Array(Buffer.from(text, 'latin1')),
      '/1/2/3',
      () => type,
    );
    expect(status).toBe(value === undefined ? Status.Malformed : Status.Ok);
    expect(entries[0]?.value).toEqual(value);
  });

  test('is for one value: of an instance it is Unsupported', () => {
    expect(kit.lwm2mRead(Lwm2mFormat.Text, new Uint8Array(), '/1/2').status).toBe(Status.Unsupported);
    expect(kit.lwm2mRead(50, new Uint8Array(), '/1/2').status).toBe(Status.Unsupported);
  });
});

describe('links, RFC 6690', () => {
  const links = (text: string): ReturnType<typeof kit.lwm2mLinks> => kit.lwm2mLinks(new Uint8Array(Buffer.from(text)));

  test('of a registration and of Discover', () => {
    expect(links('</>;rt="oma.lwm2m";ct=110,</1>;ver=1.1,</1/1>,</3/0/9>;pmin=10;gt=4.5;x;y="a,b;c\\"<d>"')).toEqual({
      status: Status.Ok,
      links: [
        {
          target: '/',
          parameters: [
            ['rt', 'oma.lwm2m'],
            ['ct', '110'],
          ],
        },
        { target: '/1', parameters: [['ver', '1.1']] },
        { target: '/1/1', parameters: [] },
        {
          target: '/3/0/9',
          parameters: [
            ['pmin', '10'],
            ['gt', '4.5'],
            ['x', ''],
            ['y', 'a,b;c\\"<d>'],
          ],
        },
      ],
    });
    expect(links('')).toEqual({ status: Status.Ok, links: [] });
  });

  test.each([
    'x',
    '<',
    '</3',
    '</3>x',
    '</3>;',
    '</3>;=1',
    '</3>;a=',
    '</3>;a="',
    '</3>;a="\\',
    '</3>,',
    '</3>,x',
    '</3>;a=<',
  ])('%s is refused', (text) => {
    expect(links(text).status).toBe(Status.Malformed);
  });
});

describe('bytes from anywhere', () => {
  const samples = lwm2mVectors();
  const seeds = [
    ...samples.vectors.map(({ hex }) => fromHex(hex)),
    ...samples.senml.flatMap(({ json: text, cbor: hex }) => [
      ...(text === undefined ? [] : [new Uint8Array(Buffer.from(text))]),
      ...(hex === undefined ? [] : [fromHex(hex)]),
    ]),
  ];
  const nearly = fc
    .tuple(
      fc.oneof(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...seeds)),
      fc.oneof(fc.constant([]), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 })),
      fc.nat(30),
    )
    .map(([bytes, changes, cut]) => {
      const out = bytes.slice(0, cut < 5 ? bytes.length - cut : bytes.length);
      for (const [at, value] of changes) if (out.length > 0) out[at % out.length] = value;
      return out;
    });
  const TYPES: readonly Lwm2mTypeName[] = [
    'string',
    'integer',
    'unsigned',
    'float',
    'boolean',
    'opaque',
    'time',
    'objlnk',
  ];

  test('are read to the end or refused, and nothing outside the request comes of it', () => {
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(
        nearly,
        fc.constantFrom(...Object.values(Lwm2mFormat)),
        fc.constantFrom('/', '/', '/', '/3', '/3/0', '/3/0/6', '/3/0/6/1', '/0/1', '/1/1'),
        fc.option(fc.constantFrom(...TYPES), { freq: 1 }),
        (bytes, format, base, type) => {
          const { status, entries } = kit.lwm2mRead(format, bytes, base, () => type ?? undefined);
          expect([Status.Ok, Status.Malformed, Status.Unsupported]).toContain(status);
          expect(entries.length).toBeLessThanOrEqual(bytes.length + 1);
          for (const { path, mark } of entries)
            if (mark === 'value' && base !== '/')
              expect(`${path}/`.startsWith(`${base}/`), `${path} in ${base}`).toBe(true);
          const key = `${format} ${status}`;
          outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
        },
      ),
      { numRuns: 6_000 },
    );
    for (const format of STRUCTURED) expect(outcomes.get(`${format} ${Status.Ok}`)).toBeGreaterThan(0);
  });

  test('as links are read to the end or refused', () => {
    const linkish = fc.string({
      unit: fc.constantFrom('<', '>', ';', ',', '=', '"', '\\', '/', '3', 'a'),
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.oneof(linkish, fc.string()), (text) => {
        expect([Status.Ok, Status.Malformed]).toContain(kit.lwm2mLinks(new Uint8Array(Buffer.from(text))).status);
      }),
      { numRuns: 2_000 },
    );
  });

  test('that are TLV are written back the same where they are in the shortest form', () => {
    fc.assert(
      fc.property(instances, (tree) => {
        const { bytes } = kit.lwm2mWrite(Lwm2mFormat.Tlv, '/9', linesOf('/9', tree));
        const { entries } = kit.lwm2mRead(Lwm2mFormat.Tlv, bytes, '/9');
        const again = kit.lwm2mWrite(
          Lwm2mFormat.Tlv,
          '/9',
          entries.map(({ path, mark, raw }) =>
            mark === 'value' ? { path, type: 'opaque', value: raw as Uint8Array } : { path, mark },
          ),
        );
        expect(toHex(again.bytes)).toBe(toHex(bytes));
      }),
      { numRuns: 200 },
    );
  });
});
