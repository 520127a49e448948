import { Command } from 'commander';
import { BuildError } from '../../build/configuration.js';
import { exampleNames, newProject } from '../../build/project.js';
import { fileFault } from '../files.js';
import { Output, UsageError } from '../output.js';

/** `akari new`: an example as a project of one's own. */
export function newCommand(): Command {
  return new Command('new')
    .description('copy an example into a new folder, as a project that builds, runs and is tested by itself')
    .argument('<folder>', 'where to; must not be there yet, or be empty')
    .option('--example <name>', `one of: ${exampleNames().join(', ')}`, 'beam-telemetry')
    .option('--json', 'print the result as JSON')
    .action((folder: string, options: { readonly example: string; readonly json?: true }) => {
      const output = new Output(options.json === true);
      try {
        newProject(folder, options.example);
      } catch (error) {
        throw error instanceof BuildError ? new UsageError(error.message) : (fileFault(folder, error) ?? error);
      }
      output.text(`${folder} is there. Next:`);
      output.text(`  cd ${folder} && npm install && npm test && npm start`);
      output.result(true, { folder, example: options.example });
    });
}
