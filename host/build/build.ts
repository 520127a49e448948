// Builds targets side by side, one compiler a thread; passes over those of which nothing has changed.

import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';
import { type Target } from './compile.js';
import { BuildError } from './configuration.js';
import type { Layout } from './layout.js';
import { dropRecord, isUpToDate } from './record.js';

export interface Job {
  readonly folder: string;
  readonly target: Target;
}

/** What a thread answers. Errors lose their class between threads. */
export type JobAnswer = { readonly layouts: readonly Layout[] } | { readonly fault: string };

export interface Built {
  readonly target: Target;
  /** False: its files are those of an earlier build. */
  readonly compiled: boolean;
  /** Of the classes that were compiled. */
  readonly layouts: readonly Layout[];
}

export interface BuildOptions {
  /** Compile whatever the records say. */
  readonly force: boolean;
}

/** Builds the targets and tells of each, in their order. Throws BuildError with the first fault in that order. */
export async function* buildTargets(
  folder: string,
  targets: readonly Target[],
  { force }: BuildOptions,
): AsyncGenerator<Built, void, undefined> {
  const unchanged = await Promise.all(targets.map(async (target) => !force && (await isUpToDate(folder, target))));
  const stale = unchanged.filter((one) => !one).length;
  const pool = new Tinypool({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: Math.max(1, Math.min(stale, availableParallelism())),
  });
  try {
    const answers = targets.map((target, i): Promise<JobAnswer> | undefined => {
      if (unchanged[i]) return undefined;
      dropRecord(folder, target);
      return pool.run({ folder, target } satisfies Job) as Promise<JobAnswer>;
    });
    // A fault ends the build before later answers are looked at: theirs must not end the process.
    for (const answer of answers) answer?.catch(() => undefined);
    for (const [i, target] of targets.entries()) {
      const answer = await answers[i];
      if (answer === undefined) {
        yield { target, compiled: false, layouts: [] };
        continue;
      }
      if ('fault' in answer) throw new BuildError(answer.fault);
      yield { target, compiled: true, layouts: answer.layouts };
    }
  } finally {
    await pool.destroy();
  }
}
