#!/usr/bin/env node
// The `akari` command. Each subcommand lives in commands/; exit codes: 0 fine, 1 the job failed, 2 wrong usage.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { packageRoot } from '../package-root.js';
import { fileFault } from './files.js';
import { complain, complainOfFault, JobError, UsageError } from './output.js';
import { visible } from '../visible.js';
import { endWithReader } from './until-interrupted.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', packageRoot()), 'utf8')) as { version: string };

const program = new Command('akari')
  .description('Devices whose identity is their SIM, and the world around them on one computer')
  .version(version)
  .exitOverride();

/** In the order in which help shows them. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['show', async () => (await import('./commands/show.js')).showCommand()],
  ['new', async () => (await import('./commands/new.js')).newCommand()],
  ['build', async () => (await import('./commands/build.js')).buildCommand()],
  ['run', async () => (await import('./commands/run.js')).runCommand()],
  ['serve', async () => (await import('./commands/serve.js')).serveCommand()],
  ['platform', async () => (await import('./commands/platform.js')).platformCommand()],
  ['export', async () => (await import('./commands/export.js')).exportCommand()],
  ['sim', async () => (await import('./commands/sim.js')).simCommand()],
  ['modem', async () => (await import('./commands/modem.js')).modemCommand()],
  ['hss', async () => (await import('./commands/hss.js')).hssCommand()],
]);

/** The one that is asked for, none for the version, all for help: some bring a compiler or a whole world, which takes a second. */
async function addCommands(first = ''): Promise<void> {
  if (first === '--version' || first === '-V') return;
  const named = COMMANDS.get(first);
  for (const command of named === undefined ? COMMANDS.values() : [named]) program.addCommand(await command());
}
await addCommands(process.argv[2]);

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
