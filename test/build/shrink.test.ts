// What the last run of the optimizer takes away, and what it leaves.

import binaryen from 'binaryen';
import { expect, it } from 'vitest';
import { shrink } from '../../host/build/shrink.js';

const PAGE = 65536;

/** A module whose function `f` has one parameter and this body, and what is left of it. */
function shrunk(body: (module: binaryen.Module, parameter: number) => number): {
  f: (parameter: number) => number;
  text: string;
} {
  const module = new binaryen.Module();
  module.setFeatures(binaryen.Features.MVP);
  module.setMemory(1, 1, 'memory');
  const parameter = module.local.get(0, binaryen.i32);
  module.addFunction('f', binaryen.i32, binaryen.i32, [], body(module, parameter));
  module.addFunctionExport('f', 'f');
  const small = shrink(module.emitBinary());
  module.dispose();
  const read = binaryen.readBinary(small);
  const text = read.emitText();
  read.dispose();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(small));
  return { f: exports['f'] as (parameter: number) => number, text };
}

it('a load whose value nobody uses goes', () => {
  const { f, text } = shrunk((module, at) =>
    module.block(null, [module.drop(module.i32.load(0, 4, at)), module.return(module.i32.const(7))]),
  );
  expect(text).not.toContain('load');
  expect(f(-1)).toBe(7);
});

it('a load behind a check of its address stays behind it', () => {
  const { f, text } = shrunk((module, at) => {
    const inside = module.i32.le_u(at, module.i32.const(PAGE - 4));
    return module.if(inside, module.i32.load(0, 1, at), module.i32.const(-1));
  });
  expect(text).toContain('load');
  expect([f(0), f(PAGE - 4), f(PAGE - 3), f(-1)]).toEqual([0, 0, -1, -1]);
});

it('an access out of bounds whose value is used traps as it did', () => {
  const { f } = shrunk((module, at) => module.i32.load(0, 1, at));
  expect(() => f(PAGE)).toThrow(WebAssembly.RuntimeError);
});

it('a binary that needs more than boards have is refused', () => {
  const module = new binaryen.Module();
  module.setFeatures(binaryen.Features.All);
  module.setMemory(1, 1, 'memory');
  const fill = module.memory.fill(module.i32.const(0), module.i32.const(0), module.i32.const(8));
  module.addFunction('f', binaryen.none, binaryen.none, [], fill);
  module.addFunctionExport('f', 'f');
  const binary = module.emitBinary();
  module.dispose();
  expect(() => shrink(binary)).toThrow('needs WebAssembly features that boards do not have');
});
