/* The board's imports by WAMR's rules: the environment first, then the parameters; a signature for each, "i" 32 and "I" 64
 * bits. Addresses pass as numbers ("i", not "*"): the core checks them, the same for every engine.
 *
 * Written by tools/abi.mjs from assembly/board: change that, then `npm run abi`. */
#include "akari_abi.h"
#include "wamr.h"

#define ENV wasm_exec_env_t env

static int32_t board_uart_open(ENV, int32_t port, int32_t baud, int32_t format) {
  (void)env;
  return akari_uart_open(port, baud, format);
}

static int32_t board_uart_read(ENV, int32_t port, akari_ptr ptr, int32_t max) {
  (void)env;
  return akari_uart_read(port, ptr, max);
}

static int32_t board_uart_write(ENV, int32_t port, akari_ptr ptr, int32_t len) {
  (void)env;
  return akari_uart_write(port, ptr, len);
}

static int32_t board_uart_events(ENV, int32_t port) {
  (void)env;
  return akari_uart_events(port);
}

static int64_t board_clock_ms(ENV) {
  (void)env;
  return akari_clock_ms();
}

static int64_t board_clock_unix_ms(ENV) {
  (void)env;
  return akari_clock_unix_ms();
}

static int32_t board_entropy(ENV, akari_ptr ptr, int32_t len) {
  (void)env;
  return akari_entropy(ptr, len);
}

static int32_t board_store_read(ENV, int32_t key, akari_ptr ptr, int32_t max) {
  (void)env;
  return akari_store_read(key, ptr, max);
}

static int32_t board_store_write(ENV, int32_t key, akari_ptr ptr, int32_t len) {
  (void)env;
  return akari_store_write(key, ptr, len);
}

static int32_t board_net_open(ENV, int32_t kind, akari_ptr hostPtr, int32_t hostLen, int32_t port) {
  (void)env;
  return akari_net_open(kind, hostPtr, hostLen, port);
}

static int32_t board_net_state(ENV, int32_t handle) {
  (void)env;
  return akari_net_state(handle);
}

static int32_t board_net_send(ENV, int32_t handle, akari_ptr ptr, int32_t len) {
  (void)env;
  return akari_net_send(handle, ptr, len);
}

static int32_t board_net_recv(ENV, int32_t handle, akari_ptr ptr, int32_t max) {
  (void)env;
  return akari_net_recv(handle, ptr, max);
}

static int32_t board_net_close(ENV, int32_t handle) {
  (void)env;
  return akari_net_close(handle);
}

static int32_t board_gpio_write(ENV, int32_t pin, int32_t level) {
  (void)env;
  return akari_gpio_write(pin, level);
}

static int32_t board_gpio_read(ENV, int32_t pin) {
  (void)env;
  return akari_gpio_read(pin);
}

static int32_t board_adc_read(ENV, int32_t channel) {
  (void)env;
  return akari_adc_read(channel);
}

static int32_t board_i2c_transfer(ENV, int32_t bus, int32_t address, akari_ptr writePtr, int32_t writeLen,
                                  akari_ptr readPtr, int32_t readMax) {
  (void)env;
  return akari_i2c_transfer(bus, address, writePtr, writeLen, readPtr, readMax);
}

static int32_t board_firmware_write(ENV, int32_t offset, akari_ptr ptr, int32_t len) {
  (void)env;
  return akari_firmware_write(offset, ptr, len);
}

static int32_t board_firmware_commit(ENV, int32_t len) {
  (void)env;
  return akari_firmware_commit(len);
}

static void board_restart(ENV, int32_t cause) {
  (void)env;
  akari_restart(cause);
}

static int32_t board_restart_cause(ENV) {
  (void)env;
  return akari_restart_cause();
}

static void board_log(ENV, int32_t level, akari_ptr ptr, int32_t len) {
  (void)env;
  akari_log(level, ptr, len);
}

static NativeSymbol symbols[] = {
    {"uart_open", (void *)board_uart_open, "(iii)i", NULL},
    {"uart_read", (void *)board_uart_read, "(iii)i", NULL},
    {"uart_write", (void *)board_uart_write, "(iii)i", NULL},
    {"uart_events", (void *)board_uart_events, "(i)i", NULL},
    {"clock_ms", (void *)board_clock_ms, "()I", NULL},
    {"clock_unix_ms", (void *)board_clock_unix_ms, "()I", NULL},
    {"entropy", (void *)board_entropy, "(ii)i", NULL},
    {"store_read", (void *)board_store_read, "(iii)i", NULL},
    {"store_write", (void *)board_store_write, "(iii)i", NULL},
    {"net_open", (void *)board_net_open, "(iiii)i", NULL},
    {"net_state", (void *)board_net_state, "(i)i", NULL},
    {"net_send", (void *)board_net_send, "(iii)i", NULL},
    {"net_recv", (void *)board_net_recv, "(iii)i", NULL},
    {"net_close", (void *)board_net_close, "(i)i", NULL},
    {"gpio_write", (void *)board_gpio_write, "(ii)i", NULL},
    {"gpio_read", (void *)board_gpio_read, "(i)i", NULL},
    {"adc_read", (void *)board_adc_read, "(i)i", NULL},
    {"i2c_transfer", (void *)board_i2c_transfer, "(iiiiii)i", NULL},
    {"firmware_write", (void *)board_firmware_write, "(iii)i", NULL},
    {"firmware_commit", (void *)board_firmware_commit, "(i)i", NULL},
    {"restart", (void *)board_restart, "(i)", NULL},
    {"restart_cause", (void *)board_restart_cause, "()i", NULL},
    {"log", (void *)board_log, "(iii)", NULL},
};

NativeSymbol *akari_wamr_imports(uint32_t *count) {
  *count = sizeof symbols / sizeof *symbols;
  return symbols;
}
