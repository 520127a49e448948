// The long search of power.test.ts.
import { expect, test } from 'vitest';
import { powerRun } from './power.js';

test('five thousand runs with power cuts', async () => {
  let cuts = 0;
  for (let i = 0; i < 5_000; i++) cuts += (await powerRun(`soak ${i}`)).cuts;
  expect(cuts).toBeGreaterThan(5_000);
});
