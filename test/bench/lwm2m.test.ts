// What a device sends and gets until it is registered stays within its budget, and is not more than what Eclipse Wakaama does.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { withPrograms } from '../peers.js';

const { it } = withPrograms('wakaama-client');
const FIGURES = [
  ...['bootstrap messages', 'bootstrap bytes'],
  ...['handshake messages', 'handshake bytes', 'handshake bytes with UDP and IP', 'register bytes'],
];

it('npm run bench -- lwm2m prints figures of ours and of Wakaama, all within budget', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/run.mjs', 'lwm2m', '--json']);
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
    ok: boolean;
    figures: { name: string; value: number; budget?: number }[];
  };
  expect(last.ok).toBe(true);
  const named = (prefix: string): string[] => FIGURES.map((name) => `${prefix} ${name}`);
  const all = [...named('lwm2m'), ...named('wakaama'), ...named('lwm2m beside wakaama')];
  expect(last.figures.map(({ name }) => name)).toEqual(all);
  for (const { value, budget = value } of last.figures) expect([value > 0, value <= budget]).toEqual([true, true]);
  // Two of ours beside Wakaama are more, and say why.
  expect(last.figures.filter(({ budget }) => budget !== undefined)).toHaveLength(FIGURES.length * 2 - 2);
});
