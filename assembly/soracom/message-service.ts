// A service of the platform over TCP or UDP: bytes out, `<status> <body>` in. Who sends them, the session says.
//
// `M` is TcpMessage or UdpMessage.

import { Status } from "../board/index";
import { replyStatus } from "../net/message/reply";
import { Outcome, outcomeOf } from "./outcome";


@unmanaged
export class MessageService<M> {
  /** Status code of the last reply, 0 if there was none. */
  code: i32;
  /** Body of the last reply: answer..answer+answerLength, in the buffer that `send` was given. */
  answer: usize;
  answerLength: i32;
  /**
   * The service is set to reply without a status (skipStatusCode): the whole reply is the body, and each is taken for
   * success. False unless set.
   */
  bare: bool;
  private pending: bool;
  @part message: M;

  /** Sends a message, only when none is pending; it stays as it is until the end. The reply goes to `into`. */
  send(now: i64, message: usize, messageLen: i32, into: usize, intoMax: i32): void {
    this.pending = true;
    this.code = 0;
    this.answer = into;
    this.answerLength = 0;
    this.message.send(now, message, messageLen, into, intoMax);
  }

  /** Moves on, and tells what became of the message; once only. */
  step(now: i64): Outcome {
    const message = this.message;
    message.step(now);
    if (!this.pending || !message.idle) return Outcome.Pending;
    this.pending = false;
    if (message.result == Status.Invalid) return Outcome.Invalid;
    const len = message.replyLength;
    if (this.bare) {
      if (len > 0) this.code = 200;
      this.answerLength = len;
    } else {
      this.code = replyStatus(this.answer, len);
      if (this.code > 0 && len > 4) {
        this.answer += 4;
        this.answerLength = len - 4;
      }
    }
    return outcomeOf(message.result, this.code);
  }

  get deadline(): i64 {
    return this.pending && this.message.idle ? 0 : this.message.deadline;
  }
}
