// A modem driver, which does no I/O, on a UART of the board.

import { LogLevel, UartFormat, uart_open, uart_read, uart_write } from "../board/index";
import { beginLog, endLog, logText } from "../util/log";
import { drawSeed } from "../util/seed";
import { earlier } from "../util/wait";
import { ModemState, modemFaultText, modemStateText } from "./driver";

/** Bytes taken in one turn: the app gets its turn before a socket's buffer can overflow. */
const CHUNK = 256;
/** Between two attempts when the UART takes no more. */
const BLOCKED_MS = 5;

const chunk = memory.data(CHUNK);

/** `D` is a driver (driver.ts). Place it with `place`, then `begin`; it is a `Net` (net/transport.ts). */
@unmanaged
export class SerialModem<D> {
  private port: i32;
  /** When the UART is looked at again without input. */
  private again: i64;
  @part driver: D;

  /** True: received data is pushed by the modem. False (default): it is fetched. Set before `begin`. */
  set push(push: bool) {
    this.driver.push = push;
  }

  /** Opens the UART, and begins to bring the modem up. The app calls `step` in each turn of its loop. */
  begin(port: i32, baud: i32): void {
    this.port = port;
    uart_open(port, baud, UartFormat.N81);
    this.driver.begin(drawSeed());
  }

  /** Moves bytes between the driver and the UART, lets the driver act, and logs where it has got to. */
  step(now: i64): void {
    const driver = this.driver;
    const before = driver.state;
    const n = uart_read(this.port, chunk, CHUNK);
    if (n > 0) driver.feed(chunk, n);
    driver.step(now);
    let again = i64.MAX_VALUE;
    while (driver.outLen > 0) {
      const taken = uart_write(this.port, driver.outPtr, driver.outLen);
      if (taken <= 0) {
        again = now + BLOCKED_MS;
        break;
      }
      driver.sent(taken);
    }
    if (n == CHUNK) again = now;
    this.again = again;
    if (driver.state != before) logState(before, driver.state, driver.cause);
  }

  get deadline(): i64 {
    return earlier(this.again, this.driver.deadline);
  }

  /** UNIX milliseconds by the network's clock, or -1 while it has not told. */
  unixMs(now: i64): i64 {
    return this.driver.unixMs(now);
  }

  // --- Net ---

  get ready(): bool {
    return this.driver.ready;
  }

  open(kind: i32, hostPtr: usize, hostLen: i32, port: i32): i32 {
    return this.driver.open(kind, hostPtr, hostLen, port);
  }

  status(handle: i32): i32 {
    return this.driver.status(handle);
  }

  write(handle: i32, ptr: usize, len: i32): i32 {
    return this.driver.write(handle, ptr, len);
  }

  read(handle: i32, ptr: usize, limit: i32): i32 {
    return this.driver.read(handle, ptr, limit);
  }

  close(handle: i32): void {
    this.driver.close(handle);
  }

  report(ok: bool): void {
    this.driver.report(ok);
  }
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
