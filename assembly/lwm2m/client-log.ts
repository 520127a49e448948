// What the LwM2M client logs: each step that fails, why, and when the next try is.

import { LogLevel, Status } from "../board/index";
import { Ascii } from "../util/ascii";
import { beginLog, endLog } from "../util/log";
import { Text } from "../util/text";
import { ChannelState } from "./channel";

export function line(text: Ascii): Text {
  return beginLog("lwm2m: ").str(text);
}

export function logLine(text: Ascii): void {
  line(text);
  endLog(LogLevel.Info);
}

/** What a channel was doing. */
export function stepOf(state: ChannelState): Ascii {
  return state == ChannelState.Shaking ? "handshake" : state == ChannelState.Open ? "session" : "connection";
}

/** Appends why something failed. */
export function reason(text: Text, why: i32, alert: i32): Text {
  if (why > 0) {
    // A code of CoAP, `c.dd`.
    const detail = why & 31;
    text.num(why >> 5).byte(0x2e);
    return text.num(detail / 10).num(detail % 10);
  }
  switch (why) {
    case Status.Timeout:
      text.str("no answer");
      break;
    case Status.KeySuspect:
      text.str("silence on our key, which may be wrong");
      break;
    case Status.NameUnknown:
      text.str("name unknown");
      break;
    case Status.Refused:
      text.str("refused");
      break;
    case Status.Closed:
      text.str("closed");
      break;
    default:
      text.str("error ").num(why);
  }
  if (alert >= 0) text.str(", alert ").num(alert);
  return text;
}

/** Ends the line with when the next try is; less than 0: not by itself. */
export function endLine(text: Text, ms: i64): void {
  if (ms < 0) text.str(", given up");
  else
    text
      .str(", next in ")
      .num((ms + 500) / 1_000)
      .str(" s");
  endLog(LogLevel.Warn);
}
