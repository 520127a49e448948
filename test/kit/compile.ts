// Compiles AssemblyScript within a test, without touching build/.
import asc from 'assemblyscript/asc';

async function run(entries: readonly string[], options: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [...entries, '--config', 'none', '--outFile', 'out.wasm', '--use', 'abort=assembly/board/abort/abort', ...options],
    {
      writeFile(name, contents) {
        if (name.endsWith('out.wasm')) wasm = contents as Uint8Array;
      },
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`${String(error)}\n${stderr.toString()}`);
  return new Uint8Array(wasm);
}

/** A module as devices get it: no runtime, WebAssembly 1.0. */
export async function compileDevice(...entries: string[]): Promise<WebAssembly.Module> {
  const features = ['--disable', 'bulk-memory', '--disable', 'nontrapping-f2i'];
  const optimize = ['-O3', '--shrinkLevel', '1', '--converge', '--noAssert'];
  return new WebAssembly.Module(
    await run([...entries, 'assembly/board/abort.ts'], ['--runtime', 'stub', ...features, ...optimize]),
  );
}

/** A module for as-bind. */
export async function compileBound(...entries: string[]): Promise<Uint8Array<ArrayBuffer>> {
  return run(
    [...entries, 'assembly/board/abort.ts'],
    ['--runtime', 'incremental', '--exportRuntime', '--transform', './tools/as-bind-transform.mjs'],
  );
}
