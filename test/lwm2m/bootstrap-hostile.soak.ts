// The long search of bootstrap-hostile.test.ts.
import { test } from 'vitest';
import { hostileBootstrap } from './bootstrap-hostile.js';

test('ten thousand sessions of a hostile bootstrap server', async () => {
  await hostileBootstrap(10_000, Number(process.env.AKARI_SOAK_SEED ?? 1));
});
