// The board ABI as the host sees it. Written by tools/abi.mjs from assembly/board: change that, then `npm run abi`.

/** Newest ABI number that this host runs. */
export const BOARD_ABI = 1;

/** Module name of all imports. */
export const BOARD_MODULE = 'board';

export interface AbiFunction {
  readonly params: readonly ('i32' | 'i64')[];
  readonly result: 'i32' | 'i64' | null;
}

/** Every import that a device binary may have. */
export const BOARD_IMPORTS: Readonly<Record<string, AbiFunction>> = {
  uart_open: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  uart_read: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  uart_write: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  uart_events: { params: ['i32'], result: 'i32' },
  clock_ms: { params: [], result: 'i64' },
  clock_unix_ms: { params: [], result: 'i64' },
  entropy: { params: ['i32', 'i32'], result: 'i32' },
  store_read: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  store_write: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  net_open: { params: ['i32', 'i32', 'i32', 'i32'], result: 'i32' },
  net_state: { params: ['i32'], result: 'i32' },
  net_send: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  net_recv: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  net_close: { params: ['i32'], result: 'i32' },
  gpio_write: { params: ['i32', 'i32'], result: 'i32' },
  gpio_read: { params: ['i32'], result: 'i32' },
  adc_read: { params: ['i32'], result: 'i32' },
  i2c_transfer: { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], result: 'i32' },
  firmware_write: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  firmware_commit: { params: ['i32'], result: 'i32' },
  restart: { params: ['i32'], result: null },
  restart_cause: { params: [], result: 'i32' },
  log: { params: ['i32', 'i32', 'i32'], result: null },
};

/** What every app exports. */
export const APP_EXPORTS: Readonly<Record<string, AbiFunction>> = {
  setup: { params: [], result: null },
  loop: { params: [], result: 'i32' },
  board_abi: { params: [], result: 'i32' },
};

/** The one table of status codes: 0 or more is success (often a count), below 0 says what went wrong. */
export const Status = {
  Ok: 0,
  Again: -1,
  Invalid: -2,
  NotFound: -3,
  NoSpace: -4,
  Io: -5,
  Unsupported: -6,
  Closed: -7,
  Timeout: -8,
  Refused: -9,
  NameUnknown: -10,
  Untrusted: -11,
  Busy: -12,
  Short: -13,
  Malformed: -14,
  TooLong: -15,
  Denied: -16,
  KeySuspect: -17,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Character format of a UART. `Iso7816` is the half-duplex line of a card: 8E with error signal, `baud` = clocks per etu. */
export const UartFormat = { N81: 0, E81: 1, O81: 2, Iso7816: 16 } as const;
export type UartFormat = (typeof UartFormat)[keyof typeof UartFormat];

/** Bits of `uart_events`. */
export const UartEvent = { Reset: 1, Parity: 2, Overrun: 4, HangUp: 8 } as const;
export type UartEvent = (typeof UartEvent)[keyof typeof UartEvent];

export const NetKind = { Udp: 0, Tcp: 1, Tls: 2 } as const;
export type NetKind = (typeof NetKind)[keyof typeof NetKind];

/** What `net_state` answers for a socket that has not failed; a failed one answers its `Status`. */
export const NetState = { Opening: 0, Open: 1, Ended: 2 } as const;
export type NetState = (typeof NetState)[keyof typeof NetState];

export const RestartCause = { Power: 0, Request: 1, Trap: 2, Watchdog: 3 } as const;
export type RestartCause = (typeof RestartCause)[keyof typeof RestartCause];

export const LogLevel = { Error: 0, Warn: 1, Info: 2, Debug: 3 } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];
