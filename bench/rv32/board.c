/* A board for measuring: the runtime's own core and engine on the core in QEMU, with a line that plays a script.
 *
 * It stands in place of the port's own parts in an exported folder. Time is virtual and passes only while the app sleeps; the
 * store is RAM, filled from the script; the wall clock counts retired instructions, which is how a benchmark's app measures
 * itself. So a run takes the same instructions each time. */
#include <stdio.h>
#include <string.h>

#include "../../core/core.h"
#include "machine.h"
#include "semihosting.h"

/** What the far end of the line says, once the app has sent so many bytes in all. */
struct step {
  uint32_t after;
  uint32_t length;
  const uint8_t *bytes;
};
struct value {
  int32_t key;
  uint32_t length;
  const uint8_t *bytes;
};
#include "script.h" /* struct step steps[], struct value values[], each ended by one that does not count */

static const uint32_t step_count = sizeof steps / sizeof *steps - 1;
static const uint32_t value_count = sizeof values / sizeof *values - 1;
#define KEYS 256
#define VALUE_MAX 1536
#define EXIT_FINE 0x5555u
#define EXIT_FAILED 0x3333u

static uint32_t sent, step, at;
static int64_t now;
/** Counts at each step; printed at the end, because printing a number takes as many instructions as it has digits. */
static uint32_t marks[sizeof steps / sizeof *steps], began;
static int32_t events = AKARI_UART_EVENT_RESET;

static struct {
  bool there;
  int32_t key;
  uint32_t length;
  uint8_t bytes[VALUE_MAX];
} store[KEYS];

static uint32_t retired(void) {
  uint32_t count;
  __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count));
  return count;
}

static void leave(uint32_t how) __attribute__((noreturn));
static void leave(uint32_t how) {
  for (;;) REG32(FINISHER) = how;
}

static void log_text(int32_t level, const char *text, int32_t len) {
  static char line[1100];
  (void)level;
  snprintf(line, sizeof line, "%.*s\n", (int)len, text);
  semihosting_write(line);
}

static void number(const char *what, uint32_t value) {
  char line[64];
  snprintf(line, sizeof line, "%s %lu\n", what, (unsigned long)value);
  semihosting_write(line);
}

static int32_t line_open(int32_t port, int32_t baud, int32_t format) {
  (void)baud, (void)format;
  return port == 0 ? AKARI_OK : AKARI_INVALID;
}

static int32_t line_read(int32_t port, uint8_t *into, int32_t max) {
  if (port != 0) return AKARI_INVALID;
  int32_t n = 0;
  while (n < max && step < step_count && sent >= steps[step].after) {
    if (at == 0) marks[step] = retired();
    while (n < max && at < steps[step].length) into[n++] = steps[step].bytes[at++];
    if (at < steps[step].length) break;
    step++;
    at = 0;
  }
  return n;
}

static int32_t line_write(int32_t port, const uint8_t *from, int32_t len) {
  if (port != 0) return AKARI_INVALID;
  (void)from;
  sent += (uint32_t)len;
  return len;
}

static int32_t line_events(int32_t port) {
  if (port != 0) return AKARI_INVALID;
  int32_t happened = events;
  events = 0;
  return happened;
}

static int64_t clock_now(void) { return now; }
static int64_t clock_retired(void) { return retired() - began; }

/** The same bytes each time: a benchmark keeps no secrets. */
static int32_t entropy_fixed(uint8_t *into, int32_t len) {
  static uint32_t state = 1;
  for (int32_t i = 0; i < len; i++) into[i] = (uint8_t)((state = state * 1664525u + 1013904223u) >> 24);
  return AKARI_OK;
}

static int32_t ram_read(int32_t key, uint8_t *into, int32_t max) {
  for (uint32_t i = 0; i < KEYS; i++) {
    if (!store[i].there || store[i].key != key) continue;
    memcpy(into, store[i].bytes, store[i].length < (uint32_t)max ? store[i].length : (uint32_t)max);
    return (int32_t)store[i].length;
  }
  return AKARI_NOT_FOUND;
}

static int32_t ram_write(int32_t key, const uint8_t *from, int32_t len) {
  if (len > VALUE_MAX) return AKARI_NO_SPACE;
  uint32_t i = 0;
  while (i < KEYS && store[i].there && store[i].key != key) i++;
  if (i == KEYS) return AKARI_NO_SPACE;
  store[i].there = true;
  store[i].key = key;
  store[i].length = (uint32_t)len;
  memcpy(store[i].bytes, from, (size_t)len);
  return AKARI_OK;
}

static int32_t adc(int32_t channel) { return channel == 0 ? 715 : AKARI_INVALID; }

static void rest(int64_t ms) {
  if (step < step_count && sent >= steps[step].after) return;
  if (step == step_count) {
    uint32_t ended = retired();
    for (uint32_t i = 0; i < step_count; i++) number("step", marks[i] - began);
    number("end", ended - began);
    number("sent", sent);
    number("stack", stack_used());
    leave(EXIT_FINE);
  }
  if (ms < 0) {
    number("the script waits, and so does the app; bytes sent:", sent);
    leave(EXIT_FAILED);
  }
  now += ms > 0 ? ms : 1;
}

static void watch(bool on) { (void)on; }
static int32_t cause(void) { return AKARI_RESTART_CAUSE_POWER; }
static void again(int32_t why) __attribute__((noreturn));
static void again(int32_t why) {
  number("restart", (uint32_t)why);
  leave(EXIT_FAILED);
}

void machine_trap(uint32_t why, uint32_t pc);
void machine_trap(uint32_t why, uint32_t pc) {
  number("mcause", why);
  number("mepc", pc);
  leave(EXIT_FAILED);
}

static const struct akari_port PORT = {
    .uart_open = line_open,
    .uart_read = line_read,
    .uart_write = line_write,
    .uart_events = line_events,
    .clock_ms = clock_now,
    .clock_unix_ms = clock_retired,
    .entropy = entropy_fixed,
    .store_read = ram_read,
    .store_write = ram_write,
    .adc_read = adc,
    .log = log_text,
    .idle = rest,
    .watchdog = watch,
    .restart_cause = cause,
    .reset = again,
};

int main(void) {
  for (uint32_t i = 0; i < value_count; i++) ram_write(values[i].key, values[i].bytes, (int32_t)values[i].length);
  began = retired();
  akari_run(&PORT);
  leave(EXIT_FAILED);
}
