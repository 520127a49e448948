// Figures and their budgets: exact ones are the same in every run, and one that is over its budget fails the check.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect } from 'vitest';
import { withPrograms } from '../peers.js';

const { describe, it } = withPrograms(
  'make',
  'picolibc',
  'qemu-system-riscv32',
  'riscv64-unknown-elf-gcc',
  'riscv64-unknown-elf-size',
  'wasm2c',
);

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly budget: number;
}
interface Result {
  readonly ok: boolean;
  readonly reason?: string;
  readonly figures?: readonly Figure[];
}

const folder = mkdtempSync(join(tmpdir(), 'akari-budget-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** budget.json with one number changed. */
function withBudget(change: (budgets: { rv32: Record<string, Record<string, number>> }) => void): string {
  const budgets = JSON.parse(readFileSync('budget.json', 'utf8')) as Parameters<typeof change>[0];
  change(budgets);
  const file = join(folder, 'budget.json');
  writeFileSync(file, JSON.stringify(budgets));
  return file;
}

/** The last line of a command's `--json` output, whatever its exit code, which is checked against it. */
async function result(...args: string[]): Promise<Result> {
  const run = promisify(execFile)(process.execPath, [...args, '--json']).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  const { code, stdout } = await run;
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Result;
  expect(code).toBe(last.ok ? 0 : 1);
  return last;
}

describe('npm run size', () => {
  it('weighs the firmware for RV32 beside the binaries, all within budget', async () => {
    const { ok, figures = [] } = await result('tools/size.mjs');
    expect(ok).toBe(true);
    for (const file of ['sim', 'beam-telemetry', 'probe']) {
      for (const what of ['code', 'ram', 'rv32 flash', 'rv32 ram']) {
        expect(figures.find(({ name }) => name === `${file}.wasm ${what}`)?.value, what).toBeGreaterThan(0);
      }
    }
  });

  it('fails when a firmware is over its budget', async () => {
    const budget = withBudget(({ rv32 }) => ((rv32['sim.wasm'] as Record<string, number>)['flash'] = 1));
    expect(await result('tools/size.mjs', '--budget', budget)).toMatchObject({ ok: false });
  });
});

describe('npm run bench -- rv32', () => {
  it('counts the same instructions each time; MILENAGE in constant time takes no more than table-based C', async () => {
    const { figures = [] } = await result('bench/run.mjs', 'rv32');
    const aka = figures.find(({ name }) => name.startsWith('AKA'));
    expect(aka).toMatchObject({ unit: 'instructions', budget: 22_899 });
    expect(aka?.value).toBeLessThanOrEqual(22_899);
    expect(aka?.value).toBeGreaterThan(10_000);
    expect((await result('bench/run.mjs', 'rv32')).figures).toEqual(figures);

    // The table may lag behind a change of the SDK a little, not tell something else.
    const measurements = readFileSync('docs/measurements.md', 'utf8');
    const row = (file: string): number[] =>
      [
        ...(new RegExp(`^\\| \`${file}\` \\| wasm2c .*$`, 'm').exec(measurements)?.[0] ?? '').matchAll(/\d[\d,]{2,}/g),
      ].map(([number]) => Number(number.replaceAll(',', '')));
    const told: Record<string, readonly RegExp[]> = {
      'sim.wasm': [/^AKA/, /^APDU AUTHENTICATE/, /^sim.wasm rv32 flash/, /^sim.wasm rv32 ram/],
      'beam-telemetry.wasm': [
        /^beam-telemetry, power-on/,
        /^beam-telemetry.wasm rv32 flash/,
        /^beam-telemetry.wasm rv32 ram/,
      ],
      'probe.wasm': [/^probe.wasm rv32 flash/, /^probe.wasm rv32 ram/],
    };
    for (const [file, patterns] of Object.entries(told)) {
      const numbers = row(file);
      for (const pattern of patterns) {
        const { value } = figures.find(({ name }) => pattern.test(name)) ?? { value: NaN };
        const close = numbers.some((number) => Math.abs(number - value) <= 0.05 * value);
        expect(close, `${String(pattern)}: ${value}, docs/measurements.md: ${numbers.join(' ')}`).toBe(true);
      }
    }
  });

  it('fails, and names the figure, when one is over its budget', async () => {
    const budget = withBudget(({ rv32 }) => ((rv32['instructions'] as Record<string, number>)['aka'] = 1000));
    const { ok, reason } = await result('bench/run.mjs', 'rv32', '--budget', budget);
    expect(ok).toBe(false);
    expect(reason).toMatch(/over budget: AKA: .*: \d+ of 1000/);
  });
});
