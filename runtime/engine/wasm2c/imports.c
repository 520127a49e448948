/* The module's imports by wasm2c's names, each handed to the core. app.h declares those that the app has, with the
 * types that it gives them: one of another type is an error here, one that no board has is an undefined Z_boardZ_<name>.
 *
 * Written by tools/abi.mjs from assembly/board: change that, then `npm run abi`. */
#include "akari_abi.h"
#include "app.h"

#define BOARD struct Z_board_instance_t *board

u32 Z_boardZ_uart_open(BOARD, u32 port, u32 baud, u32 format) {
  (void)board;
  return (u32)akari_uart_open((int32_t)port, (int32_t)baud, (int32_t)format);
}

u32 Z_boardZ_uart_read(BOARD, u32 port, u32 ptr, u32 max) {
  (void)board;
  return (u32)akari_uart_read((int32_t)port, ptr, (int32_t)max);
}

u32 Z_boardZ_uart_write(BOARD, u32 port, u32 ptr, u32 len) {
  (void)board;
  return (u32)akari_uart_write((int32_t)port, ptr, (int32_t)len);
}

u32 Z_boardZ_uart_events(BOARD, u32 port) {
  (void)board;
  return (u32)akari_uart_events((int32_t)port);
}

u64 Z_boardZ_clock_ms(BOARD) {
  (void)board;
  return (u64)akari_clock_ms();
}

u64 Z_boardZ_clock_unix_ms(BOARD) {
  (void)board;
  return (u64)akari_clock_unix_ms();
}

u32 Z_boardZ_entropy(BOARD, u32 ptr, u32 len) {
  (void)board;
  return (u32)akari_entropy(ptr, (int32_t)len);
}

u32 Z_boardZ_store_read(BOARD, u32 key, u32 ptr, u32 max) {
  (void)board;
  return (u32)akari_store_read((int32_t)key, ptr, (int32_t)max);
}

u32 Z_boardZ_store_write(BOARD, u32 key, u32 ptr, u32 len) {
  (void)board;
  return (u32)akari_store_write((int32_t)key, ptr, (int32_t)len);
}

u32 Z_boardZ_net_open(BOARD, u32 kind, u32 hostPtr, u32 hostLen, u32 port) {
  (void)board;
  return (u32)akari_net_open((int32_t)kind, hostPtr, (int32_t)hostLen, (int32_t)port);
}

u32 Z_boardZ_net_state(BOARD, u32 handle) {
  (void)board;
  return (u32)akari_net_state((int32_t)handle);
}

u32 Z_boardZ_net_send(BOARD, u32 handle, u32 ptr, u32 len) {
  (void)board;
  return (u32)akari_net_send((int32_t)handle, ptr, (int32_t)len);
}

u32 Z_boardZ_net_recv(BOARD, u32 handle, u32 ptr, u32 max) {
  (void)board;
  return (u32)akari_net_recv((int32_t)handle, ptr, (int32_t)max);
}

u32 Z_boardZ_net_close(BOARD, u32 handle) {
  (void)board;
  return (u32)akari_net_close((int32_t)handle);
}

u32 Z_boardZ_gpio_write(BOARD, u32 pin, u32 level) {
  (void)board;
  return (u32)akari_gpio_write((int32_t)pin, (int32_t)level);
}

u32 Z_boardZ_gpio_read(BOARD, u32 pin) {
  (void)board;
  return (u32)akari_gpio_read((int32_t)pin);
}

u32 Z_boardZ_adc_read(BOARD, u32 channel) {
  (void)board;
  return (u32)akari_adc_read((int32_t)channel);
}

u32 Z_boardZ_i2c_transfer(BOARD, u32 bus, u32 address, u32 writePtr, u32 writeLen, u32 readPtr, u32 readMax) {
  (void)board;
  return (u32)akari_i2c_transfer((int32_t)bus, (int32_t)address, writePtr, (int32_t)writeLen, readPtr,
                                 (int32_t)readMax);
}

u32 Z_boardZ_firmware_write(BOARD, u32 offset, u32 ptr, u32 len) {
  (void)board;
  return (u32)akari_firmware_write((int32_t)offset, ptr, (int32_t)len);
}

u32 Z_boardZ_firmware_commit(BOARD, u32 len) {
  (void)board;
  return (u32)akari_firmware_commit((int32_t)len);
}

void Z_boardZ_restart(BOARD, u32 cause) {
  (void)board;
  akari_restart((int32_t)cause);
}

u32 Z_boardZ_restart_cause(BOARD) {
  (void)board;
  return (u32)akari_restart_cause();
}

void Z_boardZ_log(BOARD, u32 level, u32 ptr, u32 len) {
  (void)board;
  akari_log((int32_t)level, ptr, (int32_t)len);
}
