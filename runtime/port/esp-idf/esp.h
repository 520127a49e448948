/* Parts of the esp-idf port; main.c puts them together. */
#ifndef AKARI_ESP_H
#define AKARI_ESP_H

#include <stdbool.h>
#include <stdint.h>

#include "akari_port.h"

/* uart.c: the app's ports 0 and 1, each on the UART and pins that menuconfig names. */
bool esp_uarts_begin(void);
int32_t esp_port_uart_open(int32_t port, int32_t baud, int32_t format);
int32_t esp_port_uart_read(int32_t port, uint8_t *into, int32_t max);
int32_t esp_port_uart_write(int32_t port, const uint8_t *from, int32_t len);
int32_t esp_port_uart_events(int32_t port);
/** Sleeps until a line has something to tell, or for `ms` (-1: without end). */
void esp_uarts_wait(int64_t ms);

/* store.c: values in NVS, encrypted as sdkconfig says. Without a usable NVS every access has a status, and the app runs. */
void esp_store_begin(void);
int32_t esp_port_store_read(int32_t key, uint8_t *into, int32_t max);
int32_t esp_port_store_write(int32_t key, const uint8_t *from, int32_t len);

/* pins.c: those pins that menuconfig allows, ADC unit 1, one I2C bus. */
void esp_pins_begin(void);
int32_t esp_port_gpio_write(int32_t pin, int32_t level);
int32_t esp_port_gpio_read(int32_t pin);
int32_t esp_port_adc_read(int32_t channel);
int32_t esp_port_i2c_transfer(int32_t bus, int32_t address, const uint8_t *from, int32_t len, uint8_t *into, int32_t max);

/* module.c: the app's module in two slots of flash, for the engine that interprets it. */
void esp_modules_begin(void);
/** The app has had a whole turn: its module stays. */
void esp_module_runs(void);
int32_t esp_port_firmware_write(int32_t offset, const uint8_t *from, int32_t len);
int32_t esp_port_firmware_commit(int32_t len);

/* system.c: time, chance, log, watchdog, stack, restart. */
void esp_system_begin(void);
int64_t esp_port_clock_ms(void);
int64_t esp_port_clock_unix_ms(void);
int32_t esp_port_entropy(uint8_t *into, int32_t len);
void esp_port_log(int32_t level, const char *text, int32_t len);
void esp_port_idle(int64_t ms);
void esp_port_watchdog(bool on);
int32_t esp_port_restart_cause(void);
void esp_port_reset(int32_t cause) __attribute__((noreturn));

#endif
