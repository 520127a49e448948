// The board ABI: all that a device binary may ask of the board it runs on.
//
// These declarations, host/board/abi.ts and the runtime's C header say the same thing; a test compares them.
// Pointers and lengths are i32 into the module's linear memory. A negative result is a `Status`.

// asconfig.json names it in place of the compiler's own abort, which boards do not have.
export { abort } from "./abort";
export { Status } from "./status";

/** Number of the ABI that a binary was built for; `board_abi()` returns it and a board refuses a newer one. */
export const BOARD_ABI: i32 = 1;

/** Character format of a UART. `Iso7816` is the half-duplex line of a card: 8E with error signal, `baud` = clocks per etu. */
export const enum UartFormat {
  N81 = 0,
  E81 = 1,
  O81 = 2,
  Iso7816 = 16,
}

/** Bits of `uart_events`. */
export const enum UartEvent {
  /** The reset contact was released: restart (a card answers with its ATR). */
  Reset = 1,
  Parity = 2,
  Overrun = 4,
  /** The other side is gone (line closed, card removed from the reader). */
  HangUp = 8,
}

export const enum NetKind {
  Udp = 0,
  Tcp = 1,
  Tls = 2,
}

/** What `net_state` answers for a socket that has not failed; a failed one answers its `Status`. */
export const enum NetState {
  Opening = 0,
  Open = 1,
  /** The far end has closed; data may still wait to be read. */
  Ended = 2,
}

export const enum RestartCause {
  Power = 0,
  Request = 1,
  Trap = 2,
  Watchdog = 3,
}

export const enum LogLevel {
  Error = 0,
  Warn = 1,
  Info = 2,
  Debug = 3,
}

// --- Serial lines ---

/**
 * Sets speed and character format of a port; returns Ok, Invalid (no such port or speed). On an `Iso7816` line the new
 * speed holds once all that was written before has gone out: the answer to PPS still leaves at the old one.
 */
@external("board", "uart_open")
export declare function uart_open(port: i32, baud: i32, format: i32): i32;

/** Never waits; returns bytes read, 0 for none. */
@external("board", "uart_read")
export declare function uart_read(port: i32, ptr: usize, max: i32): i32;

/** Never waits; returns bytes taken, which may be fewer than `len`. */
@external("board", "uart_write")
export declare function uart_write(port: i32, ptr: usize, len: i32): i32;

/** Returns the `UartEvent` bits that happened since the last call, and clears them. */
@external("board", "uart_events")
export declare function uart_events(port: i32): i32;

// --- Time and chance ---

/** Milliseconds since the board started; never runs back. */
@external("board", "clock_ms")
export declare function clock_ms(): i64;

/** UNIX time in milliseconds, or -1 while the board does not know it. */
@external("board", "clock_unix_ms")
export declare function clock_unix_ms(): i64;

/** Fills ptr..ptr+len with random bytes fit for keys. */
@external("board", "entropy")
export declare function entropy(ptr: usize, len: i32): i32;

// --- Non-volatile store ---

/** Copies at most `max` bytes of the value; returns the value's whole length, or NotFound. */
@external("board", "store_read")
export declare function store_read(key: i32, ptr: usize, max: i32): i32;

/** Replaces the value. Atomic: after a power cut the key holds the old value or the new one. Ok, NoSpace or Io. */
@external("board", "store_write")
export declare function store_write(key: i32, ptr: usize, len: i32): i32;

// --- Sockets of a board with its own IP stack ---

/** Begins to open a socket; returns its handle (0 or more), Unsupported, Invalid or NoSpace. */
@external("board", "net_open")
export declare function net_open(kind: i32, hostPtr: usize, hostLen: i32, port: i32): i32;

/** Returns a `NetState`, or the `Status` the socket failed with. */
@external("board", "net_state")
export declare function net_state(handle: i32): i32;

/** Returns bytes taken, which may be fewer than `len`. */
@external("board", "net_send")
export declare function net_send(handle: i32, ptr: usize, len: i32): i32;

/** Returns bytes read, 0 for none now; a datagram socket gives one datagram a call. */
@external("board", "net_recv")
export declare function net_recv(handle: i32, ptr: usize, max: i32): i32;


@external("board", "net_close")
export declare function net_close(handle: i32): i32;

// --- Sensors and actuators ---

@external("board", "gpio_write")
export declare function gpio_write(pin: i32, level: i32): i32;

/** Returns 0 or 1, or Invalid for a pin the board does not have. */
@external("board", "gpio_read")
export declare function gpio_read(pin: i32): i32;

/** Returns millivolts (0 or more), or Invalid for a channel the board does not have. */
@external("board", "adc_read")
export declare function adc_read(channel: i32): i32;

/** Writes then reads in one transaction (repeated start); returns bytes read, or Io when nobody acknowledges. */
@external("board", "i2c_transfer")
export declare function i2c_transfer(
  bus: i32,
  address: i32,
  writePtr: usize,
  writeLen: i32,
  readPtr: usize,
  readMax: i32,
): i32;

// --- Firmware and life cycle ---

/** Stages a part of a new image. */
@external("board", "firmware_write")
export declare function firmware_write(offset: i32, ptr: usize, len: i32): i32;

/** Checks the staged image of `len` bytes; the board switches to it at restart and keeps the old one until it has run. */
@external("board", "firmware_commit")
export declare function firmware_commit(len: i32): i32;

/** Starts again; does not return. `cause` is `RestartCause.Request` unless a supervisor knows better. */
@external("board", "restart")
export declare function restart(cause: i32): void;

/** Why the board last started: a `RestartCause`. */
@external("board", "restart_cause")
export declare function restart_cause(): i32;

/** Writes one line of UTF-8 text, without line end, to the board's log. */
@external("board", "log")
export declare function log(level: i32, ptr: usize, len: i32): void;
