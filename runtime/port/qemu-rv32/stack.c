/* How deep the stack has been: start.S has painted it, and what is no longer paint was used. */
#include "machine.h"

#define PAINT 0x5ca1ab1eu
/** Less than this left untouched is too close: an interrupt's frame, or the log's own need, may be next. */
#define RESERVE 1024

extern uint32_t __stack_bottom[], __stack[];

uint32_t stack_bytes(void) { return (uint32_t)((uintptr_t)__stack - (uintptr_t)__stack_bottom); }

uint32_t stack_used(void) {
  /* The paint ends where something was written, also when that was long ago. */
  const volatile uint32_t *place = __stack_bottom;
  while (place < __stack && *place == PAINT) place++;
  return (uint32_t)((uintptr_t)__stack - (uintptr_t)place);
}

bool stack_fine(void) { return stack_used() + RESERVE <= stack_bytes(); }
