import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as abi from '../../host/board/abi.js';

const device = readFileSync('assembly/board/index.ts', 'utf8');
const status = readFileSync('assembly/board/status.ts', 'utf8');

/** AssemblyScript types as WebAssembly value types (wasm32). */
const VALUE_TYPES: Record<string, string | null> = { i32: 'i32', usize: 'i32', i64: 'i64', void: null };

/** The imports that assembly/board declares, in the form of abi.ts. */
function declaredImports(): Record<
  string,
  { params: (string | null | undefined)[]; result: string | null | undefined }
> {
  const pattern = /@external\("board", "(\w+)"\)\s*export declare function (\w+)\(([^)]*)\): (\w+);/g;
  const found: ReturnType<typeof declaredImports> = {};
  for (const [, external, name, params = '', result = ''] of device.matchAll(pattern)) {
    expect(external).toBe(name);
    const types = params
      .split(',')
      .map((param) => param.trim())
      .filter((param) => param !== '')
      .map((param) => VALUE_TYPES[param.split(':')[1]?.trim() ?? '']);
    found[name as string] = { params: types, result: VALUE_TYPES[result] };
  }
  return found;
}

function constEnum(source: string, name: string): Record<string, number> {
  const body = new RegExp(`const enum ${name} \\{([^}]*)\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`no const enum ${name}`);
  return Object.fromEntries([...body.matchAll(/^\s*(\w+) = (-?\d+),/gm)].map(([, key, value]) => [key, Number(value)]));
}

describe('the board ABI is the same in AssemblyScript and TypeScript', () => {
  it('declares every external function once', () => {
    expect(Object.keys(declaredImports())).toHaveLength(device.match(/@external/g)?.length ?? 0);
  });

  it('has the same imports with the same types', () => {
    expect(declaredImports()).toEqual(abi.BOARD_IMPORTS);
  });

  it('has the same ABI number', () => {
    expect(device).toContain(`export const BOARD_ABI: i32 = ${abi.BOARD_ABI};`);
  });

  it('has the same status codes', () => {
    expect(constEnum(status, 'Status')).toEqual(abi.Status);
  });

  it.each(['UartFormat', 'UartEvent', 'NetKind', 'NetState', 'RestartCause', 'LogLevel'] as const)(
    'has the same %s',
    (name) => {
      expect(constEnum(device, name)).toEqual(abi[name]);
    },
  );
});
