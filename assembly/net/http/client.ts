// One exchange at a time over a `Net`, with keep-alive. Bytes of the request lie with the caller until the end.

import { NetKind, NetState, Status } from "../../board/index";
import { HTTP_RESPONSE_SIZE, HttpResponse, ResponseEvent } from "./response";
import { Text } from "../../util/text";

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
/** From the last connection event to the complete response. */
const EXCHANGE_MS = 60_000;
/** How long an idle connection is kept. */
const KEEP_MS = 10_000;
const RECEIVE_CHUNK = 256;
const HOST_MAX = 63;

/** Place with `memory.data(HTTP_CLIENT_SIZE)`, then `attach`. */
@unmanaged
export class HttpClient<N> {
  state: HttpState;
  /** After an exchange: Ok, or the Status it failed with. `response.code` may be known even then. */
  result: i32;
  /** Where the times are set that `step` looks at. */
  deadline: i64;
  /** Seconds the server asked to be left alone for (Retry-After, RFC 9110 10.2.3), 0 if it did not. */
  retryAfter: i32;

  private net: N;
  private handle: i32;
  private connected: bool;
  /** The connection has carried an exchange before this one. */
  private reused: bool;
  private port: i32;
  private head: usize;
  private headLen: i32;
  private body: usize;
  private bodyLen: i32;
  private sentBytes: i32;
  private noBody: bool;
  private into: usize;
  private intoMax: i32;


  @inline
  get response(): HttpResponse {
    return changetype<HttpResponse>(changetype<usize>(this) + offsetof<HttpClient<N>>());
  }

  /** The name of the host, as bytes. */
  @inline
  private get host(): Text {
    return changetype<Text>(changetype<usize>(this.response) + HTTP_RESPONSE_SIZE);
  }


  @inline
  private get hostPtr(): usize {
    return changetype<usize>(this.host) + offsetof<Text>();
  }


  @inline
  private get chunk(): usize {
    return this.hostPtr + HOST_MAX + 1;
  }

  /** `host` and `port` of all exchanges. */
  attach(net: N, host: string, port: i32): void {
    this.net = net;
    this.host.on(this.hostPtr, HOST_MAX).str(host);
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
    this.noBody = noBody;
    this.into = into;
    this.intoMax = intoMax;
    this.reused = this.connected;
    this.begin(now);
  }

  private begin(now: i64): void {
    this.sentBytes = 0;
    this.retryAfter = 0;
    this.response.begin(this.noBody, this.into, this.intoMax);
    if (this.connected) {
      this.state = HttpState.Sending;
      this.deadline = now + EXCHANGE_MS;
      return;
    }
    this.state = HttpState.Opening;
    this.deadline = now + OPEN_MS;
    const host = this.host;
    this.handle = host.fits ? this.net.open(NetKind.Tcp, this.hostPtr, host.length, this.port) : Status.TooLong;
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
      const ptr = inHead ? this.head + this.sentBytes : this.body + (this.sentBytes - this.headLen);
      const len = inHead ? this.headLen - this.sentBytes : this.headLen + this.bodyLen - this.sentBytes;
      if (len == 0) break;
      const n = this.net.write(this.handle, ptr, len);
      // A failed or half-closed connection may still hold the answer: `receiving` finds out.
      if (n <= 0) return;
      this.sentBytes += n;
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
    if (!response.isHeader("retry-after")) return;
    let seconds = 0;
    for (let i = 0; i < response.valueLength && i < 6; i++) {
      const d = <u32>load<u8>(response.value + i) - 0x30;
      if (d > 9) return; // a date: the device may not know the time
      seconds = seconds * 10 + <i32>d;
    }
    this.retryAfter = seconds;
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

export const HTTP_CLIENT_SIZE: i32 = <i32>(
  (offsetof<HttpClient<usize>>() + HTTP_RESPONSE_SIZE + offsetof<Text>() + HOST_MAX + 1 + RECEIVE_CHUNK)
);
