/* What the core needs of the engine that holds the module: WebAssembly's side of the app, and nothing of the board. */
#ifndef AKARI_ENGINE_H
#define AKARI_ENGINE_H

#include <stdint.h>

enum akari_entry { AKARI_ENTRY_BOARD_ABI, AKARI_ENTRY_SETUP, AKARI_ENTRY_LOOP };

/** Name of the app, for the log. */
extern const char akari_engine_app_name[];

/** Makes the one instance, its memory as the module lays it out. Returns NULL, or why it cannot be. */
const char *akari_engine_start(void);

/** Calls into the instance. Returns NULL with `*result` set (0 for setup), or the reason of the trap that ended it. */
const char *akari_engine_call(enum akari_entry entry, int32_t *result);

/** The linear memory: where it is now, and its size in bytes. */
uint8_t *akari_engine_memory(uint32_t *size);

#endif
