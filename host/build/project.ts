// A project of one's own, from an example.

import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../package-root.js';
import { BuildError, DEVICE_OPTIONS, deviceTargets, projectName } from './configuration.js';

const root = resolve(fileURLToPath(packageRoot()));

/** Names of the examples that can be copied. */
export function exampleNames(): string[] {
  return readdirSync(join(root, 'examples')).filter((name) => existsSync(join(root, 'examples', name, 'assembly')));
}

/** Tells editors that it is AssemblyScript, with what the build adds to it. */
const EDITOR = {
  extends: 'assemblyscript/std/assembly.json',
  compilerOptions: { paths: { 'akari/*': ['../node_modules/akari/assembly/*'] } },
  include: ['./**/*.ts'],
};

/** Copies an example into a new folder, with all that it needs to build, run and be tested by itself. */
export function newProject(folder: string, example: string): void {
  if (!exampleNames().includes(example)) {
    throw new BuildError(`there is no example "${example}"; there are: ${exampleNames().join(', ')}`);
  }
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new BuildError(`${folder} is there and not empty`);
  mkdirSync(folder, { recursive: true });
  const source = join(root, 'examples', example);
  for (const part of ['assembly', 'test', 'README.md']) {
    if (existsSync(join(source, part))) cpSync(join(source, part), join(folder, part), { recursive: true });
  }
  cpSync(join(root, 'examples/profiles/soracom-demo.json'), join(folder, 'test/sim.json'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  write('package.json', json(packageJson(folder, example)));
  write('asconfig.json', json({ options: DEVICE_OPTIONS, targets: deviceTargets(example) }));
  write('assembly/tsconfig.json', json(EDITOR));
  write('.gitignore', 'node_modules/\nbuild/\n');
}

function packageJson(folder: string, example: string): unknown {
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
    overrides: Record<string, unknown>;
    devDependencies: Record<string, string>;
  };
  return {
    name: projectName(basename(resolve(folder))),
    private: true,
    type: 'module',
    scripts: {
      build: 'akari build',
      start: `akari run build/release/${example}.wasm`,
      test: 'akari build && vitest run',
    },
    dependencies: { akari: akariSpecifier(resolve(folder), root, own.version) },
    devDependencies: { assemblyscript: own.dependencies['assemblyscript'], vitest: own.devDependencies['vitest'] },
    // as-bind names a compiler of long ago as its peer; npm heeds overrides of the root project alone.
    overrides: { 'as-bind': own.overrides['as-bind'] },
  };
}

/** What a project in `folder` depends on when Akari is at `root`: the checkout, the tarball that the package was installed from, or its version. */
export function akariSpecifier(folder: string, root: string, version: string): string {
  if (!root.split(sep).includes('node_modules')) return `file:${relative(folder, root)}`;
  const modules = root.slice(0, root.lastIndexOf(`${sep}node_modules${sep}`) + `${sep}node_modules`.length);
  const tarball = installedTarball(modules);
  return tarball === undefined ? `^${version}` : `file:${relative(folder, resolve(modules, '..', tarball))}`;
}

/** The file that npm installed Akari from, relative to the project that holds `modules`; undefined if a registry gave it. */
function installedTarball(modules: string): string | undefined {
  const lock = join(modules, '.package-lock.json');
  if (!existsSync(lock)) return undefined;
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as {
    packages?: Record<string, { resolved?: string } | undefined>;
  };
  const resolved = packages?.['node_modules/akari']?.resolved;
  return resolved?.startsWith('file:') === true ? resolved.slice('file:'.length) : undefined;
}
