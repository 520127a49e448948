/* An ESP32 as a board. The app has a thread of its own: WAMR wants one that pthreads knows, and its stack is sized apart. */
#include <pthread.h>

#include "core.h"
#include "esp.h"
#include "esp_pthread.h"
#include "sdkconfig.h"

#ifdef CONFIG_AKARI_ENGINE_WAMR
#define FIRMWARE_WRITE esp_port_firmware_write
#define FIRMWARE_COMMIT esp_port_firmware_commit
#else
/* The app is part of the program: a new one is a new program. */
#define FIRMWARE_WRITE NULL
#define FIRMWARE_COMMIT NULL
#endif

static const struct akari_port PORT = {
    .uart_open = esp_port_uart_open,
    .uart_read = esp_port_uart_read,
    .uart_write = esp_port_uart_write,
    .uart_events = esp_port_uart_events,
    .clock_ms = esp_port_clock_ms,
    .clock_unix_ms = esp_port_clock_unix_ms,
    .entropy = esp_port_entropy,
    .store_read = esp_port_store_read,
    .store_write = esp_port_store_write,
    .gpio_write = esp_port_gpio_write,
    .gpio_read = esp_port_gpio_read,
    .adc_read = esp_port_adc_read,
    .i2c_transfer = esp_port_i2c_transfer,
    .firmware_write = FIRMWARE_WRITE,
    .firmware_commit = FIRMWARE_COMMIT,
    .log = esp_port_log,
    .idle = esp_port_idle,
    .watchdog = esp_port_watchdog,
    .restart_cause = esp_port_restart_cause,
    .reset = esp_port_reset,
};

static void *run(void *nothing) {
  (void)nothing;
  akari_run(&PORT);
  /* An app that cannot be started here; the log says why. A module on trial gives way to the one before. */
#ifdef CONFIG_AKARI_ENGINE_WAMR
  esp_port_idle(10000);
  esp_port_reset(AKARI_RESTART_CAUSE_TRAP);
#endif
  return NULL;
}

void app_main(void) {
  esp_system_begin();
  esp_store_begin();
  esp_pins_begin();
#ifdef CONFIG_AKARI_ENGINE_WAMR
  esp_modules_begin();
#endif
  if (!esp_uarts_begin()) return;
  esp_pthread_cfg_t thread = esp_pthread_get_default_config();
  thread.stack_size = CONFIG_AKARI_STACK_BYTES;
  thread.thread_name = "app";
  esp_pthread_set_cfg(&thread);
  pthread_t app;
  static const char TEXT[] = "no memory for the app's stack";
  if (pthread_create(&app, NULL, run, NULL) != 0) esp_port_log(AKARI_LOG_LEVEL_ERROR, TEXT, sizeof TEXT - 1);
}
