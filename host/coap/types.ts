// Requests and responses, apart from the messages that carry them.

import type { Nanoseconds } from '../clock/clock.js';
import type { CoapOption } from './options.js';

/** Methods by their codes (RFC 7252 12.1.1, RFC 8132). */
export const Method = {
  ...{ Get: '0.01', Post: '0.02', Put: '0.03', Delete: '0.04', Fetch: '0.05', Patch: '0.06', Ipatch: '0.07' },
} as const;

export interface CoapRequest {
  readonly method: string;
  readonly path: readonly string[];
  readonly query?: readonly string[];
  readonly contentFormat?: number;
  readonly accept?: number;
  /** Further ones. */
  readonly options?: readonly CoapOption[];
  readonly payload?: Uint8Array;
  /** Called after each block of the payload that the other side has taken, with the bytes so far. */
  readonly progress?: (bytes: number) => void;
  /** Bytes of a block, at most. */
  readonly blockBytes?: number;
  /** How often a block of the payload that was not answered is said again, in a message of its own; not at all unless given. */
  readonly repeats?: number;
  /** How long an answer to a message of it is waited for, where that is shorter than CoAP's retransmissions take. */
  readonly patience?: Nanoseconds;
  /** Goes in blocks however short it is. */
  readonly inBlocks?: boolean;
}

export interface CoapResponse {
  /** `2.05` */
  readonly code: string;
  readonly options: readonly CoapOption[];
  readonly payload: Uint8Array;
}

export interface IncomingRequest {
  readonly method: string;
  readonly path: readonly string[];
  readonly query: readonly string[];
  readonly options: readonly CoapOption[];
  readonly payload: Buffer;
  readonly confirmable: boolean;
}

/** Where bytes of bodies that come in blocks are counted, for one device and for all: `caller` or `all` has no room for so many more. */
export interface CoapRoom {
  add(bytes: number): 'caller' | 'all' | undefined;
  remove(bytes: number): void;
}

export class CoapError extends Error {
  constructor(
    /** No answer; an Acknowledgement and no answer; rejected with a Reset; the conversation is over; an answer that cannot be; too many wait. */
    readonly code: 'timeout' | 'acknowledged' | 'reset' | 'closed' | 'malformed' | 'busy',
    message: string,
  ) {
    super(message);
    this.name = 'CoapError';
  }
}
