// One exchange at a time over a `Net`, with keep-alive. Bytes of the request lie with the caller until the end.
//
// For files there is HttpClient<N, InParts>: a body larger than memory goes out in parts (while `wantsBody`, the caller
// gives the part that begins at byte `bodyAt`), and headers that the caller watches for are kept.

import { NetState, Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Exchange, ExchangeState } from "../exchange";
import { HttpResponse, ResponseEvent } from "./response";

const RECEIVE_CHUNK = 256;

/** A header whose value the caller wants; they are chained by `next`. */
@unmanaged
export class HeaderWatch {
  /** In lower case. */
  name: Ascii;
  value: usize;
  limit: i32;
  /** Bytes at `value`; -1: the response has no such header, or one that is longer than `limit`. */
  length: i32;
  next: usize;

  begin(name: Ascii, value: usize, limit: i32, next: usize): void {
    this.name = name;
    this.value = value;
    this.limit = limit;
    this.next = next;
  }
}

/** A request's body lies in memory as a whole; of the response's headers nothing is kept. */
@unmanaged
export class Whole {}

/** See above. */
@unmanaged
export class InParts {
  /** First HeaderWatch, or 0. */
  watches: usize;
  /** The body's part at hand: bytes at..end. */
  at: i32;
  end: i32;
}

/**
 * Place with `place`, then `attach`. `B` is Whole or InParts. After an exchange that failed
 * `response.code` may be known even so.
 */
@unmanaged
export class HttpClient<N, B> extends Exchange<N> {
  /** Seconds the server asked to be left alone for (Retry-After, RFC 9110 10.2.3), 0 if it did not. */
  retryAfter: i32;

  private head: usize;
  private headLen: i32;
  /** The body, or the part at hand. */
  private body: usize;
  private bodyLen: i32;
  private noBody: bool;
  private into: usize;
  private intoMax: i32;
  @part response: HttpResponse;
  @bytes(RECEIVE_CHUNK) private chunk: usize;
  @part parts: B;

  /**
   * Begins an exchange; only while Idle. `head` and `body` go out as they are; the body of the response goes to
   * `into`..`into+intoMax` (a larger one ends with TooLong). `noBody`: the request is a HEAD.
   */
  send(now: i64, head: usize, headLen: i32, body: usize, bodyLen: i32, noBody: bool, into: usize, intoMax: i32): void {
    this.head = head;
    this.headLen = headLen;
    this.body = body;
    this.bodyLen = bodyLen;
    if (offsetof<B>() > 0) {
      this.parts.at = 0;
      this.parts.end = body == 0 ? 0 : bodyLen;
    }
    this.noBody = noBody;
    this.into = into;
    this.intoMax = intoMax;
    this.reused = this.connected;
    this.begin(now);
  }

  /** The request goes on with the part of its body that begins at `bodyAt`. */
  get wantsBody(): bool {
    if (this.state != ExchangeState.Sending || this.sentBytes < this.headLen) return false;
    return this.partLeft == 0 && this.bodyAt < this.bodyLen;
  }


  @inline
  get bodyAt(): i32 {
    return this.sentBytes - this.headLen;
  }

  /** Gives a part of the body; it stays as it is until `wantsBody` again. */
  giveBody(ptr: usize, len: i32): void {
    const parts = this.parts;
    this.body = ptr;
    parts.at = this.bodyAt;
    parts.end = parts.at + min(len, this.bodyLen - parts.at);
  }

  /** Bytes that can go out from `bodyAt`. After a new start over another connection the part at hand is a later one. */
  private get partLeft(): i32 {
    const at = this.bodyAt;
    if (offsetof<B>() == 0) return this.bodyLen - at;
    return at < this.parts.at ? 0 : this.parts.end - at;
  }

  private begin(now: i64): void {
    this.retryAfter = 0;
    this.response.begin(this.noBody, this.into, this.intoMax);
    if (offsetof<B>() > 0)
      for (let w = this.parts.watches; w != 0; w = changetype<HeaderWatch>(w).next)
        changetype<HeaderWatch>(w).length = -1;
    const status = this.connect(now);
    if (status < 0) this.end(now, status);
    else if (this.state == ExchangeState.Sending) this.sending(now);
  }

  /** Moves on; call when the net has moved on, and when `deadline` has come. */
  step(now: i64): void {
    const status = this.opening(now);
    if (status < 0) this.end(now, status);
    if (this.state == ExchangeState.Sending) this.sending(now);
    if (this.state == ExchangeState.Sending || this.state == ExchangeState.Receiving) this.receiving(now);
    if (this.state == ExchangeState.Idle) this.keeping(now);
    else if (now >= this.deadline) this.end(now, Status.Timeout);
  }

  private sending(now: i64): void {
    for (;;) {
      const inHead = this.sentBytes < this.headLen;
      let ptr = inHead ? this.head + this.sentBytes : this.body + this.bodyAt;
      if (offsetof<B>() > 0) if (!inHead) ptr -= this.parts.at;
      const len = inHead ? this.headLen - this.sentBytes : this.partLeft;
      if (len == 0) {
        if (offsetof<B>() > 0) if (this.bodyAt < this.bodyLen) return; // waits for the next part
        break;
      }
      const n = this.net.write(this.handle, ptr, len);
      // A failed or half-closed connection may still hold the answer: `receiving` finds out.
      if (n <= 0) return;
      this.sentBytes += n;
      if (offsetof<B>() > 0) this.goesOn(now, ExchangeState.Sending);
    }
    this.goesOn(now, ExchangeState.Receiving);
  }

  /** Also while sending: a server may refuse before it has read everything. */
  private receiving(now: i64): void {
    const response = this.response;
    for (;;) {
      const n = this.net.read(this.handle, this.chunk, RECEIVE_CHUNK);
      if (n < 0) {
        // The state of the net, not of the response, is what failed.
        this.end(now, response.closed() ? Status.Ok : n);
        return;
      }
      if (n == 0) break;
      for (let i = 0; i < n;) {
        const event = response.parse(this.chunk + i, n - i);
        i += response.consumed;
        if (event == ResponseEvent.Header) this.header();
        if (event == ResponseEvent.Done) {
          // Anything behind a response that nobody asked for: not a connection to go on with.
          if (i < n) response.keepAlive = false;
          this.end(now, Status.Ok);
          return;
        }
        if (event == ResponseEvent.Failed) {
          this.end(now, response.error);
          return;
        }
      }
    }
    if (this.net.status(this.handle) == NetState.Ended) this.end(now, response.closed() ? Status.Ok : response.error);
  }

  private header(): void {
    const response = this.response;
    if (offsetof<B>() > 0) this.watch();
    if (!response.isHeader("retry-after")) return;
    let seconds = 0;
    for (let i = 0; i < response.valueLength && i < 6; i++) {
      const d = <u32>load<u8>(response.value + i) - 0x30;
      if (d > 9) return; // a date: the device may not know the time
      seconds = seconds * 10 + <i32>d;
    }
    this.retryAfter = seconds;
  }

  private watch(): void {
    const response = this.response;
    for (let w = this.parts.watches; w != 0; w = changetype<HeaderWatch>(w).next) {
      const watch = changetype<HeaderWatch>(w);
      if (!response.isHeader(watch.name)) continue;
      const fits = response.valueLength <= watch.limit;
      watch.length = fits ? response.valueLength : -1;
      if (fits) memory.copy(watch.value, response.value, watch.length);
    }
  }

  private end(now: i64, result: i32): void {
    const response = this.response;
    const keep = result == Status.Ok && response.keepAlive && this.sentBytes == this.headLen + this.bodyLen;
    if (this.over(now, result, response.untouched, keep, response.code >= 200)) this.begin(now);
  }
}
