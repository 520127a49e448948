import { test } from 'vitest';
import { hostileBootstrap } from './bootstrap-hostile.js';

test('commands at random, in any order, with bodies that are broken: answered by a code, and the device is usable afterwards', async () => {
  await hostileBootstrap(300);
});
