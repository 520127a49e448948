/* UARTs as file descriptors, each with a receive buffer that is filled while the app sleeps. A line keeps its descriptor
 * over a restart, which is an exec: a modem does not notice that the board behind the line restarted. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "posix.h"

#define RX_BYTES 4096
/** Descriptors of the lines and, for a pseudo terminal, of its other end: held so that it never hangs up. */
#define LINE_FD(port) (100 + (port))
#define PEER_FD(port) (110 + (port))
#define BAUD_MIN 50
#define BAUD_MAX 4000000

/** Clocks per etu that ISO 7816-3 allows: F/D from 372/64 up to 2048. */
#define ETU_MIN 5
#define ETU_MAX 2048

static struct line {
  bool wired;
  /** The far end is gone: nothing comes, and what is sent goes nowhere. */
  bool gone;
  bool tty;
  bool opened;
  /** Bytes have come since the app's last turn began. */
  bool fresh;
  /** The app wants to send more than the line took. */
  bool starved;
  int32_t events;
  struct posix_tty_counts seen;
  uint32_t head, count;
  uint8_t rx[RX_BYTES];
} lines[POSIX_UARTS];

static int open_pty(int port, const char *link) {
  int fd = posix_openpt(O_RDWR | O_NOCTTY);
  if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0) return -1;
  const char *name = ptsname(fd);
  int peer = name ? open(name, O_RDWR | O_NOCTTY) : -1;
  if (peer < 0 || dup2(peer, PEER_FD(port)) < 0) return -1;
  close(peer);
  if (link) {
    unlink(link);
    if (symlink(name, link) < 0) return -1;
  }
  fprintf(stderr, "uart %d: %s\n", port, name);
  return fd;
}

static int open_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

bool posix_uart_wire(int port, const char *where, bool kept) {
  struct line *line = &lines[port];
  int fd = LINE_FD(port);
  if (!kept || fcntl(fd, F_GETFD) < 0) {
    int fresh;
    if (strcmp(where, "pty") == 0) fresh = open_pty(port, NULL);
    else if (strncmp(where, "pty:", 4) == 0) fresh = open_pty(port, where + 4);
    else if (strncmp(where, "unix:", 5) == 0) fresh = open_socket(where + 5);
    else fresh = open(where, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fresh < 0 || dup2(fresh, fd) < 0) {
      fprintf(stderr, "uart %d: %s: %s\n", port, where, strerror(errno));
      return false;
    }
    close(fresh);
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  line->wired = true;
  line->tty = isatty(fd);
  posix_tty_counts(fd, &line->seen);
  if (line->tty) posix_tty_set(fd, 115200, AKARI_UART_FORMAT_N81);
  return true;
}

static struct line *line_of(int32_t port) {
  return port >= 0 && port < POSIX_UARTS && lines[port].wired ? &lines[port] : NULL;
}

int32_t posix_uart_open(int32_t port, int32_t baud, int32_t format) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  if (format == AKARI_UART_FORMAT_ISO7816) {
    if (baud < ETU_MIN || baud > ETU_MAX) return AKARI_INVALID;
    /* The card's line as plain characters, 8 data bits, at the speed that it has. No wire carries RST here: the card
     * is released from reset when it first opens the line after a start, and by a break. */
    if (!line->opened) line->events |= AKARI_UART_EVENT_RESET;
    line->opened = true;
    return AKARI_OK;
  }
  if (format != AKARI_UART_FORMAT_N81 && format != AKARI_UART_FORMAT_E81 && format != AKARI_UART_FORMAT_O81)
    return AKARI_INVALID;
  if (baud < BAUD_MIN || baud > BAUD_MAX) return AKARI_INVALID;
  if (line->tty && !line->gone && !posix_tty_set(LINE_FD(port), baud, format)) return AKARI_INVALID;
  line->opened = true;
  return AKARI_OK;
}

static void hang_up(int port, struct line *line) {
  line->gone = true;
  line->fresh = true;
  line->events |= AKARI_UART_EVENT_HANG_UP;
  close(LINE_FD(port));
}

/** Takes what has come, as far as there is room. */
static void fill(int port, struct line *line) {
  while (!line->gone && line->count < RX_BYTES) {
    uint32_t tail = (line->head + line->count) % RX_BYTES;
    uint32_t room = tail < line->head ? line->head - tail : RX_BYTES - tail;
    ssize_t got = read(LINE_FD(port), line->rx + tail, room);
    if (got > 0) {
      line->count += (uint32_t)got;
      line->fresh = true;
    } else if (got == 0) {
      hang_up(port, line);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      hang_up(port, line);
    }
  }
}

int32_t posix_uart_read(int32_t port, uint8_t *into, int32_t max) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  if (line->count == 0) {
    fill(port, line);
    line->fresh = line->count > (uint32_t)max; /* the app sees the rest by itself, or in another turn */
  }
  int32_t n = 0;
  while (n < max && line->count > 0) {
    into[n++] = line->rx[line->head];
    line->head = (line->head + 1) % RX_BYTES;
    line->count--;
  }
  return n;
}

int32_t posix_uart_write(int32_t port, const uint8_t *from, int32_t len) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  if (line->gone || len == 0) return len;
  ssize_t put = write(LINE_FD(port), from, (size_t)len);
  if (put < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      hang_up(port, line);
      return len;
    }
    put = 0;
  }
  line->starved = put < len;
  return (int32_t)put;
}

int32_t posix_uart_events(int32_t port) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  struct posix_tty_counts now;
  if (line->tty && !line->gone && posix_tty_counts(LINE_FD(port), &now)) {
    if (now.parity != line->seen.parity) line->events |= AKARI_UART_EVENT_PARITY;
    if (now.overrun != line->seen.overrun) line->events |= AKARI_UART_EVENT_OVERRUN;
    if (now.breaks != line->seen.breaks) line->events |= AKARI_UART_EVENT_RESET;
    line->seen = now;
  }
  int32_t events = line->events;
  line->events = 0;
  return events;
}

void posix_idle(int64_t ms) {
  struct pollfd polled[POSIX_UARTS];
  bool fresh = false;
  for (int port = 0; port < POSIX_UARTS; port++) {
    struct line *line = &lines[port];
    polled[port].fd = line->wired && !line->gone ? LINE_FD(port) : -1;
    polled[port].events = (short)((line->count < RX_BYTES ? POLLIN : 0) | (line->starved ? POLLOUT : 0));
    if (polled[port].events == 0) polled[port].fd = -1;
    fresh = fresh || line->fresh;
    line->fresh = false;
  }
  int timeout = fresh ? 0 : ms < 0 ? -1 : ms > INT32_MAX ? INT32_MAX : (int)ms;
  if (poll(polled, POSIX_UARTS, timeout) <= 0) return;
  for (int port = 0; port < POSIX_UARTS; port++) {
    if (polled[port].fd < 0 || polled[port].revents == 0) continue;
    fill(port, &lines[port]);
    lines[port].fresh = false; /* the turn that follows is for these */
  }
}
