/** A function: as `min` of the language it would be written out at every call. */
export function earlier(a: i64, b: i64): i64 {
  return a < b ? a : b;
}

/** What `loop()` returns to be called at the soonest of three deadlines: milliseconds, 0 at once, -1 only on input. */
export function until(now: i64, a: i64, b: i64, c: i64): i32 {
  const soonest = earlier(a, earlier(b, c));
  if (soonest == i64.MAX_VALUE) return -1;
  if (soonest <= now) return 0;
  return <i32>min<i64>(soonest - now, i32.MAX_VALUE);
}
