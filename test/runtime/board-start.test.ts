// The tests' own boards: one that does not start in time is left neither running nor wired.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { withPrograms } from '../peers.js';
import { eventually } from '../until.js';
import { RealBoard } from './native.js';
import { scratch } from './scratch.js';

/** A program that tells its process, never opens a UART, and has a child of its own, as make has. */
function stuck(): { program: string; pids: () => number[] } {
  const told = join(scratch(), 'pids');
  const program = join(scratch(), 'stuck');
  writeFileSync(program, `#!/bin/sh\nsleep 600 &\necho $$ $! > ${told}\nwait\n`, { mode: 0o755 });
  return { program, pids: () => (existsSync(told) ? readFileSync(told, 'utf8').trim().split(' ').map(Number) : []) };
}

/** Whether it runs. One that has ended and that nobody has waited for is over, too. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const { describe, it } = withPrograms('wasm2c');

describe('a board that does not start in time', () => {
  it.each(['socket', 'pty'] as const)('is killed with all its processes: %s', async (line) => {
    const { program, pids } = stuck();
    await expect(RealBoard.posix(program, { line, startMs: 2_000 })).rejects.toThrow();
    expect(pids()).toHaveLength(2);
    await eventually('end of all', 5_000, () => pids().every((pid) => !runs(pid)) || undefined);
  });
});
