// What a DTLS server takes, and how long it waits.

import { HOUR, MINUTE, type Nanoseconds, SECOND } from '../clock/clock.js';

export interface DtlsLimits {
  /** Until a flight is sent again; doubled each time up to `lastTimeout` (RFC 6347 4.2.4.1). */
  readonly firstTimeout: Nanoseconds;
  readonly lastTimeout: Nanoseconds;
  /** From ClientHello to Finished. */
  readonly handshake: Nanoseconds;
  /** A cookie is good for one to two times as long. */
  readonly cookie: Nanoseconds;
  /** A client that is silent for so long is forgotten. */
  readonly idle: Nanoseconds;
  /** How long a session may be resumed. */
  readonly session: Nanoseconds;
  /** Handshakes under way: of all hosts, and of one; the oldest makes room, of the host that has most. */
  readonly handshakes: number;
  readonly handshakesPerHost: number;
  /** Open associations: of all, and of one identity; the one silent for longest makes room. */
  readonly associations: number;
  readonly associationsPerIdentity: number;
  /** Sessions that may be resumed, likewise. */
  readonly sessions: number;
  readonly sessionsPerIdentity: number;
  /** ClientHellos that come in fragments, put together at the same time: of all hosts, and of one. */
  readonly partialHellos: number;
  readonly partialHellosPerHost: number;
  /** Records that came before the keys they are protected with. */
  readonly earlyRecords: number;
  /** Bytes of a datagram that is sent. */
  readonly datagram: number;
  readonly identityBytes: number;
  /** An identity that nobody has: alert 115, or the silence that a wrong key gets. */
  readonly unknownIdentity: 'alert' | 'silence';
  /** False: clients that know connection IDs are given none, as by servers without RFC 9146. */
  readonly connectionIds: boolean;
}

export const DTLS_LIMITS: DtlsLimits = {
  firstTimeout: SECOND,
  lastTimeout: MINUTE,
  handshake: 100 * SECOND,
  cookie: MINUTE,
  // Devices that report once a day keep their association by connection ID.
  idle: 25 * HOUR,
  session: 24 * HOUR,
  handshakes: 1000,
  // A network behind one address, whose devices all come back at once.
  handshakesPerHost: 128,
  associations: 10_000,
  // One for management, one for an image, and those before them that a device has lost without a word.
  associationsPerIdentity: 8,
  sessions: 10_000,
  sessionsPerIdentity: 8,
  partialHellos: 64,
  partialHellosPerHost: 8,
  earlyRecords: 4,
  datagram: 1200,
  identityBytes: 128,
  unknownIdentity: 'alert',
  connectionIds: true,
};
