#include <stdio.h>
#include <sys/time.h>

#include "bootloader_random.h"
#include "esp.h"
#include "esp_attr.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

/** Before this the clock was never set: 2020-09-13. */
#define UNIX_MIN_S 1600000000
/** Less stack than this left is too close. */
#define STACK_RESERVE 1024
/* The restart cause, in RAM that a restart leaves alone; the mark tells it from what power-on leaves there. */
#define RETAINED_MARK 0x416b0000u

static RTC_NOINIT_ATTR uint32_t retained;
static int32_t cause;

static int32_t cause_of(esp_reset_reason_t reason) {
  switch (reason) {
    case ESP_RST_SW:
      return (retained & ~3u) == RETAINED_MARK ? (int32_t)(retained & 3u) : AKARI_RESTART_CAUSE_REQUEST;
    case ESP_RST_PANIC:
      return AKARI_RESTART_CAUSE_TRAP;
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT:
      return AKARI_RESTART_CAUSE_WATCHDOG;
    default:
      return AKARI_RESTART_CAUSE_POWER;
  }
}

void esp_system_begin(void) {
  cause = cause_of(esp_reset_reason());
  retained = 0;
  esp_task_wdt_config_t config = {.timeout_ms = 1000 * CONFIG_AKARI_WATCHDOG_SECONDS, .trigger_panic = true};
  if (esp_task_wdt_reconfigure(&config) != ESP_OK) esp_task_wdt_init(&config);
}

int64_t esp_port_clock_ms(void) { return esp_timer_get_time() / 1000; }

int64_t esp_port_clock_unix_ms(void) {
  struct timeval now;
  if (gettimeofday(&now, NULL) != 0 || now.tv_sec < UNIX_MIN_S) return -1;
  return (int64_t)now.tv_sec * 1000 + now.tv_usec / 1000;
}

/* Without radio the generator has noise only while this is on; it borrows the ADC meanwhile. */
int32_t esp_port_entropy(uint8_t *into, int32_t len) {
  bootloader_random_enable();
  esp_fill_random(into, (size_t)len);
  bootloader_random_disable();
  return AKARI_OK;
}

/** One line of text on the console, whatever the app put into it. */
void esp_port_log(int32_t level, const char *text, int32_t len) {
  static const char *const LEVELS[] = {"error", "warn ", "info ", "debug"};
  int64_t now = esp_port_clock_ms();
  printf("%6ld.%03d %s ", (long)(now / 1000), (int)(now % 1000), LEVELS[level]);
  for (int32_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    putchar(c < 0x20 || c == 0x7f ? '.' : c);
  }
  putchar('\n');
}

/** Says how deep the app's stack has been whenever that is more than before; restarts when it came too close. */
static void watch_stack(void) {
  static uint32_t told = UINT32_MAX;
  uint32_t left = (uint32_t)uxTaskGetStackHighWaterMark(NULL); /* bytes in IDF */
  if (left >= told) return;
  told = left;
  char text[64];
  int len = snprintf(text, sizeof text, "stack: %lu of %d bytes left", (unsigned long)left, CONFIG_AKARI_STACK_BYTES);
  esp_port_log(left < STACK_RESERVE ? AKARI_LOG_LEVEL_ERROR : AKARI_LOG_LEVEL_DEBUG, text, len);
  if (left < STACK_RESERVE) esp_port_reset(AKARI_RESTART_CAUSE_TRAP);
}

void esp_port_idle(int64_t ms) {
  watch_stack();
#ifdef CONFIG_AKARI_ENGINE_WAMR
  esp_module_runs();
#endif
  esp_uarts_wait(ms);
}

void esp_port_watchdog(bool on) {
  if (on) esp_task_wdt_add(NULL);
  else esp_task_wdt_delete(NULL);
}

int32_t esp_port_restart_cause(void) { return cause; }

void esp_port_reset(int32_t why) {
  retained = RETAINED_MARK | (uint32_t)why;
  esp_restart();
}
