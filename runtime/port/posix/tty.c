/* Apart from the rest because the kernel's termios2, which takes any speed, does not mix with the C library's. */
#include <asm/termbits.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

#include "posix.h"

bool posix_tty_set(int fd, int32_t baud, int32_t format) {
  struct termios2 line;
  if (ioctl(fd, TCGETS2, &line) < 0) return false;
  line.c_iflag = format == AKARI_UART_FORMAT_E81 || format == AKARI_UART_FORMAT_O81 ? INPCK | IGNPAR : 0;
  line.c_oflag = 0;
  line.c_lflag = 0;
  line.c_cflag = BOTHER | CS8 | CREAD | CLOCAL | HUPCL;
  if (format == AKARI_UART_FORMAT_E81) line.c_cflag |= PARENB;
  if (format == AKARI_UART_FORMAT_O81) line.c_cflag |= PARENB | PARODD;
  line.c_cc[VMIN] = 1;
  line.c_cc[VTIME] = 0;
  line.c_ispeed = line.c_ospeed = (speed_t)baud;
  return ioctl(fd, TCSETS2, &line) == 0;
}

bool posix_tty_counts(int fd, struct posix_tty_counts *counts) {
  struct serial_icounter_struct kernel;
  if (ioctl(fd, TIOCGICOUNT, &kernel) < 0) return false;
  counts->parity = kernel.parity;
  counts->overrun = kernel.overrun + kernel.buf_overrun;
  counts->breaks = kernel.brk;
  return true;
}
