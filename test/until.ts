// For tests with real programs: how they wait for what those do, and how long at most. Nothing else in the tests waits.

import { MS } from '../host/clock/clock.js';
import { RealClock } from '../host/clock/real.js';

const clock = new RealClock();
const LOOK_EVERY = 5 * MS;

/** Waits until `done`, at most so long; says whether it came. */
export async function until(done: () => boolean | Promise<boolean>, milliseconds = 10_000): Promise<boolean> {
  for (const end = clock.now() + milliseconds * MS; !(await done()); await clock.sleep(LOOK_EVERY))
    if (clock.now() > end) return false;
  return true;
}

/** What `look` finds as soon as it finds something; fails in the words of `what` when there is nothing for so long. */
export async function eventually<T>(
  what: string | (() => string),
  milliseconds: number,
  look: () => T | undefined,
): Promise<T> {
  let found: T | undefined;
  await until(() => (found = look()) !== undefined, milliseconds);
  if (found === undefined) {
    throw new Error(`${typeof what === 'string' ? what : what()}: not within ${milliseconds} ms`);
  }
  return found;
}
