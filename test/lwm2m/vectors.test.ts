// Every row of the TLV vectors (OMA's examples, Leshan, Wakaama), and the SenML forms beside them.
import { decode } from 'cborg';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../host/bytes.js';
import { Lwm2mFormat, loadKit, type Lwm2mTypeName, type Lwm2mValue } from '../../host/kit/index.js';
import { Status } from '../../host/board/abi.js';
import { lwm2mVectors, type Lwm2mValues, type TlvEntryVector } from '../vectors/read.js';

const kit = await loadKit();
const { vectors, headers, values, invalid, senml } = lwm2mVectors();

/** A row of the vectors as the kit has it. */
const valueOf = ([type, value]: readonly [string, string | number | boolean]): Lwm2mValue =>
  ['integer', 'time', 'unsigned'].includes(type)
    ? BigInt(value as string | number)
    : type === 'opaque'
      ? fromHex(String(value))
      : value;

interface Flat {
  readonly path: string;
  readonly mark: 'value' | 'instance' | 'multiple';
  readonly raw?: string;
}

/** The tree of a vector as the reader brings it. */
function flatten(tree: readonly TlvEntryVector[], base: string, path: string): Flat[] {
  return tree.flatMap(({ kind, id, value, children = [] }): Flat[] => {
    // A wrapper names a level that the path has already.
    const depth = { object_instance: 2, resource: 3, multiple_resource: 3, resource_instance: 4 }[kind];
    const levels = path.split('/').slice(1);
    const at = `/${[...levels.slice(0, depth - 1), String(id)].join('/')}`;
    if (kind === 'object_instance') return [{ path: at, mark: 'instance' }, ...flatten(children, base, at)];
    if (kind === 'multiple_resource') return [{ path: at, mark: 'multiple' }, ...flatten(children, base, at)];
    return [{ path: at, mark: 'value', raw: value ?? '' }];
  });
}

/** Where a row without a path may stand. */
const baseOf = (path: string | null, tree: readonly TlvEntryVector[]): string =>
  path ?? (tree[0]?.kind === 'object_instance' ? '/9' : '/9/9');

describe('TLV', () => {
  test.each(vectors.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const base = baseOf(row.path, row.tree);
    const { status, entries } = kit.lwm2mRead(Lwm2mFormat.Tlv, fromHex(row.hex), base);
    expect(status).toBe(Status.Ok);
    const flat = entries.map(({ path, mark, raw }) => ({ path, mark, ...(raw ? { raw: toHex(raw) } : {}) }));
    expect(flat).toEqual(flatten(row.tree, base, base));
    if (!row.canonical || row.tree.some(({ kind }) => kind === 'multiple_resource' && base.split('/').length === 4))
      return;
    const written = kit.lwm2mWrite(
      Lwm2mFormat.Tlv,
      base,
      entries.map(({ path, mark, raw }) =>
        mark === 'value' ? { path, type: 'opaque', value: raw as Uint8Array } : { path, mark },
      ),
    );
    expect(toHex(written.bytes)).toBe(row.hex);
  });

  test.each(vectors.filter(({ values: v }) => v).map((row) => [row.name, row.path, row] as const))(
    'values of %s at %s',
    (_name, path, { hex, values: wanted = {} }) => {
      const typeOf = (at: string): Lwm2mTypeName | undefined => wanted[at]?.[0] as Lwm2mTypeName | undefined;
      const { status, entries } = kit.lwm2mRead(Lwm2mFormat.Tlv, fromHex(hex), path ?? '/', typeOf);
      expect(status).toBe(Status.Ok);
      const found = Object.fromEntries(
        entries.filter(({ value }) => value !== undefined).map((e) => [e.path, e.value]),
      );
      expect(found).toEqual(Object.fromEntries(Object.entries(wanted).map(([at, v]) => [at, valueOf(v)])));
    },
  );

  test.each(headers)('header of $kind $id', ({ hex, hex_prefix: prefix, total, kind, id, length }) => {
    const bytes = fromHex(hex ?? (prefix ?? '').padEnd((total ?? 0) * 2, '0'));
    const base = kind === 'object_instance' ? '/9' : '/9/9';
    const [first] = kit.lwm2mRead(Lwm2mFormat.Tlv, bytes, base).entries;
    expect(first?.path).toBe(`${base}/${id}`);
    if (first?.raw) expect(first.raw).toHaveLength(length);
    // One byte less, or one of the length's own more, is not an entry.
    expect(kit.lwm2mRead(Lwm2mFormat.Tlv, bytes.slice(0, -1), base).status).toBe(Status.Malformed);
  });

  test.each(values.map((row) => [`${row.type} ${row.value} in ${row.hex}`, row] as const))('%s', (_name, row) => {
    const type = row.type as Lwm2mTypeName;
    const bytes = fromHex(row.hex);
    const head = bytes.length < 8 ? [0xc0 | bytes.length, 1] : [0xc8, 1, bytes.length];
    const payload = Uint8Array.from([...head, ...bytes]);
    const value = valueOf([type, row.value]);
    const { status, entries } = kit.lwm2mRead(Lwm2mFormat.Tlv, payload, '/9/9', () => type);
    expect(status).toBe(Status.Ok);
    expect(entries[0]?.value).toEqual(value);
    // Floats are written in four bytes where those say it.
    if (row.width === 8 && Math.fround(Number(row.value)) === row.value) return;
    const { bytes: written } = kit.lwm2mWrite(Lwm2mFormat.Tlv, '/9/9', [{ path: '/9/9/1', type, value }]);
    expect(toHex(written)).toBe(toHex(payload));
  });

  const TYPES: Readonly<Record<string, Lwm2mTypeName>> = {
    'boolean of two bytes': 'boolean',
    'boolean value 2': 'boolean',
    'integer of three bytes': 'integer',
    'object link of three bytes': 'objlnk',
  };
  test.each(invalid.map((row) => [row.name, row] as const))('refused: %s', (name, { hex, stage }) => {
    const type = TYPES[name];
    for (const base of name.includes('path') ? ['/3/0/1'] : ['/9', '/9/9']) {
      const { status } = kit.lwm2mRead(Lwm2mFormat.Tlv, fromHex(hex), base, () => type);
      // Two instances are no body of one instance at all.
      expect({ base, stage, status }).toEqual({ base, stage, status: Status.Malformed });
    }
  });
});

const FORMATS = { json: Lwm2mFormat.SenmlJson, cbor: Lwm2mFormat.SenmlCbor } as const;
const bytesOf = (row: (typeof senml)[number], form: 'json' | 'cbor'): Uint8Array | undefined => {
  const text = row[form];
  return text === undefined ? undefined : form === 'json' ? new Uint8Array(Buffer.from(text)) : fromHex(text);
};

/** Types of the values, by JavaScript's own reading of the JSON form or the row's `values`. */
const TYPED: Readonly<Record<string, Lwm2mValues>> = {
  'three timestamps': {
    '/0/0/0': ['string', 'SampleString'],
    '/0/0/1': ['boolean', false],
    '/0/0/2': ['integer', 456],
  },
  'bootstrap write /0/1': {
    '/0/1/0': ['string', 'coap://127.0.0.1:5683'],
    '/0/1/1': ['boolean', false],
    '/0/1/10': ['integer', 1],
    '/0/1/2': ['integer', 3],
  },
  'bootstrap write /1/1': {
    '/1/1/0': ['integer', 1],
    '/1/1/1': ['integer', 300],
    '/1/1/6': ['boolean', false],
    '/1/1/7': ['string', 'U'],
  },
  'composite values': {
    '/4/0/0': ['integer', 45],
    '/4/0/1': ['integer', 30],
    '/4/0/2': ['integer', 100],
    '/6/0/0': ['float', 43.918998],
    '/6/0/1': ['float', 2.351149],
  },
};

describe.each(['json', 'cbor'] as const)('SenML %s', (form) => {
  const rows = senml.filter((row) => row[form] !== undefined);

  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const wanted = row.values ?? TYPED[row.name] ?? {};
    const bytes = bytesOf(row, form) as Uint8Array;
    const typeOf = (at: string): Lwm2mTypeName | undefined => wanted[at]?.[0] as Lwm2mTypeName | undefined;
    const { status, entries } = kit.lwm2mRead(FORMATS[form], bytes, row.path ?? '/', typeOf);
    expect(status).toBe(Status.Ok);
    if (row.name === 'composite paths') {
      expect(entries).toEqual(['/4/0/0', '/4/0/1', '/4/0/2'].map((path) => ({ path, mark: 'value' })));
      return;
    }
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.map(({ path, value }) => [path, value])).toEqual(
      Object.entries(wanted).map(([at, v]) => [at, valueOf(v)]),
    );
  });

  test.each(['device read', 'bootstrap write /0/1', 'bootstrap write /1/1', 'opaque'])(
    '%s is written the same',
    (name) => {
      const row = rows.find((candidate) => candidate.name === name);
      if (!row) throw new Error(`no vector ${name}`);
      const wanted = row.values ?? TYPED[name] ?? {};
      const paths = Object.keys(wanted);
      const base = name === 'opaque' ? '/0/0/3' : (paths[0] ?? '').split('/').slice(0, 3).join('/');
      const { bytes } = kit.lwm2mWrite(
        FORMATS[form],
        base,
        paths.map((path) => {
          const v = wanted[path] as readonly [string, string | number | boolean];
          return { path, type: v[0] as Lwm2mTypeName, value: valueOf(v) };
        }),
      );
      if (form === 'json') expect(Buffer.from(bytes).toString()).toBe(row.json);
      else if (name === 'opaque' || name === 'device read')
        expect(decode(bytes, { useMaps: true })).toEqual(decode(fromHex(row.cbor ?? ''), { useMaps: true }));
      else expect(toHex(bytes)).toBe(row.cbor);
    },
  );
});
