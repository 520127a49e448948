// What a device sends and gets until it is registered stays within its budget.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('npm run bench -- lwm2m prints four figures, all within budget', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/run.mjs', 'lwm2m', '--json']);
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
    ok: boolean;
    figures: { name: string; value: number; budget: number }[];
  };
  expect(last.ok).toBe(true);
  expect(last.figures.map(({ name }) => name)).toEqual(
    ['bootstrap messages', 'bootstrap bytes', 'handshake bytes', 'register bytes'].map((name) => `lwm2m ${name}`),
  );
  for (const { value, budget } of last.figures) expect([value > 0, value <= budget]).toEqual([true, true]);
});
