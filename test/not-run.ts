// Gives a run a folder of its own for all that is temporary, and takes it away at the end, so that a run leaves nothing behind: tests and
// what they start may be killed. Tells how many tests were not run for want of a program, and what installs it.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { howToInstall } from '../tools/peers.mjs';

/** The workers and the programs of tests are started with it. */
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'akari-'));
  // Servers that give up root's rights read files below it.
  chmodSync(folder, 0o711);
  process.env['TMPDIR'] = folder;
  return folder;
}

export function setup({ vitest }: TestProject): () => void {
  const folder = temporary();
  return () => {
    rmSync(folder, { recursive: true, force: true });
    const notRun = vitest.state
      .getTestModules()
      .flatMap((module) => [...module.children.allTests('skipped')])
      .map((test) => test.meta().missing ?? [])
      .filter((lacking) => lacking.length > 0);
    if (notRun.length === 0) return;
    const lacking = [...new Set(notRun.flat())].sort();
    console.error(`${notRun.length} tests not run: ${howToInstall(lacking)}`);
  };
}
