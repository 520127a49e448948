// coap and coaps URIs, RFC 7252 6: where to send to, and which options say the rest.

import { Status } from "../../board/index";
import { equalsAnyCase } from "../../util/text";
import { CoapOption } from "./fields";
import { CoapWriter } from "./writer";

const PORT: i32 = 5683;
const SECURE_PORT: i32 = 5684;
const HOST_MAX: i32 = 255;


@unmanaged
export class CoapUri {
  /** coaps: DTLS. */
  secure: bool;
  /** An IPv6 address is without its brackets. */
  host: usize;
  hostLen: i32;
  port: i32;
  /** The host is an address, not a name. */
  isAddress: bool;
  private path: usize;
  private end: usize;

  /**
   * Looks at ptr..ptr+len. Ok; Malformed; Unsupported for another scheme. What the URI holds stays where it is. RFC 3986, 7252 6.4.
   */
  parse(ptr: usize, len: i32): i32 {
    const end = ptr + len;
    let at = ptr;
    while (at < end && load<u8>(at) != 0x3a) at++;
    const scheme = <i32>(at - ptr);
    this.secure = equalsAnyCase(ptr, scheme, "coaps");
    if (!this.secure && !equalsAnyCase(ptr, scheme, "coap")) return Status.Unsupported;
    if (end - at < 3 || load<u8>(at + 1) != 0x2f || load<u8>(at + 2) != 0x2f) return Status.Malformed;
    at += 3;
    const bracket = at < end && load<u8>(at) == 0x5b;
    if (bracket) at++;
    this.host = at;
    this.isAddress = true;
    for (; at < end; at++) {
      const c: u32 = load<u8>(at);
      if (bracket ? c == 0x5d : c == 0x3a || c == 0x2f || c == 0x3f) break;
      // No user part, no fragment, no blanks; in brackets hexadecimal digits, colons and dots.
      const isDigit = c - 0x30 < 10 || c == 0x2e;
      const isHex = isDigit || (c | 0x20) - 0x61 < 6 || c == 0x3a;
      if (bracket ? !isHex : c <= 0x20 || c >= 0x7f || c == 0x40 || c == 0x23 || c == 0x25) return Status.Malformed;
      if (!bracket && !isDigit) this.isAddress = false;
    }
    this.hostLen = <i32>(at - this.host);
    if (this.hostLen == 0 || this.hostLen > HOST_MAX) return Status.Malformed;
    if (bracket) {
      if (at == end) return Status.Malformed;
      at++;
    }
    this.port = this.secure ? SECURE_PORT : PORT;
    if (at < end && load<u8>(at) == 0x3a) {
      let port = 0;
      const first = ++at;
      for (; at < end && <u32>load<u8>(at) - 0x30 < 10; at++) {
        port = port * 10 + load<u8>(at) - 0x30;
        if (port > 0xffff) return Status.Malformed;
      }
      // RFC 3986 3.2.3: an empty port is the default.
      if (at > first) this.port = port;
      if (this.port == 0) return Status.Malformed;
    }
    if (at < end && load<u8>(at) != 0x2f && load<u8>(at) != 0x3f) return Status.Malformed;
    this.path = at;
    this.end = end;
    return this.checked();
  }

  /** Uri-Host (of a name), Uri-Path and Uri-Query options of it, RFC 7252 6.4. Uri-Port is the one of the datagram. */
  write(w: CoapWriter): void {
    if (!this.isAddress) this.option(w, CoapOption.UriHost, this.host, this.host + this.hostLen);
    let at = this.path;
    if (at < this.end && load<u8>(at) == 0x2f) {
      at++;
      // A path of "/" alone has no segments.
      if (at < this.end && load<u8>(at) != 0x3f) at = this.segments(w, CoapOption.UriPath, at, 0x2f, 0x3f);
    }
    if (at < this.end && load<u8>(at) == 0x3f) this.segments(w, CoapOption.UriQuery, at + 1, 0x26, 0);
  }

  private segments(w: CoapWriter, number: CoapOption, at: usize, between: u32, last: u32): usize {
    let goesOn = true;
    while (goesOn) {
      const from = at;
      while (at < this.end && load<u8>(at) != between && (last == 0 || load<u8>(at) != last)) at++;
      this.option(w, number, from, at);
      goesOn = at < this.end && load<u8>(at) == between;
      if (goesOn) at++;
    }
    return at;
  }

  /** An option of percent-encoded text; the host in lower case. */
  private option(w: CoapWriter, number: CoapOption, from: usize, to: usize): void {
    let len = 0;
    for (let p = from; p < to; p += load<u8>(p) == 0x25 ? 3 : 1) len++;
    w.begins(number, len);
    for (let p = from; p < to; p++) {
      let c: u32 = load<u8>(p);
      if (c == 0x25) {
        c = (hexDigit(load<u8>(p + 1)) << 4) | hexDigit(load<u8>(p + 2));
        p += 2;
      } else if (number == CoapOption.UriHost && c - 0x41 < 26) {
        c |= 0x20;
      }
      w.goes(c);
    }
  }

  /** Percent signs with two digits each, no fragment, nothing that is not ASCII; segments of at most 255 bytes. */
  private checked(): i32 {
    let segment = 0;
    for (let p = this.path; p < this.end; p++) {
      const c: u32 = load<u8>(p);
      if (c <= 0x20 || c >= 0x7f || c == 0x23) return Status.Malformed;
      segment = c == 0x2f || c == 0x3f || c == 0x26 ? 0 : segment + 1;
      if (segment > 255) return Status.TooLong;
      if (c != 0x25) continue;
      if (this.end - p < 3 || hexDigit(load<u8>(p + 1)) > 15 || hexDigit(load<u8>(p + 2)) > 15) return Status.Malformed;
      p += 2;
    }
    return Status.Ok;
  }
}

/** 0..15, or more for what is none. */
function hexDigit(c: u32): u32 {
  if (c - 0x30 < 10) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}
