// The data section, packed: WebAssembly itself says what memory it makes.

import binaryen from 'binaryen';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packData } from '../../host/build/pack.js';

interface Segment {
  readonly offset: number;
  readonly data: Uint8Array;
}

function moduleOf(segments: readonly Segment[]): Uint8Array {
  const module = new binaryen.Module();
  module.setFeatures(binaryen.Features.MVP);
  const described = segments.map(({ offset, data }) => ({ offset: module.i32.const(offset), data, passive: false }));
  module.setMemory(1, 1, 'memory', described as never);
  const binary = module.emitBinary();
  module.dispose();
  return binary;
}

function memoryOf(binary: Uint8Array): Buffer {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(binary)));
  return Buffer.from((exports['memory'] as WebAssembly.Memory).buffer);
}

const sparse = fc
  .array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(255) }), { maxLength: 60 })
  .map((bytes) => Uint8Array.from(bytes));

it('makes the same memory of any segments, in no more bytes, and the same again of its own', () => {
  const segment = fc.record({ offset: fc.oneof(fc.nat(300), fc.nat(65_000)), data: sparse });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 12 }), (segments) => {
      const binary = moduleOf(segments);
      const packed = packData(binary);
      expect(memoryOf(packed).equals(memoryOf(binary))).toBe(true);
      expect(packed.length).toBeLessThanOrEqual(binary.length);
      expect(packData(packed)).toEqual(packed);
    }),
  );
});

it('joins what lies close together, and leaves out what is zero', () => {
  const near = [8, 20, 32].map((offset) => ({ offset, data: Uint8Array.of(1, 0, 0, 0, 2, 3, 0) }));
  const data = (binary: Uint8Array): number =>
    binaryen
      .readBinary(binary)
      .emitText()
      .match(/\(data /g)?.length ?? 0;
  expect(data(packData(moduleOf(near)))).toBe(1);
  expect(data(packData(moduleOf([...near, { offset: 100, data: new Uint8Array(50) }])))).toBe(1);
  expect(data(packData(moduleOf([...near, { offset: 100, data: Uint8Array.of(9) }])))).toBe(2);
});

it('refuses what it cannot place: a segment without a constant address, a module that ends too early', () => {
  const passive = Uint8Array.of(...moduleOf([]).subarray(0, 8), 11, 4, 1, 1, 1, 7);
  expect(() => packData(passive)).toThrow('constant address');
  const whole = moduleOf([{ offset: 8, data: Uint8Array.of(1, 2, 3) }]);
  for (const cut of [1, 4]) expect(() => packData(whole.subarray(0, whole.length - cut))).toThrow('too early');
});
