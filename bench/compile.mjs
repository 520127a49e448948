// Device code as devices get it (WebAssembly 1.0, no runtime), compiled in memory for a benchmark.
import { existsSync, readFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { deviceTransforms } from '../dist/host/build/transforms.js';
import { shrink } from '../dist/host/build/shrink.js';

const { options, targets } = JSON.parse(readFileSync('asconfig.json', 'utf8'));

/** The flags of the card's own release. */
function flags() {
  const { optimizeLevel, shrinkLevel, use } = targets['sim-release'];
  return [
    ...['--runtime', options.runtime, ...options.disable.flatMap((feature) => ['--disable', feature])],
    ...use.flatMap((alias) => ['--use', alias]),
    ...['--initialMemory', '1', '--maximumMemory', '1', '--noAssert'],
    ...['--optimizeLevel', String(optimizeLevel), '--shrinkLevel', String(shrinkLevel)],
  ];
}

/** Compiles AssemblyScript source text whose imports are relative to the package. Returns the binary. */
export async function compileDevice(source) {
  let wasm;
  const { error, stderr } = await asc.main(
    ['source.ts', 'assembly/board/abort.ts', '--config', 'none', '--outFile', 'out.wasm', ...flags()],
    {
      readFile: (name) => (name === 'source.ts' ? source : existsSync(name) ? readFileSync(name, 'utf8') : null),
      writeFile(name, contents) {
        if (name.endsWith('out.wasm')) wasm = contents;
      },
      transforms: await deviceTransforms(),
    },
  );
  if (error || !wasm) throw new Error(`${error}\n${stderr}`);
  return shrink(wasm);
}
