// What the language of the device side has beyond AssemblyScript, for every place that compiles it.

import type { Parser, Program } from './compiler-internals.js';
import type { Layout } from './layout.js';
import { literals } from './literals.js';
import { alignMemoryEnd } from './memory-end.js';
import { objectTables } from './tables.js';
import { layoutsOf, parts } from './parts.js';

/** A transform, as the compiler's `transforms` take it. */
export interface Transform {
  /** All sources are read. */
  afterParse?(parser: Parser): void;
  /** All names are declared; nothing is compiled. */
  afterInitialize?(program: Program): void;
}

/** Text as bytes (literals.ts), objects within objects (parts.ts), tables that are counted (tables.ts). */
export async function deviceTransforms(): Promise<Transform[]> {
  await alignMemoryEnd();
  await objectTables();
  return [await literals(), await parts()];
}

/** Tells the layouts of the classes of one compilation. */
export class LayoutWatch implements Transform {
  #program?: Program;

  afterInitialize(program: Program): void {
    this.#program = program;
  }

  /** Empty before the program is compiled. */
  get layouts(): Layout[] {
    return this.#program ? layoutsOf(this.#program) : [];
  }
}
