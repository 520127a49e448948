/* Parts of the posix port; main.c puts them together. */
#ifndef AKARI_POSIX_H
#define AKARI_POSIX_H

#include <stdbool.h>
#include <stdint.h>

#include "akari_port.h"

/* uart.c: lines by port number. `where` is /dev/..., pty, pty:LINK or unix:PATH. False: said why on stderr. */
#define POSIX_UARTS 4
bool posix_uart_wire(int port, const char *where, bool kept);
int32_t posix_uart_open(int32_t port, int32_t baud, int32_t format);
int32_t posix_uart_read(int32_t port, uint8_t *into, int32_t max);
int32_t posix_uart_write(int32_t port, const uint8_t *from, int32_t len);
int32_t posix_uart_events(int32_t port);
void posix_idle(int64_t ms);

/* tty.c: a terminal as a plain line of characters. */
bool posix_tty_set(int fd, int32_t baud, int32_t format);
/** Parity errors, overruns and breaks so far; false when the device does not count. */
struct posix_tty_counts {
  int parity, overrun, breaks;
};
bool posix_tty_counts(int fd, struct posix_tty_counts *counts);

/* store.c: one file a value in a folder. */
bool posix_store_open(const char *folder);
int32_t posix_store_read(int32_t key, uint8_t *into, int32_t max);
int32_t posix_store_write(int32_t key, const uint8_t *from, int32_t len);

/* pins.c: channels and pins by number, each a file. `where` of an analogue channel may be a number of millivolts. */
#define POSIX_PINS 64
enum posix_pin { POSIX_ADC, POSIX_GPIO_IN, POSIX_GPIO_OUT, POSIX_I2C, POSIX_PIN_KINDS };
bool posix_pin_wire(enum posix_pin kind, int number, const char *where);
int32_t posix_gpio_write(int32_t pin, int32_t level);
int32_t posix_gpio_read(int32_t pin);
int32_t posix_adc_read(int32_t channel);
int32_t posix_i2c_transfer(int32_t bus, int32_t address, const uint8_t *from, int32_t len, uint8_t *into, int32_t max);

/* system.c: time, chance, log, watchdog, restart. */
void posix_system_begin(char **argv, int watchdog_seconds);
int64_t posix_clock_ms(void);
int64_t posix_clock_unix_ms(void);
int32_t posix_entropy(uint8_t *into, int32_t len);
void posix_log(int32_t level, const char *text, int32_t len);
void posix_watchdog(bool on);
int32_t posix_restart_cause(void);
_Noreturn void posix_reset(int32_t cause);

#endif
