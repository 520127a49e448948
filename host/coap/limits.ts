// Constants of CoAP (RFC 7252 4.8), and what this side of a conversation keeps at most.

import { HOUR, type Nanoseconds, SECOND } from '../clock/clock.js';

export interface CoapLimits {
  readonly ackTimeout: Nanoseconds;
  readonly ackRandomFactor: number;
  readonly maxRetransmit: number;
  /** A handler that takes longer answers separately. */
  readonly processingDelay: Nanoseconds;
  readonly exchangeLifetime: Nanoseconds;
  readonly nonLifetime: Nanoseconds;
  /** Notifications that are further apart are newer whatever their numbers say (RFC 7641 3.4). */
  readonly observeOrder: Nanoseconds;
  /** Exchanges of the other side that are remembered; the oldest makes room. */
  readonly remembered: number;
  /** Bytes of a body that comes in blocks. */
  readonly bodyBytes: number;
  /** Bytes of a block that is sent, if a datagram has room for it. */
  readonly blockBytes: number;
  /** Requests that may wait for their turn. */
  readonly waiting: number;
  /** Requests of the other side that are being answered, or whose answer is on its way; one more is 4.29 (RFC 8516). */
  readonly answering: number;
  /** Resources that the other side is observed for. */
  readonly observations: number;
}

export const COAP_LIMITS: CoapLimits = {
  ackTimeout: 2 * SECOND,
  ackRandomFactor: 1.5,
  maxRetransmit: 4,
  processingDelay: SECOND,
  exchangeLifetime: 247 * SECOND,
  nonLifetime: 145 * SECOND,
  observeOrder: 128 * SECOND,
  remembered: 64,
  bodyBytes: 65_536,
  // On narrow-band radios with DTLS, what a datagram carries safely.
  blockBytes: 512,
  waiting: 64,
  // A device asks one thing at a time (NSTART 1); a pull and a Send may go beside an update.
  answering: 8,
  observations: 256,
};

/** At least one confirmable notification in this time (RFC 7641 4.5): who hears nothing for longer is not observed. */
export const OBSERVE_SILENCE: Nanoseconds = 24 * HOUR;
