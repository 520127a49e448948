// Bytes of every device binary against budget.json: the file as flashed, and the linear memory that its static data
// takes (device binaries allocate nothing else). `--json` prints one event and a result.
import { readFileSync, statSync } from 'node:fs';
import binaryen from 'binaryen';

const json = process.argv.includes('--json');
const { targets } = JSON.parse(readFileSync('asconfig.json', 'utf8'));
const budgets = JSON.parse(readFileSync('budget.json', 'utf8'));

/** End of the last data segment. The debug binary keeps segments that hold only zeros; its layout is the release's. */
function staticBytes(debugFile) {
  const text = binaryen.readBinary(readFileSync(debugFile)).emitText();
  let end = 0;
  for (const [, offset, content] of text.matchAll(/\(data \$\S+ \(i32\.const (\d+)\) "([^"]*)"\)/g)) {
    const length = content.replace(/\\(?:[0-9a-f]{2}|.)/g, '.').length;
    end = Math.max(end, Number(offset) + length);
  }
  return end;
}

const figures = [];
for (const name of Object.keys(targets)) {
  const match = /^(.*)-release$/.exec(name);
  if (!match || match[1] === 'kit') continue;
  const file = `${match[1]}.wasm`;
  const budget = budgets[file];
  if (!budget) throw new Error(`budget.json has no entry for ${file}`);
  const code = statSync(targets[name].outFile).size;
  const ram = staticBytes(targets[`${match[1]}-debug`].outFile);
  figures.push({ name: `${file} code`, value: code, unit: 'bytes', budget: budget.code });
  figures.push({ name: `${file} ram`, value: ram, unit: 'bytes', budget: budget.ram });
}

const over = figures.filter(({ value, budget }) => value > budget);
if (json) {
  for (const figure of figures) console.log(JSON.stringify({ type: 'size', ...figure }));
  console.log(JSON.stringify({ type: 'result', ok: over.length === 0, figures }));
} else {
  for (const { name, value, budget } of figures) {
    console.log(
      `${name.padEnd(28)} ${String(value).padStart(7)} of ${String(budget).padStart(6)} bytes${value > budget ? '  OVER BUDGET' : ''}`,
    );
  }
}
process.exitCode = over.length === 0 ? 0 : 1;
