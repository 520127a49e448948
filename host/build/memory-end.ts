// `__data_end` and `__heap_base`, which tell engines where an app's static data ends, at a multiple of 16 bytes: engines align their
// own heap to as much, and a board's C code may keep any object there.

import { type Asc, type Compiler, compilerInternals } from './compiler-internals.js';

const ALIGNMENT = 16;
const NAMES = new Set(['~lib/memory/__data_end', '~lib/memory/__heap_base']);

let installed: Promise<void> | undefined;

/** Changes the compiler, once. */
export function alignMemoryEnd(): Promise<void> {
  return (installed ??= compilerInternals().then(install));
}

function install(asc: Asc): void {
  const { prototype } = asc.Compiler;
  const { compile } = prototype;
  prototype.compile = function (this: Compiler): object {
    const { module } = this;
    const addGlobal = module.addGlobal.bind(module);
    module.addGlobal = (name, type, mutable, initial) => {
      if (!NAMES.has(name)) return addGlobal(name, type, mutable, initial);
      const aligned = Math.ceil(asc.getConstValueI32(initial) / ALIGNMENT) * ALIGNMENT;
      return addGlobal(name, type, mutable, module.i32(aligned));
    };
    return compile.call(this);
  };
}
