// A service of the platform over TCP or UDP: bytes out, `<status> <body>` in. Who sends them, the session says.
//
// `M` is TcpMessage or UdpMessage.

import { Status } from "../board/index";
import { replyStatus } from "../net/message/reply";
import { Draft, Text } from "../util/text";
import { Outcome, outcomeOf } from "./outcome";

/** Longest answer to a message of `compose`; what is longer is cut off. */
const ANSWER_MAX = 256;

/** A use flag (docs/device-idioms.md): an app has services that reply without a status. */
let usesBare: bool = false;


@unmanaged
export class MessageService<M> {
  /** Status code of the last reply, 0 if there was none. */
  code: i32;
  /** Body of the last reply: answer..answer+answerLength, until the next message. */
  answer: usize;
  answerLength: i32;
  private isBare: bool;
  private pending: bool;
  private composed: i32;
  @part message: M;
  @part private draft: Draft;
  @bytes(ANSWER_MAX) private answerBytes: usize;

  /**
   * The service is set to reply without a status (skipStatusCode): the whole reply is the body, and each is taken for
   * success. False unless set.
   */
  set bare(bare: bool) {
    usesBare = true;
    this.isBare = bare;
  }

  /** None is pending: a message can be composed and sent. */
  get idle(): bool {
    return !this.pending;
  }

  /** Number of the message composed last, from 0. */
  get seq(): i32 {
    return this.composed - 1;
  }

  /** Begins a message of at most 128 bytes, only when none is pending. Write it, then `send`. */
  compose(): Text {
    this.composed++;
    return this.draft.compose();
  }

  /** Sends a message, only when none is pending; it stays as it is until the end. One that did not fit is Invalid. */
  send(now: i64, message: Text): void {
    this.begin(this.answerBytes);
    if (message.fits) this.message.send(now, message.ptr, message.length, this.answerBytes, ANSWER_MAX);
    else this.message.result = Status.Invalid;
  }

  /** The same with memory of the app's, for messages and answers of any length: the reply goes to `into`. */
  exchange(now: i64, message: usize, messageLen: i32, into: usize, intoMax: i32): void {
    this.begin(into);
    this.message.send(now, message, messageLen, into, intoMax);
  }

  private begin(into: usize): void {
    this.pending = true;
    this.code = 0;
    this.answer = into;
    this.answerLength = 0;
  }

  /** Moves on, and tells what became of the message; once only. */
  step(now: i64): Outcome {
    const message = this.message;
    message.step(now);
    if (!this.pending || !message.idle) return Outcome.Pending;
    this.pending = false;
    if (message.result == Status.Invalid) return Outcome.Invalid;
    const len = message.replyLength;
    if (usesBare && this.isBare) {
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
