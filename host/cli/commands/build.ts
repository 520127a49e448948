import { resolve } from 'node:path';
import { Command } from 'commander';
import { buildTargets } from '../../build/build.js';
import { targetsOf } from '../../build/compile.js';
import { BuildError } from '../../build/configuration.js';
import { figuresOf } from '../../build/figures.js';
import { type Layout, layoutLines } from '../../build/layout.js';
import { JobError, Output, UsageError } from '../output.js';

interface Options {
  readonly layout?: true;
  readonly force?: true;
  readonly json?: true;
}

/** `akari build`: the device binaries of the project in this folder. */
export function buildCommand(): Command {
  return new Command('build')
    .description('compile the device binaries of the project in this folder, and say how large they are')
    .argument('[target...]', 'names of targets; all unless given')
    .option('--layout', 'also say where the members of each object lie')
    .option('--force', 'compile targets of which nothing has changed, too')
    .option('--json', 'one event a line, the last one the result')
    .action(build);
}

async function build(wanted: readonly string[], options: Options): Promise<void> {
  const output = new Output(options.json === true);
  const folder = resolve('.');
  try {
    const targets = targetsOf(folder);
    for (const name of wanted) {
      if (targets.every(({ target }) => target !== name))
        throw new UsageError(
          `there is no target "${name}"; there are: ${targets.map(({ target }) => target).join(', ')}`,
        );
    }
    const chosen = wanted.length === 0 ? targets : targets.filter(({ target }) => wanted.includes(target));
    // Layouts are known to a compilation alone.
    const force = options.layout ?? options.force ?? false;
    for await (const { target, compiled, layouts } of buildTargets(folder, chosen, { force })) {
      output.event({ type: compiled ? 'built' : 'unchanged', target: target.target, file: target.outFile });
      if (options.layout) for (const layout of layouts) tellLayout(output, target.target, layout);
    }
    const figures = wanted.length > 0 ? [] : figuresOf(folder, targets);
    for (const { file, code, ram } of figures) output.text(`${file}: ${code} bytes, ${ram} bytes of memory`);
    output.result(true, { figures });
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    output.result(false, { reason: error.message });
    const [first = '', ...more] = error.message.split('\n'); // the compiler's lines
    throw new JobError(first, more);
  }
}

function tellLayout(output: Output, target: string, layout: Layout): void {
  output.event({ type: 'layout', target, ...layout });
  for (const line of layoutLines(layout)) output.text(line);
}
