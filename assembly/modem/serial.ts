// The edge between a modem driver, which does no I/O, and the board's UART.

import { LogLevel, uart_read, uart_write } from "../board/index";
import { beginLog, endLog } from "../util/log";
import { ModemState, modemStateText } from "./modem";

/** Bytes taken in one turn: the app gets its turn before a socket's buffer can overflow. */
const CHUNK = 256;
/** Between two attempts when the UART takes no more. */
const BLOCKED_MS = 5;

const chunk = memory.data(CHUNK);

/**
 * Moves bytes between the driver and the UART, lets the driver act, and logs where it has got to. Returns when it wants
 * to be called again even if nothing else happens; the driver's own `deadline` comes besides.
 */
export function serve<M>(modem: M, port: i32, now: i64): i64 {
  const before = modem.state;
  const n = uart_read(port, chunk, CHUNK);
  if (n > 0) modem.feed(chunk, n);
  modem.step(now);
  let again = n == CHUNK ? now : i64.MAX_VALUE;
  while (modem.outLen > 0) {
    const taken = uart_write(port, modem.outPtr, modem.outLen);
    if (taken <= 0) {
      again = min(again, now + BLOCKED_MS);
      break;
    }
    modem.sent(taken);
  }
  if (modem.state != before) {
    const text = modemStateText(modem.state);
    if (text.length > 0) {
      const line = beginLog(text);
      const failed = modem.state == ModemState.Pause;
      if (failed && modem.cause > 0) line.str(", code ").num(modem.cause);
      endLog(failed ? LogLevel.Warn : LogLevel.Info);
    }
  }
  return again;
}
