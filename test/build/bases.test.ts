// Addresses of static data with common bases: fewer bytes, the same accesses.

import binaryen from 'binaryen';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shareBases } from '../../host/build/bases.js';

/** A function for each list that adds 1 to the bytes at these addresses, with the offsets given, and returns their sum. */
function moduleOf(lists: readonly (readonly { address: number; offset: number }[])[]): Uint8Array {
  const module = new binaryen.Module();
  module.setFeatures(binaryen.Features.MVP);
  module.setMemory(2, 2, 'memory');
  const { i32 } = module;
  lists.forEach((list, i) => {
    const get = (address: number, offset: number): number => i32.load8_u(offset, 1, i32.const(address));
    const steps = list.map(({ address, offset }) =>
      i32.store8(offset, 1, i32.const(address), i32.add(get(address, offset), i32.const(1))),
    );
    const sum = list.reduce((sum, { address, offset }) => i32.add(sum, get(address, offset)), i32.const(0));
    const body = module.if(module.local.get(0, binaryen.i32), module.block(null, steps));
    module.addFunction(`f${String(i)}`, binaryen.i32, binaryen.i32, [], module.block(null, [body, module.return(sum)]));
    module.addFunctionExport(`f${String(i)}`, `f${String(i)}`);
  });
  const binary = module.emitBinary();
  module.dispose();
  return binary;
}

function based(binary: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(binary);
  shareBases(module);
  module.runPasses(['const-hoisting']);
  expect(module.validate()).toBe(1);
  const small = module.emitBinary();
  module.dispose();
  return small;
}

function outcome(binary: Uint8Array, count: number): unknown[] {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(binary)));
  const sums = [1, 0, 1].flatMap((on) =>
    Array.from({ length: count }, (_, i) => (exports[`f${String(i)}`] as (on: number) => number)(on)),
  );
  // As text: vitest looks at every byte of a buffer by itself.
  return [sums, Buffer.from((exports['memory'] as WebAssembly.Memory).buffer).toString('latin1')];
}

it('functions do what they did, whatever addresses they use', () => {
  const address = fc.oneof(
    fc.nat(300),
    fc.integer({ min: 8_100, max: 8_300 }),
    fc.integer({ min: 50_000, max: 50_600 }),
    fc.nat(99_000),
  );
  const access = fc.record({ address, offset: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(20_000)) });
  fc.assert(
    fc.property(fc.array(fc.array(access, { maxLength: 30 }), { minLength: 1, maxLength: 3 }), (lists) => {
      const binary = moduleOf(lists);
      const small = based(binary);
      expect(outcome(small, lists.length)).toEqual(outcome(binary, lists.length));
    }),
  );
});

it('many fields of one thing take little more than a byte each for where they are', () => {
  const fields = Array.from({ length: 30 }, (_, i) => ({ address: 50_000 + 4 * i, offset: 0 }));
  const apart = fields.map(({ address }, i) => ({ address: address - 1_600 * i, offset: 0 }));
  expect(based(moduleOf([fields])).length).toBeLessThan(based(moduleOf([apart])).length - 90);
});
