/* The core: answers the imports over a port, and runs the life of one app. One board, one app, no dynamic memory. */
#ifndef AKARI_CORE_H
#define AKARI_CORE_H

#include "akari_port.h"

/** Longest log line that is taken from an app, bytes; the rest is cut off. */
#define AKARI_LOG_LINE_MAX 1024

/** The board that the imports speak to; set by akari_run. */
extern const struct akari_port *akari_board;

/** Runs the app on this board. Returns only when no app can be started: the reason has been logged. */
void akari_run(const struct akari_port *board);

/** The bytes ptr..ptr+len of the module's memory, or NULL when they are not all inside it. */
uint8_t *akari_view(akari_ptr ptr, int32_t len);

#endif
