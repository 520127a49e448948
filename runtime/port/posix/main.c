/* A Linux machine as a board: serial devices, files as store, the process as the chip that restarts. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../core/core.h"
#include "posix.h"

static const struct akari_port PORT = {
    .uart_open = posix_uart_open,
    .uart_read = posix_uart_read,
    .uart_write = posix_uart_write,
    .uart_events = posix_uart_events,
    .clock_ms = posix_clock_ms,
    .clock_unix_ms = posix_clock_unix_ms,
    .entropy = posix_entropy,
    .store_read = posix_store_read,
    .store_write = posix_store_write,
    .gpio_write = posix_gpio_write,
    .gpio_read = posix_gpio_read,
    .adc_read = posix_adc_read,
    .i2c_transfer = posix_i2c_transfer,
    .log = posix_log,
    .idle = posix_idle,
    .watchdog = posix_watchdog,
    .restart_cause = posix_restart_cause,
    .reset = posix_reset,
};

static const char USAGE[] =
    "usage: %s [options]\n"
    "  --uart N=/dev/...      UART N is this serial device\n"
    "  --uart N=pty[:LINK]    UART N is a new pseudo terminal; LINK will point to its other end\n"
    "  --uart N=unix:PATH     UART N is this socket, plain bytes\n"
    "  --store DIR            folder of the non-volatile store (default: store)\n"
    "  --adc N=MV|FILE        analogue channel N: so many millivolts, or a file that holds them\n"
    "  --gpio-in N=FILE       input pin N: a file that holds 0 or 1\n"
    "  --gpio-out N=FILE      output pin N: a file to write 0 or 1 to\n"
    "  --i2c N=/dev/i2c-...   I2C bus N\n"
    "  --watchdog SECONDS     longest turn of the app (default: 8)\n";

/** Splits "N=WHERE"; false when it is not of that form. */
static bool assignment(char *text, int limit, int *number, const char **where) {
  char *end;
  long value = strtol(text, &end, 10);
  if (end == text || *end != '=' || value < 0 || value >= limit || end[1] == '\0') return false;
  *number = (int)value;
  *where = end + 1;
  return true;
}

int main(int argc, char **argv) {
  enum { UART = POSIX_PIN_KINDS, STORE, WATCHDOG };
  static const struct option OPTIONS[] = {
      {"adc", required_argument, NULL, POSIX_ADC},         {"gpio-in", required_argument, NULL, POSIX_GPIO_IN},
      {"gpio-out", required_argument, NULL, POSIX_GPIO_OUT}, {"i2c", required_argument, NULL, POSIX_I2C},
      {"uart", required_argument, NULL, UART},             {"store", required_argument, NULL, STORE},
      {"watchdog", required_argument, NULL, WATCHDOG},     {NULL, 0, NULL, 0},
  };
  const char *uarts[POSIX_UARTS] = {NULL};
  const char *folder = "store";
  int watchdog = 8;
  bool fine = true;
  int number;
  const char *where;
  for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
    if (option == STORE) {
      folder = optarg;
    } else if (option == WATCHDOG) {
      watchdog = atoi(optarg);
      fine = fine && watchdog > 0;
    } else if (option == UART) {
      if (assignment(optarg, POSIX_UARTS, &number, &where)) uarts[number] = where;
      else fine = false;
    } else if (option >= 0 && option < POSIX_PIN_KINDS) {
      fine = fine && assignment(optarg, POSIX_PINS, &number, &where) &&
             posix_pin_wire((enum posix_pin)option, number, where);
    } else {
      fine = false;
    }
  }
  if (!fine || optind != argc) {
    fprintf(stderr, USAGE, argv[0]);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  posix_system_begin(argv, watchdog);
  if (!posix_store_open(folder)) return 2;
  for (int port = 0; port < POSIX_UARTS; port++) {
    if (uarts[port] && !posix_uart_wire(port, uarts[port], posix_restart_cause() != AKARI_RESTART_CAUSE_POWER)) return 2;
  }
  akari_run(&PORT);
  return 1; /* an app that cannot be started here; the log says why */
}
