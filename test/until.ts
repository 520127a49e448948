import { MS } from '../host/clock/clock.js';
import { RealClock } from '../host/clock/real.js';

const clock = new RealClock();

/** For tests with real programs: waits until `done`, at most so long; says whether it came. */
export async function until(done: () => boolean, milliseconds = 10_000): Promise<boolean> {
  for (const end = clock.now() + milliseconds * MS; !done(); await clock.sleep(2 * MS))
    if (clock.now() > end) return false;
  return true;
}
