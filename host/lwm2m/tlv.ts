// The TLV of LwM2M (OMA LwM2M Core 1.1, 7.4.3; content format 11542): a tree of entries with identifiers.

import { ContentError } from './values.js';

const KINDS = ['object instance', 'resource instance', 'multiple resource', 'resource'] as const;
export type TlvKind = (typeof KINDS)[number];

export type TlvEntry =
  | { readonly kind: 'resource' | 'resource instance'; readonly id: number; readonly value: Uint8Array }
  | {
      readonly kind: 'object instance' | 'multiple resource';
      readonly id: number;
      readonly entries: readonly TlvEntry[];
    };

/** Which entries may be inside which; at the top, any. */
const INSIDE: Readonly<Record<'object instance' | 'multiple resource', readonly TlvKind[]>> = {
  'object instance': ['resource', 'multiple resource'],
  'multiple resource': ['resource instance'],
};

/** Throws ContentError. */
export function parseTlv(payload: Uint8Array, inside: readonly TlvKind[] = KINDS): TlvEntry[] {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const entries: TlvEntry[] = [];
  const seen = new Set<string>();
  let at = 0;
  const uint = (length: number): number => {
    if (at + length > bytes.length) throw new ContentError('TLV: an entry is cut');
    at += length;
    return length === 0 ? 0 : bytes.readUIntBE(at - length, length);
  };
  while (at < bytes.length) {
    const head = uint(1);
    const kind = KINDS[head >> 6] ?? 'resource';
    const id = uint((head & 0x20) === 0 ? 1 : 2);
    const lengthBytes = (head >> 3) & 3;
    const length = lengthBytes === 0 ? head & 7 : uint(lengthBytes);
    if (at + length > bytes.length)
      throw new ContentError(`TLV: ${length} bytes announced, ${bytes.length - at} there`);
    if (!inside.includes(kind)) throw new ContentError(`TLV: a ${kind} in the wrong place`);
    const name = `${kind} ${id}`;
    if (seen.has(name)) throw new ContentError(`TLV: ${name} twice`);
    seen.add(name);
    const value = bytes.subarray(at, at + length);
    at += length;
    entries.push(
      kind === 'object instance' || kind === 'multiple resource'
        ? { kind, id, entries: parseTlv(value, INSIDE[kind]) }
        : { kind, id, value },
    );
  }
  return entries;
}

/** In the shortest form. */
export function emitTlv(entries: readonly TlvEntry[]): Buffer {
  return Buffer.concat(
    entries.map((entry) => {
      const value = 'value' in entry ? Buffer.from(entry.value) : emitTlv(entry.entries);
      const { length } = value;
      const lengthBytes = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
      if (length > 0xffffff) throw new ContentError('TLV: a value has 2^24-1 bytes at most');
      const idBytes = entry.id > 0xff ? 2 : 1;
      const head = Buffer.alloc(1 + idBytes + lengthBytes);
      const kind = KINDS.indexOf(entry.kind) << 6;
      head.writeUInt8(kind | (idBytes === 2 ? 0x20 : 0) | (lengthBytes << 3) | (lengthBytes === 0 ? length : 0), 0);
      head.writeUIntBE(entry.id, 1, idBytes);
      if (lengthBytes > 0) head.writeUIntBE(length, 1 + idBytes, lengthBytes);
      return Buffer.concat([head, value]);
    }),
  );
}
