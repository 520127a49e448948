/* QEMU's machine "virt" as a microcontroller: where its devices are, and the parts of this port. */
#ifndef AKARI_MACHINE_H
#define AKARI_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "akari_port.h"

#define REG8(address) (*(volatile uint8_t *)(address))
#define REG32(address) (*(volatile uint32_t *)(address))

#define FINISHER 0x00100000u /* SiFive test finisher */
#define RTC 0x00101000u      /* goldfish RTC */
#define CLINT 0x02000000u
#define PLIC 0x0c000000u
#define UART 0x10000000u /* NS16550A, interrupt 10 of the PLIC */
#define VIRTIO 0x10001000u
#define FLASH 0x22000000u /* second CFI bank; the first would hold a boot loader */

/* uart.c */
void uart_begin(void);
int32_t uart_open(int32_t port, int32_t baud, int32_t format);
int32_t uart_read(int32_t port, uint8_t *into, int32_t max);
int32_t uart_write(int32_t port, const uint8_t *from, int32_t len);
int32_t uart_events(int32_t port);
/** Takes what has come into the receive buffer; true when there was something. */
bool uart_fill(void);

/* system.c: time, watchdog, sleep, restart, log, faults of the runtime itself. */
void system_begin(void);
int64_t clock_ms(void);
int64_t clock_unix_ms(void);
void idle(int64_t ms);
void watchdog(bool on);
int32_t restart_cause(void);
void reset(int32_t cause) __attribute__((noreturn));
void log_line(int32_t level, const char *text, int32_t len);

/* stack.c: size of the stack, the most that was ever in use, and whether enough is left; bytes. */
uint32_t stack_bytes(void);
uint32_t stack_used(void);
bool stack_fine(void);

/* entropy.c: virtio-rng; Unsupported on a machine without one. */
void entropy_begin(void);
int32_t entropy(uint8_t *into, int32_t len);

/* flash.c: the CFI flash in sectors; all of it can be read at FLASH. A word is written once after an erase. */
#define FLASH_SECTOR 0x40000u
bool flash_erase(uint32_t offset);
bool flash_program(uint32_t offset, uint32_t word);

/* store.c */
void store_begin(void);
int32_t store_read(int32_t key, uint8_t *into, int32_t max);
int32_t store_write(int32_t key, const uint8_t *from, int32_t len);

#endif
