#!/usr/bin/env node
// The `akari` command. Each subcommand lives in commands/; exit codes: 0 fine, 1 the job failed, 2 wrong usage.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { packageRoot } from '../package-root.js';
import { buildCommand } from './commands/build.js';
import { exportCommand } from './commands/export.js';
import { hssCommand } from './commands/hss.js';
import { modemCommand } from './commands/modem.js';
import { newCommand } from './commands/new.js';
import { platformCommand } from './commands/platform.js';
import { runCommand } from './commands/run.js';
import { serveCommand } from './commands/serve.js';
import { showCommand } from './commands/show.js';
import { simCommand } from './commands/sim.js';
import { fileFault } from './files.js';
import { complain, complainOfFault, JobError, UsageError } from './output.js';
import { visible } from '../visible.js';
import { endWithReader } from './until-interrupted.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8')) as { version: string };

const program = new Command('akari')
  .description('Devices whose identity is their SIM, and the world around them on one computer')
  .version(version)
  .exitOverride();

const commands = [
  showCommand(),
  newCommand(),
  buildCommand(),
  runCommand(),
  serveCommand(),
  platformCommand(),
  exportCommand(),
  simCommand(),
  modemCommand(),
  hssCommand(),
];
for (const command of commands) program.addCommand(command);

/** Settings that commander does not pass down to commands added later. */
function inheritExit(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(`${text.trimEnd().split('\n').map(visible).join('\n')}\n`),
  });
  command.commands.forEach(inheritExit);
}
inheritExit(program);
endWithReader();
process.on('uncaughtException', (error) => {
  complainOfFault(error);
  process.exit(1);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // commander has printed it
  } else if (error instanceof UsageError) {
    complain(error.message, error.more);
    process.exitCode = 2;
  } else if (error instanceof JobError) {
    complain(error.message, error.more);
    process.exitCode = 1;
  } else {
    const { path = 'a file' } = error as NodeJS.ErrnoException;
    const fault = fileFault(path, error);
    if (fault === undefined) complainOfFault(error);
    else complain(fault.message);
    process.exitCode = 1;
  }
}
