export type UpstreamFault =
  | 'unreachable'
  | 'untrusted'
  | 'cut-short'
  | 'not-http'
  | 'too-large'
  /** There is no room for the answer now. */
  | 'no-room'
  /** The platform has no socket left to connect with. */
  | 'no-socket'
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

/** The platform itself is at fault: the same message may be taken later. */
export const isOwnFault = ({ fault }: UpstreamError): boolean => fault === 'no-room' || fault === 'no-socket';

/** What a device is told; the details are the operator's, in the trace. */
export const DEVICE_TEXT: Readonly<Record<UpstreamFault, string>> = {
  unreachable: 'the destination cannot be reached',
  untrusted: 'the certificate of the destination is not trusted',
  'cut-short': 'the answer of the destination was cut short',
  'not-http': 'the destination does not speak HTTP',
  'too-large': 'the answer of the destination is too large',
  'no-room': 'the platform has no room for the answer of the destination now',
  'no-socket': 'the platform has no connection left for the destination now',
  timeout: 'the destination did not answer in time',
  abandoned: 'abandoned',
};
