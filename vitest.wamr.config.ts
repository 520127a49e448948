// Device and card on the engine WAMR, where WAMR_PREFIX names an installed one: make -C runtime check-wamr.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.wamr.ts'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
