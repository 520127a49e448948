// as-bind with today's compiler: our transform and our converters, both ways, for every type that they carry.
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { bind } from '../../host/kit/index.js';
import { Random } from '../../host/random.js';
import { compileBound } from './compile.js';

/** AssemblyScript: functions of all types that as-bind carries. */
const ECHO = `
export * from './arrays';
export function echoString(text: string): string {
  return text;
}
export function echoNullable(text: string | null): string | null {
  return text;
}
export function join(a: string, b: string): string {
  return a + b;
}
export function lengthOf(text: string): i32 {
  return text.length;
}
export function echoBytes(bytes: Uint8Array): Uint8Array {
  return bytes;
}
export function tail(bytes: Uint8Array, from: i32): Uint8Array {
  return bytes.subarray(from);
}
export function sum(bytes: Uint8Array): u32 {
  let total: u32 = 0;
  for (let i = 0; i < bytes.length; i++) total += bytes[i];
  return total;
}
export function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}
export function fromUtf8(buffer: ArrayBuffer): string {
  return String.UTF8.decode(buffer);
}
export function bigOf(n: i64): i64 {
  return n + 1;
}
export function not(value: bool): bool {
  return !value;
}
export function array(_values: Array<i32>): i32 {
  return 0;
}
/** Makes garbage enough for the collector to run many times over. */
export function churn(text: string, times: i32): i32 {
  let total = 0;
  for (let i = 0; i < times; i++) total += (text + i.toString()).length;
  return total;
}
`;
const ARRAYS = [
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Int64Array',
  'Uint64Array',
  'Float32Array',
  'Float64Array',
].map((type) => `export function echo${type}(values: ${type}): ${type} { return values; }`);

type Echo<T> = (value: T) => T;

interface Exports {
  memory: WebAssembly.Memory;
  echoString: Echo<string>;
  echoNullable: Echo<string | null>;
  join(a: string, b: string): string;
  lengthOf(text: string): number;
  echoBytes: Echo<Uint8Array>;
  tail(bytes: Uint8Array, from: number): Uint8Array;
  sum(bytes: Uint8Array): number;
  utf8(text: string): ArrayBuffer;
  fromUtf8(buffer: ArrayBuffer): string;
  bigOf(n: bigint): bigint;
  not(value: boolean): number;
  array(values: number[]): number;
  churn(text: string, times: number): number;
  echoInt8Array: Echo<Int8Array>;
  echoUint8ClampedArray: Echo<Uint8ClampedArray>;
  echoInt16Array: Echo<Int16Array>;
  echoUint16Array: Echo<Uint16Array>;
  echoInt32Array: Echo<Int32Array>;
  echoUint32Array: Echo<Uint32Array>;
  echoInt64Array: Echo<BigInt64Array>;
  echoUint64Array: Echo<BigUint64Array>;
  echoFloat32Array: Echo<Float32Array>;
  echoFloat64Array: Echo<Float64Array>;
}

let wasm: Uint8Array<ArrayBuffer>;
let echo: Exports;
const printed = (['log', 'warn', 'error'] as const).map((level) => vi.spyOn(console, level));

beforeAll(async () => {
  wasm = await compileBound({ 'echo.ts': ECHO, 'arrays.ts': ARRAYS.join('\n') });
  echo = await bind<Exports>(wasm);
});

const TEXTS: Record<string, string> = {
  'the empty string': '',
  ASCII: 'a',
  'two-byte letters': 'Grüße',
  'three-byte letters': '明かり',
  'pairs of surrogates': '🗼 tower',
  'a NUL inside': 'nul\0inside',
  'a surrogate alone': '\ud800 alone',
  'a long text': '灯'.repeat(70_000),
};

describe('strings', () => {
  it.each(Object.keys(TEXTS))('carries %s', (name) => {
    const text = TEXTS[name] ?? '';
    expect(echo.echoString(text) === text).toBe(true);
    expect(echo.lengthOf(text)).toBe(text.length);
    expect(echo.join(text, 'é') === `${text}é`).toBe(true);
    expect(echo.join('é', text) === `é${text}`).toBe(true);
  });

  it('carries null where the type allows it', () => {
    expect(echo.echoNullable(null)).toBe(null);
    expect(echo.echoNullable('')).toBe('');
  });
});

describe('Uint8Array', () => {
  it('carries every length from 0 to 100, and a long one', () => {
    const random = new Random('as-bind bytes');
    for (const length of [...Array(101).keys(), 300_000]) {
      const bytes = random.bytes(length);
      const back = echo.echoBytes(bytes);
      expect(Buffer.compare(back, bytes), `length ${length}`).toBe(0);
      expect(back).toBeInstanceOf(Uint8Array);
      expect(echo.sum(bytes)).toBe(bytes.reduce((a, b) => a + b, 0));
    }
  });

  it('carries a window of a larger buffer, in and out', () => {
    const whole = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    expect(echo.echoBytes(whole.subarray(2, 5))).toEqual(Uint8Array.of(3, 4, 5));
    expect(echo.echoBytes(Buffer.from(whole).subarray(6))).toEqual(Uint8Array.of(7, 8));
    expect(echo.tail(whole, 5)).toEqual(Uint8Array.of(6, 7, 8));
    expect(echo.tail(whole, 8)).toEqual(new Uint8Array());
  });

  it('gives copies: they outlive the next calls and do not reach into the module', () => {
    const first = echo.echoBytes(Uint8Array.of(1, 2, 3));
    expect(first.buffer).not.toBe(echo.memory.buffer);
    expect(first.buffer.byteLength).toBe(3);
    for (let i = 0; i < 1000; i++) echo.echoBytes(new Uint8Array(1000).fill(0xee));
    expect(first).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('the other types', () => {
  it('carries every typed array with its extreme values', () => {
    const echoed = <T>(send: Echo<T>, value: T): void => expect(send(value)).toEqual(value);
    echoed(echo.echoInt8Array, Int8Array.of(-128, 0, 127));
    echoed(echo.echoUint8ClampedArray, Uint8ClampedArray.of(0, 255));
    echoed(echo.echoInt16Array, Int16Array.of(-32768, 32767));
    echoed(echo.echoUint16Array, Uint16Array.of(0, 65535));
    echoed(echo.echoInt32Array, Int32Array.of(-(2 ** 31), 2 ** 31 - 1));
    echoed(echo.echoUint32Array, Uint32Array.of(0, 2 ** 32 - 1));
    echoed(echo.echoInt64Array, BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n));
    echoed(echo.echoUint64Array, BigUint64Array.of(0n, 2n ** 64n - 1n));
    echoed(echo.echoFloat32Array, Float32Array.of(-0.5, Infinity));
    echoed(echo.echoFloat64Array, Float64Array.of(Math.PI, -0));
    echoed(echo.echoUint32Array, new Uint32Array());
  });

  it('carries ArrayBuffer, 64-bit integers and booleans', () => {
    expect(new Uint8Array(echo.utf8('é灯'))).toEqual(new Uint8Array(Buffer.from('é灯')));
    expect(echo.fromUtf8(new Uint8Array(Buffer.from('é灯')).buffer)).toBe('é灯');
    expect(echo.fromUtf8(new ArrayBuffer(0))).toBe('');
    expect(echo.bigOf(2n ** 62n)).toBe(2n ** 62n + 1n);
    expect([echo.not(true), echo.not(false)]).toEqual([0, 1]);
  });

  it('refuses Array, whose layout as-bind does not know', () => {
    expect(() => echo.array([1])).toThrow(/~lib\/array\/Array<i32> cannot be called from here/);
  });

  it('refuses a call with too few arguments', () => {
    expect(() => (echo.join as (a: string) => string)('a')).toThrow('Expected 2 arguments, got 1');
  });
});

describe('a long run', () => {
  it('neither loses what it passes to the collector nor grows without end', () => {
    const random = new Random('as-bind long');
    const pages = (): number => echo.memory.buffer.byteLength / 65536;
    let settled = 0;
    for (let turn = 0; turn < 3000; turn++) {
      const bytes = random.bytes(random.below(2000));
      const text = Buffer.from(bytes).toString('latin1');
      if (Buffer.compare(echo.echoBytes(bytes), bytes) !== 0) throw new Error(`turn ${turn}: bytes differ`);
      if (echo.join(text, text) !== text + text) throw new Error(`turn ${turn}: text differs`);
      expect(echo.churn('x', 10)).toBe(20);
      if (turn === 1000) settled = pages();
    }
    expect(pages()).toBe(settled);
  });
});

describe('the transform', () => {
  it('describes exported functions, those of `export * from` too, and nothing else', () => {
    const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm), 'as-bind_bindings');
    const { typeIds, importedFunctions, exportedFunctions } = JSON.parse(new TextDecoder().decode(section)) as {
      typeIds: Record<string, { id: number; byteSize: number }>;
      importedFunctions: unknown;
      exportedFunctions: Record<string, { parameters: string[]; returnType: string }>;
    };
    expect(exportedFunctions['tail']).toEqual({
      parameters: ['~lib/typedarray/Uint8Array', 'i32'],
      returnType: '~lib/typedarray/Uint8Array',
    });
    expect(exportedFunctions['echoNullable']?.parameters).toEqual(['~lib/string/String']);
    expect(Object.keys(exportedFunctions)).toContain('echoInt8Array');
    expect(importedFunctions).toEqual({});
    expect(typeIds['~lib/string/String']?.id).toBe(2);
    expect(typeIds['~lib/arraybuffer/ArrayBuffer']?.id).toBe(1);
    expect(typeIds['~lib/typedarray/Uint8Array']?.byteSize).toBe(12);
  });
});

it('prints nothing', () => {
  for (const spy of printed) expect(spy).not.toHaveBeenCalled();
});
