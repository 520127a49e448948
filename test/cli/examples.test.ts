// Every example makes a project of its own that builds to the same binary, and has its budget.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { targetsOf } from '../../host/build/compile.js';
import { exampleNames } from '../../host/build/project.js';
import { akari, resultOf } from './akari.js';

const folder = mkdtempSync(join(tmpdir(), 'akari-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

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
    const ended = await akari(['build', '--json'], { cwd: project });
    expect(resultOf(ended)).toMatchObject({ ok: true });
    expect(readFileSync(join(project, file)).equals(readFileSync(file))).toBe(true);
  });
});
