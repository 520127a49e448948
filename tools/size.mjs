// Bytes of every device binary against budget.json (`--budget FILE` for another): the file as flashed, the linear memory that its
// static data takes, and, where the compiler for RISC-V is, flash and RAM of the whole firmware on a 32-bit core. `--json` prints
// an event a figure and a result.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { BUILDERS, weighed } from '../bench/rv32/firmware.mjs';
import { targetsOf } from '../dist/host/build/compile.js';
import { figuresOf } from '../dist/host/build/figures.js';
import { howToInstall, missing } from './peers.mjs';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, budget: { type: 'string', default: 'budget.json' } },
});
const budgets = JSON.parse(readFileSync(options.budget, 'utf8'));
const lacking = missing(BUILDERS);
const figures = figuresOf('.', targetsOf('.')).flatMap(({ file, code, ram }) => {
  const budget = budgets[file];
  if (!budget) throw new Error(`budget.json has no entry for ${file}`);
  return [
    { name: `${file} code`, value: code, unit: 'bytes', budget: budget.code },
    { name: `${file} ram`, value: ram, unit: 'bytes', budget: budget.ram },
    ...(lacking.length === 0 && file in budgets.rv32 ? weighed(file, budgets.rv32) : []),
  ];
});

const ok = figures.every(({ value, budget }) => value <= budget);
if (options.json) {
  for (const figure of figures) console.log(JSON.stringify({ type: 'size', ...figure }));
  console.log(JSON.stringify({ type: 'result', ok, figures, ...(lacking.length > 0 && { lacking }) }));
} else {
  for (const { name, value, budget } of figures) {
    const over = value > budget ? '  OVER BUDGET' : '';
    console.log(`${name.padEnd(32)} ${String(value).padStart(7)} of ${String(budget).padStart(6)} bytes${over}`);
  }
  if (lacking.length > 0) console.log(`RV32 firmware not weighed: ${howToInstall(lacking)}`);
}
process.exitCode = ok ? 0 : 1;
