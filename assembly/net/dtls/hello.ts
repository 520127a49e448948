// ClientHello and ServerHello (RFC 5246 7.4.1, RFC 6347 4.2.1) with their extensions.

import {
  Alert,
  COOKIE_MAX,
  DTLS_1_2,
  Extension,
  HANDSHAKE_HEADER,
  OWN_CID_MAX,
  RANDOM_BYTES,
  RECORD_HEADER,
  SESSION_ID_MAX,
  TLS_EMPTY_RENEGOTIATION_INFO_SCSV,
} from "./fields";

/** A datagram with the longest ClientHello: three suites, all extensions. Every other flight is shorter. */
export const HELLO_DATAGRAM_MAX: i32 =
  RECORD_HEADER +
  HANDSHAKE_HEADER +
  (2 + RANDOM_BYTES + (1 + SESSION_ID_MAX) + (1 + COOKIE_MAX) + (2 + 3 * 2) + 2) +
  (2 + 4 + (5 + OWN_CID_MAX) + 5);


@inline
function store16(at: usize, value: u16): void {
  store<u16>(at, bswap(value));
}

/** A vector with a length of one byte; returns what follows it. */
function vector(at: usize, ptr: usize, len: i32): usize {
  store<u8>(at, len);
  memory.copy(at + 1, ptr, len);
  return at + 1 + len;
}

/**
 * Writes the body of a ClientHello; returns its end. `cid`: the connection ID this side asks for, not offered when `cidLen` is
 * below 0. `maxFragment`: code of RFC 6066 4, 0 for none.
 */
export function writeClientHello<S>(
  at: usize,
  random: usize,
  sessionId: usize,
  sessionIdLen: i32,
  cookie: usize,
  cookieLen: i32,
  cid: usize,
  cidLen: i32,
  maxFragment: i32,
): usize {
  store<u16>(at, DTLS_1_2);
  memory.copy(at + 2, random, RANDOM_BYTES);
  at = vector(at + 2 + RANDOM_BYTES, sessionId, sessionIdLen);
  at = vector(at, cookie, cookieLen);
  const suites = changetype<S>(<usize>0).offer(at + 2);
  store16(at, <u16>(suites + 2));
  at += 2 + suites;
  store16(at, TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
  // No compression.
  store16(at + 2, 0x0100);
  const extensions = at + 4;
  at = extensions + 2;
  store16(at, <u16>Extension.ExtendedMasterSecret);
  store16(at + 2, 0);
  at += 4;
  if (cidLen >= 0) {
    store16(at, <u16>Extension.ConnectionId);
    store16(at + 2, <u16>(cidLen + 1));
    at = vector(at + 4, cid, cidLen);
  }
  if (maxFragment) {
    store16(at, <u16>Extension.MaxFragmentLength);
    store16(at + 2, 1);
    store<u8>(at, maxFragment, 4);
    at += 5;
  }
  store16(extensions, <u16>(at - extensions - 2));
  return at;
}

/** A ServerHello, as a view of the message. */
@unmanaged
export class ServerHello {
  random: usize;
  sessionId: usize;
  sessionIdLen: i32;
  suite: i32;
  extendedMasterSecret: bool;
  /** The connection ID that the server asks for; `cidLen` is -1 when it answers with none. */
  cid: usize;
  cidLen: i32;
  /** 0 when the server does not answer. */
  maxFragment: i32;

  /** Reads the body ptr..ptr+len. Returns None, or the alert it deserves; whether its choices were offered is the caller's to see. */
  parse(ptr: usize, len: i32): Alert {
    const end = ptr + len;
    if (len < 2 + RANDOM_BYTES + 1 + 3) return Alert.DecodeError;
    if (load<u16>(ptr) != DTLS_1_2) return Alert.ProtocolVersion;
    this.random = ptr + 2;
    this.sessionIdLen = load<u8>(ptr, 2 + RANDOM_BYTES);
    ptr += 2 + RANDOM_BYTES + 1;
    this.sessionId = ptr;
    if (this.sessionIdLen > SESSION_ID_MAX || this.sessionIdLen + 3 > <i32>(end - ptr)) return Alert.DecodeError;
    ptr += this.sessionIdLen;
    this.suite = bswap(load<u16>(ptr));
    if (load<u8>(ptr, 2) != 0) return Alert.IllegalParameter;
    ptr += 3;
    this.extendedMasterSecret = false;
    this.cidLen = -1;
    this.maxFragment = 0;
    if (ptr == end) return Alert.None;
    if (end - ptr < 2 || <usize>bswap(load<u16>(ptr)) != end - ptr - 2) return Alert.DecodeError;
    ptr += 2;
    let seen = 0;
    while (ptr < end) {
      if (end - ptr < 4) return Alert.DecodeError;
      const type: i32 = bswap(load<u16>(ptr));
      const size: i32 = bswap(load<u16>(ptr, 2));
      ptr += 4;
      if (size > <i32>(end - ptr)) return Alert.DecodeError;
      // The first byte, which is 0 where there is none.
      const first: i32 = size > 0 ? load<u8>(ptr) : 0;
      let bit: i32;
      let good: bool;
      switch (type) {
        case Extension.ExtendedMasterSecret:
          bit = 1;
          good = size == 0;
          this.extendedMasterSecret = true;
          break;
        case Extension.ConnectionId:
          bit = 2;
          good = size == 1 + first;
          this.cid = ptr + 1;
          this.cidLen = first;
          break;
        case Extension.MaxFragmentLength:
          bit = 4;
          good = size == 1 && first != 0;
          this.maxFragment = first;
          break;
        case Extension.RenegotiationInfo:
          // This is no renegotiation (RFC 5746 3.4).
          if (size != 1 || first != 0) return Alert.HandshakeFailure;
          bit = 8;
          good = true;
          break;
        default:
          return Alert.UnsupportedExtension;
      }
      if (!good) return Alert.DecodeError;
      if (seen & bit) return Alert.IllegalParameter;
      seen |= bit;
      ptr += size;
    }
    return Alert.None;
  }
}
