// A line's errors are events, not silence. Neither QEMU's line nor a pseudo terminal has errors, so the drivers meet theirs here.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { scratch } from './scratch.js';
import { withPrograms } from '../peers.js';

const { it } = withPrograms('gcc', 'libc');

const run = promisify(execFile);
const FLAGS = ['-g', '-O1', '-fsanitize=address,undefined', '-Wall', '-Wextra', '-Werror', '-Iruntime/include'];

it.each([
  ['ns16550.c', 'qemu-rv32', ['-std=gnu11', '-D_GNU_SOURCE', '-Wno-int-to-pointer-cast']],
  ['tty.c', 'posix', ['-std=c11', '-D_GNU_SOURCE']],
] as const)('overrun, parity and break reach the app: %s', async (test, port, flags) => {
  const program = join(scratch(), 'uart');
  const folder = `runtime/port/${port}`;
  await run('gcc', [...FLAGS, ...flags, `-I${folder}`, `test/runtime/uart/${test}`, `${folder}/uart.c`, '-o', program]);
  expect((await run(program)).stdout).toBe('');
});
