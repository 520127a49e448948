// One message at a time over UDP: one datagram out, one back. Without an answer the same datagram goes out again, after
// waits that double; the far end may then get it more than once.
//
// A reply carries no number. So the socket is given up after an exchange that needed a repetition or failed: what comes
// late comes to a port where nobody listens, and is not taken for the reply to the next message.

import { NetKind, NetState, Status } from "../../board/index";
import { Ascii } from "../../util/ascii";
import { Backoff } from "../../util/backoff";
import { drawSeed } from "../../util/seed";
import { openSocket } from "../transport";

/** What the client is doing. */
export const enum UdpState {
  /** Ready for `send`. The socket stays open, which costs nothing but its place. */
  Idle,
  /** Left when the socket is open, fails, or after OPEN_MS. */
  Opening,
  /** Left when the datagram is handed over, the socket fails, or after SEND_MS. */
  Sending,
  /** Left by a datagram, when the socket fails, or after the wait: to Sending, or to Idle after the last try. */
  Waiting,
}

/** A name may be looked up in that time, through a modem that is busy. */
const OPEN_MS = 160_000;
const SEND_MS = 125_000;
/** Longest wait for an answer. */
const WAIT_CAP_MS = 64_000;

const stray = memory.data(1);

/** Place with `place`, then `attach`. */
@unmanaged
export class UdpMessage<N> {
  state: UdpState;
  /** After an exchange: Ok when a reply came, Invalid when no datagram holds the message, or what went wrong. */
  result: i32;
  /** Bytes of the reply; one longer than the buffer is cut off. */
  replyLength: i32;
  deadline: i64;
  /** Times that a datagram is sent at most; 1: never again. Set by `attach`, may be changed. */
  tries: i32;

  private net: N;
  private host: Ascii;
  private port: i32;
  private waitMs: i32;
  private handle: i32;
  private tried: i32;
  private message: usize;
  private messageLen: i32;
  private into: usize;
  private intoMax: i32;
  @part private backoff: Backoff;

  /**
   * `host` and `port` of all messages; the first wait for an answer is 75 % to 125 % of `waitMs`.
   */
  attach(net: N, host: Ascii, port: i32, waitMs: i32): void {
    this.net = net;
    this.host = host;
    this.port = port;
    this.waitMs = waitMs;
    this.tries = 4;
    this.handle = -1;
    this.deadline = i64.MAX_VALUE;
    this.backoff.seed(drawSeed());
  }

  get idle(): bool {
    return this.state == UdpState.Idle;
  }

  /** Begins an exchange; only while `idle`. The message stays as it is until the end; the reply goes to `into`. */
  send(now: i64, message: usize, messageLen: i32, into: usize, intoMax: i32): void {
    this.message = message;
    this.messageLen = messageLen;
    this.into = into;
    this.intoMax = intoMax;
    this.tried = 0;
    this.replyLength = 0;
    this.backoff.reset();
    // A second answer to the last message is not the answer to this one.
    if (this.handle >= 0 && this.net.read(this.handle, stray, 1) != 0) this.disconnect();
    if (this.handle >= 0) {
      this.resend(now);
      this.sending(now);
      return;
    }
    this.state = UdpState.Opening;
    this.deadline = now + OPEN_MS;
    this.handle = openSocket<N>(this.net, NetKind.Udp, this.host, this.port);
    if (this.handle < 0) this.end(this.handle);
  }

  private resend(now: i64): void {
    this.tried++;
    this.state = UdpState.Sending;
    this.deadline = now + SEND_MS;
  }

  /** Moves on; call when the net has moved on, and when `deadline` has come. */
  step(now: i64): void {
    if (this.state == UdpState.Opening) {
      const status = this.net.status(this.handle);
      if (status < 0) this.end(status);
      else if (status != NetState.Opening) this.resend(now);
    }
    if (this.state == UdpState.Waiting) this.waiting(now);
    if (this.state == UdpState.Sending) this.sending(now);
    if (this.state != UdpState.Idle && now >= this.deadline) this.end(Status.Timeout);
  }

  /** Gives up what is under way and the socket. */
  disconnect(): void {
    if (this.handle >= 0) this.net.close(this.handle);
    this.handle = -1;
    this.state = UdpState.Idle;
    this.deadline = i64.MAX_VALUE;
  }

  private sending(now: i64): void {
    const n = this.net.write(this.handle, this.message, this.messageLen);
    if (n < 0) this.end(n == Status.TooLong ? Status.Invalid : n);
    if (n <= 0) return;
    this.state = UdpState.Waiting;
    this.deadline = now + this.backoff.next(this.waitMs, WAIT_CAP_MS);
  }

  private waiting(now: i64): void {
    const n = this.net.read(this.handle, this.into, this.intoMax);
    if (n != 0) {
      this.replyLength = max(0, n);
      this.end(n < 0 ? n : Status.Ok);
    } else if (now >= this.deadline && this.tried < this.tries) {
      this.resend(now);
    }
  }

  private end(result: i32): void {
    // A socket that did not open, the net has seen itself.
    if (this.tried > 0) this.net.report(result == Status.Ok);
    if (result != Status.Ok || this.tried > 1) this.disconnect();
    this.state = UdpState.Idle;
    this.deadline = i64.MAX_VALUE;
    this.result = result;
  }
}
