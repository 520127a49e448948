import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { targetsOf } from '../../host/build/compile.js';
import { figuresOf } from '../../host/build/figures.js';
import { akari } from './akari.js';

const readme = readFileSync('README.md', 'utf8');
const document = (name: string): string => readFileSync(`docs/${name}.md`, 'utf8');
const { version, scripts, dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
};

describe('README and docs are true', () => {
  it('every line of its story comes out of akari show, but for numbers and times', async () => {
    const story = /```\n(1\. The device starts[^]*?)```/.exec(readme)?.[1] ?? '';
    const lines = story.split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(15);
    const shape = (text: string): string => text.replace(/\b[0-9a-f.:-]*\d[0-9a-f.:-]*\b/g, '#').replace(/\s+/g, ' ');
    const { stdout } = await akari(['show', '--clock', 'virtual']);
    const told = new Set(stdout.split('\n').map(shape));
    for (const line of lines) expect(told, line).toContain(shape(line));
  });

  it('is for a person with ten minutes: 150 lines at most', () => {
    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'docs/dependencies.md', 'docs/measurements.md', 'docs/features.md'])(
    'the npm scripts that %s names are there',
    (file) => {
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/npm run ([\w:-]+)/g)) {
        expect(Object.keys(scripts)).toContain(name);
      }
    },
  );

  it('docs/dependencies.md names every dependency and why it is there', () => {
    for (const name of Object.keys(dependencies)) expect(document('dependencies')).toContain(`\`${name}\``);
  });

  it('names the commands that akari has', async () => {
    const { stdout } = await akari(['--help']);
    const commands = [...stdout.matchAll(/^ {2}(\w+) /gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help');
    expect(commands.length).toBeGreaterThan(5);
    for (const name of commands) expect(readme).toContain(`akari ${name}`);
    // Each is loaded by its name.
    const helps = await Promise.all(commands.map((name) => akari([name, '--help'])));
    expect(helps.map((one) => /^Usage: akari (\w+)/.exec(one.stdout)?.[1])).toEqual(commands);
  });

  it('akari says its version without loading a command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'akari-version-'));
    const { stdout } = await akari(['--version'], { env: { ...process.env, NODE_V8_COVERAGE: folder } });
    expect(stdout.trim()).toBe(version);
    const loaded = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join();
    expect(loaded).toContain('/dist/host/cli/main.js');
    expect(loaded).not.toMatch(/dist\/host\/cli\/commands|binaryen|zod/);
    rmSync(folder, { recursive: true });
  });

  it('the sizes in docs/measurements.md are those of npm run size', () => {
    for (const { file, code, ram } of figuresOf('.', targetsOf('.'))) {
      expect(document('measurements')).toContain(
        `| \`${file}\` | ${code.toLocaleString('en')} | ${ram.toLocaleString('en')} |`,
      );
    }
  });
});
