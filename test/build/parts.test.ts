// Objects within objects: where they lie, what the build says of a wrong one, and that no code and no memory is spent on them.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Layout, faultIn, layoutLines } from '../../host/build/layout.js';
import { compileDebugSource, compileDeviceSource, layoutsOfSource } from '../kit/compile.js';

const HEAD = 'import { place } from "./assembly/place";\n';

type Exports = Readonly<Record<string, (...args: number[]) => number>>;

function exportsOf(binary: Uint8Array<ArrayBuffer>): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as unknown as Exports;
}

/** Optimized and not: both have to say the same. */
async function both(source: string): Promise<Exports[]> {
  return [exportsOf(await compileDeviceSource(HEAD + source)), exportsOf(await compileDebugSource(HEAD + source))];
}

/** Offsets and sizes, by the member's name. */
async function map(source: string, name: string): Promise<Record<string, readonly [offset: number, size: number]>> {
  const layout = (await layoutsOfSource(HEAD + source)).find((one) => one.name === name);
  return Object.fromEntries(layout?.members.map((member) => [member.name, [member.offset, member.size]]) ?? []);
}

const INNER = `
  @unmanaged class Inner { a: u8; b: u32; }        // 0, 4: 8 bytes
  @unmanaged class Small { a: u8; b: u8; c: u8; }  // 3 bytes
  @unmanaged class Wide { a: u8; b: u64; c: u8; }  // 0, 8, 16: 17 bytes
`;

describe('a part', () => {
  it('lies behind the fields, at the alignment of its own class; the size of a class is that of all it has', async () => {
    const source = `${INNER}
      @unmanaged class Outer {
        first: u8;
        @part small: Small;
        @part inner: Inner;
        @part wide: Wide;
        second: u16;
        @part again: Small;
      }
      const outer = place<Outer>();
      export function size(): i32 { return <i32>offsetof<Outer>(); }
      export function at(i: i32): i32 {
        const base = changetype<usize>(outer);
        if (i == 0) return <i32>(changetype<usize>(outer.small) - base);
        if (i == 1) return <i32>(changetype<usize>(outer.inner) - base);
        if (i == 2) return <i32>(changetype<usize>(outer.wide) - base);
        return <i32>(changetype<usize>(outer.again) - base);
      }
    `;
    const expected = { first: [0, 1], second: [2, 2], small: [4, 3], inner: [8, 8], wide: [16, 17], again: [33, 3] };
    expect(await map(source, 'Outer')).toEqual(expected);
    for (const { size, at } of await both(source)) {
      expect([0, 1, 2, 3].map((i) => at?.(i))).toEqual([4, 8, 16, 33]);
      expect(size?.()).toBe(36);
    }
  });

  it('of a base class comes before the fields of the derived one', async () => {
    const source = `${INNER}
      @unmanaged class Base { a: u16; @part inner: Inner; @part small: Small; }
      @unmanaged class Middle extends Base { b: u8; @part wide: Wide; }
      @unmanaged class Leaf extends Middle { c: u32; @part last: Small; }
      const leaf = place<Leaf>();
      export function sizes(): i32 { return <i32>(offsetof<Base>() * 10000 + offsetof<Middle>() * 100 + offsetof<Leaf>()); }
      export function fields(): i32 { return <i32>(offsetof<Leaf>("a") * 10000 + offsetof<Leaf>("b") * 100 + offsetof<Leaf>("c")); }
      export function parts(): i32 {
        return <i32>((changetype<usize>(leaf.wide) - changetype<usize>(leaf)) * 100 + (changetype<usize>(leaf.last) - changetype<usize>(leaf)));
      }
    `;
    for (const { sizes, fields, parts } of await both(source)) {
      expect(sizes?.()).toBe(15 * 10000 + 33 * 100 + 43);
      expect(fields?.()).toBe(15 * 100 + 36);
      expect(parts?.()).toBe(16 * 100 + 40);
    }
  });

  it('of a generic class is laid out for each of its types', async () => {
    const source = `${INNER}
      @unmanaged class Holder<A, B> { tag: u8; @part a: A; @part b: B; next: u8; }
      @unmanaged class Pair<T> { @part first: Holder<T, Small>; @part second: Holder<Small, T>; }
      const one = place<Pair<Inner>>();
      const two = place<Pair<Wide>>();
      export function inner(): i32 { return <i32>(changetype<usize>(one.second.b) - changetype<usize>(one)); }
      export function wide(): i32 { return <i32>(changetype<usize>(two.second.b) - changetype<usize>(two)); }
    `;
    expect(await map(source, 'Pair<Inner>')).toEqual({ first: [0, 15], second: [16, 16] });
    expect(await map(source, 'Pair<Wide>')).toEqual({ first: [0, 28], second: [32, 25] });
    for (const { inner, wide } of await both(source)) {
      expect(inner?.()).toBe(16 + 8);
      expect(wide?.()).toBe(32 + 8);
    }
  });

  it('may be of a class that knows the one around it, by a reference, whichever of them is asked for first', async () => {
    const classes = `
      @unmanaged class Channel { owner: Client; handle: i32; @part buffer: Buffer; }
      @unmanaged class Buffer { channel: Channel; derived: Derived; @bytes(10) bytes: usize; }
      @unmanaged class Client { @part channel: Channel; state: i32; }
      @unmanaged class Derived extends Client { more: i32; }
    `;
    for (const first of ['Channel', 'Client', 'Buffer', 'Derived']) {
      const source = `${classes}
        const first = place<${first}>();
        const derived = place<Derived>();
        export function size(): i32 { return <i32>(offsetof<Derived>("more") * 100 + offsetof<Derived>()); }
        export function value(): i32 { derived.more = 7; derived.channel.buffer.derived = derived; return derived.channel.buffer.derived.more; }
        export function use(): usize { return changetype<usize>(first); }
      `;
      for (const { size, value } of await both(source)) {
        expect(size?.(), first).toBe(32 * 100 + 36); // Client: state, then 26 bytes of Channel at 4
        expect(value?.()).toBe(7);
      }
    }
  });

  it('has the modifiers of a field', async () => {
    for (const modifier of ['private', 'protected', 'public', 'readonly', 'private readonly']) {
      const source = `${INNER}
        @unmanaged class Outer { a: u8; @part ${modifier} inner: Inner; at(): usize { return changetype<usize>(this.inner); } }
        export function at(): usize { return place<Outer>().at(); }`;
      expect(await map(source, 'Outer'), modifier).toEqual({ a: [0, 1], inner: [4, 8] });
    }
  });

  it('without a byte takes none, and has an address', async () => {
    const source = `
      @unmanaged class Nothing { answer(): i32 { return 42; } }
      @unmanaged class Outer<T> { a: u8; @part option: T; @part none: Nothing; b: u8; }
      const outer = place<Outer<Nothing>>();
      const nothing = place<Nothing>();
      export function size(): i32 { return <i32>offsetof<Outer<Nothing>>(); }
      export function answer(): i32 { return outer.option.answer() + nothing.answer(); }
    `;
    for (const { size, answer } of await both(source)) expect([size?.(), answer?.()]).toEqual([2, 84]);
  });
});

describe('a byte area', () => {
  it('has its size, and an alignment where it says so', async () => {
    const source = `${INNER}
      const MAX = 5;
      @unmanaged class Outer<T> {
        flag: u8;
        @bytes(MAX) private a: usize;
        @bytes(2 * offsetof<T>() + (MAX << 1), 8) b: usize;
        @bytes(offsetof<Late>(), 4) c: usize;
        @bytes(0) d: usize;
      }
      @unmanaged class Late { x: u8; @bytes(3) y: usize; }
      export function size(): i32 { return <i32>offsetof<Outer<Inner>>(); }
    `;
    expect(await map(source, 'Outer<Inner>')).toEqual({ flag: [0, 1], a: [1, 5], b: [8, 26], c: [36, 4], d: [40, 0] });
    for (const { size } of await both(source)) expect(size?.()).toBe(40);
  });
});

describe('place', () => {
  it('gives each call of its own memory', async () => {
    const source = `${INNER}
      const one = place<Inner>();
      const two = place<Inner>();
      function local(): Inner { return place<Inner>(); }
      export function apart(): i32 { return <i32>(changetype<usize>(two) - changetype<usize>(one)); }
      export function same(): bool { return local() == local(); }
    `;
    for (const { apart, same } of await both(source)) expect([apart?.(), same?.()]).toEqual([8, 1]);
  });

  it('and parts cost no byte beside offsets laid by hand', async () => {
    const body = `
      step(now: i64): void { if (now > this.due) { this.count += this.backoff.next(); store<u8>(this.draft + this.count, 1); } }
    `;
    const backoff = '@unmanaged class Backoff { state: u32; next(): u32 { return (this.state ^= this.state << 13); } }';
    const run = 'export function run(now: i64): u32 { outer.step(now); return outer.backoff.next(); }';
    const byHand = `${backoff}
      @unmanaged class Outer { due: i64; count: u32; ${body}
        @inline get backoff(): Backoff { return changetype<Backoff>(changetype<usize>(this) + offsetof<Outer>()); }
        @inline get draft(): usize { return changetype<usize>(this.backoff) + offsetof<Backoff>(); }
      }
      const outer = changetype<Outer>(memory.data(offsetof<Outer>() + offsetof<Backoff>() + 100, 8)); ${run}`;
    const byParts = `${backoff}
      @unmanaged class Outer { due: i64; count: u32; ${body} @part backoff: Backoff; @bytes(100) draft: usize; }
      const outer = place<Outer>(); ${run}`;
    const [one, other] = [await compileDeviceSource(HEAD + byHand), await compileDeviceSource(HEAD + byParts)];
    expect(Buffer.from(other).equals(one)).toBe(true);
  });
});

describe('a wrong part ends the build, at its line', () => {
  const wrong: [what: string, lines: string[], at: string, text: string][] = [
    [
      'in a managed class',
      ['class A {', '  @part b: B;', '}'],
      '(3,',
      '@part belongs to a field of an @unmanaged class',
    ],
    ['static', ['@unmanaged class A {', '  @part static b: B;', '}'], '(3,', 'static'],
    ['with a value', ['@unmanaged class A {', '  @part b: B = changetype<B>(8);', '}'], '(3,', 'no initial value'],
    ['a method', ['@unmanaged class A {', '  @part b(): void {}', '}'], '(3,', 'belongs to a field'],
    ['a function', ['@part', 'export function f(): void {}'], '(2,', 'belongs to a field'],
    ['a variable', ['@bytes(4)', 'export let x: usize = 0;'], '(2,', 'belongs to a field'],
    ['a class', ['@part', '@unmanaged class A {}'], '(2,', 'belongs to a field'],
    ['two decorators', ['@unmanaged class A {', '  @part @bytes(2) b: usize;', '}'], '(3,', 'one decorator'],
    ['arguments', ['@unmanaged class A {', '  @part() b: B;', '}'], '(3,', 'takes no arguments'],
    ['without a type', ['@unmanaged class A {', '  @part b;', '}'], '(3,', 'Type expected'],
    ['bytes without a size', ['@unmanaged class A {', '  @bytes() b: usize;', '}'], '(3,', 'takes a size'],
    ['bytes of a type', ['@unmanaged class A {', '  @bytes(4) b: u32;', '}'], '(3,', 'is usize'],
    ['a size that varies', ['let n = 3; @unmanaged class A {', '  @bytes(n++) b: usize;', '}'], '(3,', 'constant'],
    ['a size below 0', ['@unmanaged class A {', '  @bytes(-1) b: usize;', '}'], '(3,', 'not negative'],
    ['an alignment of 3', ['@unmanaged class A {', '  @bytes(4, 3) b: usize;', '}'], '(3,', '1, 2, 4 or 8'],
    ['a number', ['@unmanaged class A {', '  @part b: u32;', '}'], '(3,', 'u32 has no layout'],
    ['a managed class', ['class M {}', '@unmanaged class A {', '  @part b: M;', '}'], '(4,', 'M has no layout'],
    ['nullable', ['@unmanaged class A {', '  @part b: B | null;', '}'], '(3,', 'no layout'],
    ['an unknown type', ['@unmanaged class A {', '  @part b: Nowhere;', '}'], '(3,', "Cannot find name 'Nowhere'"],
    ['itself', ['@unmanaged class A {', '  @part b: A;', '}'], '(3,', 'A cannot contain itself'],
    [
      'itself, within another',
      ['@unmanaged class A { @part c: C; }', '@unmanaged class C {', '  @part b: A;', '}'],
      '(4,',
      'A cannot contain itself',
    ],
    [
      'itself, by its size',
      ['@unmanaged class A {', '  @bytes(offsetof<A>()) b: usize;', '}'],
      '(3,',
      'A cannot contain itself',
    ],
    [
      'a class derived from it',
      ['@unmanaged class A {', '  @part b: D;', '}', '@unmanaged class D extends A {}'],
      '(3,',
      'D cannot contain itself',
    ],
    [
      'a name of the base class',
      ['@unmanaged class Z { b: i32; } @unmanaged class A extends Z {', '  @part b: B;', '}'],
      '(3,',
      'b',
    ],
  ];
  it.each(wrong)('%s', async (_, lines, at, text) => {
    const use = lines.some((line) => line.includes('class A'))
      ? 'export function use(): usize { return offsetof<A>(); }'
      : '';
    const source = `${HEAD}${lines.join('\n')}\n@unmanaged class B { x: i32; }\n${use}`;
    const failure = compileDeviceSource(source);
    await expect(failure).rejects.toThrow(text);
    await expect(failure).rejects.toThrow(`source.ts${at}`);
  });

  it('assigned', async () => {
    const source = `${HEAD}${INNER}@unmanaged class A { @part b: Inner; @bytes(4) c: usize; }\nexport function f(a: A): void {\n  a.b = a.b;\n}`;
    await expect(compileDeviceSource(source)).rejects.toThrow(/read-only property[^]*source\.ts\(8,/);
  });
});

describe('layouts', () => {
  const layout = (members: readonly (readonly [string, number, number, number])[], size: number): Layout => {
    const all = members.map(([name, offset, size, alignment]) => {
      return { name, offset, size, alignment, type: 'T', kind: 'part' as const };
    });
    return { name: 'A', file: 'a', size, alignment: 8, members: all };
  };

  it.each([
    [
      'two that overlap',
      layout(
        [
          ['a', 0, 5, 1],
          ['b', 4, 4, 4],
        ],
        8,
      ),
      'a and b overlap at offset 4',
    ],
    ['beyond the end', layout([['a', 0, 5, 1]], 4), 'a ends at 5, the class at 4'],
    ['not aligned', layout([['a', 2, 4, 4]], 8), 'a at offset 2 is not aligned to 4'],
    [
      'right',
      layout(
        [
          ['b', 4, 4, 4],
          ['a', 0, 4, 1],
          ['none', 2, 0, 1],
        ],
        8,
      ),
      undefined,
    ],
  ])('are checked: %s', (_, wrong, fault) => {
    expect(faultIn(wrong)).toBe(fault);
  });

  it('are told with their gaps', () => {
    expect(
      layoutLines(
        layout(
          [
            ['a', 0, 3, 1],
            ['b', 8, 8, 8],
          ],
          16,
        ),
      ),
    ).toEqual([
      'A  16 bytes, aligned to 8  (a.ts)',
      '       0      3  @part a: T',
      '       3      5  -',
      '       8      8  @part b: T',
    ]);
  });
});

// --- Any tree of classes ---

interface Tree {
  readonly fields: readonly string[];
  readonly parts: readonly Tree[];
  readonly bytes: number;
  readonly base?: Tree | undefined;
}

const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    fields: fc.array(fc.constantFrom('u8', 'i16', 'u32', 'i64', 'f64', 'bool'), { maxLength: 3 }),
    parts: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'tree' },
      fc.constant([]),
      fc.array(tie('tree'), { maxLength: 3, depthIdentifier: 'tree' }),
    ),
    bytes: fc.nat({ max: 9 }),
    base: fc.option(tie('tree'), { nil: undefined, depthIdentifier: 'tree', maxDepth: 2, freq: 2 }),
  }),
})).tree;

/** Classes of a tree, and for each object in it the expression that leads there and its class. */
class Writer {
  readonly classes: string[] = [];

  /** Returns the name of the class. */
  declare(tree: Tree): string {
    const base = tree.base && this.declare(tree.base);
    const parts = tree.parts.map((part) => this.declare(part));
    const n = this.classes.length;
    const members = [
      ...parts.map((part, i) => `@part p${n}_${i}: ${part};`),
      ...tree.fields.map((type, i) => `f${n}_${i}: ${type};`),
      `@bytes(${tree.bytes}) b${n}: usize;`,
    ];
    this.classes.push(`@unmanaged class C${n} ${base ? `extends ${base} ` : ''}{ ${members.join(' ')} }`);
    return `C${n}`;
  }
}

it('no two parts of any class overlap, all are aligned, and what is written into one changes no other', async () => {
  await fc.assert(
    fc.asyncProperty(trees, async (tree) => {
      const writer = new Writer();
      const root = writer.declare(tree);
      const source = `${HEAD}${writer.classes.join('\n')}
        const before = place<Guard>(); const object = place<${root}>(); const after = place<Guard>();
        @unmanaged class Guard { a: u64; }
        export function use(): usize { return changetype<usize>(before) + changetype<usize>(after); }
        export function at(): usize { return changetype<usize>(object); }
        export function size(): usize { return offsetof<${root}>(); }`;
      const layouts = new Map((await layoutsOfSource(source)).map((layout) => [layout.name, layout]));
      for (const layout of layouts.values()) expect(faultIn(layout)).toBeUndefined();

      // Every leaf of the object: as an expression of the language, and by the layouts.
      interface Leaf {
        readonly path: string;
        readonly offset: number;
        readonly size: number;
      }
      const leaves: Leaf[] = [];
      const visit = (name: string, path: string, offset: number): void => {
        for (const member of layouts.get(name)?.members ?? []) {
          const to = `${path}.${member.name}`;
          if (member.kind === 'part') visit(member.type, to, offset + member.offset);
          else if (member.size > 0) leaves.push({ path: to, offset: offset + member.offset, size: member.size });
        }
      };
      visit(root, 'object', 0);
      const isBytes = ({ path }: Leaf): boolean => /\.b\d+$/.test(path);
      const stores = leaves.map((leaf, i) => {
        const value = `${(i % 2) + 1}`; // neither of them 0, and one that a bool can hold
        return isBytes(leaf)
          ? `store<u8>(${leaf.path}, ${value}); store<u8>(${leaf.path} + ${leaf.size - 1}, ${value});`
          : `${leaf.path} = 1;`;
      });
      const addresses = leaves.map((leaf, i) => (isBytes(leaf) ? `if (i == ${i}) return ${leaf.path} - at();` : ''));
      const complete = `${source}
        export function write(i: i32): void { ${stores.map((text, i) => `if (i == ${i}) { ${text} }`).join('\n')} }
        export function address(i: i32): usize { ${addresses.join('\n')} return usize.MAX_VALUE; }`;
      for (const { size, at, write, address, memory } of await both(complete.replace(HEAD, ''))) {
        expect(size?.()).toBe(layouts.get(root)?.size ?? 0);
        const start = at?.() ?? 0;
        expect(start % 8).toBe(0);
        const bytes = new Uint8Array((memory as unknown as WebAssembly.Memory).buffer);
        for (const [i, leaf] of leaves.entries()) {
          if (isBytes(leaf)) expect(address?.(i)).toBe(leaf.offset);
          const was = bytes.slice();
          write?.(i);
          const changed = [...bytes.keys()].filter((at) => bytes[at] !== was[at]).map((at) => at - start);
          expect(changed.length).toBeGreaterThan(0);
          for (const offset of changed) {
            expect(offset).toBeGreaterThanOrEqual(leaf.offset);
            expect(offset).toBeLessThan(leaf.offset + leaf.size);
          }
        }
      }
    }),
    { numRuns: 10 },
  );
}, 120_000);
