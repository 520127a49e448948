// Every example makes a project of its own that builds to the same binary, and has its budget.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { targetsOf } from '../../host/build/compile.js';
import { exampleNames } from '../../host/build/project.js';
import { akari, resultOf } from './akari.js';

const folder = mkdtempSync(join(tmpdir(), 'akari-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Lines that are neither blank nor comment alone. */
const linesOf = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .replaceAll(/^\s*(\/\/.*|\/\*[^]*?\*\/)$/gm, '')
    .split('\n')
    .filter((line) => line.trim() !== '');

it('the smallest has 25 lines', () => {
  expect(linesOf('examples/beam-udp/assembly/index.ts').length).toBeLessThanOrEqual(25);
});

it('none handles addresses: objects are placed, and memory is theirs', () => {
  for (const name of exampleNames()) {
    for (const file of readdirSync(join('examples', name, 'assembly')).filter((one) => one.endsWith('.ts'))) {
      const text = linesOf(join('examples', name, 'assembly', file)).join('\n');
      expect(text, `${name}/${file}`).not.toMatch(/\b(changetype|load|store)\s*<|\bmemory\s*\.\s*data\b/);
      expect(text, `${name}/${file}`).not.toMatch(/(^|\s)export (function board_abi|\{ __)/);
    }
  }
});

describe.each(exampleNames().filter((name) => name !== 'beam-telemetry'))('%s', (name) => {
  const file = `build/release/${name}.wasm`;

  it('is built with the package, within a budget', () => {
    expect(targetsOf('.').map(({ target }) => target)).toEqual(
      expect.arrayContaining([`${name}-release`, `${name}-debug`]),
    );
    expect(JSON.parse(readFileSync('budget.json', 'utf8'))).toHaveProperty([`${name}.wasm`]);
  });

  it('has a README that shows what it prints, and a test', () => {
    expect(readFileSync(`examples/${name}/README.md`, 'utf8')).toMatch(new RegExp(`\`\`\`\n${name}: started`));
    expect(existsSync(`examples/${name}/test/${name}.test.ts`)).toBe(true);
  });

  it('becomes a project that builds the same binary', async () => {
    const project = join(folder, name);
    expect((await akari(['new', project, '--example', name])).code).toBe(0);
    // What `npm install` would do, without a registry.
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(resolve('.'), join(project, 'node_modules/akari'));
    // The release alone: that both are built is seen where a project is made of beam-telemetry.
    const ended = await akari(['build', '--json', `${name}-release`], { cwd: project });
    expect(resultOf(ended)).toMatchObject({ ok: true });
    expect(readFileSync(join(project, file)).equals(readFileSync(file))).toBe(true);
  });
});
