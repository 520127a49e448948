/* The machine's one UART, an NS16550A, as port 0. Received characters wait in a buffer of ours; the device's own holds 16
 * while the app has its turn. */
#include "machine.h"

#define DATA (UART + 0)
#define IER (UART + 1)
#define FCR (UART + 2)
#define LCR (UART + 3)
#define MCR (UART + 4)
#define LSR (UART + 5)

#define IER_RX 0x01
#define FCR_ENABLE_CLEAR 0x07
#define LCR_8_BITS 0x03
#define LCR_PARITY 0x08
#define LCR_EVEN 0x10
#define LCR_DIVISOR 0x80
#define MCR_DTR_RTS 0x03
#define LSR_READY 0x01
#define LSR_OVERRUN 0x02
#define LSR_PARITY 0x04
#define LSR_BREAK 0x10
#define LSR_TX_EMPTY 0x20

/** Clock of the UART; a character takes 16 of its cycles a bit. */
#define CLOCK_HZ 3686400
#define BAUD_MIN 50
#define BAUD_MAX 4000000
#define ETU_MIN 5
#define ETU_MAX 2048
#define TX_FIFO 16
#define RX_BYTES 1024

static uint8_t rx[RX_BYTES];
static uint32_t head, count;
static int32_t events;
static bool opened;

void uart_begin(void) {
  REG8(FCR) = FCR_ENABLE_CLEAR;
  REG8(LCR) = LCR_8_BITS;
  REG8(MCR) = MCR_DTR_RTS;
  REG8(IER) = IER_RX;
}

static void set_line(int32_t baud, int32_t format) {
  /* Above what this clock can do QEMU's line has no speed anyway; a real one would refuse. */
  uint32_t divisor = CLOCK_HZ / (16u * (uint32_t)baud);
  if (divisor == 0) divisor = 1;
  uint8_t lcr = LCR_8_BITS;
  if (format == AKARI_UART_FORMAT_E81) lcr |= LCR_PARITY | LCR_EVEN;
  if (format == AKARI_UART_FORMAT_O81) lcr |= LCR_PARITY;
  REG8(LCR) = lcr | LCR_DIVISOR;
  REG8(DATA) = (uint8_t)divisor;
  REG8(IER) = (uint8_t)(divisor >> 8);
  REG8(LCR) = lcr;
}

int32_t uart_open(int32_t port, int32_t baud, int32_t format) {
  if (port != 0) return AKARI_INVALID;
  if (format == AKARI_UART_FORMAT_ISO7816) {
    if (baud < ETU_MIN || baud > ETU_MAX) return AKARI_INVALID;
    /* Plain characters of 8 bits. The card is released from reset when it first opens the line, and by a break. */
    if (!opened) events |= AKARI_UART_EVENT_RESET;
  } else {
    if (format != AKARI_UART_FORMAT_N81 && format != AKARI_UART_FORMAT_E81 && format != AKARI_UART_FORMAT_O81)
      return AKARI_INVALID;
    if (baud < BAUD_MIN || baud > BAUD_MAX) return AKARI_INVALID;
    set_line(baud, format);
  }
  opened = true;
  return AKARI_OK;
}

bool uart_fill(void) {
  bool fresh = false;
  while (count < RX_BYTES) {
    uint8_t status = REG8(LSR);
    if (status & LSR_OVERRUN) events |= AKARI_UART_EVENT_OVERRUN;
    if (status & LSR_PARITY) events |= AKARI_UART_EVENT_PARITY;
    if (status & LSR_BREAK) events |= AKARI_UART_EVENT_RESET;
    fresh = fresh || (status & (LSR_OVERRUN | LSR_PARITY | LSR_BREAK));
    if (!(status & LSR_READY)) break;
    uint8_t byte = REG8(DATA);
    if (status & (LSR_PARITY | LSR_BREAK)) continue;
    rx[(head + count++) % RX_BYTES] = byte;
    fresh = true;
  }
  /* A full buffer must not wake the sleeper for ever: the device holds back what it has. */
  REG8(IER) = count < RX_BYTES ? IER_RX : 0;
  return fresh;
}

int32_t uart_read(int32_t port, uint8_t *into, int32_t max) {
  if (port != 0) return AKARI_INVALID;
  int32_t n = 0;
  for (;;) {
    while (n < max && count > 0) {
      into[n++] = rx[head];
      head = (head + 1) % RX_BYTES;
      count--;
    }
    if (n == max || !uart_fill() || count == 0) return n;
  }
}

int32_t uart_write(int32_t port, const uint8_t *from, int32_t len) {
  if (port != 0) return AKARI_INVALID;
  int32_t n = 0;
  while (n < len && (REG8(LSR) & LSR_TX_EMPTY)) {
    for (int i = 0; i < TX_FIFO && n < len; i++) REG8(DATA) = from[n++];
  }
  return n;
}

int32_t uart_events(int32_t port) {
  if (port != 0) return AKARI_INVALID;
  int32_t happened = events;
  events = 0;
  return happened;
}
