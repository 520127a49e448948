// Many places of a data folder overwritten, before the start and while the world runs. AKARI_SOAK_SEED picks another stretch of seeds.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freeBlock } from './block.js';
import { damaged } from './damage.js';

const COUNT = 600;
const FIRST = Number(process.env['AKARI_SOAK_SEED'] ?? 0) * COUNT;

it(`${COUNT} damages end no process: words at the start, 503 while it runs`, async () => {
  const place = mkdtempSync(join(tmpdir(), 'akari-damage-'));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const { done, died } = await damaged(place, await freeBlock('start'), FIRST, COUNT);
  expect(died).toBeUndefined();
  expect(done.filter(({ faults }) => faults.length > 0)).toEqual([]);
  const counts = new Map<string, number>();
  for (const { outcome } of done) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  process.stdout.write(`${JSON.stringify(Object.fromEntries(counts), null, 2)}\n`);
});
