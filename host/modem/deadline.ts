import type { Clock, Nanoseconds } from '../clock/clock.js';

export class DeadlineError extends Error {
  constructor() {
    super('nothing came in time');
    this.name = 'DeadlineError';
  }
}

/** What `promise` gives, or DeadlineError when that takes longer than `limit`. */
export function within<T>(clock: Clock, limit: Nanoseconds, promise: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(limit, () => {
      clock.stir('promises');
      reject(new DeadlineError());
    });
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error as Error);
      },
    );
  });
}
