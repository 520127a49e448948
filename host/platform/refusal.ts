/** The platform's answer instead of the service's. The message goes to the device: it never holds a secret. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}
