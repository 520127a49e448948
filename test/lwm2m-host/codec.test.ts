// Payloads of LwM2M on the host: every published vector, what is refused, and what was written reads back.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import {
  ContentError,
  ContentFormat,
  emitSenml,
  emitTlv,
  fromText,
  fromTlv,
  type Leaf,
  Models,
  type ObjectModel,
  parsePath,
  parseTlv,
  pathText,
  readContent,
  readLinks,
  readSenml,
  RESOURCE_TYPES,
  type ResourceType,
  toText,
  toTlv,
  type TlvEntry,
  type Value,
  writeContent,
} from '../../host/lwm2m/index.js';
import { loadKit } from '../../host/kit/index.js';
import { lwm2mVectors, type TlvEntryVector } from '../vectors/read.js';

const vectors = lwm2mVectors();
const kinds: Record<string, string> = {
  object_instance: 'object instance',
  resource_instance: 'resource instance',
  multiple_resource: 'multiple resource',
  resource: 'resource',
};
const treeOf = (entries: readonly TlvEntry[]): unknown =>
  entries.map((entry) => ({
    ...{ kind: entry.kind, id: entry.id },
    ...('value' in entry ? { value: toHex(entry.value) } : { children: treeOf(entry.entries) }),
  }));
const vectorTree = (entries: readonly TlvEntryVector[]): unknown =>
  entries.map(({ kind, id, value, children }) => ({
    ...{ kind: kinds[kind], id },
    ...(children ? { children: vectorTree(children) } : { value }),
  }));

/** The models that a vector's own values imply. */
function modelsFor(values: Readonly<Record<string, readonly [string, unknown]>>): Models {
  const objects = new Map<number, Map<number, ResourceType>>();
  for (const [path, [type]] of Object.entries(values)) {
    const [object = 0, , resource = 0] = parsePath(path) ?? [];
    objects.set(object, (objects.get(object) ?? new Map<number, ResourceType>()).set(resource, type as ResourceType));
  }
  return new Models(
    [...objects].map(([id, resources]): ObjectModel => ({
      ...{ id, name: 'test', multiple: true, mandatory: false },
      resources: [...resources].map(([resource, type]) => ({
        ...{ id: resource, name: 'test', type, operations: 'RW', multiple: true, mandatory: false },
      })),
    })),
  );
}

const plain = (value: Value): unknown =>
  value instanceof Uint8Array ? toHex(value) : typeof value === 'bigint' ? String(value) : value;
const shown = (leaves: readonly Leaf[]): unknown =>
  Object.fromEntries(leaves.map(({ path, type, value }) => [pathText(path), [type, plain(value)]]));

describe('TLV', () => {
  it.each(vectors.vectors)('$name', ({ hex, tree, canonical, path, values }) => {
    const entries = parseTlv(fromHex(hex));
    expect(treeOf(entries)).toEqual(vectorTree(tree));
    if (canonical) expect(toHex(emitTlv(entries))).toBe(hex);
    if (path === null || !values) return;
    const leaves = readContent(fromHex(hex), ContentFormat.Tlv, parsePath(path) ?? [], modelsFor(values), 0);
    expect(shown(leaves)).toEqual(values);
  });

  it.each(vectors.values)('$type $value', ({ type, value, hex, width }) => {
    const read = fromTlv(type as ResourceType, fromHex(hex));
    expect(plain(read)).toEqual(value);
    // What fits into half the bytes goes into half the bytes.
    if (width === undefined || (width === 4) === (Math.fround(Number(value)) === Number(value))) {
      expect(toHex(toTlv(type as ResourceType, read))).toBe(hex);
    }
  });

  it.each(vectors.invalid)('$name is refused', ({ name, hex, stage, reason }) => {
    const bytes = fromHex(hex);
    if (stage === 'parse') {
      expect(() => parseTlv(bytes)).toThrow(ContentError);
      return;
    }
    const types: [RegExp, ResourceType][] = [[/boolean/, 'boolean'], [/integer/, 'integer'], [/link/, 'objlnk']]; // prettier-ignore
    const type = types.find(([word]) => word.test(name))?.[1] ?? 'integer';
    const path = /client|differs/.test(`${name} ${reason}`) ? [3, 0, 1] : /object instances/.test(name) ? [3] : [3, 0];
    const values = Object.fromEntries([0, 1, 2].map((id) => [`/3/0/${id}`, [type, 0] as const]));
    expect(() => readContent(bytes, ContentFormat.Tlv, path, modelsFor(values), 0)).toThrow(ContentError);
  });

  it('takes any bytes as what they are, or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          const entries = parseTlv(bytes);
          expect(parseTlv(emitTlv(entries))).toEqual(entries);
        } catch (error) {
          expect(error).toBeInstanceOf(ContentError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('SenML', () => {
  it.each(vectors.senml)('$name', ({ json, cbor, values }) => {
    const now = 1_700_000_000;
    const fromJson = json === undefined ? undefined : readSenml(Buffer.from(json), 'json', now);
    const fromCbor = cbor === undefined ? undefined : readSenml(fromHex(cbor), 'cbor', now);
    const normal = (records: typeof fromJson): unknown =>
      records?.map(({ path, value }) => [path, value && plain(value.value)]);
    if (fromJson && fromCbor) expect(normal(fromJson)).toEqual(normal(fromCbor));
    for (const [format, payload] of [
      [ContentFormat.SenmlJson, json && Buffer.from(json)],
      [ContentFormat.SenmlCbor, cbor && fromHex(cbor)],
    ] as const) {
      if (!payload || !values) continue;
      const leaves = readContent(payload, format, [], modelsFor(values), now);
      expect(shown(leaves)).toEqual(values);
    }
  });

  it('times count from the base, from now, or stand for themselves', () => {
    const times = (json: string) => readSenml(Buffer.from(json), 'json', 1000).map(({ time }) => time);
    expect(times('[{"n":"/3/0/9","v":1}]')).toEqual([undefined]);
    expect(times('[{"bn":"/3/0/9","bt":1700000000,"v":1,"t":-5},{"v":2}]')).toEqual([1_699_999_995, 1_700_000_000]);
    expect(times('[{"n":"/3/0/9","v":1,"t":-10}]')).toEqual([990]);
  });

  it.each([
    '{}',
    'x',
    '[1]',
    '[{"n":"3/0/9","v":1}]',
    '[{"n":"/3/0/9","v":1,"vs":"x"}]',
    '[{"n":"/3/0/9","v":"1"}]',
    '[{"n":"/3/0/9","v":1,"must_":1}]',
    '[{"n":"/3/0/9","bver":99,"v":1}]',
    '[{"n":"/3/0/9","vd":"!"}]',
    '[{"n":9,"v":1}]',
  ])('%s is refused', (json) => {
    expect(() => readSenml(Buffer.from(json), 'json', 0)).toThrow(ContentError);
  });

  it('takes any bytes as what they are, or refuses them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom('json' as const, 'cbor' as const),
        (bytes, format) => {
          try {
            readSenml(bytes, format, 0);
          } catch (error) {
            expect(error).toBeInstanceOf(ContentError);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });
});

const value = (type: ResourceType): fc.Arbitrary<Value> => {
  switch (type) {
    case 'string':
      return fc.string({ unit: 'grapheme' });
    case 'integer':
    case 'time':
      return fc.maxSafeInteger();
    case 'unsigned':
      return fc.maxSafeNat();
    case 'float':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number));
    case 'boolean':
      return fc.boolean();
    case 'opaque':
      return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    case 'objlnk':
      return fc.tuple(fc.nat(65_535), fc.nat(65_535)).map(([object, instance]) => `${object}:${instance}`);
  }
};
const instance = fc
  .uniqueArray(
    fc.record({
      id: fc.nat(400),
      type: fc.constantFrom(...RESOURCE_TYPES),
      parts: fc.uniqueArray(fc.nat(300), { maxLength: 3 }),
    }),
    {
      selector: ({ id }) => id,
      maxLength: 8,
    },
  )
  .chain((resources) =>
    fc.tuple(
      ...resources.flatMap(({ id, type, parts }) =>
        (parts.length === 0 ? [[700, 3, id]] : parts.map((part) => [700, 3, id, part])).map((path) =>
          value(type).map((made): Leaf => ({ path, type, value: made })),
        ),
      ),
    ),
  );

describe('what was written reads back', () => {
  it.each([ContentFormat.Tlv, ContentFormat.SenmlCbor, ContentFormat.SenmlJson])(
    'as an instance, in format %i',
    (format) => {
      fc.assert(
        fc.property(instance, (leaves) => {
          const values = Object.fromEntries(leaves.map(({ path, type }) => [pathText(path), [type, 0] as const]));
          const payload = writeContent(leaves, format, [700, 3]);
          const read = readContent(payload, format, [700, 3], modelsFor(values), 0);
          expect(read).toEqual(leaves);
        }),
        { numRuns: 300 },
      );
    },
  );

  it.each(RESOURCE_TYPES)('as text: %s', (type) => {
    fc.assert(
      fc.property(value(type), (made) => {
        expect(fromText(type, Buffer.from(toText(type, made)))).toEqual(made);
      }),
    );
  });

  it.each([ContentFormat.Tlv, ContentFormat.SenmlCbor, ContentFormat.SenmlJson])(
    'by the device, in format %i: two hands',
    async (format) => {
      const kit = await loadKit();
      const same = (made: Value | undefined, type: ResourceType | undefined): unknown => {
        if (made instanceof Uint8Array) return toHex(made);
        return typeof made === 'bigint' || type === 'float' ? Number(made) : made;
      };
      // A decimal fraction is read to within a few units of its last place by the device.
      const near = (made: unknown, wanted: unknown): unknown =>
        format === ContentFormat.SenmlJson &&
        typeof made === 'number' &&
        typeof wanted === 'number' &&
        Math.abs(made - wanted) <= Math.abs(wanted) * 1e-13 + 8 * Number.MIN_VALUE
          ? wanted
          : made;
      fc.assert(
        fc.property(instance, (leaves) => {
          const types = new Map(leaves.map(({ path, type }) => [pathText(path), type]));
          const wanted = new Map(leaves.map(({ path, value, type }) => [pathText(path), same(value, type)]));
          const payload = writeContent(leaves, format, [700, 3]);
          const { status, entries } = kit.lwm2mRead(format, payload, '/700/3', (path) => types.get(path));
          expect(status).toBeGreaterThanOrEqual(0);
          const read = entries
            .filter(({ mark }) => mark === 'value')
            .map(({ path, value: made }) => [path, near(same(made, types.get(path)), wanted.get(path))]);
          expect(read).toEqual(leaves.map(({ path }) => [pathText(path), wanted.get(pathText(path))]));
        }),
        { numRuns: 200 },
      );
    },
  );
});

describe('text', () => {
  it.each([
    ['integer', '12a'],
    ['integer', ''],
    ['integer', '9223372036854775808'],
    ['unsigned', '-1'],
    ['boolean', '2'],
    ['boolean', 'true'],
    ['float', 'NaN'],
    ['opaque', '!!'],
    ['objlnk', '1:70000'],
    ['objlnk', '66'],
  ] as const)('%s "%s" is refused', (type, text) => {
    expect(() => fromText(type, Buffer.from(text))).toThrow(ContentError);
  });
});

describe('links', () => {
  it('of registrations', () => {
    expect(
      readLinks(Buffer.from('</>;rt="oma.lwm2m";ct="112 110",</1/0>,</3303>;ver=1.1,</5/0>;a="x,y;<z>\\"";b')),
    ).toEqual([
      { path: '/', attributes: { rt: 'oma.lwm2m', ct: '112 110' } },
      { path: '/1/0', attributes: {} },
      { path: '/3303', attributes: { ver: '1.1' } },
      { path: '/5/0', attributes: { a: 'x,y;<z>"', b: '' } },
    ]);
    expect(readLinks(Buffer.alloc(0))).toEqual([]);
  });

  it.each(['x', '<a', '<a>b', '<a>;', '<a>;b="', '<a>,,<b>', ',<a>'])('%s is refused', (text) => {
    expect(() => readLinks(Buffer.from(text))).toThrow(ContentError);
  });

  it('of any text, in no long time', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', ';', ',', '=', '"', '\\', 'a', ' '), maxLength: 400 }),
        (text) => {
          try {
            readLinks(Buffer.from(text));
          } catch (error) {
            expect(error).toBeInstanceOf(ContentError);
          }
        },
      ),
      { numRuns: 3000 },
    );
    const long = `<a>${';b="x"'.repeat(20_000)}`;
    expect(readLinks(Buffer.from(long)).length).toBe(1);
    expect(() => readLinks(Buffer.from(`${long}"`))).toThrow(ContentError);
  });
});

it('SenML that names paths alone', () => {
  const payload = emitSenml('', [{ name: '/4/0/0', value: undefined }], 'json');
  expect(payload.toString()).toBe('[{"n":"/4/0/0"}]');
});

describe('the JSON of LwM2M 1.0', () => {
  const models = new Models();
  const read = (json: string, path: string) =>
    shown(readContent(Buffer.from(json), ContentFormat.Json, parsePath(path) ?? [], models, 1000));

  it.each([
    ['{"bn":"/3/0/","e":[{"n":"14","sv":"+09:00"}]}', '/3/0/14', { '/3/0/14': ['string', '+09:00'] }],
    [
      '{"bn":"/3/0","e":[{"n":"9","v":95},{"n":"6/0","v":1}]}',
      '/3/0',
      { '/3/0/9': ['integer', 95], '/3/0/6/0': ['integer', 1] },
    ],
    ['{"e":[{"n":"9","v":95}]}', '/3/0', { '/3/0/9': ['integer', 95] }],
    ['{"e":[{"n":"","v":95}]}', '/3/0/9', { '/3/0/9': ['integer', 95] }],
    ['{"bn":"/6/0/4","e":[{"sv":"AQI="}]}', '/6/0/4', { '/6/0/4': ['opaque', '0102'] }],
    [
      '{"e":[{"n":"0/1/2","ov":"3:0"},{"n":"0/2/0","bv":true}]}',
      '/40000',
      { '/40000/0/1/2': ['objlnk', '3:0'], '/40000/0/2/0': ['boolean', true] },
    ],
  ])('%s', (json, path, values) => {
    expect(read(json, path)).toEqual(values);
  });

  it('times count from the base, from now, or stand for themselves', () => {
    const json = '{"bn":"/3/0/9","bt":1700000000,"e":[{"v":1,"t":-5},{"v":2}]}';
    const leaves = readContent(Buffer.from(json), ContentFormat.Json, [3, 0, 9], models, 1000);
    expect(leaves.map(({ time }) => time)).toEqual([1_699_999_995, 1_700_000_000]);
  });

  it.each([
    '[]',
    '{}',
    'x',
    '{"e":[{"n":"9","v":"1"}]}',
    '{"e":[{"n":"9","v":1,"sv":"1"}]}',
    '{"bn":"/4/0/","e":[{"n":"9","v":1}]}',
  ])('%s is refused', (json) => {
    expect(() => read(json, '/3/0')).toThrow(ContentError);
  });

  it('takes any text as what it is, or refuses it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (json) => {
        try {
          read(json, '/3/0');
        } catch (error) {
          expect(error).toBeInstanceOf(ContentError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
