// Payloads in every format that a device may choose (OMA LwM2M Core 7.4): into values with their paths, and back.

import type { Models } from './model.js';
import type { ResourceModel } from './object-model.js';
import { readJson } from './json.js';
import { parsePath, type Path, pathText, within } from './path.js';
import { emitSenml, readSenml, senmlValue, type SenmlRecord, type SenmlValue } from './senml.js';
import { emitTlv, parseTlv, type TlvEntry } from './tlv.js';
import { ContentError, fromText, fromTlv, type ResourceType, toText, toTlv, utf8, type Value } from './values.js';

export const ContentFormat = {
  ...{ Text: 0, Link: 40, Opaque: 42, SenmlJson: 110, SenmlCbor: 112, Tlv: 11_542, Json: 11_543 },
} as const;

/** One value of a device. */
export interface Leaf {
  /** Of a resource, or of an instance of one. */
  readonly path: Path;
  readonly type: ResourceType;
  readonly value: Value;
  /** UNIX seconds, where the device says when it was so. */
  readonly time?: number;
}

/** What a resource holds when no model says so: bytes, or what the format itself says. */
const UNKNOWN: ResourceType = 'opaque';

/** The values in an answer to a read of `path`. Throws ContentError. */
export function readContent(
  payload: Uint8Array,
  format: number | undefined,
  path: Path,
  models: Models,
  nowS: number,
): Leaf[] {
  switch (format ?? ContentFormat.Text) {
    case ContentFormat.Tlv:
      return tlvLeaves(parseTlv(payload), path, models);
    case ContentFormat.SenmlJson:
      return senmlLeaves(readSenml(payload, 'json', nowS), path, models);
    case ContentFormat.SenmlCbor:
      return senmlLeaves(readSenml(payload, 'cbor', nowS), path, models);
    case ContentFormat.Json:
      return jsonLeaves(readJson(payload, path, nowS), path, models);
    case ContentFormat.Text: {
      const type = typeAt(path, models) ?? 'string';
      return [{ path: wantResource(path), type, value: fromText(type, payload) }];
    }
    case ContentFormat.Opaque:
      return [{ path: wantResource(path), type: 'opaque', value: Buffer.from(payload) }];
    default:
      throw new ContentError(`content format ${format} is not read here`);
  }
}

const typeAt = (path: Path, models: Models): ResourceType | undefined => models.resource(path)?.type;

function wantResource(path: Path): Path {
  if (path.length < 3) throw new ContentError('one value for more than one resource');
  return path;
}

function tlvLeaves(entries: readonly TlvEntry[], path: Path, models: Models): Leaf[] {
  const leaf = (at: Path, value: Uint8Array): Leaf => {
    const type = typeAt(at, models) ?? UNKNOWN;
    return { path: at, type, value: fromTlv(type, value) };
  };
  const below = (entry: TlvEntry, base: Path): Leaf[] => {
    switch (entry.kind) {
      case 'object instance':
        return entry.entries.flatMap((inner) => below(inner, [...base.slice(0, 1), entry.id]));
      case 'multiple resource':
        return entry.entries.flatMap((inner) => below(inner, [...base.slice(0, 2), entry.id]));
      case 'resource':
        return [leaf([...base.slice(0, 2), entry.id], entry.value)];
      case 'resource instance':
        return [leaf([...base.slice(0, 3), entry.id], entry.value)];
    }
  };
  const depth = { 'object instance': 1, 'multiple resource': 2, resource: 2, 'resource instance': 3 } as const;
  const found = entries.flatMap((entry) => {
    // Bare resources belong to the instance that was asked for, bare resource instances to the resource.
    if (path.length < depth[entry.kind]) throw new ContentError(`TLV: a ${entry.kind} without what it belongs to`);
    return below(entry, path);
  });
  return checked(found, path);
}

function senmlLeaves(records: readonly SenmlRecord[], path: Path, models: Models): Leaf[] {
  const found = records.flatMap(({ path: text, value, time }): Leaf[] => {
    const at = parsePath(text);
    if (at === undefined || at.length < 3) throw new ContentError(`SenML: ${text} is no resource`);
    if (value === undefined) return [];
    const typed = typedValue(value, models.resource(at));
    return [{ path: at, ...typed, ...(time !== undefined && { time }) }];
  });
  return checked(found, path);
}

/** The same, but bytes are base64 in a string: the model alone tells them from text. */
function jsonLeaves(records: readonly SenmlRecord[], path: Path, models: Models): Leaf[] {
  const bytesOf = (record: SenmlRecord): SenmlRecord => {
    const at = parsePath(record.path);
    if (record.value?.label !== 'vs' || at === undefined || typeAt(at, models) !== 'opaque') return record;
    return {
      ...record,
      value: { label: 'vd', value: fromText('opaque', Buffer.from(record.value.value)) as Uint8Array },
    };
  };
  return senmlLeaves(records.map(bytesOf), path, models);
}

/** SenML says something about types, the model says all of it. */
function typedValue(
  { label, value }: SenmlValue,
  model: ResourceModel | undefined,
): { type: ResourceType; value: Value } {
  const types: Readonly<Record<SenmlValue['label'], readonly ResourceType[]>> = {
    v: [typeof value === 'bigint' ? 'integer' : 'float', 'float', 'integer', 'unsigned', 'time'],
    ...{ vs: ['string'], vb: ['boolean'], vd: ['opaque'], vlo: ['objlnk'] },
  };
  const [fallback = UNKNOWN] = types[label];
  const type = model?.type ?? fallback;
  if (!types[label].includes(type)) throw new ContentError(`SenML: ${label} for a ${type}`);
  // As TLV would have it: one path reads the same way in every format.
  const same = type === 'float' ? Number(value) : value;
  toTlv(type, same); // throws for what is none of this type
  return { type, value: same };
}

function checked(leaves: readonly Leaf[], path: Path): Leaf[] {
  const seen = new Set<string>();
  for (const { path: at, time } of leaves) {
    if (!within(at, path)) throw new ContentError(`${pathText(at)} is not below ${pathText(path)}`);
    const key = `${pathText(at)} ${time}`;
    if (seen.has(key)) throw new ContentError(`${pathText(at)} is there twice`);
    seen.add(key);
  }
  return [...leaves];
}

/**
 * The payload of a write to `path`, an instance or below it. Text and opaque take one value. Throws ContentError.
 */
export function writeContent(leaves: readonly Leaf[], format: number, path: Path): Buffer {
  switch (format) {
    case ContentFormat.Tlv:
      return emitTlv(tlvEntries(leaves, path));
    case ContentFormat.SenmlJson:
    case ContentFormat.SenmlCbor: {
      const base = path.length === 0 ? '/' : `${pathText(path)}${path.length < 3 ? '/' : ''}`;
      const entries = leaves.map(({ path: at, type, value }) => ({
        name: pathText(at).slice(base.length),
        value: senmlValue(type, value),
      }));
      return emitSenml(base, entries, format === ContentFormat.SenmlJson ? 'json' : 'cbor');
    }
    case ContentFormat.Text:
      return Buffer.from(toText(...only(leaves)));
    case ContentFormat.Opaque:
      return toTlv(...only(leaves));
    default:
      throw new ContentError(`content format ${format} is not known here`);
  }
}

/** The payload of a Create without resources; `instance`: its id, unless the device chooses. Throws ContentError. */
export function emptyInstance(format: number, object: number, instance?: number): Buffer {
  if (format !== ContentFormat.Tlv) {
    const named = instance === undefined ? [] : [{ name: '', value: undefined }];
    return emitSenml(`/${object}/${instance ?? ''}`, named, format === ContentFormat.SenmlJson ? 'json' : 'cbor');
  }
  return emitTlv(instance === undefined ? [] : [{ kind: 'object instance', id: instance, entries: [] }]);
}

function only([leaf, ...others]: readonly Leaf[]): [ResourceType, Value] {
  if (leaf === undefined || others.length > 0) throw new ContentError('expected one value');
  return [leaf.type, leaf.value];
}

/** As they stand below `path`: instances for an object, resources for an instance, what a resource is made of. */
function tlvEntries(leaves: readonly Leaf[], path: Path): TlvEntry[] {
  if (path.length < 2) {
    const [object = leaves[0]?.path[0] ?? 0] = path;
    return [...byId(leaves, 1)].map(([id, below]) => ({
      ...{ kind: 'object instance', id },
      entries: tlvEntries(below, [object, id]),
    }));
  }
  return [...byId(leaves, 2)].flatMap(([id, below]): TlvEntry[] => {
    const whole = below.findLast(({ path: at }) => at.length === 3);
    if (whole !== undefined) return [{ kind: 'resource', id, value: toTlv(whole.type, whole.value) }];
    const entries = below.map(({ path: at, type, value }) => ({
      ...{ kind: 'resource instance' as const, id: at[3] ?? 0, value: toTlv(type, value) },
    }));
    return path.length > 3 ? entries : [{ kind: 'multiple resource', id, entries }];
  });
}

/** By the id that their paths have at that depth, in the order in which the ids come. */
export function byId(leaves: readonly Leaf[], depth: 1 | 2): Map<number, Leaf[]> {
  const groups = new Map<number, Leaf[]>();
  for (const leaf of leaves) {
    const id = leaf.path[depth] ?? 0;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [leaf]);
    else group.push(leaf);
  }
  return groups;
}

/** Link format of a registration or of an answer to Discover (RFC 6690). Throws ContentError. */
export function readLinks(
  payload: Uint8Array,
): { readonly path: string; readonly attributes: Record<string, string> }[] {
  const text = utf8(payload);
  const links: { path: string; attributes: Record<string, string> }[] = [];
  const link = /<([^<>]*)>((?:;[\w*.-]+(?:=(?:"(?:[^"\\]|\\.)*"|[^",;\s]*))?)*)(?:,|$)/y;
  while (link.lastIndex < text.length) {
    const found = link.exec(text);
    if (found === null) throw new ContentError('links: a link is malformed');
    const [, path = '', attributes = ''] = found;
    const pairs = attributes.matchAll(/;([\w*.-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]*)))?/g);
    links.push({
      path,
      attributes: Object.fromEntries(
        [...pairs].map(([, name = '', quoted, bare]) => [name, quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '']),
      ),
    });
    if (link.lastIndex === 0) break;
  }
  return links;
}
