// What a device sends and gets until it is registered stays within its budget, and is not more than what Eclipse Wakaama does.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { withPrograms } from '../peers.js';

const beside = withPrograms('wakaama-client');
const NAMES = [
  ...['bootstrap messages', 'bootstrap bytes'],
  ...['handshake messages', 'handshake bytes', 'handshake bytes with UDP and IP', 'register bytes'],
];

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly budget?: number;
}
let figures: readonly Figure[] = [];

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/run.mjs', 'lwm2m', '--json']);
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { ok: boolean; figures: Figure[] };
  expect(last.ok).toBe(true);
  figures = last.figures;
});

const named = (prefix: string): (Figure | undefined)[] =>
  NAMES.map((name) => figures.find((figure) => figure.name === `${prefix} ${name}`));

it('npm run bench -- lwm2m prints six figures, all within budget', () => {
  for (const figure of named('lwm2m')) {
    const { value = 0, budget = 0 } = figure ?? {};
    expect([value > 0, value <= budget]).toEqual([true, true]);
  }
});

beside.it('and the same of Wakaama; ours are no more, but one that says why', () => {
  const [theirs, ours] = [named('wakaama'), named('lwm2m beside wakaama')];
  const more = NAMES.filter((_, i) => Number(ours[i]?.value) > Number(theirs[i]?.value));
  expect(more).toEqual(['handshake bytes']);
  expect(ours.map((figure) => figure?.budget !== undefined)).toEqual(NAMES.map((name) => !more.includes(name)));
});
