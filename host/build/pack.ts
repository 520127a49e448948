// Packs the initial memory of a binary: as few bytes as WebAssembly's data section can say it in.
//
// The compiler writes a segment for every literal and table, and the heads of segments cost seven bytes each; what lies close
// together is one segment here, and what is zero, which memory is anyhow, is in none.

const DATA_SECTION = 11;
const HEADER = 8;
const I32_CONST = 0x41;
const END = 0x0b;
/** A gap of so many zeros costs more than the head of another segment. */
const GAP = 7;

interface Segment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The same module with its data section packed. Throws for a module whose segments are not all put at constant addresses. */
export function packData(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [binary.subarray(0, HEADER)];
  const reader = new Reader(binary, HEADER);
  while (!reader.done) {
    const start = reader.at;
    const id = reader.byte();
    const content = reader.take(reader.unsigned());
    parts.push(id === DATA_SECTION ? dataSection(packed(segmentsOf(content))) : binary.subarray(start, reader.at));
  }
  return new Uint8Array(Buffer.concat(parts));
}

function segmentsOf(section: Uint8Array): Segment[] {
  const reader = new Reader(section, 0);
  return Array.from({ length: reader.unsigned() }, () => {
    if (reader.unsigned() !== 0 || reader.byte() !== I32_CONST)
      throw new Error('a data segment without a constant address');
    const offset = reader.signed();
    if (reader.byte() !== END) throw new Error('a data segment whose address is more than a constant');
    return { offset, bytes: reader.take(reader.unsigned()) };
  });
}

/** What the segments make of memory, in runs with no more than GAP zeros inside. */
function packed(segments: readonly Segment[]): Segment[] {
  const end = Math.max(0, ...segments.map(({ offset, bytes }) => offset + bytes.length));
  const memory = new Uint8Array(end);
  for (const { offset, bytes } of segments) memory.set(bytes, offset);
  const runs: Segment[] = [];
  let at = 0;
  const zerosAt = (from: number): number => {
    let to = from;
    while (to < end && memory[to] === 0) to++;
    return to - from;
  };
  while ((at += zerosAt(at)) < end) {
    let to = at;
    for (let zeros = 0; to < end && zeros <= GAP; zeros = zerosAt(to)) {
      to += zeros;
      while (to < end && memory[to] !== 0) to++;
    }
    runs.push({ offset: at, bytes: memory.subarray(at, to) });
    at = to;
  }
  return runs;
}

function dataSection(segments: readonly Segment[]): Uint8Array {
  const content = segments.flatMap(({ offset, bytes }) => [
    Uint8Array.of(0, I32_CONST, ...signed(offset), END, ...unsigned(bytes.length)),
    bytes,
  ]);
  const count = Uint8Array.from(unsigned(segments.length));
  const length = content.reduce((sum, { length }) => sum + length, count.length);
  return Buffer.concat([Uint8Array.of(DATA_SECTION, ...unsigned(length)), count, ...content]);
}

// LEB128, WebAssembly 5.2.2.

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** Of an address: not negative. */
function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)];
}

class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    at: number,
  ) {
    this.at = at;
  }

  at: number;

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('a module that ends too early');
    return byte;
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new Error('a module that ends too early');
    return this.bytes.subarray(this.at, (this.at += length));
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  signed(): number {
    let value = 0;
    for (let shift = 7; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << (shift - 7);
      if (byte < 0x80) return shift < 32 ? (value << (32 - shift)) >> (32 - shift) : value;
    }
  }
}
