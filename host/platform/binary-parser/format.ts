// A custom format of the Binary Parser, compiled: `name:index:type:parameters`, items separated by spaces.
//
//   bool:BIT                              BIT 7 is the most significant of the byte
//   int:BITS, uint:BITS                   1 to 64; then endianness, OFFSET, operations, each of them optional
//   float:32, float:64                    IEEE 754; then endianness, operations
//   char:COUNT                            ASCII
//
// Endianness is `big-endian` (the default) or `little-endian`; OFFSET is the bit of the first byte from which an integer
// is read, 7 unless given; an operation is one of + - * / with a number. The index counts bytes from 0; left out, with
// its colon or without, it is the byte after the last one read. The grammar is Sigfox's custom payload configuration,
// with operations added (SORACOM, Binary Parser, "custom format").

export type Endianness = 'big-endian' | 'little-endian';

export interface Operation {
  readonly sign: '+' | '-' | '*' | '/';
  readonly operand: number;
}

interface Named {
  readonly name: string;
  /** First byte that is read. */
  readonly byte: number;
  /** How many bytes are touched. */
  readonly bytes: number;
}

export type Item = Named &
  (
    | { readonly type: 'bool'; readonly bit: number }
    | {
        readonly type: 'int' | 'uint';
        readonly bits: number;
        readonly endianness: Endianness;
        readonly offset: number;
        readonly operations: readonly Operation[];
      }
    | {
        readonly type: 'float';
        readonly bits: 32 | 64;
        readonly endianness: Endianness;
        readonly operations: readonly Operation[];
      }
    | { readonly type: 'char' }
  );

/** Why a format cannot be: for the operator who wrote it. `item` counts from 1, `at` is a character of the format. */
export class FormatError extends Error {
  constructor(
    readonly item: number,
    readonly at: number,
    what: string,
  ) {
    super(item === 0 ? what : `item ${item}, character ${at}: ${what}`);
    this.name = 'FormatError';
  }
}

/** The key that the parser adds to every object. */
export const MARK = 'binaryParserEnabled';

const NAME = /^[0-9A-Za-z#\-_$]+$/;
const OPERATION = /^([-+*/])(\d+(?:\.\d+)?)$/;
/** Longest payload over UDP or in one frame is shorter: nothing behind this can be read. */
const MAX_BYTES = 65_536;

/** Throws FormatError. */
export function compileFormat(format: string): readonly Item[] {
  const items: Item[] = [];
  const names = new Set<string>();
  let next = 0;
  for (const { 0: text, index } of format.matchAll(/\S+/g)) {
    const item = new ItemReader(text, items.length + 1, index + 1).read(next);
    if (names.has(item.name)) throw new FormatError(items.length + 1, index + 1, `"${item.name}" is there twice`);
    names.add(item.name);
    items.push(item);
    next = item.byte + item.bytes;
  }
  if (items.length === 0) throw new FormatError(0, 0, 'is empty: must be name:index:type:parameters');
  return items;
}

/** One item's fields, from left to right. */
class ItemReader {
  readonly #fields: readonly { readonly text: string; readonly at: number }[];
  readonly #item: number;
  #taken = 0;

  /** `at`: where the item begins in the format, from 1. */
  constructor(item: string, number: number, at: number) {
    let start = at;
    this.#fields = item.split(':').map((text) => {
      const field = { text, at: start };
      start += text.length + 1;
      return field;
    });
    this.#item = number;
  }

  /** `next`: the byte after the last one read. */
  read(next: number): Item {
    const name = this.#take('a name');
    if (!NAME.test(name)) this.#fail(`the name "${name}" may have letters, digits, # - _ $ only`);
    if (name === MARK) this.#fail(`"${MARK}" is the parser's own`);
    const byte = this.#index(next);
    const item = { name, byte, ...this.#type() };
    if (item.byte + item.bytes > MAX_BYTES) this.#fail(`no payload is longer than ${MAX_BYTES} bytes`);
    if (this.#taken < this.#fields.length) {
      this.#taken++;
      this.#fail(`"${this.#fields[this.#taken - 1]?.text}" is not expected for ${item.type}`);
    }
    return item;
  }

  #index(next: number): number {
    const text = this.#fields[this.#taken]?.text;
    if (text === undefined || TYPES.has(text)) return next;
    this.#taken++;
    if (text === '') return next;
    if (!/^\d{1,5}$/.test(text)) this.#fail(`the index "${text}" is not a number of a byte, nor a type`);
    return Number(text);
  }

  #type(): ItemType {
    const type = this.#take('a type');
    switch (type) {
      case 'bool':
        return { type, bytes: 1, bit: this.#number('the bit', 0, 7) };
      case 'char':
        return { type, bytes: this.#number('the count', 1, MAX_BYTES) };
      case 'float': {
        const bits = this.#number('the length', 32, 64);
        if (bits !== 32 && bits !== 64) return this.#fail('a float has 32 or 64 bits');
        return { type, bytes: bits / 8, bits, endianness: this.#endianness(), operations: this.#operations() };
      }
      case 'int':
      case 'uint': {
        const bits = this.#number('the length', 1, 64);
        const endianness = this.#endianness();
        const offset = this.#offset();
        if (endianness === 'little-endian' && (bits % 8 !== 0 || offset !== 7)) {
          this.#fail(`little-endian is for whole bytes: ${bits} bits from bit ${offset} are not`);
        }
        const bytes = Math.ceil((7 - offset + bits) / 8);
        return { type, bytes, bits, endianness, offset, operations: this.#operations() };
      }
      default:
        return this.#fail(`"${type}" is not a type: must be bool, int, uint, float or char`);
    }
  }

  #endianness(): Endianness {
    const text = this.#fields[this.#taken]?.text;
    if (text === 'little-endian' || text === 'big-endian') {
      this.#taken++;
      return text;
    }
    // Left empty to reach what follows: `uint:4::3`.
    if (text === '' && this.#taken < this.#fields.length - 1) this.#taken++;
    return 'big-endian';
  }

  #offset(): number {
    const text = this.#fields[this.#taken]?.text ?? '';
    return /^\d+$/.test(text) ? this.#number('the offset', 0, 7) : 7;
  }

  #operations(): readonly Operation[] {
    const operations: Operation[] = [];
    while (this.#taken < this.#fields.length) {
      const text = this.#take('an operation');
      const [, sign, digits] = OPERATION.exec(text) ?? [];
      if (sign === undefined) this.#fail(`"${text}" is not an operation such as /10, *2, +5 or -40`);
      const operand = Number(digits);
      if (sign === '/' && operand === 0) this.#fail('nothing can be divided by 0');
      operations.push({ sign: sign as Operation['sign'], operand });
    }
    return operations;
  }

  #take(what: string): string {
    const text = this.#fields[this.#taken++]?.text;
    if (text === undefined || text === '') return this.#fail(`${what} is missing`);
    return text;
  }

  #number(what: string, from: number, to: number): number {
    const text = this.#take(what);
    const value = Number(text);
    if (!/^\d{1,6}$/.test(text) || value < from || value > to) this.#fail(`${what} "${text}" is not ${from} to ${to}`);
    return value;
  }

  /** About the field that was taken last. */
  #fail(what: string): never {
    const last = this.#fields.at(-1) ?? { at: 1, text: '' };
    const field = this.#fields[this.#taken - 1];
    throw new FormatError(this.#item, field?.at ?? last.at + last.text.length, what);
  }
}

const TYPES: ReadonlySet<string> = new Set(['bool', 'int', 'uint', 'float', 'char']);

type WithoutPlace<T> = T extends unknown ? Omit<T, 'name' | 'byte'> : never;
type ItemType = WithoutPlace<Item>;
