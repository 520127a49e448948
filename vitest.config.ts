import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Simulated days and external programs share two cores with everything else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
