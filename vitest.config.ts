import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/*/test/*.test.ts'],
    // An example's own test, as it stands in a project of its own: the package by its name, a profile beside the test.
    alias: { akari: fileURLToPath(new URL('host/index.ts', import.meta.url)) },
    env: { SIM_PROFILE: fileURLToPath(new URL('examples/profiles/soracom-demo.json', import.meta.url)) },
    globalSetup: 'test/not-run.ts',
    setupFiles: ['test/api-answers.ts'],
    // Tests against real programs mostly wait: three at a time keep two cores busy.
    maxWorkers: 3,
    // Simulated days and external programs share two cores with everything else.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
