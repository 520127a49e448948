/** The one table of status codes: 0 or more is success (often a count), below 0 says what went wrong. */
export const enum Status {
  Ok = 0,
  /** Not now; ask again later. */
  Again = -1,
  /** An argument is out of range, or a pointer leaves the module's memory. */
  Invalid = -2,
  NotFound = -3,
  NoSpace = -4,
  /** The hardware failed. */
  Io = -5,
  /** This board does not have it. */
  Unsupported = -6,
  Closed = -7,
  Timeout = -8,
  Refused = -9,
  /** The name has no address. */
  NameUnknown = -10,
  /** The far end's certificate is not trusted. */
  Untrusted = -11,
  Busy = -12,
  /** Input ends too early. */
  Short = -13,
  /** Input breaks its grammar. */
  Malformed = -14,
  /** Input is well formed and larger than this device can take. */
  TooLong = -15,
  Denied = -16,
  /** The far end stays silent once it should have found that both hold the same key: identity or key are wrong, or the link is. */
  KeySuspect = -17,
}
