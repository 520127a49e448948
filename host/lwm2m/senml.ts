// SenML in JSON and CBOR (RFC 8428; content formats 110 and 112), as LwM2M uses it: a list of values, each with its path.

import { decode, encode } from 'cborg';
import { ContentError, type Value, utf8 } from './values.js';

/** What one record says. Without a value it names a path to be read. */
export interface SenmlRecord {
  readonly path: string;
  readonly value: SenmlValue | undefined;
  /** UNIX seconds, if the record says when. */
  readonly time: number | undefined;
}

/** The value with what the record calls it: opaque bytes and links do not look like what they are. */
export type SenmlValue =
  | { readonly label: 'v'; readonly value: number | bigint }
  | { readonly label: 'vs' | 'vlo'; readonly value: string }
  | { readonly label: 'vb'; readonly value: boolean }
  | { readonly label: 'vd'; readonly value: Uint8Array };

/** Labels in CBOR (RFC 8428 6, table 4). `vlo` is a text in both. */
const LABELS: Readonly<Record<string, number>> = {
  ...{ bn: -2, bt: -3, bu: -4, bv: -5, bs: -6, bver: -1, n: 0, u: 1, v: 2, vs: 3, vb: 4, s: 5, t: 6, ut: 7, vd: 8 },
};
const NAMES = new Map(Object.entries(LABELS).map(([name, number]) => [number, name]));

const VERSION = 10;
/** Values below are seconds before or after now (RFC 8428 4.5.3). */
export const RELATIVE = 2 ** 28;

type Fields = ReadonlyMap<string, unknown>;

/** Throws ContentError. `nowS`: UNIX seconds, for times that count from now. */
export function readSenml(payload: Uint8Array, format: 'json' | 'cbor', nowS: number): SenmlRecord[] {
  const rows = format === 'json' ? jsonRows(payload) : cborRows(payload);
  let [baseName, baseTime, baseValue] = ['', 0, undefined as number | bigint | undefined];
  return rows.map((fields): SenmlRecord => {
    for (const label of fields.keys()) {
      if (label.endsWith('_')) throw new ContentError(`SenML: the label ${label} has to be understood`);
    }
    const version = fields.get('bver');
    if (version !== undefined && (typeof version !== 'number' || version > VERSION)) {
      throw new ContentError('SenML: an unknown version');
    }
    baseName = optional(fields, 'bn', 'string') ?? baseName;
    baseTime = optional(fields, 'bt', 'number') ?? baseTime;
    baseValue = number(fields, 'bv') ?? baseValue;
    const path = baseName + (optional(fields, 'n', 'string') ?? '');
    if (!path.startsWith('/')) throw new ContentError('SenML: a name has to begin with /');
    const own = optional(fields, 't', 'number');
    const time = own === undefined && baseTime === 0 ? undefined : baseTime + (own ?? 0);
    return {
      path: path.length > 1 ? path.replace(/\/$/, '') : path,
      value: valueIn(fields, baseValue, format),
      time: time === undefined || time >= RELATIVE ? time : nowS + time,
    };
  });
}

function valueIn(fields: Fields, base: number | bigint | undefined, format: 'json' | 'cbor'): SenmlValue | undefined {
  const found: SenmlValue[] = [];
  const own = number(fields, 'v');
  if (own !== undefined || (base !== undefined && !['vs', 'vb', 'vd', 'vlo'].some((label) => fields.has(label)))) {
    found.push({ label: 'v', value: base === undefined ? (own ?? 0) : Number(base) + Number(own ?? 0) });
  }
  for (const label of ['vs', 'vlo'] as const) {
    const value = optional(fields, label, 'string');
    if (value !== undefined) found.push({ label, value });
  }
  const flag = optional(fields, 'vb', 'boolean');
  if (flag !== undefined) found.push({ label: 'vb', value: flag });
  if (fields.has('vd')) found.push({ label: 'vd', value: bytesIn(fields.get('vd'), format) });
  if (found.length > 1) throw new ContentError('SenML: a record with several values');
  return found[0];
}

function bytesIn(value: unknown, format: 'json' | 'cbor'): Uint8Array {
  if (format === 'cbor' && value instanceof Uint8Array) return Buffer.from(value);
  if (format === 'json' && typeof value === 'string' && /^[\w-]*={0,2}$/.test(value)) {
    return Buffer.from(value, 'base64url');
  }
  throw new ContentError('SenML: vd is not bytes');
}

interface Kinds {
  string: string;
  number: number;
  boolean: boolean;
}

function optional<K extends keyof Kinds>(fields: Fields, label: string, kind: K): Kinds[K] | undefined {
  const value = fields.get(label);
  if (value === undefined) return undefined;
  const plain = kind === 'number' && typeof value === 'bigint' ? Number(value) : value;
  if (typeof plain !== kind) throw new ContentError(`SenML: ${label} is no ${kind}`);
  return plain as Kinds[K];
}

function number(fields: Fields, label: string): number | bigint | undefined {
  const value = fields.get(label);
  return typeof value === 'bigint' ? value : optional(fields, label, 'number');
}

function jsonRows(payload: Uint8Array): Fields[] {
  let json: unknown;
  try {
    json = JSON.parse(utf8(payload));
  } catch {
    throw new ContentError('SenML: not JSON');
  }
  return rowsOf(json, (row) =>
    typeof row === 'object' && row !== null && !Array.isArray(row) ? new Map(Object.entries(row)) : undefined,
  );
}

function cborRows(payload: Uint8Array): Fields[] {
  let cbor: unknown;
  try {
    cbor = decode(payload, { useMaps: true, rejectDuplicateMapKeys: true, tags: { 4: (inner) => fraction(inner()) } });
  } catch {
    throw new ContentError('SenML: not CBOR');
  }
  return rowsOf(cbor, (row) => {
    if (!(row instanceof Map)) return undefined;
    return new Map(
      [...(row as Map<unknown, unknown>)].map(([label, value]) => [NAMES.get(label as number) ?? String(label), value]),
    );
  });
}

/** Tag 4 (RFC 8949 3.4.4): [exponent, mantissa]. */
function fraction(value: unknown): number {
  const [exponent, mantissa] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof exponent !== 'number' || (typeof mantissa !== 'number' && typeof mantissa !== 'bigint')) {
    throw new ContentError('SenML: no decimal fraction');
  }
  return Number(`${mantissa}e${exponent}`);
}

function rowsOf(value: unknown, read: (row: unknown) => Fields | undefined): Fields[] {
  if (!Array.isArray(value)) throw new ContentError('SenML: expected an array');
  return value.map((row: unknown) => {
    const fields = read(row);
    if (fields === undefined) throw new ContentError('SenML: a record is no map');
    return fields;
  });
}

/** What is written: names are `base` and what follows it. */
export interface SenmlEntry {
  readonly name: string;
  /** Undefined: the path is only named. */
  readonly value: SenmlValue | undefined;
}

export function emitSenml(base: string, entries: readonly SenmlEntry[], format: 'json' | 'cbor'): Buffer {
  const rows = entries.map(({ name, value }, i): [string, unknown][] => [
    ...(i === 0 && base !== '' ? [['bn', base] as [string, unknown]] : []),
    ...(name === '' ? [] : [['n', name] as [string, unknown]]),
    ...(value === undefined ? [] : [[value.label, value.value] as [string, unknown]]),
  ]);
  if (format === 'cbor') {
    const maps = rows.map((row) => new Map(row.map(([label, value]) => [LABELS[label] ?? label, plain(value)])));
    return Buffer.from(encode(maps));
  }
  const json = rows.map((row) =>
    Object.fromEntries(
      row.map(([label, value]) => [
        label,
        value instanceof Uint8Array
          ? Buffer.from(value).toString('base64url')
          : typeof value === 'bigint'
            ? Number(value)
            : value,
      ]),
    ),
  );
  return Buffer.from(JSON.stringify(json));
}

/** Buffers are bytes like all others. */
const plain = (value: unknown): unknown => (value instanceof Uint8Array ? new Uint8Array(value) : value);

/** How SenML calls a value of this type. */
export function senmlValue(type: string, value: Value): SenmlValue {
  if (value instanceof Uint8Array) return { label: 'vd', value };
  if (typeof value === 'boolean') return { label: 'vb', value };
  if (typeof value === 'string') return { label: type === 'objlnk' ? 'vlo' : 'vs', value };
  return { label: 'v', value };
}
