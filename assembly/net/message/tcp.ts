// One message at a time over TCP, and the text that comes back.
//
// Nothing in the stream says where a reply ends: it has ended when the far end closes, when the buffer for it is full,
// or when nothing has come for GAP_MS. A message goes out at once, so that the far end can take one segment for one
// message; it should not be longer than one (1,460 bytes).

import { NetKind, NetState, Status } from "../../board/index";
import { openSocket } from "../transport";

/** What the client is doing. */
export const enum TcpState {
  /** Ready for `send`. A connection may be kept open, at most KEEP_MS. */
  Idle,
  /** Left when the socket is open, fails, or after OPEN_MS. */
  Opening,
  /** Left when all bytes are handed over, a reply has come, the socket fails, or at the deadline of the exchange. */
  Sending,
  /** Left when the reply has ended, the socket fails, or at the deadline of the exchange. */
  Receiving,
}

/** A modem may take 150 s to say that a connection fails. */
const OPEN_MS = 160_000;
/** From the last connection event to the first byte of the reply. */
const REPLY_MS = 60_000;
/** From one part of the reply to the next, over a slow radio. */
const GAP_MS = 2_000;
/** How long an idle connection is kept. */
const KEEP_MS = 10_000;

/** Bytes that nobody waits for. */
const stray = memory.data(1);

/** Place with `memory.data(TCP_MESSAGE_SIZE, 8)`, then `attach`. */
@unmanaged
export class TcpMessage<N> {
  state: TcpState;
  /** After an exchange: Ok when a reply came, TooLong when it was cut off at the buffer's end, or what went wrong. */
  result: i32;
  /** Bytes of the reply. */
  replyLength: i32;
  deadline: i64;

  private net: N;
  private host: string;
  private port: i32;
  private handle: i32;
  private connected: bool;
  /** The connection has carried an exchange before this one. */
  private reused: bool;
  private message: usize;
  private messageLen: i32;
  private sentBytes: i32;
  private into: usize;
  private intoMax: i32;

  /** `host` and `port` of all messages. */
  attach(net: N, host: string, port: i32): void {
    this.net = net;
    this.host = host;
    this.port = port;
    this.handle = -1;
    this.deadline = i64.MAX_VALUE;
  }

  get idle(): bool {
    return this.state == TcpState.Idle;
  }

  /** Begins an exchange; only while `idle`. The message stays as it is until the end; the reply goes to `into`. */
  send(now: i64, message: usize, messageLen: i32, into: usize, intoMax: i32): void {
    this.message = message;
    this.messageLen = messageLen;
    this.into = into;
    this.intoMax = intoMax;
    // What has come since the last reply belongs to that; the next one is not to begin with it.
    if (this.connected && this.net.read(this.handle, stray, 1) != 0) this.disconnect();
    this.reused = this.connected;
    this.begin(now);
  }

  private begin(now: i64): void {
    this.sentBytes = 0;
    this.replyLength = 0;
    if (this.connected) {
      this.state = TcpState.Sending;
      this.deadline = now + REPLY_MS;
      this.sending(now);
      return;
    }
    this.state = TcpState.Opening;
    this.deadline = now + OPEN_MS;
    this.handle = openSocket<N>(this.net, NetKind.Tcp, this.host, this.port);
    if (this.handle < 0) this.end(now, this.handle);
  }

  /** Moves on; call when the net has moved on, and when `deadline` has come. */
  step(now: i64): void {
    if (this.state == TcpState.Opening) this.opening(now);
    if (this.state == TcpState.Sending) this.sending(now);
    if (this.state == TcpState.Sending || this.state == TcpState.Receiving) this.receiving(now);
    if (this.state != TcpState.Idle) {
      if (now >= this.deadline) this.end(now, this.replyLength > 0 ? Status.Ok : Status.Timeout);
    } else if (this.connected) {
      if (now >= this.deadline || this.net.status(this.handle) != NetState.Open) this.disconnect();
    }
  }

  /** Gives up what is under way and the connection. */
  disconnect(): void {
    if (this.handle >= 0) this.net.close(this.handle);
    this.handle = -1;
    this.connected = false;
    this.state = TcpState.Idle;
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
    this.state = TcpState.Sending;
    this.deadline = now + REPLY_MS;
  }

  private sending(now: i64): void {
    while (this.sentBytes < this.messageLen) {
      const n = this.net.write(this.handle, this.message + this.sentBytes, this.messageLen - this.sentBytes);
      // A failed or half-closed connection may still hold the reply: `receiving` finds out.
      if (n <= 0) return;
      this.sentBytes += n;
    }
    this.state = TcpState.Receiving;
    this.deadline = now + REPLY_MS;
  }

  private receiving(now: i64): void {
    for (;;) {
      const room = this.intoMax - this.replyLength;
      const n = this.net.read(this.handle, room > 0 ? this.into + this.replyLength : stray, max(1, room));
      if (n < 0) {
        this.end(now, this.replyLength > 0 ? Status.Ok : n);
        return;
      }
      if (n == 0) break;
      if (room <= 0) {
        this.end(now, Status.TooLong);
        return;
      }
      this.replyLength += n;
      this.state = TcpState.Receiving;
      this.deadline = now + GAP_MS;
    }
    if (this.net.status(this.handle) == NetState.Ended) this.end(now, this.replyLength > 0 ? Status.Ok : Status.Closed);
  }

  private end(now: i64, result: i32): void {
    const stale = this.reused && this.replyLength == 0 && (result == Status.Closed || result == Status.Io);
    const wasOpen = this.connected;
    const isWhole = result == Status.Ok && this.sentBytes == this.messageLen;
    const keep = isWhole && this.net.status(this.handle) == NetState.Open;
    if (!keep) this.disconnect();
    if (stale) {
      // The far end had given up the kept connection before the message came: once more over a new one.
      this.reused = false;
      this.begin(now);
      return;
    }
    this.state = TcpState.Idle;
    this.deadline = keep ? now + KEEP_MS : i64.MAX_VALUE;
    this.result = result;
    // A connection that did not open, the net has seen itself.
    if (wasOpen) this.net.report(this.replyLength > 0);
  }
}

export const TCP_MESSAGE_SIZE: i32 = <i32>((offsetof<TcpMessage<usize>>() + 7) & ~7);
