// Layout of a device class: where its fields, parts and byte areas lie, for people and for the build's own check.

export type MemberKind = 'field' | 'part' | 'bytes';

export interface Member {
  readonly name: string;
  /** As the source names it, without folders: `u32`, `Backoff`, `Exchange<Modem<Tls>>`. */
  readonly type: string;
  readonly kind: MemberKind;
  /** Bytes from the start of the object. */
  readonly offset: number;
  readonly size: number;
  /** A power of two. */
  readonly alignment: number;
}

export interface Layout {
  /** Name with type arguments, without folders. */
  readonly name: string;
  /** File of the class, without `.ts`. */
  readonly file: string;
  readonly size: number;
  /** The largest of its members. */
  readonly alignment: number;
  /** Inherited ones first; by offset within each class. */
  readonly members: readonly Member[];
}

/** Names of types without their folders. */
export function shortName(internalName: string): string {
  return internalName.replace(/[\w~.-]+\//g, '');
}

/** Puts members one behind the other, each at its own alignment. */
export class Placer {
  readonly members: Member[];
  end: number;
  alignment: number;

  /** Behind the members of a base class, if there is one. */
  constructor(base?: Layout) {
    this.members = [...(base?.members ?? [])];
    this.end = base?.size ?? 0;
    this.alignment = base?.alignment ?? 1;
  }

  /** Returns where the member begins. */
  place(name: string, type: string, kind: MemberKind, size: number, alignment: number): number {
    const offset = Math.ceil(this.end / alignment) * alignment;
    this.members.push({ name, type, kind, offset, size, alignment });
    this.end = offset + size;
    this.alignment = Math.max(this.alignment, alignment);
    return offset;
  }
}

/** What is wrong with a layout: members that overlap, lie beyond the end, or not at their alignment; undefined when nothing is. */
export function faultIn({ members, size }: Layout): string | undefined {
  const inOrder = members.filter((member) => member.size > 0).sort((a, b) => a.offset - b.offset);
  for (const [i, member] of inOrder.entries()) {
    const { name, offset, alignment } = member;
    const next = inOrder[i + 1];
    if (next && offset + member.size > next.offset) return `${name} and ${next.name} overlap at offset ${next.offset}`;
    if (offset + member.size > size) return `${name} ends at ${offset + member.size}, the class at ${size}`;
    if (offset % alignment !== 0) return `${name} at offset ${offset} is not aligned to ${alignment}`;
  }
  return undefined;
}

/** Lines for people: a heading, then a line for each member and for each gap between two. */
export function layoutLines({ name, file, size, alignment, members }: Layout): string[] {
  const lines = [`${name}  ${size} bytes, aligned to ${alignment}  (${file}.ts)`];
  const row = (offset: number, bytes: number, text: string): void => {
    lines.push(`${String(offset).padStart(8)} ${String(bytes).padStart(6)}  ${text}`);
  };
  let end = 0;
  for (const member of [...members].sort((a, b) => a.offset - b.offset)) {
    if (member.offset > end) row(end, member.offset - end, '-');
    const mark = member.kind === 'field' ? '' : `@${member.kind} `;
    row(member.offset, member.size, `${mark}${member.name}: ${member.type}`);
    end = member.offset + member.size;
  }
  return lines;
}
