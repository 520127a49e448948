#include "../../core/core.h"
#include "machine.h"

/** What the sensor on analogue channel 0 gives, in millivolts: the machine has no converter. */
#ifndef AKARI_ADC_MV
#define AKARI_ADC_MV 715
#endif

static int32_t adc_read(int32_t channel) { return channel == 0 ? AKARI_ADC_MV : AKARI_INVALID; }

static const struct akari_port PORT = {
    .uart_open = uart_open,
    .uart_read = uart_read,
    .uart_write = uart_write,
    .uart_events = uart_events,
    .clock_ms = clock_ms,
    .clock_unix_ms = clock_unix_ms,
    .entropy = entropy,
    .store_read = store_read,
    .store_write = store_write,
    .adc_read = adc_read,
    .log = log_line,
    .idle = idle,
    .watchdog = watchdog,
    .restart_cause = restart_cause,
    .reset = reset,
};

int main(void) {
  system_begin();
  uart_begin();
  entropy_begin();
  store_begin();
  akari_run(&PORT);
  return 0; /* an app that cannot be started here; the log says why */
}
