// Tells at the end of a run how many tests were not run for want of a program, and what installs it.
import type { TestProject } from 'vitest/node';
import { howToInstall } from '../tools/peers.mjs';

export function setup({ vitest }: TestProject): () => void {
  return () => {
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
