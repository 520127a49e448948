/* The imports. Every pointer is checked here, so that a port sees only memory that is the module's own. */
#include "akari_abi.h"
#include "core.h"

/* --- Serial lines --- */

int32_t akari_uart_open(int32_t port, int32_t baud, int32_t format) {
  return akari_board->uart_open(port, baud, format);
}

int32_t akari_uart_read(int32_t port, akari_ptr ptr, int32_t max) {
  uint8_t *into = akari_view(ptr, max);
  return into ? akari_board->uart_read(port, into, max) : AKARI_INVALID;
}

int32_t akari_uart_write(int32_t port, akari_ptr ptr, int32_t len) {
  const uint8_t *from = akari_view(ptr, len);
  return from ? akari_board->uart_write(port, from, len) : AKARI_INVALID;
}

int32_t akari_uart_events(int32_t port) { return akari_board->uart_events(port); }

/* --- Time and chance --- */

int64_t akari_clock_ms(void) { return akari_board->clock_ms(); }

int64_t akari_clock_unix_ms(void) { return akari_board->clock_unix_ms(); }

int32_t akari_entropy(akari_ptr ptr, int32_t len) {
  uint8_t *into = akari_view(ptr, len);
  return into ? akari_board->entropy(into, len) : AKARI_INVALID;
}

/* --- Non-volatile store --- */

int32_t akari_store_read(int32_t key, akari_ptr ptr, int32_t max) {
  uint8_t *into = akari_view(ptr, max);
  return into ? akari_board->store_read(key, into, max) : AKARI_INVALID;
}

int32_t akari_store_write(int32_t key, akari_ptr ptr, int32_t len) {
  const uint8_t *from = akari_view(ptr, len);
  return from ? akari_board->store_write(key, from, len) : AKARI_INVALID;
}

/* --- Sockets of a board with its own IP stack --- */

int32_t akari_net_open(int32_t kind, akari_ptr hostPtr, int32_t hostLen, int32_t port) {
  if (!akari_board->net_open) return AKARI_UNSUPPORTED;
  const uint8_t *host = akari_view(hostPtr, hostLen);
  return host ? akari_board->net_open(kind, host, hostLen, port) : AKARI_INVALID;
}

int32_t akari_net_state(int32_t handle) {
  return akari_board->net_open ? akari_board->net_state(handle) : AKARI_UNSUPPORTED;
}

int32_t akari_net_send(int32_t handle, akari_ptr ptr, int32_t len) {
  if (!akari_board->net_open) return AKARI_UNSUPPORTED;
  const uint8_t *from = akari_view(ptr, len);
  return from ? akari_board->net_send(handle, from, len) : AKARI_INVALID;
}

int32_t akari_net_recv(int32_t handle, akari_ptr ptr, int32_t max) {
  if (!akari_board->net_open) return AKARI_UNSUPPORTED;
  uint8_t *into = akari_view(ptr, max);
  return into ? akari_board->net_recv(handle, into, max) : AKARI_INVALID;
}

int32_t akari_net_close(int32_t handle) {
  return akari_board->net_open ? akari_board->net_close(handle) : AKARI_UNSUPPORTED;
}

/* --- Sensors and actuators --- */

int32_t akari_gpio_write(int32_t pin, int32_t level) {
  return akari_board->gpio_write ? akari_board->gpio_write(pin, level != 0) : AKARI_INVALID;
}

int32_t akari_gpio_read(int32_t pin) { return akari_board->gpio_read ? akari_board->gpio_read(pin) : AKARI_INVALID; }

int32_t akari_adc_read(int32_t channel) {
  return akari_board->adc_read ? akari_board->adc_read(channel) : AKARI_INVALID;
}

int32_t akari_i2c_transfer(int32_t bus, int32_t address, akari_ptr writePtr, int32_t writeLen, akari_ptr readPtr,
                           int32_t readMax) {
  const uint8_t *from = akari_view(writePtr, writeLen);
  uint8_t *into = akari_view(readPtr, readMax);
  if (!from || !into) return AKARI_INVALID;
  if (!akari_board->i2c_transfer) return AKARI_IO;
  return akari_board->i2c_transfer(bus, address, from, writeLen, into, readMax);
}

/* --- Firmware and life cycle --- */

int32_t akari_firmware_write(int32_t offset, akari_ptr ptr, int32_t len) {
  if (!akari_board->firmware_write) return AKARI_UNSUPPORTED;
  const uint8_t *from = akari_view(ptr, len);
  return from ? akari_board->firmware_write(offset, from, len) : AKARI_INVALID;
}

int32_t akari_firmware_commit(int32_t len) {
  return akari_board->firmware_commit ? akari_board->firmware_commit(len) : AKARI_UNSUPPORTED;
}

void akari_restart(int32_t cause) {
  akari_board->reset(cause == AKARI_RESTART_CAUSE_WATCHDOG ? AKARI_RESTART_CAUSE_WATCHDOG
                                                           : AKARI_RESTART_CAUSE_REQUEST);
}

int32_t akari_restart_cause(void) { return akari_board->restart_cause(); }

void akari_log(int32_t level, akari_ptr ptr, int32_t len) {
  if (len > AKARI_LOG_LINE_MAX) len = AKARI_LOG_LINE_MAX;
  const uint8_t *text = akari_view(ptr, len);
  if (!text) return;
  if (level < AKARI_LOG_LEVEL_ERROR || level > AKARI_LOG_LEVEL_DEBUG) level = AKARI_LOG_LEVEL_DEBUG;
  akari_board->log(level, (const char *)text, len);
}
