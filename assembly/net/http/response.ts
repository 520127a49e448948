// Parses a response as it comes in, RFC 9112. Bytes may be cut anywhere; the result is the same.

import { Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { equalsAnyCase, startsWith } from "../../util/text";
import { HEADERS_MAX, HEAD_MAX, INTERIM_MAX, LINE_MAX } from "./fields";

/** What a call of `parse` stopped for. */
export const enum ResponseEvent {
  /** All given bytes were taken. */
  None,
  /** A header of the final response: `isHeader(name)`, `value`, `valueLength`. */
  Header,
  /** The response is complete. Bytes behind it are not its own. */
  Done,
  /** `error` says why; the connection is of no more use. */
  Failed,
}

const enum Part {
  Idle,
  StatusLine,
  /** A header line, or the empty line behind the last. */
  Header,
  /** A header line has ended; the next byte tells whether it goes on (obs-fold, RFC 9112 5.2). */
  HeaderEnd,
  Fixed,
  UntilClose,
  ChunkSize,
  Chunk,
  ChunkEnd,
  Trailer,
  Done,
  Failed,
}

const enum Framing {
  None,
  Length,
  Chunked,
  UntilClose,
}

/** No body is longer than this; a sum of lengths below it does not overflow. */
const SIZE_MAX: i64 = 0xffff_ffff_ffff;

/** Place with `place`; `begin` before each response. */
@unmanaged
export class HttpResponse {
  /** Status code, 100..999, as soon as the status line has come; 0 before. Above 599 it counts as 5xx (RFC 9110 15). */
  code: i32;
  /** A `Status` below 0 when failed: Malformed, TooLong, Short. */
  error: i32;
  /** Bytes of the body so far, in the caller's buffer. */
  bodyLength: i32;
  /** After Done: the connection can carry another request. */
  keepAlive: bool;

  private taken: i32;
  private body: usize;
  private bodyMax: i32;
  private part: Part;
  private noBody: bool;
  private mustClose: bool;
  private framing: Framing;
  /** Of Content-Length, or what is left of a chunk; -1 none. */
  private size: i64;
  private lineLen: i32;
  private lineCut: bool;
  private crSeen: bool;
  private headBytes: i32;
  private headers: i32;
  private interims: i32;
  private nameLen: i32;
  private valueAt: i32;
  private valueLen: i32;
  @bytes(LINE_MAX) private line: usize;

  /** The body will go to body..body+bodyMax; `noBody`: the request was HEAD. */
  begin(noBody: bool, body: usize, bodyMax: i32): void {
    this.noBody = noBody;
    this.body = body;
    this.bodyMax = bodyMax;
    this.bodyLength = 0;
    this.error = 0;
    this.headBytes = 0;
    this.headers = 0;
    this.interims = 0;
    this.beginHead();
  }

  private beginHead(): void {
    this.code = 0;
    this.keepAlive = false;
    this.mustClose = false;
    this.framing = Framing.None;
    this.size = -1;
    this.nextLine(Part.StatusLine);
  }

  get done(): bool {
    return this.part == Part.Done;
  }

  /** True while nothing of a response has come. */
  get untouched(): bool {
    return this.headBytes == 0;
  }

  isHeader(name: Ascii): bool {
    return equalsAnyCase(this.line, this.nameLen, name);
  }

  /** Value of the header, without blanks around it. Cut off at LINE_MAX. */
  get value(): usize {
    return this.line + this.valueAt;
  }

  get valueLength(): i32 {
    return this.valueLen;
  }

  /** The connection has ended. True when that completes the response; otherwise `error` is Short (Closed: nothing came). */
  closed(): bool {
    if (this.part == Part.Done) return true;
    if (this.part == Part.UntilClose) {
      this.part = Part.Done;
      return true;
    }
    if (this.part != Part.Failed) this.fail(this.headBytes == 0 ? Status.Closed : Status.Short);
    return false;
  }

  /** How many bytes the last `parse` took. */
  get consumed(): i32 {
    return this.taken;
  }

  /** Takes received bytes up to the next event, and says in `consumed` how many; call again with the rest. */
  parse(ptr: usize, len: i32): ResponseEvent {
    let i = 0;
    let event = ResponseEvent.None;
    while (event == ResponseEvent.None && i < len) {
      switch (this.part) {
        case Part.Fixed:
        case Part.Chunk:
        case Part.UntilClose: {
          const n = this.part == Part.UntilClose ? len - i : <i32>min<i64>(len - i, this.size);
          if (n > this.bodyMax - this.bodyLength) {
            event = this.fail(Status.TooLong);
            break;
          }
          memory.copy(this.body + this.bodyLength, ptr + i, n);
          this.bodyLength += n;
          i += n;
          if (this.part == Part.UntilClose) break;
          this.size -= n;
          if (this.size > 0) break;
          if (this.part == Part.Fixed) event = this.complete();
          else this.nextLine(Part.ChunkEnd);
          break;
        }
        case Part.HeaderEnd: {
          const c: u32 = load<u8>(ptr + i);
          if (c == 0x20 || c == 0x09) {
            this.part = Part.Header;
            this.character(0x20);
          } else {
            event = this.header();
            if (this.part == Part.HeaderEnd) this.nextLine(Part.Header);
          }
          break;
        }
        case Part.Done:
          event = ResponseEvent.Done;
          break;
        case Part.Idle:
        case Part.Failed:
          event = ResponseEvent.Failed;
          break;
        default:
          event = this.lineByte(load<u8>(ptr + i++));
      }
    }
    this.taken = i;
    return event;
  }

  private fail(error: i32): ResponseEvent {
    this.part = Part.Failed;
    this.error = error;
    return ResponseEvent.Failed;
  }

  private complete(): ResponseEvent {
    this.part = Part.Done;
    return ResponseEvent.Done;
  }

  // --- Lines ---

  private nextLine(part: Part): void {
    this.part = part;
    this.lineLen = 0;
    this.lineCut = false;
    this.crSeen = false;
  }

  /** CR LF ends a line, LF alone too (RFC 9112 2.2), and CR CR LF, as text mode makes it of CR LF; a CR elsewhere is an error. */
  private lineByte(c: u32): ResponseEvent {
    if (++this.headBytes > HEAD_MAX) return this.fail(Status.TooLong);
    if (c == 0x0a) {
      this.crSeen = false;
      return this.lineEnd();
    }
    if (c == 0x0d) {
      this.crSeen = true;
      return ResponseEvent.None;
    }
    if (this.crSeen || c == 0) return this.fail(Status.Malformed);
    this.character(c);
    return ResponseEvent.None;
  }

  private character(c: u32): void {
    if (this.lineLen == LINE_MAX) this.lineCut = true;
    else store<u8>(this.line + this.lineLen++, c);
  }

  private lineEnd(): ResponseEvent {
    switch (this.part) {
      case Part.StatusLine:
        // RFC 9112 2.2: an empty line before the first is to be ignored.
        if (this.lineLen == 0) return ResponseEvent.None;
        return this.statusLine();
      case Part.Header:
        if (this.lineLen == 0) return this.headEnd();
        if (++this.headers > HEADERS_MAX) return this.fail(Status.TooLong);
        this.part = Part.HeaderEnd;
        return ResponseEvent.None;
      case Part.ChunkSize:
        return this.chunkSize();
      case Part.ChunkEnd:
        if (this.lineLen > 0) return this.fail(Status.Malformed);
        this.nextLine(Part.ChunkSize);
        return ResponseEvent.None;
      default: // Trailer: read over
        if (this.lineLen == 0) return this.complete();
        if (++this.headers > HEADERS_MAX) return this.fail(Status.TooLong);
        this.nextLine(Part.Trailer);
        return ResponseEvent.None;
    }
  }

  /** RFC 9112 4: `HTTP/1.1 200 reason`; any blanks separate, and the reason may be missing. */
  private statusLine(): ResponseEvent {
    const line = this.line;
    const len = this.lineLen;
    const minor = <u32>load<u8>(line + 7) - 0x30;
    let at = 8;
    while (at < len && isBlank(load<u8>(line + at))) at++;
    const end = at + 3;
    if (!startsWith(line, len, "HTTP/1.") || minor > 9 || at == 8 || end > len) return this.fail(Status.Malformed);
    if (end < len && !isBlank(load<u8>(line + end))) return this.fail(Status.Malformed);
    let code = 0;
    for (; at < end; at++) {
      const d = <u32>load<u8>(line + at) - 0x30;
      if (d > 9) return this.fail(Status.Malformed);
      code = code * 10 + <i32>d;
    }
    // Below 100 it cannot be known whether a final response follows.
    if (code < 100) return this.fail(Status.Malformed);
    this.code = code;
    this.keepAlive = minor > 0;
    this.nextLine(Part.Header);
    return ResponseEvent.None;
  }

  /** RFC 9112 5: `name: value`, in `line`, complete with what was folded. */
  private header(): ResponseEvent {
    const line = this.line;
    let colon = 0;
    while (colon < this.lineLen && load<u8>(line + colon) != 0x3a) colon++;
    let n = colon;
    while (n > 0 && isBlank(load<u8>(line + n - 1))) n--;
    if (n == 0 || colon == this.lineLen || isBlank(load<u8>(line))) return this.fail(Status.Malformed);
    this.nameLen = n;
    let from = colon + 1;
    let to = this.lineLen;
    while (from < to && isBlank(load<u8>(line + from))) from++;
    while (to > from && isBlank(load<u8>(line + to - 1))) to--;
    this.valueAt = from;
    this.valueLen = to - from;

    if (this.isHeader("content-length")) {
      // 5.1: no blank before the colon. Of these two headers one is refused: somebody on the way may not have seen it.
      if (n != colon || !this.contentLength()) return this.fail(Status.Malformed);
    } else if (this.isHeader("transfer-encoding")) {
      if (n != colon) return this.fail(Status.Malformed);
      if (this.lineCut) return this.fail(Status.TooLong);
      // 6.3: chunked as the last coding frames the body; any other leaves the end of the connection. It is the last of
      // several lines that counts, and it wins over Content-Length. RFC 2616 3.6: "identity" is none.
      const last = this.lastItem();
      const lastLen = <i32>(this.value + this.valueLen - last);
      if (equalsAnyCase(last, lastLen, "chunked")) this.framing = Framing.Chunked;
      else if (!equalsAnyCase(last, lastLen, "identity")) this.framing = Framing.UntilClose;
    } else if (this.isHeader("connection")) {
      this.connection();
    }
    // Headers of interim responses are not passed on.
    return this.code >= 200 ? ResponseEvent.Header : ResponseEvent.None;
  }

  /** 6.3: a list of the same number is that number; anything else is an error. */
  private contentLength(): bool {
    const end = this.value + this.valueLen;
    let p = this.value;
    if (this.lineCut || p == end) return false;
    for (;;) {
      let size: i64 = 0;
      const first = p;
      while (p < end && <u32>load<u8>(p) - 0x30 < 10) {
        size = size * 10 + (load<u8>(p++) - 0x30);
        if (size > SIZE_MAX) return false;
      }
      if (p == first || (this.size >= 0 && this.size != size)) return false;
      this.size = size;
      while (p < end && isBlank(load<u8>(p))) p++;
      if (p == end) break;
      if (load<u8>(p++) != 0x2c) return false;
      while (p < end && isBlank(load<u8>(p))) p++;
    }
    if (this.framing == Framing.None) this.framing = Framing.Length;
    return true;
  }

  /** Where the last item of the list in the value begins. */
  private lastItem(): usize {
    const end = this.value + this.valueLen;
    let last = this.value;
    for (let p = last; p < end; p++) if (load<u8>(p) == 0x2c) last = p + 1;
    while (last < end && isBlank(load<u8>(last))) last++;
    return last;
  }

  private connection(): void {
    const end = this.value + this.valueLen;
    let p = this.value;
    while (p < end) {
      let q = p;
      while (q < end && load<u8>(q) != 0x2c) q++;
      let e = q;
      while (p < e && isBlank(load<u8>(p))) p++;
      while (e > p && isBlank(load<u8>(e - 1))) e--;
      if (equalsAnyCase(p, <i32>(e - p), "close")) this.mustClose = true;
      if (equalsAnyCase(p, <i32>(e - p), "keep-alive")) this.keepAlive = true;
      p = q + 1;
    }
    if (this.lineCut) this.mustClose = true;
  }

  /** 6.3: how long the body is. */
  private headEnd(): ResponseEvent {
    if (this.code < 200) {
      // No protocol was asked for that one could switch to (101).
      if (this.code == 101 || ++this.interims > INTERIM_MAX) return this.fail(Status.Malformed);
      this.beginHead();
      return ResponseEvent.None;
    }
    if (this.mustClose) this.keepAlive = false;
    if (this.noBody || this.code == 204 || this.code == 304) return this.complete();
    switch (this.framing) {
      case Framing.Chunked:
        // A length besides is a sign of somebody splitting responses: use it, then close.
        if (this.size >= 0) this.keepAlive = false;
        this.nextLine(Part.ChunkSize);
        return ResponseEvent.None;
      case Framing.Length:
        if (this.size == 0) return this.complete();
        this.part = Part.Fixed;
        return ResponseEvent.None;
      default:
        this.keepAlive = false;
        this.part = Part.UntilClose;
        return ResponseEvent.None;
    }
  }

  /** 7.1: hexadecimal size, then perhaps extensions, which are read over. */
  private chunkSize(): ResponseEvent {
    let size: i64 = 0;
    let n = 0;
    while (n < this.lineLen) {
      const c: u32 = load<u8>(this.line + n);
      let d = c - 0x30;
      if (d > 9) {
        d = (c | 0x20) - 0x61;
        if (d > 5) break;
        d += 10;
      }
      n++;
      size = (size << 4) | d;
      if (size > SIZE_MAX) return this.fail(Status.TooLong);
    }
    if (n == 0) return this.fail(Status.Malformed);
    for (let i = n; i < this.lineLen; i++) {
      const c: u32 = load<u8>(this.line + i);
      if (c == 0x3b) break;
      if (!isBlank(c)) return this.fail(Status.Malformed);
    }
    if (size == 0) {
      this.nextLine(Part.Trailer);
    } else {
      this.size = size;
      this.part = Part.Chunk;
    }
    return ResponseEvent.None;
  }
}


@inline
function isBlank(c: u32): bool {
  return c == 0x20 || c == 0x09;
}
