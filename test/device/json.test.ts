// Reading and writing JSON on the device, with Node's own JSON as the other opinion.

import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileDeviceSource } from '../kit/compile.js';

const SOURCE = `
  import { JsonReader, writeJsonString } from "./assembly/util/json";
  import { Text } from "./assembly/util/text";
  const reader = changetype<JsonReader>(memory.data(offsetof<JsonReader>(), 8));
  const text = changetype<Text>(memory.data(offsetof<Text>(), 8));
  const IN = memory.data(8192);
  const OUT = memory.data(8192);
  export function input(): usize { return IN; }
  export function output(): usize { return OUT; }
  export function find(len: i32): i32 { return reader.find(IN, len, "key"); }
  export function ptr(): usize { return reader.ptr; }
  export function len(): i32 { return reader.len; }
  export function integer(): i32 { return reader.integer(-7777); }
  export function write(len: i32): i32 { writeJsonString(text.on(OUT, 8192), IN, len); return text.length; }
`;

const KINDS = ['none', 'string', 'number', 'true', 'false', 'null', 'nested'];

interface Exports {
  memory: WebAssembly.Memory;
  input(): number;
  output(): number;
  find(len: number): number;
  ptr(): number;
  len(): number;
  integer(): number;
  write(len: number): number;
}

let wasm: Exports;
beforeAll(async () => {
  const module = new WebAssembly.Module(await compileDeviceSource(SOURCE));
  wasm = new WebAssembly.Instance(module).exports as unknown as Exports;
});

const put = (bytes: Uint8Array): number => (new Uint8Array(wasm.memory.buffer).set(bytes, wasm.input()), bytes.length);
const at = (ptr: number, len: number): string => Buffer.from(wasm.memory.buffer.slice(ptr, ptr + len)).toString();

/** Kind and text of the member "key". */
function find(text: string): [kind: string | undefined, text: string] {
  const kind = KINDS[wasm.find(put(Buffer.from(text)))];
  return [kind, kind === 'none' ? '' : at(wasm.ptr(), wasm.len())];
}

describe('a member of an object', () => {
  test.each([
    ['{"key":"v"}', 'string', 'v'],
    [' { "a" : [1,{"key":2}] ,\n"key"\t:  -12.5e3 } ', 'number', '-12.5e3'],
    ['{"key":"a\\"b\\\\"}', 'string', 'a\\"b\\\\'],
    ['{"key":{"x":"}"},"key":1}', 'nested', '{"x":"}"}'],
    ['{"key":[[],["]"]]}', 'nested', '[[],["]"]]'],
    ['{"key":true}', 'true', 'true'],
    ['{"key":false}', 'false', 'false'],
    ['{"key":null}', 'null', 'null'],
    ['{"key":""}', 'string', ''],
    ['{"Key":1}', 'none', ''],
    ['{"keys":1}', 'none', ''],
    ['{"a":"key"}', 'none', ''],
    ['{}', 'none', ''],
    ['', 'none', ''],
    ['["key",1]', 'none', ''],
    ['"key"', 'none', ''],
    ['{"key"', 'none', ''],
    ['{"key":', 'none', ''],
    ['{"key":"v', 'none', ''],
    ['{"key":"v\\', 'none', ''],
    ['{"key":[1', 'none', ''],
    ['{"key":truth}', 'none', ''],
    ['{key:1}', 'none', ''],
    ['{"a" 1,"key":2}', 'none', ''],
    ['{"a":1 "key":2}', 'none', ''],
  ])('%s', (text, kind, value) => {
    expect(find(text)).toEqual([kind, value]);
  });

  test('is what JSON.parse finds, in any object and any layout', () => {
    const name = fc.oneof(fc.constantFrom('key', 'a', 'key2'), fc.string({ unit: 'binary', maxLength: 6 }));
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue({ maxDepth: 3 })), fc.nat(3), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        fc.pre(Buffer.byteLength(text) < 8000);
        const [kind, found] = find(text);
        expect(kind !== 'none').toBe(Object.hasOwn(object, 'key'));
        if (kind === 'none') return;
        const value = JSON.parse(kind === 'string' ? `"${found}"` : found) as unknown;
        expect(value).toEqual((JSON.parse(text) as Record<string, unknown>)['key']);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['0', 0],
    ['-0', 0],
    ['60', 60],
    ['-999999999', -999_999_999],
    ['1000000000', -7777],
    ['1.5', -7777],
    ['1e3', 1000],
    ['-', -7777],
    ['"5"', 5],
    // RFC 8259 has one kind of number.
    ['60.0', 60],
    ['6e1', 60],
    ['600e-1', 60],
    ['1E2', 100],
    ['1.2E+2', 120],
    ['-6.00e+01', -60],
    ['0.00000000000000000006e21', 60],
    ['60000000000000000000000e-21', 60],
    ['0.0', 0],
    ['-0.0e5', 0],
    ['0e99999999999', 0],
    ['999999999.000', 999_999_999],
    ['60.5', -7777],
    ['1e-1', -7777],
    ['61e-1', -7777],
    ['1e9', -7777],
    ['1e4294967297', -7777],
    ['2147483648', -7777],
    ['4294967356', -7777],
    ['9007199254740993', -7777],
    ['060', -7777],
    ['-060', -7777],
    ['00', -7777],
    ['60.', -7777],
    ['60.e1', -7777],
    ['6.0.0', -7777],
    ['6e', -7777],
    ['6e+', -7777],
    ['6e1.0', -7777],
    ['6e1e1', -7777],
    ['--6', -7777],
    ['6-6', -7777],
    ['"+6"', -7777],
    ['".5e1"', -7777],
    ['"e1"', -7777],
    ['" 6"', -7777],
    ['"-"', -7777],
    ['""', -7777],
    ['true', -7777],
  ])('%s as a whole number', (text, value) => {
    find(`{"key":${text}}`);
    expect(wasm.integer()).toBe(value);
  });

  test('a whole number in any form is what JSON.parse reads', () => {
    const zeros = fc.nat(9).map((n) => '0'.repeat(n));
    const digits = fc.oneof(fc.nat(12), fc.nat(99_999_999)).map(String);
    const fraction = fc.oneof(
      fc.constant(''),
      fc.tuple(zeros, digits, zeros).map((all) => `.${all.join('')}`),
      zeros,
    );
    const sign = fc.constantFrom('', '+', '-');
    const exponent = fc.tuple(fc.constantFrom('e', 'E'), sign, zeros, fc.nat(12)).map((all) => all.join(''));
    const anything = fc.string({ unit: fc.constantFrom(...'0019.eE+-'), maxLength: 8 });
    const number = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constantFrom('', '-'), digits, fraction, fc.option(exponent, { nil: '' })) },
      { weight: 1, arbitrary: fc.tuple(anything) },
    );
    fc.assert(
      fc.property(
        number.map((all) => all.join('')),
        (text) => {
          // Up to 15 digits a double is whole only where the number is.
          fc.pre((text.split(/e/i)[0] ?? '').replace(/[^\d]/g, '').replace(/^0+|0+$/g, '').length <= 15);
          let value: unknown;
          try {
            value = JSON.parse(text);
          } catch {
            value = undefined;
          }
          // A double is zero where the number is merely too small for it: 1e-900 is not whole.
          const isTooSmall = value === 0 && /[1-9]/.test(text.split(/e/i)[0] ?? '');
          const isWhole = Number.isInteger(value) && !isTooSmall && Math.abs(value as number) < 1e9;
          // As the text of a string: characters that end no number come to it, too.
          find(`{"key":"${text}"}`);
          expect(wasm.integer()).toBe(isWhole ? (value as number) + 0 : -7777);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('any bytes: never a trap, and never a value outside of them', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom('{"key":', '"', '\\', '[', '}', ',', ':', '{"a":1,').map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = Buffer.concat(pieces);
        const kind = wasm.find(put(bytes));
        if (kind === 0) return;
        expect(wasm.ptr()).toBeGreaterThanOrEqual(wasm.input());
        expect(wasm.ptr() + wasm.len()).toBeLessThanOrEqual(wasm.input() + bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});

test('any string that is written is the string that JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const length = wasm.write(put(Buffer.from(text)));
      expect(JSON.parse(at(wasm.output(), length))).toBe(text);
    }),
    { numRuns: 500 },
  );
});
