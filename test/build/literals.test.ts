// String literals of device code: bytes where an `Ascii` is wanted, strings where a string is.

import { describe, expect, it } from 'vitest';
import { compileDebugSource, compileDeviceSource } from '../kit/compile.js';

const HEAD = `
  import { Ascii } from "./assembly/util/ascii";
  export function length(text: Ascii): i32 { return text.length; }
`;

/** A module whose functions give addresses of texts. */
async function load(
  source: string,
): Promise<{ text(name: string): string; address(name: string): number; memory: Buffer }> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(await compileDeviceSource(HEAD + source)));
  const memory = Buffer.from((exports['memory'] as WebAssembly.Memory).buffer);
  const address = (name: string): number => (exports[name] as () => number)();
  const text = (name: string): string => {
    const at = address(name);
    const text = memory.toString('latin1', at, memory.indexOf(0, at));
    expect((exports['length'] as (at: number) => number)(at)).toBe(text.length);
    return text;
  };
  return { text, address, memory };
}

const count = (memory: Buffer, text: string, encoding: BufferEncoding): number =>
  memory.toString('latin1').split(Buffer.from(text, encoding).toString('latin1')).length - 1;

describe('a literal where an Ascii is expected', () => {
  it('is its bytes and a zero, once, however often and wherever it is written', async () => {
    const { text, address, memory } = await load(`
      function same(text: Ascii): Ascii { return text; }
      let kept: Ascii = "";
      export function argument(): Ascii { return same("modem: online"); }
      export function returned(): Ascii { return ("modem: online"); }
      export function either(): Ascii { return kept.length == 0 ? "modem: online" : "modem: lost"; }
      export function assigned(): Ascii { kept = "a\\tb\\"\\x7f"; return kept; }
      export function byDefault(text: Ascii = "by default"): Ascii { return text; }
      export function omitted(): Ascii { return byDefault(); }
      export function empty(): Ascii { return ""; }
    `);
    expect(new Set(['argument', 'returned', 'either'].map(address)).size).toBe(1);
    expect(['argument', 'returned', 'either', 'assigned', 'omitted', 'empty'].map(text)).toEqual([
      ...['modem: online', 'modem: online', 'modem: online', 'a\tb"\x7f', 'by default', ''],
    ]);
    expect(count(memory, 'modem: online\0', 'latin1')).toBe(1);
    expect(count(memory, 'modem', 'utf16le')).toBe(0);
  });

  it('may be a constant, which is then no string as well', async () => {
    const { text, memory } = await load(`
      const HOST = "beam.soracom.io";
      export function host(): Ascii { return HOST; }
    `);
    expect(text('host')).toBe('beam.soracom.io');
    expect(count(memory, 'soracom', 'utf16le')).toBe(0);
  });

  it('lies in the end of another that was written before it', async () => {
    const { text, address } = await load(`
      export function long(): Ascii { return "SEND OK"; }
      export function short(): Ascii { return "OK"; }
    `);
    expect([text('long'), text('short')]).toEqual(['SEND OK', 'OK']);
    expect(address('short')).toBe(address('long') + 5);
  });

  it.each([
    ['21 °C', 'U+00B0'],
    ['\u{1f4a1}', 'U+1F4A1'],
    ['a\\0b', 'U+0000'],
  ])('is refused with file, line and character when it has one that is not ASCII: %s', async (literal, code) => {
    const source = `${HEAD}\n  export function bad(): Ascii {\n    return "${literal}";\n  }\n`;
    await expect(compileDeviceSource(source)).rejects.toThrow(code);
    await expect(compileDeviceSource(source)).rejects.toThrow('source.ts(6,12)');
  });
});

it('a literal where a string is expected stays one', async () => {
  const binary = await compileDebugSource(`${HEAD}
    const NAME = "°C";
    export function length16(): i32 { return NAME.length + "12".length; }
  `);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary));
  expect((exports['length16'] as () => number)()).toBe(4);
});

it('a string is not taken for an Ascii', async () => {
  await expect(
    compileDeviceSource(`${HEAD} export function x(text: string): i32 { return length(text); }`),
  ).rejects.toThrow(/String' is not assignable to type '.*Ascii'/);
});
