// Compiles the device binaries of a project.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, CONFIGURATION, configurationOf } from './configuration.js';
import { packageRoot } from '../package-root.js';
import type { Layout } from './layout.js';
import { shrink } from './shrink.js';
import { LayoutWatch, type Transform, deviceTransforms } from './transforms.js';

/** The part of the compiler's interface that is used here. */
interface Compiler {
  main(
    args: readonly string[],
    options: {
      readonly stdout: { write(text: string | Uint8Array): boolean };
      readonly stderr: { write(text: string | Uint8Array): boolean };
      readonly readFile: (name: string) => Promise<string | null>;
      readonly writeFile: (name: string, contents: string | Uint8Array) => Promise<boolean>;
      readonly transforms: readonly Transform[];
    },
  ): Promise<{ readonly error: Error | null }>;
}

// Not imported by its literal name: its declarations would replace Node's `console` for the whole program.
const COMPILER: string = 'assemblyscript/asc';

export interface Target {
  /** `NAME-release` or `NAME-debug`. */
  readonly target: string;
  readonly name: string;
  readonly outFile: string;
  readonly asBind: boolean;
  /** A device's release: small above all. */
  readonly small: boolean;
}

/** The targets of the project in `folder`. Throws BuildError. */
export function targetsOf(folder: string): Target[] {
  return Object.entries(configurationOf(folder).targets).map(
    ([target, { outFile, asBind = false, shrinkLevel = 0 }]) => {
      return {
        target,
        name: target.replace(/-(release|debug)$/, ''),
        outFile,
        asBind,
        small: shrinkLevel > 0 && !asBind,
      };
    },
  );
}

/** Where the source of a binary may lie: a part of the SDK, an example, a project of its own. */
const placesOf = ({ name }: Target): readonly string[] => [
  `assembly/${name}/index.ts`,
  `examples/${name}/assembly/index.ts`,
  'assembly/index.ts',
];

/** Where it lies; undefined: it is nowhere. */
export const sourceOf = (folder: string, target: Target): string | undefined =>
  placesOf(target).find((place) => existsSync(join(folder, place)));

function entryOf(folder: string, target: Target): string {
  const entry = sourceOf(folder, target);
  if (entry !== undefined) return entry;
  throw new BuildError(`target ${target.target}: no source, looked for ${placesOf(target).join(', ')}`);
}

/**
 * `akari/board` in an import is `assembly/board` of this package, as its package.json exports it. In this package itself that is the
 * file of its own, so that an example is the same text here and in a project it was copied to.
 */
const SELF = 'node_modules/akari/';
const root = resolve(fileURLToPath(packageRoot()));

/** Where a file that the compiler asks for by a name lies, from the folder; `isSelf`: the folder is this package itself. */
export function sourcePath(name: string, isSelf: boolean): string {
  const at = name.lastIndexOf(SELF);
  if (at < 0) return name;
  return `${isSelf ? '' : name.slice(0, at) + SELF}assembly/${name.slice(at + SELF.length)}`;
}

/** The text of a file; null: there is none, as the compiler takes it. */
export async function readSource(name: string, folder: string): Promise<string | null> {
  try {
    if (name === CONFIGURATION) return JSON.stringify(configurationOf(folder));
    return await readFile(resolve(folder, sourcePath(name, folder === root)), 'utf8');
  } catch {
    return null; // the compiler looks in several places and says itself what it did not find
  }
}

/** What one compilation read, wrote and found. */
export interface Compilation {
  readonly layouts: readonly Layout[];
  /** Texts of all files that the compiler asked for, by their names from the folder; null: not there. */
  readonly read: ReadonlyMap<string, string | null>;
  /** Names of the files it wrote, from the folder. */
  readonly written: readonly string[];
}

/** A build of something else than what lies in the folder. */
export interface Change {
  /** Texts of files, by their names from the folder. */
  readonly sources: Readonly<Record<string, string>>;
  readonly outFile: string;
}

/** Compiles one target in `folder`, or, with a change, a variant of it. Throws BuildError with the compiler's words. */
export async function compile(folder: string, target: Target, change?: Change): Promise<Compilation> {
  const outFile = change?.outFile ?? target.outFile;
  mkdirSync(dirname(join(folder, outFile)), { recursive: true });
  // The compiler cannot resolve a transform that a configuration file names by path.
  const transform = target.asBind ? ['--transform', join(root, 'tools/as-bind-transform.mjs')] : [];
  const base = ['--baseDir', relative(process.cwd(), folder) || '.', ...(change ? ['--outFile', outFile] : [])];
  let said = '';
  const watch = new LayoutWatch();
  const read = new Map<string, string | null>();
  const written: string[] = [];
  const listen = { write: (text: string | Uint8Array) => ((said += Buffer.from(text).toString()), true) };
  const { default: asc } = (await import(COMPILER)) as { default: Compiler };
  const { error } = await asc.main([entryOf(folder, target), '--target', target.target, ...base, ...transform], {
    stdout: listen,
    stderr: listen,
    readFile: async (name) => {
      const text = change?.sources[name] ?? (await readSource(name, folder));
      read.set(name, text);
      return text;
    },
    writeFile: async (name, contents) => {
      // The compiler names it from the working directory.
      const file = resolve(name);
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, contents);
      } catch {
        return false; // the compiler says which file it could not write
      }
      written.push(relative(folder, file));
      return true;
    },
    transforms: [...(await deviceTransforms()), watch],
  });
  if (error) throw new BuildError(`target ${target.target}: ${said.trim() || error.message}`);
  if (target.small) {
    const file = join(folder, outFile);
    try {
      writeFileSync(file, shrink(readFileSync(file)));
    } catch (thrown) {
      throw new BuildError(`target ${target.target}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  return { layouts: watch.layouts, read, written };
}
