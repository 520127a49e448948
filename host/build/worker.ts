// One thread of a build: compiles a target and keeps the record of it.

import type { Job, JobAnswer } from './build.js';
import { compile } from './compile.js';
import { BuildError } from './configuration.js';
import { keepRecord } from './record.js';

// The pool looks for a default export.
// eslint-disable-next-line no-restricted-syntax
export default async function work({ folder, target }: Job): Promise<JobAnswer> {
  try {
    const compilation = await compile(folder, target);
    keepRecord(folder, target, compilation);
    return { layouts: compilation.layouts };
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    return { fault: error.message };
  }
}
