/* The life of an app: is it for this board, setup(), then loop() whenever it wants a turn or input has come. */
#include <stdio.h>
#include <string.h>

#include "akari_engine.h"
#include "core.h"

const struct akari_port *akari_board;

static const char *const CAUSES[] = {"power", "request", "trap", "watchdog"};

static void say(int32_t level, const char *event, const char *detail) {
  char line[160];
  int len = snprintf(line, sizeof line, "%s: %s%s", akari_engine_app_name, event, detail);
  if (len >= (int)sizeof line) len = sizeof line - 1;
  akari_board->log(level, line, len);
}

/** Calls into the app under the watchdog; a trap starts the board again. */
static int32_t call(enum akari_entry entry) {
  int32_t result;
  akari_board->watchdog(true);
  const char *reason = akari_engine_call(entry, &result);
  akari_board->watchdog(false);
  if (reason) {
    say(AKARI_LOG_LEVEL_ERROR, "trap: ", reason);
    akari_board->reset(AKARI_RESTART_CAUSE_TRAP);
  }
  return result;
}

void akari_run(const struct akari_port *board) {
  akari_board = board;
  const char *reason = akari_engine_start();
  if (reason) {
    say(AKARI_LOG_LEVEL_ERROR, "not started: ", reason);
    return;
  }
  int32_t abi = call(AKARI_ENTRY_BOARD_ABI);
  if (abi > AKARI_BOARD_ABI) {
    char numbers[64];
    snprintf(numbers, sizeof numbers, "needs board ABI %ld, this board has %d", (long)abi, AKARI_BOARD_ABI);
    say(AKARI_LOG_LEVEL_ERROR, "not started: ", numbers);
    return;
  }
  int32_t cause = board->restart_cause();
  say(AKARI_LOG_LEVEL_INFO, "start: ", cause >= 0 && cause <= AKARI_RESTART_CAUSE_WATCHDOG ? CAUSES[cause] : "?");
  call(AKARI_ENTRY_SETUP);
  for (;;) {
    int32_t wait = call(AKARI_ENTRY_LOOP);
    board->idle(wait < 0 ? -1 : wait);
  }
}
