export type UpstreamFault =
  | 'unreachable'
  | 'untrusted'
  | 'cut-short'
  | 'not-http'
  | 'too-large'
  | 'timeout'
  /** The device is gone: nobody waits for the answer. */
  | 'abandoned';

/** Why a destination gave no answer. */
export class UpstreamError extends Error {
  constructor(
    readonly fault: UpstreamFault,
    message: string,
  ) {
    super(message);
    this.name = 'UpstreamError';
  }
}
