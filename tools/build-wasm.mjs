// Compiles AssemblyScript binaries: every target of asconfig.json, or those named on the command line.
// A target NAME-release or NAME-debug has its entry at assembly/NAME/index.ts or examples/NAME/assembly/index.ts.
// A target with "asBind": true is described for as-bind. (The compiler cannot resolve "transform": ["./..."] of a configuration file.)
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import asc from 'assemblyscript/asc';

const { targets } = JSON.parse(readFileSync('asconfig.json', 'utf8'));
const wanted = process.argv.slice(2);

function entryOf(target) {
  const name = target.replace(/-(release|debug)$/, '');
  const places = [`assembly/${name}/index.ts`, `examples/${name}/assembly/index.ts`];
  const entry = places.find((place) => existsSync(place));
  if (entry === undefined) throw new Error(`target ${target}: no entry, looked for ${places.join(' and ')}`);
  return entry;
}

for (const [target, options] of Object.entries(targets)) {
  if (wanted.length > 0 && !wanted.includes(target)) continue;
  mkdirSync(dirname(options.outFile), { recursive: true });
  const transform = options.asBind ? ['--transform', './tools/as-bind-transform.mjs'] : [];
  const { error } = await asc.main([entryOf(target), '--target', target, ...transform], {
    stdout: process.stdout,
    stderr: process.stderr,
  });
  if (error) {
    console.error(`${target}: ${error.message}`);
    process.exitCode = 1;
  }
}
