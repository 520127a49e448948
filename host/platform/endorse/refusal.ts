import { Refusal } from '../refusal.js';

/** Endorse's "no", with the code that its error body tells. */
export class EndorseRefusal extends Refusal {
  constructor(
    status: number,
    readonly code: string,
    message: string,
  ) {
    super(status, message);
  }
}
