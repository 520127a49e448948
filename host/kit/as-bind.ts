// as-bind 0.8.2 with the object layout of AssemblyScript 0.28.
//
// Its own converters read the layout of 0.19. Here are those of today: before each object stands a header whose last two words
// are class id and byte size; a string is its UTF-16 code units; a typed array is three words: buffer, data start, byte length.
// What comes out is always a copy, for the module's memory moves when it grows.
import { createRequire } from 'node:module';

interface Runtime {
  readonly memory: WebAssembly.Memory;
  __new(size: number, id: number): number;
  __pin(ptr: number): number;
  __unpin(ptr: number): void;
}

interface Bound {
  readonly exports: Runtime & Record<string, unknown>;
  readonly loadedModule: { readonly exports: Runtime };
  getTypeId(typeName: string): number;
}

interface Converter {
  ascToJs(bound: Bound, value: number, typeName: string): unknown;
  jsToAsc(bound: Bound, value: never, typeName: string): unknown;
}

interface AsBind {
  readonly converters: Map<string | RegExp, Converter>;
  instantiate(source: Uint8Array, imports: WebAssembly.Imports): Promise<Bound>;
}

// The package's main entry is its compiler half.
const asBind = createRequire(import.meta.url)('as-bind/dist/as-bind.cjs.js') as AsBind;

const ARRAY_BUFFER_ID = 1;
const STRING_ID = 2;
const BYTE_SIZE = -4;
const TYPED_ARRAY_BYTES = 12;

const runtimeOf = (bound: Bound): Runtime => bound.loadedModule.exports;
const viewOf = (runtime: Runtime): DataView => new DataView(runtime.memory.buffer);
const byteSize = (runtime: Runtime, ptr: number): number => viewOf(runtime).getUint32(ptr + BYTE_SIZE, true);

/** A new object of the module that holds `bytes`. */
function newObject(runtime: Runtime, id: number, bytes: Uint8Array): number {
  const ptr = runtime.__new(bytes.length, id);
  new Uint8Array(runtime.memory.buffer).set(bytes, ptr);
  return ptr;
}

/** Adds null, which AssemblyScript writes as pointer 0. */
function nullable<T>(
  toJs: (bound: Bound, ptr: number) => T,
  toAsc: (bound: Bound, value: T, typeName: string) => number,
): Converter {
  return {
    ascToJs: (bound, ptr) => (ptr === 0 ? null : toJs(bound, ptr)),
    jsToAsc: (bound, value: T | null, typeName) => (value === null ? 0 : toAsc(bound, value, typeName)),
  };
}

const string = nullable<string>(
  (bound, ptr) => {
    const runtime = runtimeOf(bound);
    return Buffer.from(runtime.memory.buffer, ptr, byteSize(runtime, ptr)).toString('utf16le');
  },
  (bound, text) => newObject(runtimeOf(bound), STRING_ID, Buffer.from(text, 'utf16le')),
);

const arrayBuffer = nullable<ArrayBuffer>(
  (bound, ptr) => {
    const runtime = runtimeOf(bound);
    return runtime.memory.buffer.slice(ptr, ptr + byteSize(runtime, ptr));
  },
  (bound, buffer) => newObject(runtimeOf(bound), ARRAY_BUFFER_ID, new Uint8Array(buffer)),
);

function typedArray(Type: new (buffer: ArrayBuffer) => ArrayBufferView): Converter {
  return nullable<ArrayBufferView>(
    (bound, ptr) => {
      const runtime = runtimeOf(bound);
      const words = new DataView(runtime.memory.buffer, ptr, TYPED_ARRAY_BYTES);
      const start = words.getUint32(4, true);
      return new Type(runtime.memory.buffer.slice(start, start + words.getUint32(8, true)));
    },
    (bound, array, typeName) => {
      const runtime = runtimeOf(bound);
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      const buffer = runtime.__pin(newObject(runtime, ARRAY_BUFFER_ID, bytes));
      const ptr = runtime.__new(TYPED_ARRAY_BYTES, bound.getTypeId(typeName));
      const words = new DataView(runtime.memory.buffer, ptr, TYPED_ARRAY_BYTES);
      words.setUint32(0, buffer, true);
      words.setUint32(4, buffer, true);
      words.setUint32(8, bytes.length, true);
      runtime.__unpin(buffer);
      return ptr;
    },
  );
}

/** What as-bind has no use for in today's layout: better no call than a wrong one. */
function refuse(typeName: string): never {
  throw new TypeError(`a function with ${typeName} cannot be called from here: use a typed array`);
}
const refusing: Converter = {
  ascToJs: (_bound, _value, typeName) => refuse(typeName),
  jsToAsc: (_bound, _value, typeName) => refuse(typeName),
};

const typedArrays = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Int64Array: BigInt64Array,
  Uint64Array: BigUint64Array,
  Float32Array,
  Float64Array,
};

for (const key of asBind.converters.keys()) {
  if (key instanceof RegExp && key.test('~lib/array/Array<i32>')) asBind.converters.set(key, refusing);
}
asBind.converters.set('~lib/string/String', string);
asBind.converters.set('~lib/arraybuffer/ArrayBuffer', arrayBuffer);
for (const [name, Type] of Object.entries(typedArrays)) {
  asBind.converters.set(`~lib/typedarray/${name}`, typedArray(Type));
}

/**
 * Instantiates a module that tools/as-bind-transform.mjs has described, and returns its exports, of whose type the caller is sure.
 * The functions take and give numbers (0 or 1 for a bool), bigints (64 bits), strings, typed arrays and ArrayBuffers, and null where
 * the module's type allows it.
 */
export async function bind<Exports>(wasm: Uint8Array, imports: WebAssembly.Imports = {}): Promise<Exports> {
  return (await asBind.instantiate(wasm, imports)).exports as unknown as Exports;
}
