/* The UART of the board in QEMU with its registers in plain memory: what it makes of the errors that its line status tells. */
#include <stdio.h>
#include <sys/mman.h>

#include "machine.h"

#define LSR REG8(UART + 5)

static int failed;
static void expect(const char *what, int32_t got, int32_t wanted) {
  if (got == wanted) return;
  printf("%s: %d in place of %d\n", what, got, wanted);
  failed = 1;
}

int main(void) {
  void *page = mmap((void *)(uintptr_t)UART, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (page == MAP_FAILED) return 2;
  uart_begin();
  uint8_t byte;
  LSR = 0;
  expect("nothing happened", uart_events(0), 0);
  LSR = 0x02;
  expect("overrun wakes the app", uart_fill(), 1);
  LSR = 0;
  expect("overrun", uart_events(0), AKARI_UART_EVENT_OVERRUN);
  expect("overrun is told once", uart_events(0), 0);
  LSR = 0x04;
  expect("parity wakes the app", uart_fill(), 1);
  LSR = 0;
  expect("parity", uart_events(0), AKARI_UART_EVENT_PARITY);
  LSR = 0x10;
  expect("break wakes the app", uart_fill(), 1);
  LSR = 0;
  expect("break", uart_events(0), AKARI_UART_EVENT_RESET);
  expect("no byte was made of it", uart_read(0, &byte, 1), 0);
  return failed;
}
