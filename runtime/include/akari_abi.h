/* The board ABI: all that a device binary may ask of the board it runs on. What each import means, with its results, is
 * told at its declaration in assembly/board/index.ts.
 *
 * Written by tools/abi.mjs from assembly/board: change that, then `npm run abi`. */
#ifndef AKARI_ABI_H
#define AKARI_ABI_H

#include <stdint.h>

/** Newest ABI number that this runtime runs. */
#define AKARI_BOARD_ABI 1

/** Address in the module's linear memory. It comes from the module: nothing may follow it unchecked. */
typedef uint32_t akari_ptr;

/** The one table of status codes: 0 or more is success (often a count), below 0 says what went wrong. */
enum akari_status {
  AKARI_OK = 0,
  AKARI_AGAIN = -1,
  AKARI_INVALID = -2,
  AKARI_NOT_FOUND = -3,
  AKARI_NO_SPACE = -4,
  AKARI_IO = -5,
  AKARI_UNSUPPORTED = -6,
  AKARI_CLOSED = -7,
  AKARI_TIMEOUT = -8,
  AKARI_REFUSED = -9,
  AKARI_NAME_UNKNOWN = -10,
  AKARI_UNTRUSTED = -11,
  AKARI_BUSY = -12,
  AKARI_SHORT = -13,
  AKARI_MALFORMED = -14,
  AKARI_TOO_LONG = -15,
  AKARI_DENIED = -16,
  AKARI_KEY_SUSPECT = -17,
};

/** Character format of a UART. `Iso7816` is the half-duplex line of a card: 8E with error signal, `baud` = clocks per etu. */
enum akari_uart_format {
  AKARI_UART_FORMAT_N81 = 0,
  AKARI_UART_FORMAT_E81 = 1,
  AKARI_UART_FORMAT_O81 = 2,
  AKARI_UART_FORMAT_ISO7816 = 16,
};

/** Bits of `uart_events`. */
enum akari_uart_event {
  AKARI_UART_EVENT_RESET = 1,
  AKARI_UART_EVENT_PARITY = 2,
  AKARI_UART_EVENT_OVERRUN = 4,
  AKARI_UART_EVENT_HANG_UP = 8,
};

enum akari_net_kind {
  AKARI_NET_KIND_UDP = 0,
  AKARI_NET_KIND_TCP = 1,
  AKARI_NET_KIND_TLS = 2,
};

/** What `net_state` answers for a socket that has not failed; a failed one answers its `Status`. */
enum akari_net_state {
  AKARI_NET_STATE_OPENING = 0,
  AKARI_NET_STATE_OPEN = 1,
  AKARI_NET_STATE_ENDED = 2,
};

enum akari_restart_cause {
  AKARI_RESTART_CAUSE_POWER = 0,
  AKARI_RESTART_CAUSE_REQUEST = 1,
  AKARI_RESTART_CAUSE_TRAP = 2,
  AKARI_RESTART_CAUSE_WATCHDOG = 3,
};

enum akari_log_level {
  AKARI_LOG_LEVEL_ERROR = 0,
  AKARI_LOG_LEVEL_WARN = 1,
  AKARI_LOG_LEVEL_INFO = 2,
  AKARI_LOG_LEVEL_DEBUG = 3,
};

/* --- Imports, module name "board" --- */

/* Serial lines */
int32_t akari_uart_open(int32_t port, int32_t baud, int32_t format);
int32_t akari_uart_read(int32_t port, akari_ptr ptr, int32_t max);
int32_t akari_uart_write(int32_t port, akari_ptr ptr, int32_t len);
int32_t akari_uart_events(int32_t port);

/* Time and chance */
int64_t akari_clock_ms(void);
int64_t akari_clock_unix_ms(void);
int32_t akari_entropy(akari_ptr ptr, int32_t len);

/* Non-volatile store */
int32_t akari_store_read(int32_t key, akari_ptr ptr, int32_t max);
int32_t akari_store_write(int32_t key, akari_ptr ptr, int32_t len);

/* Sockets of a board with its own IP stack */
int32_t akari_net_open(int32_t kind, akari_ptr hostPtr, int32_t hostLen, int32_t port);
int32_t akari_net_state(int32_t handle);
int32_t akari_net_send(int32_t handle, akari_ptr ptr, int32_t len);
int32_t akari_net_recv(int32_t handle, akari_ptr ptr, int32_t max);
int32_t akari_net_close(int32_t handle);

/* Sensors and actuators */
int32_t akari_gpio_write(int32_t pin, int32_t level);
int32_t akari_gpio_read(int32_t pin);
int32_t akari_adc_read(int32_t channel);
int32_t akari_i2c_transfer(int32_t bus, int32_t address, akari_ptr writePtr, int32_t writeLen, akari_ptr readPtr,
                           int32_t readMax);

/* Firmware and life cycle */
int32_t akari_firmware_write(int32_t offset, akari_ptr ptr, int32_t len);
int32_t akari_firmware_commit(int32_t len);
void akari_restart(int32_t cause);
int32_t akari_restart_cause(void);
void akari_log(int32_t level, akari_ptr ptr, int32_t len);

#endif
