// Tables in static memory: counted by the compiler.

import { describe, expect, it } from 'vitest';
import { compileDeviceSource } from '../kit/compile.js';

const HEAD = `
  import { Access, Of, objectTable, rowsOf } from "./assembly/lwm2m/table";
  import { lengthOf, place } from "./assembly/place";
`;

async function load(source: string): Promise<{ call(name: string): number; numbers(at: number, n: number): number[] }> {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(await compileDeviceSource(HEAD + source)));
  const memory = new DataView((exports['memory'] as WebAssembly.Memory).buffer);
  return {
    call: (name) => (exports[name] as () => number)(),
    numbers: (at, n) => Array.from({ length: n }, (_, i) => memory.getInt32(at + 4 * i, true)),
  };
}

describe('objectTable', () => {
  it('is ID, version, most instances, number of resources, and these', async () => {
    const { call, numbers } = await load(`
      const ID = 3303;
      const TABLE = objectTable(ID, 0x0101, 2, [5700 | Of.Float | Access.RM, 5605 | Access.E, 0]);
      export function table(): usize { return TABLE; }
    `);
    expect(call('table') % 4).toBe(0);
    expect(numbers(call('table'), 7)).toEqual([3303, 0x0101, 2, 3, 5700 | 0x040000 | 0x11000000, 5605 | 0x04000000, 0]);
  });

  it('says by rowsOf how many resources it has, also in the size of a byte area', async () => {
    const { call } = await load(`
      const NONE = objectTable(1, 0x0100, 1, []);
      const TWO = objectTable(2, 0x0100, 1, [0, 1 | Of.String]);
      @unmanaged class Cells { @bytes(rowsOf(TWO) * 12, 4) cells: usize; }
      const cells = place<Cells>();
      export function none(): i32 { return rowsOf(NONE); }
      export function two(): i32 { return rowsOf(TWO); }
      export function size(): i32 { return <i32>offsetof<Cells>(); }
      export function at(): usize { return cells.cells; }
    `);
    expect([call('none'), call('two'), call('size')]).toEqual([0, 2, 24]);
    expect(call('at')).toBeGreaterThan(0);
  });

  it.each([
    ['objectTable(1, 0x0100, 1)', 'objectTable takes'],
    ['objectTable(1, 0x0100, 1, rows)', 'objectTable takes'],
    ['objectTable(1, 0x0100, 1, [n])', 'a table is made of constants'],
    ['rowsOf(n)', 'rowsOf takes the name of a table'],
    ['rowsOf(1 + 1)', 'rowsOf takes the name of a table'],
    ['lengthOf(n)', 'lengthOf takes the name of data'],
    ['lengthOf(memory.data<u8>([1]))', 'lengthOf takes the name of data'],
  ])('is refused, with file and line: %s', async (expression, text) => {
    const source = `${HEAD}
      export let n: i32 = 0;
      export let rows: StaticArray<i32> = [1];
      export function bad(): usize { n++; return ${expression}; }
    `;
    await expect(compileDeviceSource(source)).rejects.toThrow(new RegExp(`${text}[^]*source\\.ts\\(7,`));
  });

  it('is another function where an app has one of that name', async () => {
    const { exports } = new WebAssembly.Instance(
      new WebAssembly.Module(
        await compileDeviceSource(
          'function rowsOf(n: i32): i32 { return n + 1; } export function x(): i32 { return rowsOf(2); }',
        ),
      ),
    );
    expect((exports['x'] as () => number)()).toBe(3);
  });
});

it('lengthOf is the number of values of data that is written out', async () => {
  const { call } = await load(`
    const BYTES = memory.data<u8>([1, 2, 3]);
    const NUMBERS = memory.data<i32>([1, 2, 3, 4, 5]);
    const HALF: i32 = lengthOf(NUMBERS) / 2;
    export function bytes(): i32 { return lengthOf(BYTES); }
    export function half(): i32 { return HALF; }
  `);
  expect([call('bytes'), call('half')]).toEqual([3, 2]);
});
