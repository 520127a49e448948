// The edge between a modem driver, which does no I/O, and the board's UART.

import { LogLevel, uart_read, uart_write } from "../board/index";
import { beginLog, endLog, logText } from "../util/log";
import { ModemState, modemFaultText, modemStateText } from "./driver";

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
  if (modem.state != before) logState(before, modem.state, modem.cause);
  return again;
}

function logState(before: ModemState, state: ModemState, cause: i32): void {
  if (state == ModemState.Pause) {
    const line = beginLog(modemFaultText(before, cause));
    if (cause > 0) line.str(" (code ").num(cause).str(")");
    line.str(", trying again later");
    endLog(LogLevel.Warn);
    return;
  }
  const text = modemStateText(state);
  if (text.length > 0) logText(LogLevel.Info, text);
}
