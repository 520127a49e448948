// What a target was compiled from, so that a build passes over targets of which nothing has changed.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { packageRoot } from '../package-root.js';
import { type Compilation, type Target, readSource, sourceOf } from './compile.js';

/** Records lie beside the binaries, in a folder that neither packages nor repositories carry. */
const FOLDER = 'build/record';

const digests = z.record(z.string(), z.string().nullable());

const record = z.strictObject({
  /** The compiler and the steps before and after it. */
  tools: z.string(),
  /** The target as the configuration gives it, and where its source lay. */
  target: z.string(),
  /** Digests by name from the project's folder; null: the compiler looked for the file and did not find it. */
  read: digests,
  written: digests,
});

/** True if all that the target was compiled from, and all that came of it, is as it was then. */
export async function isUpToDate(folder: string, target: Target): Promise<boolean> {
  const last = lastRecord(folder, target);
  if (last === undefined || last.tools !== toolsDigest() || last.target !== textOf(folder, target)) return false;
  for (const [name, digest] of Object.entries(last.written)) {
    if (digest === null || digestOfFile(resolve(folder, name)) !== digest) return false;
  }
  for (const [name, digest] of Object.entries(last.read)) {
    if (digestOfText(await readSource(name, folder)) !== digest) return false;
  }
  return true;
}

/** Before a compilation: what it leaves half done if the power fails must not look complete. */
export function dropRecord(folder: string, target: Target): void {
  rmSync(fileOf(folder, target), { force: true });
}

/** After a compilation. */
export function keepRecord(folder: string, target: Target, { read, written }: Compilation): void {
  const configuration = read.get('asconfig.json') ?? '';
  // A transform of the project's own may read what no record knows of.
  if (configuration.includes('"transform"')) return;
  const kept: z.infer<typeof record> = {
    tools: toolsDigest(),
    target: textOf(folder, target),
    read: Object.fromEntries([...read].map(([name, text]) => [name, digestOfText(text)])),
    written: Object.fromEntries(written.map((name) => [name, digestOfFile(resolve(folder, name))])),
  };
  mkdirSync(join(folder, FOLDER), { recursive: true });
  writeFileSync(fileOf(folder, target), JSON.stringify(kept));
}

/** A target's name may hold what a file's cannot. */
const fileOf = (folder: string, { target }: Target): string =>
  join(folder, FOLDER, `${encodeURIComponent(target)}.json`);

const textOf = (folder: string, target: Target): string =>
  JSON.stringify({ ...target, source: sourceOf(folder, target) });

function lastRecord(folder: string, target: Target): z.infer<typeof record> | undefined {
  try {
    return record.parse(JSON.parse(readFileSync(fileOf(folder, target), 'utf8')));
  } catch {
    return undefined; // none, or one that was cut off
  }
}

function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

const digestOfText = (text: string | null): string | null => (text === null ? null : digestOf(text));

function digestOfFile(file: string): string | null {
  try {
    return digestOf(readFileSync(file));
  } catch {
    return null;
  }
}

let tools: string | undefined;

/** The compiler's packages, with their versions, and the text of everything in this folder. */
function toolsDigest(): string {
  if (tools !== undefined) return tools;
  const require = createRequire(import.meta.url);
  const manifests = ['assemblyscript', 'binaryen'].map((name) => readFileSync(require.resolve(`${name}/package.json`)));
  const here = fileURLToPath(new URL('.', import.meta.url));
  const steps = readdirSync(here)
    .sort()
    .map((name) => readFileSync(join(here, name)));
  const transform = readFileSync(new URL('tools/as-bind-transform.mjs', packageRoot()));
  tools = digestOf(...manifests, ...steps, transform);
  return tools;
}
