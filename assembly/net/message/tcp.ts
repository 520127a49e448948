// One message at a time over TCP, and the text that comes back.
//
// Nothing in the stream says where a reply ends: it has ended when the far end closes, when the buffer for it is full,
// or when nothing has come for GAP_MS. A message goes out at once, so that the far end can take one segment for one
// message; it should not be longer than one (1,460 bytes).

import { NetState, Status } from "../../board/index";
import { Exchange, ExchangeState } from "../exchange";

/** From one part of the reply to the next, over a slow radio. */
const GAP_MS = 2_000;
/** Bytes that nobody waits for. */
const stray = memory.data(1);

/**
 * Place with `place`, then `attach`. `result` is Ok when a reply came, TooLong when it was cut off
 * at the buffer's end.
 */
@unmanaged
export class TcpMessage<N> extends Exchange<N> {
  /** Bytes of the reply. */
  replyLength: i32;

  private message: usize;
  private messageLen: i32;
  private into: usize;
  private intoMax: i32;

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
    this.replyLength = 0;
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
    else if (now >= this.deadline) this.end(now, this.replyLength > 0 ? Status.Ok : Status.Timeout);
  }

  private sending(now: i64): void {
    while (this.sentBytes < this.messageLen) {
      const n = this.net.write(this.handle, this.message + this.sentBytes, this.messageLen - this.sentBytes);
      // A failed or half-closed connection may still hold the reply: `receiving` finds out.
      if (n <= 0) return;
      this.sentBytes += n;
    }
    this.goesOn(now, ExchangeState.Receiving);
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
      this.state = ExchangeState.Receiving;
      this.deadline = now + GAP_MS;
    }
    if (this.net.status(this.handle) == NetState.Ended) this.end(now, this.replyLength > 0 ? Status.Ok : Status.Closed);
  }

  private end(now: i64, result: i32): void {
    const isWhole = result == Status.Ok && this.sentBytes == this.messageLen;
    const keep = isWhole && this.net.status(this.handle) == NetState.Open;
    const hasReply = this.replyLength > 0;
    if (this.over(now, result, !hasReply, keep, hasReply)) this.begin(now);
  }
}
