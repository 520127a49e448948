#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "semihosting.h"

#define MTIMECMP (CLINT + 0x4000)
#define MTIME (CLINT + 0xbff8)
#define TICKS_PER_MS 10000u /* mtime counts at 10 MHz */
#define WATCHDOG_MS 8000
#define NEVER UINT64_MAX

#define PLIC_PRIORITY(source) (PLIC + 4 * (source))
#define PLIC_ENABLE (PLIC + 0x2000)
#define PLIC_THRESHOLD (PLIC + 0x200000)
#define PLIC_CLAIM (PLIC + 0x200004)
#define UART_SOURCE 10

#define MSTATUS_MIE (1u << 3)
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)
#define CAUSE_TIMER 0x80000007u

#define FINISHER_RESET 0x7777u

#define CSR(instruction, csr, value) \
  __asm__ volatile(".option push\n.option arch, +zicsr\n" #instruction " " #csr ", %0\n.option pop" ::"r"(value))

/* The restart cause, in RAM that a reset leaves alone; the mark tells it from what power-on leaves there. */
#define RETAINED_MARK 0x416b0000u
extern uint32_t __retained;

static int32_t cause;
static uint64_t started;

static uint64_t ticks(void) {
  uint32_t high, low;
  do {
    high = REG32(MTIME + 4);
    low = REG32(MTIME);
  } while (high != REG32(MTIME + 4));
  return (uint64_t)high << 32 | low;
}

static void alarm_at(uint64_t time) {
  REG32(MTIMECMP + 4) = UINT32_MAX; /* no early alarm between the two halves */
  REG32(MTIMECMP) = (uint32_t)time;
  REG32(MTIMECMP + 4) = (uint32_t)(time >> 32);
}

void system_begin(void) {
  started = ticks();
  volatile uint32_t *retained = &__retained;
  cause = (*retained & ~3u) == RETAINED_MARK ? (int32_t)(*retained & 3u) : AKARI_RESTART_CAUSE_POWER;
  *retained = 0;
  alarm_at(NEVER);
  REG32(PLIC_PRIORITY(UART_SOURCE)) = 1;
  REG32(PLIC_ENABLE) = 1u << UART_SOURCE;
  REG32(PLIC_THRESHOLD) = 0;
}

int64_t clock_ms(void) { return (int64_t)((ticks() - started) / TICKS_PER_MS); }

int64_t clock_unix_ms(void) {
  uint64_t low = REG32(RTC); /* latches the other half */
  return (int64_t)(((uint64_t)REG32(RTC + 4) << 32 | low) / 1000000u);
}

/** Says how deep the stack has been whenever that is more than before; restarts when it came too close to its end. */
static void watch_stack(void) {
  static uint32_t told;
  uint32_t used = stack_used();
  if (used <= told) return;
  char text[64];
  bool fine = stack_fine();
  int len = snprintf(text, sizeof text, "stack: %lu of %lu bytes used", (unsigned long)used, (unsigned long)stack_bytes());
  log_line(fine ? AKARI_LOG_LEVEL_DEBUG : AKARI_LOG_LEVEL_ERROR, text, len);
  if (!fine) reset(AKARI_RESTART_CAUSE_TRAP);
  told = stack_used(); /* with what the log took */
}

/* Interrupts are never taken here: wfi ends as soon as one that is enabled waits, and the caller looks by itself. */
void idle(int64_t ms) {
  watch_stack();
  uint64_t until = ms < 0 ? NEVER : ticks() + (uint64_t)ms * TICKS_PER_MS;
  alarm_at(until);
  CSR(csrw, mie, MIE_TIMER | MIE_EXTERNAL);
  while (!uart_fill() && ticks() < until) {
    __asm__ volatile("wfi");
    uint32_t source = REG32(PLIC_CLAIM);
    if (source) REG32(PLIC_CLAIM) = source;
  }
  CSR(csrw, mie, 0);
  alarm_at(NEVER);
}

/* The machine has no watchdog: its timer's interrupt stands in, the only one that is ever taken. */
void watchdog(bool on) {
  if (on) {
    alarm_at(ticks() + (uint64_t)WATCHDOG_MS * TICKS_PER_MS);
    CSR(csrw, mie, MIE_TIMER);
    CSR(csrs, mstatus, MSTATUS_MIE);
  } else {
    CSR(csrc, mstatus, MSTATUS_MIE);
    alarm_at(NEVER);
  }
}

int32_t restart_cause(void) { return cause; }

void reset(int32_t why) {
  CSR(csrc, mstatus, MSTATUS_MIE);
  volatile uint32_t *retained = &__retained;
  *retained = RETAINED_MARK | (uint32_t)why;
  /* Once: the machine resets a little later, and a second wish would reset what has started by then. */
  CSR(csrw, mie, 0);
  REG32(FINISHER) = FINISHER_RESET;
  for (;;) __asm__ volatile("wfi");
}

/** What the processor itself complains of; from start.S, on a fresh stack. */
void machine_trap(uint32_t why, uint32_t pc) __attribute__((noreturn));
void machine_trap(uint32_t why, uint32_t pc) {
  if (why == CAUSE_TIMER) {
    static const char TEXT[] = "watchdog: the app did not come back";
    log_line(AKARI_LOG_LEVEL_ERROR, TEXT, sizeof TEXT - 1);
    reset(AKARI_RESTART_CAUSE_WATCHDOG);
  }
  char text[64];
  int len = snprintf(text, sizeof text, "fault of the runtime: mcause %08lx at %08lx", (unsigned long)why, (unsigned long)pc);
  log_line(AKARI_LOG_LEVEL_ERROR, text, len);
  reset(AKARI_RESTART_CAUSE_TRAP);
}

/* The log leaves by semihosting, so that the one UART is the modem's alone. */
void log_line(int32_t level, const char *text, int32_t len) {
  static const char *const LEVELS[] = {"error", "warn ", "info ", "debug"};
  static char line[1100];
  uint32_t now = (uint32_t)clock_ms();
  int n = snprintf(line, 32, "%6lu.%03lu %s ", (unsigned long)(now / 1000), (unsigned long)(now % 1000), LEVELS[level]);
  for (int32_t i = 0; i < len && n < (int)sizeof line - 2; i++) {
    unsigned char c = (unsigned char)text[i];
    line[n++] = c < 0x20 || c == 0x7f ? '.' : (char)c;
  }
  line[n++] = '\n';
  line[n] = '\0';
  semihosting_write(line);
}
