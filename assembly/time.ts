// When an app is to run again.

import { earlier, never } from "./util/wait";

/** Something that an app does once in each period. Place with `place`; it is due at once, and then at the multiples of the period. */
@unmanaged
export class Every {
  /** Milliseconds of the board's clock. While it is due and held back it is never: what holds it back ends by input. */
  deadline: i64;
  private due: i64;

  /**
   * True once in each `period`, as soon as `may` is true; what was missed is not made up for. Call it in each turn. `now` and `period`
   * are milliseconds of the board's clock.
   */
  isDue(now: i64, period: i64, may: bool = true): bool {
    const isDue = now >= this.due;
    if (isDue && may) this.due = now - (now % period) + period;
    this.deadline = isDue && !may ? never() : this.due;
    return isDue && may;
  }
}

/** What `loop()` returns to be called at the soonest of up to four deadlines: milliseconds, 0 at once, -1 only on input. */
export function sleepUntil(now: i64, a: i64, b: i64, c: i64 = i64.MAX_VALUE, d: i64 = i64.MAX_VALUE): i32 {
  const soonest = earlier(earlier(a, b), earlier(c, d));
  if (soonest == never()) return -1;
  if (soonest <= now) return 0;
  return <i32>min<i64>(soonest - now, i32.MAX_VALUE);
}
