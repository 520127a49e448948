/** One more than `limits.ts` lets an operator have. The message says what the limit is. */
export class LimitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LimitError';
  }
}
