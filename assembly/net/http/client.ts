// One exchange at a time over a `Net`, with keep-alive. Bytes of the request lie with the caller until the end.
//
// For files there is HttpClient<N, InParts>: a body larger than memory goes out in parts (while `wantsBody`, the caller
// gives the part that begins at byte `bodyAt`), and headers that the caller watches for are kept.

import { NetKind, NetState, Status } from "../../board/index";
import { HTTP_RESPONSE_SIZE, HttpResponse, ResponseEvent } from "./response";
import { openSocket } from "../transport";

/** What the client is doing. */
export const enum HttpState {
  /** Ready for `send`. A connection may be kept open, at most KEEP_MS. */
  Idle,
  /** Left when the socket is open, fails, or after OPEN_MS. */
  Opening,
  /** Left when all bytes are handed over, the socket fails, or at the deadline of the exchange. */
  Sending,
  /** Left when the response is complete, breaks off, or at the deadline of the exchange. */
  Receiving,
}

/** A modem may take 150 s to say that a connection fails. */
const OPEN_MS = 160_000;
/** From the last connection event, or the last part of a request's body, to the complete response. */
const EXCHANGE_MS = 60_000;
/** How long an idle connection is kept. */
const KEEP_MS = 10_000;
const RECEIVE_CHUNK = 256;

/** A header whose value the caller wants; they are chained by `next`. */
@unmanaged
export class HeaderWatch {
  /** In lower case. */
  name: string;
  value: usize;
  limit: i32;
  /** Bytes at `value`; -1: the response has no such header, or one that is longer than `limit`. */
  length: i32;
  next: usize;

  begin(name: string, value: usize, limit: i32, next: usize): void {
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

/** Place with `memory.data(HTTP_CLIENT_SIZE, 8)`, then `attach`. `B` is Whole or InParts. */
@unmanaged
export class HttpClient<N, B> {
  state: HttpState;
  /** After an exchange: Ok, or the Status it failed with. `response.code` may be known even then. */
  result: i32;
  /** Where the times are set that `step` looks at. */
  deadline: i64;
  /** Seconds the server asked to be left alone for (Retry-After, RFC 9110 10.2.3), 0 if it did not. */
  retryAfter: i32;

  private net: N;
  private host: string;
  private kind: i32;
  private handle: i32;
  private connected: bool;
  /** The connection has carried an exchange before this one. */
  private reused: bool;
  private port: i32;
  private head: usize;
  private headLen: i32;
  /** The body, or the part at hand. */
  private body: usize;
  private bodyLen: i32;
  private sentBytes: i32;
  private noBody: bool;
  private into: usize;
  private intoMax: i32;


  @inline
  get response(): HttpResponse {
    return changetype<HttpResponse>(changetype<usize>(this) + offsetof<HttpClient<N, B>>());
  }


  @inline
  private get chunk(): usize {
    return changetype<usize>(this.response) + HTTP_RESPONSE_SIZE;
  }


  @inline
  get parts(): B {
    return changetype<B>(this.chunk + RECEIVE_CHUNK);
  }

  /** `host` and `port` of all exchanges; `kind` is that of the sockets, NetKind.Tls for HTTPS. */
  attach(net: N, host: string, port: i32, kind: i32 = NetKind.Tcp): void {
    this.net = net;
    this.host = host;
    this.kind = kind;
    this.port = port;
    this.handle = -1;
    this.deadline = i64.MAX_VALUE;
  }

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
    if (this.state != HttpState.Sending || this.sentBytes < this.headLen) return false;
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
    this.sentBytes = 0;
    this.retryAfter = 0;
    this.response.begin(this.noBody, this.into, this.intoMax);
    if (offsetof<B>() > 0)
      for (let w = this.parts.watches; w != 0; w = changetype<HeaderWatch>(w).next)
        changetype<HeaderWatch>(w).length = -1;
    if (this.connected) {
      this.state = HttpState.Sending;
      this.deadline = now + EXCHANGE_MS;
      this.sending(now);
      return;
    }
    this.state = HttpState.Opening;
    this.deadline = now + OPEN_MS;
    this.handle = openSocket<N>(this.net, this.kind, this.host, this.port);
    if (this.handle < 0) this.end(now, this.handle);
  }

  /** Moves on; call when the net has moved on, and when `deadline` has come. */
  step(now: i64): void {
    if (this.state == HttpState.Opening) this.opening(now);
    if (this.state == HttpState.Sending) this.sending(now);
    if (this.state == HttpState.Sending || this.state == HttpState.Receiving) this.receiving(now);
    if (this.state != HttpState.Idle) {
      if (now >= this.deadline) this.end(now, Status.Timeout);
    } else if (this.connected) {
      if (now >= this.deadline || this.net.status(this.handle) != NetState.Open) this.disconnect();
    }
  }

  /** Gives up what is under way and the connection. */
  disconnect(): void {
    if (this.handle >= 0) this.net.close(this.handle);
    this.handle = -1;
    this.connected = false;
    this.state = HttpState.Idle;
    this.deadline = i64.MAX_VALUE;
  }

  private opening(now: i64): void {
    const status = this.net.status(this.handle);
    if (status == NetState.Opening) return;
    if (status < 0) {
      this.end(now, status);
      return;
    }
    this.connected = true;
    this.state = HttpState.Sending;
    this.deadline = now + EXCHANGE_MS;
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
      if (offsetof<B>() > 0) this.deadline = now + EXCHANGE_MS;
    }
    this.state = HttpState.Receiving;
    this.deadline = now + EXCHANGE_MS;
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
    const stale = this.reused && this.response.untouched && (result == Status.Closed || result == Status.Io);
    const wasOpen = this.connected;
    const keep = result == Status.Ok && this.response.keepAlive && this.sentBytes == this.headLen + this.bodyLen;
    if (!keep) this.disconnect();
    if (stale) {
      // The server had given up the kept connection before the request came: once more over a new one.
      this.reused = false;
      this.begin(now);
      return;
    }
    this.state = HttpState.Idle;
    this.deadline = keep ? now + KEEP_MS : i64.MAX_VALUE;
    this.result = result;
    // A connection that did not open, the net has seen itself.
    if (wasOpen) this.net.report(this.response.code >= 200);
  }
}

export const HTTP_CLIENT_SIZE: i32 = <i32>(offsetof<HttpClient<usize, Whole>>() + HTTP_RESPONSE_SIZE + RECEIVE_CHUNK);
export const HTTP_PARTS_SIZE: i32 = HTTP_CLIENT_SIZE + <i32>offsetof<InParts>();
