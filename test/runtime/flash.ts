// The store in flash, built for this machine, with its power cut after any count of flash operations.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { scratch } from './scratch.js';

const run = promisify(execFile);

const FLAGS = ['-std=gnu11', '-g', '-O2', '-fsanitize=address,undefined', '-Wall', '-Wextra', '-Werror'];

/** Builds the program of flash/store-cuts.c; resolves to its path. */
export async function buildStoreCuts(): Promise<string> {
  const program = join(scratch(), 'store-cuts');
  await run('gcc', [
    ...FLAGS,
    '-Wno-int-to-pointer-cast', // FLASH is an address of the machine, which this program maps
    '-Iruntime/include',
    '-Iruntime/port/qemu-rv32',
    'test/runtime/flash/store-cuts.c',
    'runtime/port/qemu-rv32/store.c',
    ...['-o', program],
  ]);
  return program;
}

/** Rejects with what the program says when a value is lost; resolves to its counts. */
export async function storeCuts(program: string, seed: number, runs: number): Promise<string> {
  return (await run(program, [String(seed), String(runs)])).stdout;
}
