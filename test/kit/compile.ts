// Compiles AssemblyScript within a test, without touching build/.
import { existsSync, readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { sourcePath } from '../../host/build/compile.js';
import type { Layout } from '../../host/build/layout.js';
import { shrink } from '../../host/build/shrink.js';
import { LayoutWatch, deviceTransforms } from '../../host/build/transforms.js';

type Sources = Readonly<Record<string, string>>;

/** `sources` come before the files of the package. */
async function run(
  entries: readonly string[],
  options: readonly string[],
  sources: Sources = {},
  watch = new LayoutWatch(),
): Promise<Uint8Array<ArrayBuffer>> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [...entries, '--config', 'none', '--outFile', 'out.wasm', '--use', 'abort=assembly/board/abort/abort', ...options],
    {
      readFile(name) {
        // What an example imports of the package is this package.
        const own = sourcePath(name, true);
        return sources[own] ?? (existsSync(own) ? readFileSync(own, 'utf8') : null);
      },
      writeFile(name, contents) {
        if (name.endsWith('out.wasm')) wasm = contents as Uint8Array;
      },
      transforms: [...(await deviceTransforms()), watch] as never,
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`${String(error)}\n${stderr.toString()}`);
  return new Uint8Array(wasm);
}

const DEVICE = [
  ...['--runtime', 'stub', '--disable', 'bulk-memory', '--disable', 'nontrapping-f2i'],
  ...['--initialMemory', '1', '-O3', '--shrinkLevel', '2', '--noAssert'],
];

/** A module as devices get it: no runtime, WebAssembly 1.0. */
export async function compileDevice(...entries: string[]): Promise<Uint8Array<ArrayBuffer>> {
  return shrink(await run([...entries, 'assembly/board/abort.ts'], DEVICE));
}

/** The same of a source given here. */
export async function compileDeviceSource(source: string): Promise<Uint8Array<ArrayBuffer>> {
  return shrink(await run(['source.ts', 'assembly/board/abort.ts'], DEVICE, { 'source.ts': source }));
}

/** The same of a source given here, not optimized and with names, as debug targets are. */
export async function compileDebugSource(source: string): Promise<Uint8Array<ArrayBuffer>> {
  return run(['source.ts', 'assembly/board/abort.ts'], [...DEVICE.slice(0, 8), '--debug'], { 'source.ts': source });
}

/** The same of an entry of the package, with some of its files replaced. */
export async function compileDeviceChanged(entry: string, sources: Sources): Promise<Uint8Array<ArrayBuffer>> {
  return shrink(await run([entry, 'assembly/board/abort.ts'], DEVICE, sources));
}

/** An example, with some of its files replaced, as it is built. */
export async function compileExample(entry: string, sources: Sources): Promise<Uint8Array<ArrayBuffer>> {
  const options = ['--use', 'abort=~lib/akari/board/abort/abort', '--memoryBase', '8', '--maximumMemory', '1'];
  return run([entry], [...DEVICE, ...options], sources);
}

/** Layouts of the classes that a source uses. */
export async function layoutsOfSource(source: string): Promise<Layout[]> {
  const watch = new LayoutWatch();
  await run(['source.ts', 'assembly/board/abort.ts'], DEVICE, { 'source.ts': source }, watch);
  return watch.layouts;
}

/** A module for as-bind, of the sources given by name; the first is the entry. */
export async function compileBound(sources: Sources): Promise<Uint8Array<ArrayBuffer>> {
  const [entry = ''] = Object.keys(sources);
  const options = ['--runtime', 'incremental', '--exportRuntime', '--transform', './tools/as-bind-transform.mjs'];
  return run([entry, 'assembly/board/abort.ts'], options, sources);
}
