/** Too much of the same is waiting already. */
export class BusyError extends Error {
  constructor(what: string) {
    super(`too many ${what} are waiting`);
    this.name = 'BusyError';
  }
}
