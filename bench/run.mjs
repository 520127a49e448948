// `npm run bench -- NAME.. [--json] [--budget FILE]`: speed beside peers, measured in one run. Without a name: every benchmark.
//
// One file each, NAME.bench.mjs: it exports `title`, and `contenders(text)`, a list of { name, unit, run, peers? }, or
// `sizes(text, budgets)`, a list of { name, value, unit, budget? } that do not depend on the machine, or both. A figure over its
// budget (budget.json) fails the run. `run(n)` does the job n times, synchronously or not, and gives the seconds of processor
// time that it took. All contenders take turns for several rounds, so that whatever else the machine does hits all of them
// alike; the figure is the best round, with the median beside it. A file whose clock is coarse exports `turns`, { rounds, seconds }. A contender that names `peers` gets a ratio to each.
import { readFileSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** How often each contender has its turn, and about how long that is to take. */
const TURNS = { rounds: 25, seconds: 0.05 };

const folder = new URL('.', import.meta.url);
const known = readdirSync(folder)
  .map((file) => /^(?!run\.)([a-z0-9-]+)\.bench\.mjs$/.exec(file)?.[1])
  .filter((name) => name !== undefined);
const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, budget: { type: 'string', default: 'budget.json' } },
});
const { json } = options;
const budgets = JSON.parse(readFileSync(options.budget, 'utf8'));
for (const name of names) {
  if (!known.includes(name)) {
    console.error(`bench: there is no "${name}"; known: ${known.join(', ')}`);
    process.exit(2);
  }
}

const event = (fields) => json && console.log(JSON.stringify(fields));
const text = (line) => json || console.log(line);

/** How many times the job fits into a turn. */
async function calibrate(run, turnSeconds) {
  for (let n = 1; ; n *= 4) {
    const seconds = await run(n);
    if (seconds > turnSeconds / 8) return Math.max(1, Math.round((n * turnSeconds) / seconds));
  }
}

const median = (sorted) => sorted[sorted.length >> 1];

async function measure(contenders, { rounds, seconds }) {
  const turns = [];
  for (const contender of contenders)
    turns.push({ ...contender, n: await calibrate(contender.run, seconds), rates: [] });
  for (let round = 1; round <= rounds; round++) {
    for (const { n, run, rates } of turns) rates.push(n / (await run(n)));
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round} of ${rounds}${round === rounds ? '\n' : ''}`);
  }
  const best = new Map(turns.map(({ name, rates }) => [name, Math.max(...rates)]));
  return turns.map(({ name, unit, peers = [], rates }) => ({
    ...{ name, unit, value: Math.round(best.get(name)) },
    median: Math.round(median(rates.toSorted((a, b) => a - b))),
    ratios: peers.filter((peer) => best.has(peer)).map((peer) => ({ peer, ratio: best.get(name) / best.get(peer) })),
  }));
}

const figures = [];
const exceeded = [];
try {
  for (const name of names.length > 0 ? names : known) {
    const { title, contenders, sizes, turns = TURNS } = await import(new URL(`${name}.bench.mjs`, folder));
    text(title);
    for (const { ratios, ...figure } of await measure((await contenders?.(text)) ?? [], turns)) {
      const rows = ratios.length > 0 ? ratios.map((ratio) => ({ ...figure, ...ratio })) : [figure];
      for (const row of rows) {
        const shown = 'ratio' in row ? { ...row, ratio: Number(row.ratio.toFixed(3)) } : row;
        figures.push(shown);
        event({ type: 'bench', bench: name, ...shown });
      }
      const beside = ratios.map(({ peer, ratio }) => `, ${ratio.toFixed(2)} times ${peer}`).join('');
      text(
        `  ${figure.name.padEnd(34)} ${String(figure.value).padStart(9)} ${figure.unit} (median ${figure.median})${beside}`,
      );
    }
    for (const figure of (await sizes?.(text, budgets)) ?? []) {
      figures.push(figure);
      event({ type: 'bench', bench: name, ...figure });
      const over = figure.budget !== undefined && figure.value > figure.budget;
      const budget = figure.budget === undefined ? '' : ` of ${figure.budget}${over ? '  OVER BUDGET' : ''}`;
      text(`  ${figure.name.padEnd(66)} ${String(figure.value).padStart(9)} ${figure.unit}${budget}`);
      if (over) exceeded.push(`${figure.name}: ${figure.value} of ${figure.budget}`);
    }
  }
  if (exceeded.length > 0) throw new Error(`over budget: ${exceeded.join('; ')}`);
  event({ type: 'result', ok: true, figures });
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  if (json) event({ type: 'result', ok: false, reason });
  else console.error(`bench: ${reason}`);
  process.exitCode = 1;
}
