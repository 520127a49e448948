// The package as npm packs it, in a project that was an example: what `akari/..` names in an import, for the build and for editors.

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleNames } from '../../host/build/project.js';

const EXAMPLE = 'beam-udp';
// What a compiler asks for by links is where they lead.
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'akari-package-')));
const project = join(folder, 'my-device');
const installed = join(project, 'node_modules/akari');

beforeAll(() => {
  // `cp -r examples/NAME my-device && npm install akari.tgz`, without a registry: the other packages are those of this checkout.
  cpSync(join('examples', EXAMPLE), project, { recursive: true });
  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { encoding: 'utf8' }).trim();
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['xzf', join(folder, tarball), '-C', installed, '--strip-components=1']);
  for (const name of readdirSync('node_modules')) {
    if (name !== 'akari' && !name.startsWith('.'))
      symlinkSync(resolve('node_modules', name), join(project, 'node_modules', name));
  }
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true }));

const sourcesIn = (at: string): string[] =>
  readdirSync(at)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(at, name));

const importsOf = (file: string): string[] =>
  ts
    .preProcessFile(readFileSync(file, 'utf8'))
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('akari/'));

/** The options that an editor takes for a file: of the nearest tsconfig.json. */
function editorOptions(file: string): ts.CompilerOptions {
  const config = ts.findConfigFile(dirname(file), ts.sys.fileExists.bind(ts.sys));
  if (config === undefined) throw new Error(`no tsconfig.json above ${file}`);
  const { config: json } = ts.readConfigFile(config, ts.sys.readFile.bind(ts.sys)) as { config: unknown };
  return ts.parseJsonConfigFileContent(json, ts.sys, dirname(config), undefined, config).options;
}

const resolved = (name: string, file: string, options: ts.CompilerOptions): string | undefined =>
  ts.resolveModuleName(name, file, options, ts.sys).resolvedModule?.resolvedFileName;

/** Where each import of the files leads, from the root of the SDK's sources. */
function leads(files: readonly string[], sdk: string, options = editorOptions): Record<string, string | undefined> {
  const found: Record<string, string | undefined> = {};
  for (const file of files) {
    for (const name of importsOf(file)) found[name] = resolved(name, file, options(file))?.replace(`${sdk}/`, '');
  }
  return found;
}

/** `akari/modem/quectel/bg95` is modem/quectel/bg95.ts, `akari/board` is board/index.ts. */
function isSourceOf(name: string, file: string | undefined): boolean {
  const path = name.slice('akari/'.length);
  return file === `${path}.ts` || file === `${path}/index.ts`;
}

describe('an editor finds what akari/.. names', () => {
  it.each(exampleNames())('in the checkout: %s', (name) => {
    const found = leads(sourcesIn(resolve('examples', name, 'assembly')), resolve('assembly'));
    expect(Object.keys(found)).toEqual(expect.arrayContaining(['akari/app', 'akari/board', 'akari/place']));
    expect(Object.entries(found).filter(([name, file]) => !isSourceOf(name, file))).toEqual([]);
  });

  it('in an example that was copied, where the package is installed', () => {
    const found = leads(sourcesIn(join(project, 'assembly')), join(installed, 'assembly'));
    expect(found).toHaveProperty(['akari/modem/quectel/bg95'], 'modem/quectel/bg95.ts');
    expect(Object.entries(found).filter(([name, file]) => !isSourceOf(name, file))).toEqual([]);
  });

  it('by the exports of the package alone, in a project without paths of its own', () => {
    const options = { moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext };
    const all = exampleNames().flatMap((name) => sourcesIn(join(installed, 'examples', name, 'assembly')));
    const names = new Set(all.flatMap(importsOf));
    expect(names.size).toBeGreaterThan(20);
    const from = join(project, 'assembly/other.ts');
    const wrong = [...names].filter(
      (name) => !isSourceOf(name, resolved(name, from, options)?.replace(`${join(installed, 'assembly')}/`, '')),
    );
    expect(wrong).toEqual([]);
  });

  it('and the decorators that the build adds', () => {
    const file = join(resolve('examples/harvest-data/assembly'), 'index.ts');
    const program = ts.createProgram([file], { ...editorOptions(file), noEmit: true });
    const names = program.getSourceFiles().map(({ fileName }) => fileName);
    expect(names).toContain(resolve('assembly/parts.d.ts'));
  });
});

it('every folder of the SDK with an index is an export of the package', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, unknown> };
  const folders = readdirSync('assembly', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('/index.ts'))
    .map((name) => dirname(name))
    // Not for apps: the card, its files, the probe; `akari/kit` is the host's.
    .filter((name) => !/^(sim|probe|kit)(\/|$)/.test(name));
  expect(folders).toContain('board');
  for (const name of folders) expect(exports).toHaveProperty([`./${name}`], `./assembly/${name}/index.ts`);
});

const build = (): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, [join(installed, 'dist/host/cli/main.js'), 'build', '--json'], { cwd: project });

it('an example that was copied builds with the installed package, without a configuration, to the same bytes', () => {
  const { status, stdout, stderr } = build();
  expect([status, String(stderr)]).toEqual([0, '']);
  expect(String(stdout)).toContain('"ok":true');
  const built = readFileSync(join(project, 'build/release/my-device.wasm'));
  expect(built.equals(readFileSync(`build/release/${EXAMPLE}.wasm`))).toBe(true);
});
