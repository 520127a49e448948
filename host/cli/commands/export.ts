import { Command, InvalidArgumentError, Option } from 'commander';
import { ModuleError } from '../../board/module.js';
import { ExportError, type ExportTarget, TARGETS, exportProject } from '../../export/index.js';
import { fileFault } from '../files.js';
import { Output, UsageError } from '../output.js';

interface Options {
  readonly target: ExportTarget;
  readonly memory?: number;
  readonly json?: true;
}

/** `akari export`: a device binary with the C runtime, ready to be built for a board. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a folder that builds a device binary for a board by itself, with "make" or "idf.py build"')
    .argument('<app.wasm>', 'a device binary')
    .argument('<folder>', 'where to; must not be there yet, or be empty')
    .addOption(new Option('--target <board>', 'which board').choices(TARGETS).makeOptionMandatory())
    .option('--memory <bytes>', 'linear memory to give it, when "akari build" says it needs less than its page', bytes)
    .option('--json', 'print the result as JSON')
    .action((app: string, folder: string, options: Options) => {
      const output = new Output(options.json === true);
      try {
        exportProject({ app, folder, ...options });
      } catch (error) {
        if (error instanceof ExportError || error instanceof ModuleError) throw new UsageError(error.message);
        if (pathOf(error) === app && (error as NodeJS.ErrnoException).code === 'ENOENT') {
          throw new UsageError(`no such file: ${app}; build it with "akari build"`);
        }
        throw fileFault(pathOf(error) ?? app, error) ?? error;
      }
      const next = options.target === 'esp-idf' ? `idf.py -C ${folder} set-target esp32c3 build` : `make -C ${folder}`;
      for (const line of [`${folder} is there. Next:`, `  ${next}`, 'and then as its README.md says.'])
        output.text(line);
      output.result(true, { folder, target: options.target });
    });
}

/** A whole number of 8-byte words, as the engine lays memory out. */
function bytes(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value <= 0 || value % 8 !== 0) {
    throw new InvalidArgumentError('expected a number of bytes, a multiple of 8.');
  }
  return value;
}

/** Which of the two names it was, or one below. */
const pathOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).path;
