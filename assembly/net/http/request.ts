// Writes the head of a request, RFC 9112 3.

import { Ascii } from "../../util/ascii";
import { Text } from "../../util/text";
import { Method, methodName } from "./fields";

/**
 * Request line, Host and what headers the caller adds, into a buffer of the caller's. With a buffer of no size it only
 * counts: `length` is then the size to provide. `valid` is false once a part held a CR, LF, NUL or other control
 * character, which would forge a header of its own; nothing may be sent then.
 */
@unmanaged
export class HttpRequest {
  valid: bool;
  @part private text: Text;

  get length(): i32 {
    return this.text.length;
  }

  get fits(): bool {
    return this.text.fits;
  }

  /** `path` in origin form, beginning with `/`. */
  begin(ptr: usize, capacity: i32, method: Method, path: Ascii, host: Ascii, port: i32): HttpRequest {
    return this.beginPath(ptr, capacity, method, path).endPath(host, port);
  }

  /** Like `begin` for a path of several parts: then `pathSegment` as wanted, then `endPath`. */
  beginPath(ptr: usize, capacity: i32, method: Method, path: Ascii): HttpRequest {
    this.valid = true;
    this.text.on(ptr, capacity).str(methodName(method)).str(" ");
    this.checked(path, true);
    return this;
  }

  /** Any bytes as a part of the path: what is not unreserved (RFC 3986 2.3) is percent-encoded. */
  pathSegment(ptr: usize, len: i32): HttpRequest {
    for (let i = 0; i < len; i++) {
      const c: u32 = load<u8>(ptr + i);
      const isPlain = c - 0x30 < 10 || (c | 0x20) - 0x61 < 26 || c == 0x2d || c == 0x2e || c == 0x5f || c == 0x7e;
      if (isPlain) this.text.byte(c);
      else this.text.str("%").hex8(c);
    }
    return this;
  }

  endPath(host: Ascii, port: i32): HttpRequest {
    this.text.str(" HTTP/1.1\r\nHost: ");
    this.checked(host, true);
    if (port != 80) this.text.str(":").num(port);
    this.text.str("\r\n");
    return this;
  }

  header(name: Ascii, value: Ascii): HttpRequest {
    this.checked(name, true);
    this.text.str(": ");
    this.checked(value, false);
    this.text.str("\r\n");
    return this;
  }

  headerNumber(name: Ascii, value: i64): HttpRequest {
    this.checked(name, true);
    this.text.str(": ").num(value).str("\r\n");
    return this;
  }

  headerBytes(name: Ascii, ptr: usize, len: i32): HttpRequest {
    this.checked(name, true);
    this.text.str(": ").bytes(ptr, len).str("\r\n");
    for (let i = 0; i < len; i++) if (forges(load<u8>(ptr + i), false)) this.valid = false;
    return this;
  }

  /** Ends the head; `length` bytes of body are to follow it (none: -1, no Content-Length). */
  end(length: i32): void {
    if (length >= 0) this.text.str("Content-Length: ").num(length).str("\r\n");
    this.text.str("\r\n");
  }

  private checked(text: Ascii, isWord: bool): void {
    let n = 0;
    for (let c = text.charCodeAt(0); c != 0; c = text.charCodeAt(++n)) if (forges(c, isWord)) this.valid = false;
    if (isWord && n == 0) this.valid = false;
    this.text.bytes(changetype<usize>(text), n);
  }
}

/** Whether a character could end its line, or, in a word, the word. */
@inline
function forges(c: u32, isWord: bool): bool {
  const least: u32 = isWord ? 0x21 : 0x20;
  return c < least || c == 0x7f;
}
