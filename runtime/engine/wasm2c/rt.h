/* Between rt.c and engine.c. */
#ifndef AKARI_RT_H
#define AKARI_RT_H

#include <setjmp.h>

/** Where a trap goes; set before every call into the module. */
extern jmp_buf akari_rt_trap;

/** Besides wasm_rt_trap_t: the module needs more memory, table or signatures than this build has. */
#define AKARI_RT_NO_ROOM 255

#endif
