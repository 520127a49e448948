import binaryen from 'binaryen';

/** Where the stub runtime keeps the end of what it has allocated; debug binaries keep the name. */
const POINTER = '~lib/rt/stub/offset';
const EXPORT = 'heap_pointer';

/** The same binary with its allocator's pointer exported, if an allocator is in it at all. */
export function exposeHeap(debugBinary: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(debugBinary);
  if (module.getGlobal(POINTER) !== 0) module.addGlobalExport(POINTER, EXPORT);
  return module.emitBinary();
}

/** End of the heap of an instance of such a binary; undefined when it has no allocator. */
export function heapOf(exports: Readonly<Record<string, unknown>> | undefined): unknown {
  return (exports?.[EXPORT] as WebAssembly.Global | undefined)?.value;
}
