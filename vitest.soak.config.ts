// Long searches, run by hand: npm run soak. AKARI_SOAK_SEED picks another stretch of seeds.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.soak.ts'],
    globalSetup: 'test/not-run.ts',
    testTimeout: 3_600_000,
    hookTimeout: 60_000,
  },
});
