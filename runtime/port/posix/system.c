#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "posix.h"

/** From restart to setup(): what a small chip's boot loader takes; also keeps an app that always traps from spinning. */
#define BOOT_MS 250
#define ENVIRONMENT_MAX 512

static int64_t started_ms;
static int watchdog_s;
static char **arguments;

/* The restart cause is kept over the restart, which is an exec, in the environment. The new one is laid out beforehand:
 * the watchdog restarts from a signal handler. */
#define CAUSE "AKARI_RESTART_CAUSE="
static char cause_entry[] = CAUSE "0";
static char *environment[ENVIRONMENT_MAX];
static int32_t cause;

static int64_t milliseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void bite(int signal) {
  (void)signal;
  static const char TEXT[] = "watchdog: the app did not come back\n";
  if (write(STDERR_FILENO, TEXT, sizeof TEXT - 1) < 0) {
    /* nobody reads the log */
  }
  posix_reset(AKARI_RESTART_CAUSE_WATCHDOG);
}

void posix_system_begin(char **argv, int watchdog_seconds) {
  extern char **environ;
  started_ms = milliseconds(CLOCK_MONOTONIC);
  arguments = argv;
  watchdog_s = watchdog_seconds;
  const char *kept = getenv("AKARI_RESTART_CAUSE");
  cause = kept && kept[0] >= '0' && kept[0] <= '3' && !kept[1] ? kept[0] - '0' : AKARI_RESTART_CAUSE_POWER;
  int n = 0;
  for (char **entry = environ; *entry && n < ENVIRONMENT_MAX - 2; entry++) {
    if (strncmp(*entry, CAUSE, strlen(CAUSE)) != 0) environment[n++] = *entry;
  }
  environment[n++] = cause_entry;
  environment[n] = NULL;
  /* Not deferred: a blocked signal would stay blocked over the exec. */
  struct sigaction action = {.sa_handler = bite, .sa_flags = SA_NODEFER};
  sigaction(SIGALRM, &action, NULL);
}

int64_t posix_clock_ms(void) { return milliseconds(CLOCK_MONOTONIC) - started_ms; }

int64_t posix_clock_unix_ms(void) { return milliseconds(CLOCK_REALTIME); }

int32_t posix_entropy(uint8_t *into, int32_t len) {
  while (len > 0) {
    ssize_t got = getrandom(into, (size_t)len, 0);
    if (got < 0 && errno != EINTR) return AKARI_IO;
    if (got > 0) {
      into += got;
      len -= (int32_t)got;
    }
  }
  return AKARI_OK;
}

/** One line of text on stderr, whatever the app put into it. */
void posix_log(int32_t level, const char *text, int32_t len) {
  static const char *const LEVELS[] = {"error", "warn ", "info ", "debug"};
  char line[1200];
  int64_t now = posix_clock_ms();
  int n = snprintf(line, 64, "%6lld.%03d %s ", (long long)(now / 1000), (int)(now % 1000), LEVELS[level]);
  for (int32_t i = 0; i < len && n < (int)sizeof line - 1; i++) {
    unsigned char c = (unsigned char)text[i];
    line[n++] = c < 0x20 || c == 0x7f ? '.' : (char)c;
  }
  line[n++] = '\n';
  if (write(STDERR_FILENO, line, (size_t)n) < 0) {
    /* nobody reads the log */
  }
}

void posix_watchdog(bool on) {
  struct itimerval timer = {.it_value = {.tv_sec = on ? watchdog_s : 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

int32_t posix_restart_cause(void) { return cause; }

/* Everything here may be called from a signal handler. */
void posix_reset(int32_t why) {
  posix_watchdog(false);
  cause_entry[sizeof cause_entry - 2] = (char)('0' + why);
  struct timespec boot = {.tv_nsec = BOOT_MS * 1000000L};
  nanosleep(&boot, NULL);
  execve("/proc/self/exe", arguments, environment);
  _exit(1);
}
