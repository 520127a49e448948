// What every device binary must be, so that any engine on any chip runs it.
import { readFileSync } from 'node:fs';
import binaryen from 'binaryen';
import { describe, expect, it } from 'vitest';
import { APP_EXPORTS, BOARD_IMPORTS, BOARD_MODULE } from '../../host/board/abi.js';
import { Board, MemoryStore, SerialLine } from '../../host/board/index.js';
import { targetsOf } from '../../host/build/compile.js';
import { configurationOf } from '../../host/build/configuration.js';
import { figuresOf } from '../../host/build/figures.js';
import { MS } from '../../host/clock/clock.js';
import { VirtualClock } from '../../host/clock/virtual.js';
import { Random } from '../../host/random.js';
import { Trace } from '../../host/trace/trace.js';
import { compileDebugSource } from '../kit/compile.js';
import { exposeHeap, heapOf } from './heap.js';

interface Target {
  readonly outFile: string;
  readonly runtime?: string;
}

const { targets } = configurationOf('.') as { targets: Record<string, Target> };
// The kit runs in Node and keeps AssemblyScript's own runtime; all else is for devices.
const device = Object.entries(targets).filter(([name]) => !name.startsWith('kit-'));

/** What wasm2c and WAMR take without switches: WebAssembly 1.0, sign extension, exported mutable globals. */
const FEATURES = binaryen.Features.MVP | binaryen.Features.SignExt | binaryen.Features.MutableGlobals;

const types = (list: binaryen.Type): string[] =>
  binaryen.expandType(list).map((type) => (type === binaryen.i32 ? 'i32' : type === binaryen.i64 ? 'i64' : 'other'));

function read(file: string): binaryen.Module {
  const module = binaryen.readBinary(readFileSync(file));
  module.setFeatures(FEATURES);
  return module;
}

describe.each(device)('%s', (_name, { outFile }) => {
  const module = read(outFile);
  const text = module.emitText();

  it('needs no feature beyond WebAssembly 1.0, sign extension and mutable globals', () => {
    expect(module.validate()).toBe(1);
  });

  it('imports only what the board ABI lists, with the right types', () => {
    for (let i = 0; i < module.getNumFunctions(); i++) {
      const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
      if (info.base === null || info.base === '') continue;
      expect(info.module).toBe(BOARD_MODULE);
      const wanted = BOARD_IMPORTS[info.base];
      expect(types(info.params), info.base).toEqual(wanted?.params);
      expect(types(info.results), info.base).toEqual(wanted?.result ? [wanted.result] : []);
    }
    expect(text).not.toMatch(/\(import "(?!board")/);
    expect(text).not.toMatch(/\(import "board" "\w+" \((?!func)/);
  });

  it('exports an app', () => {
    for (const [name, { params, result }] of Object.entries(APP_EXPORTS)) {
      const entry = module.getExport(name);
      expect(entry, name).not.toBe(0);
      const info = binaryen.getFunctionInfo(module.getFunction(binaryen.getExportInfo(entry).value));
      expect(types(info.params)).toEqual(params);
      expect(types(info.results)).toEqual(result ? [result] : []);
    }
  });

  it('has no start section, one memory of one page that cannot grow, and no memory.grow', () => {
    expect(text).not.toContain('(start');
    expect(text.match(/^ \(memory /gm)).toHaveLength(1);
    expect(text).toMatch(/\(memory \$\w+ 1 1\)/);
    expect(text).not.toContain('memory.grow');
  });

  it('has no custom section unless it is for debugging', () => {
    const sections = WebAssembly.Module.customSections.bind(undefined, new WebAssembly.Module(readFileSync(outFile)));
    const there = ['name', 'producers', 'target_features', 'sourceMappingURL'].filter(
      (name) => sections(name).length > 0,
    );
    expect(there).toEqual(outFile.includes('debug') ? ['name', 'sourceMappingURL'] : []);
  });

  it('says where its static data ends; its own variables start at 0, so that none is taken for a stack pointer', () => {
    const globals = new Map(
      [...text.matchAll(/^ \(global \$(\S+) (\(mut )?i32\)? \(i32\.const (-?\d+)\)\)$/gm)].map(
        ([, name = '', mutable, value]) => [name, { mutable: mutable !== undefined, value: Number(value) }],
      ),
    );
    const exported = (name: string): { mutable: boolean; value: number } | undefined =>
      globals.get(new RegExp(`\\(export "${name}" \\(global \\$(\\S+)\\)\\)`).exec(text)?.[1] ?? '');
    const [end, heap] = [exported('__data_end'), exported('__heap_base')];
    expect([end?.mutable, heap?.mutable]).toEqual([false, false]);
    expect(end?.value).toBeGreaterThan(0);
    expect((end?.value ?? 1) % 16).toBe(0);
    expect(heap?.value).toBe(end?.value);
    for (const [name, { mutable, value }] of globals) {
      if (mutable && !name.startsWith('~lib/')) expect(value, name).toBe(0);
    }
  });
});

describe.each(device.filter(([name]) => name.endsWith('-debug')))('%s', (_name, { outFile }) => {
  it('allocates nothing in 10,000 turns of loop(), whatever comes in', async () => {
    const clock = new VirtualClock(0);
    const line = new SerialLine(clock);
    const random = new Random('heap');
    const board = new Board({
      name: outFile,
      module: exposeHeap(readFileSync(outFile)), // the release binary's source, with names
      clock,
      trace: new Trace(clock),
      random,
      store: new MemoryStore(),
      uarts: [line.near],
      sensors: { analog: () => 700 },
    });
    board.powerOn();
    const before = heapOf(board.exports);
    let turns = 0;
    for (let i = 0; i < 10_000; i++) {
      // One character a turn, none of it a probe's "R" or "T", which restart it.
      line.far.send(Uint8Array.of(random.below(64)));
      await clock.run({ deadline: clock.now() + MS });
      turns += board.exports ? 1 : 0;
    }
    expect(board.restarts).toBe(0);
    expect(turns).toBe(10_000);
    expect(heapOf(board.exports)).toBe(before);
  });
});

it('an app that does allocate in loop() is found out', async () => {
  const binary = await compileDebugSource('export function loop(): i32 { return new Uint8Array(8).length; }');
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(exposeHeap(binary)));
  const before = heapOf(exports);
  (exports['loop'] as () => number)();
  expect(before).toBeDefined();
  expect(heapOf(exports)).toBeGreaterThan(Number(before));
});

/** Initial memory of a binary, as its data segments make it. */
function initialMemory(file: string): Uint8Array {
  const module = new WebAssembly.Module(readFileSync(file));
  const imports = Object.keys(BOARD_IMPORTS).map((name) => [name, () => 0]);
  const { exports } = new WebAssembly.Instance(module, { [BOARD_MODULE]: Object.fromEntries(imports) });
  return new Uint8Array((exports['memory'] as WebAssembly.Memory).buffer);
}

describe.each(figuresOf('.', targetsOf('.')))('$file', ({ file, ram }) => {
  it('has its static data where the debug binary has it, so that one tells the size of the other', () => {
    const release = initialMemory(`build/release/${file}`);
    expect(release).toEqual(initialMemory(`build/debug/${file}`));
    expect(release.subarray(ram).every((byte) => byte === 0)).toBe(true);
  });
});
