/* The UART of the posix port over a terminal whose driver counts errors as this program says: no pseudo terminal has any. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix.h"

static struct posix_tty_counts now;
bool posix_tty_set(int fd, int32_t baud, int32_t format) { return (void)fd, (void)baud, (void)format, true; }
bool posix_tty_counts(int fd, struct posix_tty_counts *counts) { return (void)fd, *counts = now, true; }

static int failed;
static void expect(const char *what, int32_t got, int32_t wanted) {
  if (got == wanted) return;
  printf("%s: %d in place of %d\n", what, got, wanted);
  failed = 1;
}

int main(void) {
  now.overrun = 5; /* from before this program */
  if (!posix_uart_wire(0, "pty", false)) return 2;
  expect("open", posix_uart_open(0, 9600, AKARI_UART_FORMAT_N81), AKARI_OK);
  expect("nothing happened", posix_uart_events(0), 0);
  now.overrun++;
  expect("overrun", posix_uart_events(0), AKARI_UART_EVENT_OVERRUN);
  expect("overrun is told once", posix_uart_events(0), 0);
  now.parity += 3;
  now.breaks++;
  expect("parity and break", posix_uart_events(0), AKARI_UART_EVENT_PARITY | AKARI_UART_EVENT_RESET);
  expect("no such port", posix_uart_events(1), AKARI_INVALID);
  return failed;
}
