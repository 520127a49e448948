// The compiler's configuration of a project: its asconfig.json, and the targets that its folders tell.
//
// Each `examples/NAME/assembly/index.ts` is a device binary NAME; so is `assembly/index.ts` of a project that lists no targets. A target
// that asconfig.json lists is as it stands there. Without asconfig.json the options are those of `akari new`.

import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { readAs } from '../faults.js';
import { parseJson } from '../json-text.js';

/** What the compiler says, or a project that cannot be compiled; the message is for people. */
export class BuildError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BuildError';
  }
}

export const CONFIGURATION = 'asconfig.json';

/** What the compiler is told for every device binary. */
export const DEVICE_OPTIONS = {
  runtime: 'stub',
  disable: ['bulk-memory', 'nontrapping-f2i'],
  initialMemory: 1,
  maximumMemory: 1,
  // Static data from the start of memory, also when optimized: a kilobyte counts.
  memoryBase: 8,
  noColors: true,
};

/** The compiler's own abort is an import that boards do not have. */
const USE = ['abort=~lib/akari/board/abort/abort'];

/** The two targets of a device binary whose source imports `akari/..`. */
export function deviceTargets(name: string): Configuration['targets'] {
  const small = { optimizeLevel: 3, shrinkLevel: 2, noAssert: true, use: USE };
  return {
    [`${name}-release`]: { outFile: `build/release/${name}.wasm`, ...small },
    [`${name}-debug`]: { outFile: `build/debug/${name}.wasm`, debug: true, sourceMap: true, use: USE },
  };
}

const target = z.looseObject({
  outFile: z.string(),
  /** Ours: the module is described for as-bind (see akari/kit). */
  asBind: z.boolean().optional(),
  shrinkLevel: z.number().optional(),
});
const schema = z.looseObject({
  options: z.looseObject({}).optional(),
  targets: z.record(z.string(), target).optional(),
});

export interface Configuration {
  readonly options: Readonly<Record<string, unknown>>;
  readonly targets: Readonly<Record<string, z.infer<typeof target>>>;
}

/** The configuration of the project in `folder`. Throws BuildError. */
export function configurationOf(folder: string): Configuration {
  const { options = DEVICE_OPTIONS, targets = {}, ...others } = listed(folder);
  const derived = namesIn(folder, Object.keys(targets).length > 0).map(deviceTargets);
  return { ...others, options, targets: Object.assign({}, ...derived, targets) as Configuration['targets'] };
}

/** What asconfig.json says. */
function listed(folder: string): z.infer<typeof schema> {
  const file = join(folder, CONFIGURATION);
  if (!existsSync(file)) {
    if (existsSync(join(folder, 'assembly/index.ts'))) return {};
    throw new BuildError(
      `${folder} is no project: it has neither ${CONFIGURATION} nor assembly/index.ts. ` +
        'Run this in the folder of a project, or make one: akari new DIR --example NAME',
    );
  }
  const parsed = parseJson(readFileSync(file, 'utf8'));
  if (parsed.fault !== undefined) throw new BuildError(`${file} ${parsed.fault}`);
  const read = readAs(schema, parsed.json);
  if (read.faults !== undefined) throw new BuildError(read.faults.map((fault) => `${file}: ${fault}`).join('\n'));
  return read.data;
}

/** Names of the device binaries that the folders tell. */
function namesIn(folder: string, isListed: boolean): string[] {
  const examples = join(folder, 'examples');
  const folders = statSync(examples, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(examples) : [];
  const binaries = folders.sort().filter((name) => existsSync(join(examples, name, 'assembly/index.ts')));
  const isProject = !isListed && existsSync(join(folder, 'assembly/index.ts'));
  return isProject ? [...binaries, projectName(basename(resolve(folder)))] : binaries;
}

/** As a file and a package may be called. */
export function projectName(folder: string): string {
  return folder.toLowerCase().replace(/[^a-z0-9._-]+/g, '-');
}
