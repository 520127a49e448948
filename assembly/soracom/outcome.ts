// What became of something that was sent to a service of the platform: the same five for all of them.

import { LogLevel, Status } from "../board/index";
import { Ascii } from "../util/ascii";
import { beginLog, endLog } from "../util/log";

export const enum Outcome {
  /** Still on its way. */
  Pending,
  /** The service took it (2xx). */
  Delivered,
  /** Not now: 408, 429, 5xx, or no complete answer. Send it again. */
  Retry,
  /** Any other answer: sending the same again will not help by itself. */
  Refused,
  /** It cannot be sent: a part of it is too long or holds characters that may not be there. */
  Invalid,
}

/** `result` is the Status of the exchange, `code` the answer's status code, 0 if there was none. */
export function outcomeOf(result: i32, code: i32): Outcome {
  // An answer that is larger than wanted is an answer; one that broke off may not be the one that was meant.
  if (result != Status.Ok && result != Status.TooLong) return Outcome.Retry;
  if (code >= 200 && code < 300) return Outcome.Delivered;
  if (code < 300 || code == 408 || code == 429 || code >= 500) return Outcome.Retry;
  return Outcome.Refused;
}

/** Logs how a message ended; nothing while it is Pending. `service`: its name in the line; `seq`: number of the message. */
export function logOutcome(service: Ascii, outcome: Outcome, seq: i32, code: i32): void {
  if (outcome == Outcome.Pending) return;
  const isDelivered = outcome == Outcome.Delivered;
  const line = beginLog(service).str(isDelivered ? ": delivered " : ": no success with ");
  line.num(seq).str(", status ").num(code);
  endLog(isDelivered ? LogLevel.Info : LogLevel.Warn);
}
