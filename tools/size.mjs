// Bytes of every device binary against budget.json: the file as flashed, and the linear memory that its static data
// takes. `--json` prints an event a figure and a result.
import { readFileSync } from 'node:fs';
import { targetsOf } from '../dist/host/build/compile.js';
import { figuresOf } from '../dist/host/build/figures.js';

const budgets = JSON.parse(readFileSync('budget.json', 'utf8'));
const figures = figuresOf('.', targetsOf('.')).flatMap(({ file, code, ram }) => {
  const budget = budgets[file];
  if (!budget) throw new Error(`budget.json has no entry for ${file}`);
  return [
    { name: `${file} code`, value: code, unit: 'bytes', budget: budget.code },
    { name: `${file} ram`, value: ram, unit: 'bytes', budget: budget.ram },
  ];
});

const ok = figures.every(({ value, budget }) => value <= budget);
if (process.argv.includes('--json')) {
  for (const figure of figures) console.log(JSON.stringify({ type: 'size', ...figure }));
  console.log(JSON.stringify({ type: 'result', ok, figures }));
} else {
  for (const { name, value, budget } of figures) {
    const over = value > budget ? '  OVER BUDGET' : '';
    console.log(`${name.padEnd(28)} ${String(value).padStart(7)} of ${String(budget).padStart(6)} bytes${over}`);
  }
}
process.exitCode = ok ? 0 : 1;
