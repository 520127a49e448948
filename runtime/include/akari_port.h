/* What the core needs of a board: one constant struct of functions, all of which return at once unless said otherwise.
 * Pointers and lengths have been checked by the core. Results are those of the import of the same name. */
#ifndef AKARI_PORT_H
#define AKARI_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "akari_abi.h"

struct akari_port {
  int32_t (*uart_open)(int32_t port, int32_t baud, int32_t format);
  int32_t (*uart_read)(int32_t port, uint8_t *into, int32_t max);
  int32_t (*uart_write)(int32_t port, const uint8_t *from, int32_t len);
  int32_t (*uart_events)(int32_t port);

  /** Milliseconds since the board started, by a clock that never runs back. */
  int64_t (*clock_ms)(void);
  int64_t (*clock_unix_ms)(void);
  int32_t (*entropy)(uint8_t *into, int32_t len);

  int32_t (*store_read)(int32_t key, uint8_t *into, int32_t max);
  int32_t (*store_write)(int32_t key, const uint8_t *from, int32_t len);

  /* A board without an IP stack leaves net_open NULL, and then all of the family: "unsupported". */
  int32_t (*net_open)(int32_t kind, const uint8_t *host, int32_t host_len, int32_t port);
  int32_t (*net_state)(int32_t handle);
  int32_t (*net_send)(int32_t handle, const uint8_t *from, int32_t len);
  int32_t (*net_recv)(int32_t handle, uint8_t *into, int32_t max);
  int32_t (*net_close)(int32_t handle);

  /* NULL: the board has no such pins, channels (Invalid) or buses (Io). */
  int32_t (*gpio_write)(int32_t pin, int32_t level);
  int32_t (*gpio_read)(int32_t pin);
  int32_t (*adc_read)(int32_t channel);
  int32_t (*i2c_transfer)(int32_t bus, int32_t address, const uint8_t *from, int32_t len, uint8_t *into, int32_t max);

  /* NULL: "unsupported". */
  int32_t (*firmware_write)(int32_t offset, const uint8_t *from, int32_t len);
  int32_t (*firmware_commit)(int32_t len);

  /** One line, not ended by NUL; `level` is an enum akari_log_level. */
  void (*log)(int32_t level, const char *text, int32_t len);

  /** Sleeps until input or room for output has come, or for `ms` (-1: without end). May return early. */
  void (*idle)(int64_t ms);

  /** The app must come back within the port's limit from now on (true), or is not running (false). */
  void (*watchdog)(bool on);

  /** Why the board last started: an enum akari_restart_cause. */
  int32_t (*restart_cause)(void);

  /** Starts the board again; `cause` is what restart_cause() then answers. */
  void (*reset)(int32_t cause) __attribute__((noreturn));
};

#endif
