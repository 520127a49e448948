// Codes, option numbers and times of CoAP: RFC 7252, 7641 (Observe), 7959 (Block), 8132 (FETCH, PATCH).

/** RFC 7252 3. */
export const enum CoapType {
  Con = 0,
  Non = 1,
  Ack = 2,
  Rst = 3,
}

/** `c.dd` as one byte: three bits of class, five of detail. RFC 7252 12.1, 7959 2.9, 8132. */
export const enum CoapCode {
  Empty = 0x00,
  Get = 0x01,
  Post = 0x02,
  Put = 0x03,
  Delete = 0x04,
  Fetch = 0x05,
  Patch = 0x06,
  IPatch = 0x07,
  Created = 0x41,
  Deleted = 0x42,
  Valid = 0x43,
  Changed = 0x44,
  Content = 0x45,
  Continue = 0x5f,
  BadRequest = 0x80,
  Unauthorized = 0x81,
  BadOption = 0x82,
  Forbidden = 0x83,
  NotFound = 0x84,
  MethodNotAllowed = 0x85,
  NotAcceptable = 0x86,
  RequestEntityIncomplete = 0x88,
  Conflict = 0x89,
  PreconditionFailed = 0x8c,
  RequestEntityTooLarge = 0x8d,
  UnsupportedContentFormat = 0x8f,
  InternalServerError = 0xa0,
  NotImplemented = 0xa1,
  ServiceUnavailable = 0xa3,
  ProxyingNotSupported = 0xa5,
}

/** RFC 7252 12.2, 7641 6, 7959 6. An odd number is critical: a receiver that does not know it must not go on. */
export const enum CoapOption {
  UriHost = 3,
  ETag = 4,
  Observe = 6,
  UriPort = 7,
  LocationPath = 8,
  UriPath = 11,
  ContentFormat = 12,
  MaxAge = 14,
  UriQuery = 15,
  Accept = 17,
  LocationQuery = 20,
  Block2 = 23,
  Block1 = 27,
  Size2 = 28,
  ProxyUri = 35,
  ProxyScheme = 39,
  Size1 = 60,
}

/** Classes of a code. */
export function isRequest(code: u32): bool {
  return code - 1 < 0x1f;
}

export function isResponse(code: u32): bool {
  const c = code >> 5;
  return c >= 2 && c <= 5;
}

/** 2.xx. */
export function isSuccess(code: u32): bool {
  return code >> 5 == 2;
}

// --- Times, RFC 7252 4.8 ---

/** ACK_TIMEOUT, of which ACK_RANDOM_FACTOR 1.5 makes 2 to 3 s. */
export const ACK_TIMEOUT_MS: i32 = 2_000;
export const ACK_SPREAD_MS: i32 = 1_000;
export const MAX_RETRANSMIT: i32 = 4;
/** EXCHANGE_LIFETIME: how long a message ID of a CON may come again. */
export const EXCHANGE_LIFETIME_MS: i32 = 247_000;
/** NON_LIFETIME: the same of a NON. */
export const NON_LIFETIME_MS: i32 = 145_000;
/** MAX_TRANSMIT_WAIT: from the first transmission of a CON until its sender gives up, at most. */
export const MAX_TRANSMIT_WAIT_MS: i32 = 93_000;
/** After so long a notification counts as newer whatever its number, RFC 7641 3.4. */
export const OBSERVE_FRESH_MS: i32 = 128_000;

// --- Limits ---

/** Largest SZX: blocks of 2^(SZX+4) bytes, 16 to 1024; 7 is reserved. RFC 7959 2.2. */
export const SZX_MAX: i32 = 6;
/** Number of the last block that an option can name. */
export const BLOCK_NUM_MAX: i32 = 0xfffff;
export const TOKEN_MAX: i32 = 8;
/** A block of 1024 bytes, header, token, and options: the size that RFC 7252 4.6 gives where nothing is known of the path. */
export const DATAGRAM_MAX: i32 = 1_152;

/** Bytes of a block of that SZX. */
@inline
export function blockSize(szx: i32): i32 {
  return 1 << (szx + 4);
}

/** Whether notification `b` is newer than `a`, `elapsed` ms older: sequence numbers of 24 bits, RFC 7641 3.4. */
export function isNewer(a: u32, b: u32, elapsed: i64): bool {
  if (elapsed > OBSERVE_FRESH_MS) return true;
  return (a < b && b - a < 1 << 23) || (a > b && a - b > 1 << 23);
}
