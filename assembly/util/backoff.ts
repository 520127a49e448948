/** Waits that double from `BASE` to `CAP` with each failure, spread by chance so that a fleet does not return as one. */
@unmanaged
export class Backoff {
  failures: i32;
  private state: u32;

  /** `seed`: any entropy. */
  seed(value: u32): void {
    // xorshift never leaves 0.
    this.state = value | 1;
  }

  /** Milliseconds to wait after one more failure: 75 % to 125 % of base, 2 base, 4 base .. cap. */
  next(base: i32, cap: i32): i32 {
    const wait = min(cap, base << min(this.failures, 12));
    this.failures++;
    let x = this.state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    this.state = x;
    return wait - (wait >> 2) + <i32>(x % <u32>max(1, wait >> 1));
  }

  reset(): void {
    this.failures = 0;
  }
}
