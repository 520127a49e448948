// SORACOM Harvest Files: files of any size to and from the platform's store, by a device whose memory holds but a part.
//
// An upload is one PUT whose body the app gives part by part; what broke off is sent from the beginning, the platform
// keeps no half file. A download is a row of requests, each for one range; what broke off goes on where it stood. That
// all ranges are of one and the same file is checked by its length and its ETag.

import { NetKind, Status } from "../board/index";
import { HeaderWatch, HttpClient, InParts } from "../net/http/client";
import { Method } from "../net/http/fields";
import { HttpRequest } from "../net/http/request";
import { Ascii } from "../util/ascii";
import { Text, startsWith } from "../util/text";
import { Outcome, outcomeOf } from "./outcome";

const HOST = "harvest-files.soracom.io";
const PORT = 80;
const HEAD_MAX = 512;
/** Bytes of one range. */
export const FILE_PART: i32 = 1_024;
const ETAG_MAX = 80;
/** `bytes a-b/n`, each below 2^31. */
const RANGE_MAX = 48;

const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;

const enum Task {
  None,
  Put,
  /** A range is under way. Left when it is there: to Part, to None when the file is complete or something failed. */
  Get,
  /** The app has a part to take. Left by `next`. */
  Part,
}

/** Place with `place`, then `open`. */
@unmanaged
export class FilesClient<N> {
  /** Bytes of the file, -1 while not known. */
  size: i32;
  /** Download: bytes that the app has taken. */
  offset: i32;
  /** Download: bytes of the part that the app is to take, at `part`; 0 none. */
  partLength: i32;
  /** Download was Refused because the file is another than at its beginning. */
  changed: bool;
  private task: Task;
  private valid: bool;
  private path: Ascii;
  /** Length of the ETag of the file's first range; -1 none. */
  private etagLength: i32;
  @part http: HttpClient<N, InParts>;
  @part private request: HttpRequest;
  @part private rangeText: Text;
  @part private etagWatch: HeaderWatch;
  @part private rangeWatch: HeaderWatch;

  /** ETag of the first range, and of the last one. */
  @bytes(ETAG_MAX) private firstEtag: usize;
  @bytes(ETAG_MAX) private lastEtag: usize;
  @bytes(RANGE_MAX) private range: usize;
  @bytes(HEAD_MAX) private head: usize;

  /** What came of the file: part..part+partLength. */
  @bytes(FILE_PART) part: usize;

  open(net: N): void {
    this.http.attach(net, HOST, PORT, NetKind.Tcp);
    this.etagWatch.begin("etag", this.lastEtag, ETAG_MAX, changetype<usize>(this.rangeWatch));
    this.rangeWatch.begin("content-range", this.range, RANGE_MAX, 0);
    this.http.parts.watches = changetype<usize>(this.etagWatch);
  }

  /** Status code of the last answer, 0 if there was none. */
  get code(): i32 {
    return this.http.response.code;
  }

  get deadline(): i64 {
    if (this.task == Task.Part || this.wantsPart) return 0;
    return this.task != Task.None && this.http.idle ? 0 : this.http.deadline;
  }

  // --- Upload ---

  /** Begins to send a file of `length` bytes, only when nothing is under way. Its bytes are asked for by `wantsPart`. */
  put(now: i64, path: Ascii, contentType: Ascii, length: i32): void {
    this.task = Task.Put;
    this.size = length;
    const request = this.request
      .begin(this.head, HEAD_MAX, Method.Put, path, HOST, PORT)
      .header("Content-Type", contentType);
    request.end(length);
    this.send(now, length);
  }

  /** The app is to give the part of the file that begins at byte `partAt`. */
  get wantsPart(): bool {
    return this.task == Task.Put && this.http.wantsBody;
  }

  get partAt(): i32 {
    return this.http.bodyAt;
  }

  /** Gives a part, which stays as it is until `wantsPart` again. */
  givePart(ptr: usize, len: i32): void {
    this.http.giveBody(ptr, len);
  }

  /** Gives up what is under way: the source has failed, or the sink. */
  abort(): void {
    this.http.disconnect();
    this.task = Task.None;
    this.partLength = 0;
  }

  // --- Download ---

  /** Begins to get a file, only when nothing is under way. `path` must stay as it is. */
  get(now: i64, path: Ascii): void {
    this.path = path;
    this.size = -1;
    this.offset = 0;
    this.etagLength = -1;
    this.changed = false;
    this.resume(now);
  }

  /** Goes on with a download after Retry, from `offset`. */
  resume(now: i64): void {
    this.task = Task.Get;
    this.partLength = 0;
    const range = this.rangeText.on(this.range, RANGE_MAX).str("bytes=").num(this.offset);
    range.str("-").num(<i64>this.offset + FILE_PART - 1);
    const request = this.request
      .begin(this.head, HEAD_MAX, Method.Get, this.path, HOST, PORT)
      .headerBytes("Range", this.range, range.length);
    request.end(-1);
    this.send(now, 0);
  }

  /** The app has taken the part; asks for the next one, if there is one. */
  next(now: i64): void {
    if (this.task != Task.Part) return;
    this.offset += this.partLength;
    this.partLength = 0;
    this.task = Task.Get;
    if (this.offset < this.size) this.resume(now);
  }

  private send(now: i64, bodyLen: i32): void {
    const request = this.request;
    this.valid = request.valid && request.fits;
    if (this.valid) this.http.send(now, this.head, request.length, 0, bodyLen, false, this.part, FILE_PART);
  }

  /**
   * Moves on, and tells what became of the file; once only. Delivered: the platform has the file, or the app has all of
   * it. A download that ended with Retry goes on by `resume`.
   */
  step(now: i64): Outcome {
    const http = this.http;
    http.step(now);
    const task = this.task;
    if (task == Task.None || task == Task.Part || (this.valid && !http.idle)) return Outcome.Pending;
    if (!this.valid) return this.end(Outcome.Invalid);
    if (task == Task.Put) return this.end(outcomeOf(http.result, this.code));
    if (this.offset == this.size) return this.end(Outcome.Delivered);
    return this.ranged();
  }

  private end(outcome: Outcome): Outcome {
    this.task = Task.None;
    return outcome;
  }

  /** The answer to the request for a range is there. */
  private ranged(): Outcome {
    const code = this.code;
    const length = this.http.response.bodyLength;
    const result = this.http.result;
    if (code == RANGE_NOT_SATISFIABLE && (result == Status.Ok || result == Status.TooLong)) {
      // Nothing at `offset`: the file ends there, or has become shorter.
      this.size = this.readRange(0) == this.offset ? this.offset : -1;
      return this.end(this.size >= 0 ? Outcome.Delivered : this.change());
    }
    if (code != 200 && code != PARTIAL_CONTENT) return this.end(outcomeOf(result, code));
    // More than was asked for: a server without ranges, and a file that is larger than there is room for.
    if (result != Status.Ok) return this.end(result == Status.TooLong ? Outcome.Refused : Outcome.Retry);
    let size = length;
    if (code == PARTIAL_CONTENT) {
      size = this.readRange(length);
      if (size < 0 || length == 0) return this.end(Outcome.Retry);
    } else if (this.offset > 0) {
      return this.end(this.change());
    }
    if (this.size < 0) {
      this.size = size;
      this.etagLength = this.etagWatch.length;
      memory.copy(this.firstEtag, this.lastEtag, ETAG_MAX);
    } else if (size != this.size || !this.isSameEtag()) {
      return this.end(this.change());
    }
    if (size == 0) return this.end(Outcome.Delivered);
    this.partLength = length;
    this.task = Task.Part;
    return Outcome.Pending;
  }

  private change(): Outcome {
    this.changed = true;
    return Outcome.Refused;
  }

  private isSameEtag(): bool {
    const n = this.etagLength;
    return n == this.etagWatch.length && (n <= 0 || memory.compare(this.firstEtag, this.lastEtag, n) == 0);
  }

  /**
   * RFC 9110 14.4: `bytes a-b/n` for `length` bytes from `offset`, or `bytes * /n` for none. Returns n, -1 when it is
   * anything else.
   */
  private readRange(length: i32): i32 {
    const ptr = this.range;
    const end = ptr + max(0, this.rangeWatch.length);
    if (!startsWith(ptr, <i32>(end - ptr), "bytes ")) return -1;
    let p = ptr + 6;
    if (length > 0) {
      p = this.over(p, end, this.offset, 0x2d);
      p = this.over(p, end, this.offset + length - 1, 0x2f);
    } else {
      p = p + 2 <= end && load<u8>(p) == 0x2a && load<u8>(p + 1) == 0x2f ? p + 2 : end;
    }
    let size: i64 = 0;
    if (p >= end || end - p > 10) return -1;
    for (; p < end; p++) {
      const d = <u32>load<u8>(p) - 0x30;
      if (d > 9) return -1;
      size = size * 10 + d;
    }
    return size <= i32.MAX_VALUE && size >= <i64>this.offset + length ? <i32>size : -1;
  }

  /** Behind the number `wanted` and the character `mark`; `end` when that is not what stands at p. */
  private over(p: usize, end: usize, wanted: i32, mark: u32): usize {
    let value: i64 = 0;
    for (let digits = 0; p < end && digits < 11; digits++, p++) {
      const d = <u32>load<u8>(p) - 0x30;
      if (d > 9) return digits > 0 && value == wanted && load<u8>(p) == mark ? p + 1 : end;
      value = value * 10 + d;
    }
    return end;
  }
}
