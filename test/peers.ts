// Tests that need programs nobody here wrote. Where one is missing they count as not run, and the end of the run says what to
// install (not-run.ts); where AKARI_PEERS=required, as in .ci/run, they fail. The programs are those of tools/peers.txt.
import { describe, it } from 'vitest';
import { missing } from '../tools/peers.mjs';

declare module 'vitest' {
  interface TaskMeta {
    /** Programs without which a test was not run. */
    missing?: readonly string[];
  }
}

interface TestApi {
  readonly describe: typeof describe;
  readonly it: typeof it;
  readonly test: typeof it;
}

/** `describe` and `it` for what needs these programs: `const { describe, it } = withPrograms('curl', 'nginx');` */
export function withPrograms(...programs: readonly string[]): TestApi {
  const lacking = missing(programs);
  if (lacking.length === 0) return { describe, it, test: it };
  return { describe: notRun(describe, lacking), it: notRun(it, lacking), test: notRun(it, lacking) };
}

type Body = () => void;

function notRun<T extends typeof describe | typeof it>(api: T, lacking: readonly string[]): T {
  // One shape of both: a name, then a body with a time limit behind it or options before it.
  const { skip } = api as unknown as typeof describe;
  const options = { meta: { missing: lacking } };
  const body = (rest: readonly unknown[]): Body => rest.find((part) => typeof part === 'function') as Body;
  const one = (name: string, ...rest: readonly unknown[]): unknown => skip(name, options, body(rest));
  const each =
    (...cases: Parameters<typeof skip.each>) =>
    (name: string, ...rest: readonly unknown[]): void =>
      skip.each(...cases)(name, options, body(rest));
  return Object.assign(one, { each }) as unknown as T;
}
