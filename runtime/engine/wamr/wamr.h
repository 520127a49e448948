/* Between the engine and its surroundings. */
#ifndef AKARI_WAMR_H
#define AKARI_WAMR_H

#include <stdint.h>

#include <wasm_export.h>

/** The module to run, which may lie in flash: the embedded one unless the port has its own. NULL when there is none. */
const uint8_t *akari_wamr_module(uint32_t *size);

/** embedded.c: the module inside the program. */
const uint8_t *akari_wamr_embedded(uint32_t *size);

/** imports.c: the board's functions as WAMR wants them. WAMR sorts the list, and keeps it. */
NativeSymbol *akari_wamr_imports(uint32_t *count);

#endif
