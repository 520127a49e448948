/* The functions that wasm2c's output calls (wasm-rt.h of wabt), without dynamic memory and without signals: linear
 * memory and table are static arrays of the size that the build was told, a trap is a longjmp to the engine. */
#include <stdarg.h>

#include "access.h"
#include "rt.h"

#include "wasm-rt.h"

#define PAGE 65536u

/* Entries of the table of functions for indirect calls. */
#ifndef AKARI_TABLE_ENTRIES
#define AKARI_TABLE_ENTRIES 16
#endif
/* Different signatures of functions. */
#ifndef AKARI_SIGNATURES
#define AKARI_SIGNATURES 64
#endif
/* Parameters and results of one signature. */
#define SIGNATURE_MAX 16

_Alignas(8) uint8_t akari_memory[AKARI_MEMORY_BYTES];
static wasm_rt_funcref_t table_entries[AKARI_TABLE_ENTRIES];

static struct {
  uint8_t params, results;
  uint8_t types[SIGNATURE_MAX];
} signatures[AKARI_SIGNATURES];
static uint32_t signature_count;

uint32_t wasm_rt_call_stack_depth;
jmp_buf akari_rt_trap;

void wasm_rt_trap(wasm_rt_trap_t reason) { longjmp(akari_rt_trap, (int)reason); }

bool wasm_rt_is_initialized(void) { return true; }

const char *wasm_rt_strerror(wasm_rt_trap_t reason) {
  switch (reason) {
    case WASM_RT_TRAP_OOB:
      return "memory access out of bounds";
    case WASM_RT_TRAP_INT_OVERFLOW:
      return "integer overflow";
    case WASM_RT_TRAP_DIV_BY_ZERO:
      return "divide by zero";
    case WASM_RT_TRAP_INVALID_CONVERSION:
      return "not a number made an integer";
    case WASM_RT_TRAP_UNREACHABLE:
      return "unreachable";
    case WASM_RT_TRAP_CALL_INDIRECT:
      return "indirect call of no function, or one of another type";
    case WASM_RT_TRAP_EXHAUSTION:
      return "call stack exhausted";
    default:
      return "unknown reason";
  }
}

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...) {
  uint8_t types[SIGNATURE_MAX] = {0};
  if (params > SIGNATURE_MAX || results > SIGNATURE_MAX - params) longjmp(akari_rt_trap, AKARI_RT_NO_ROOM);
  va_list args;
  va_start(args, results);
  for (uint32_t i = 0; i < params + results; i++) types[i] = (uint8_t)va_arg(args, int);
  va_end(args);
  for (uint32_t i = 0; i < signature_count; i++) {
    if (signatures[i].params == params && signatures[i].results == results &&
        memcmp(signatures[i].types, types, sizeof types) == 0)
      return i + 1;
  }
  if (signature_count == AKARI_SIGNATURES) longjmp(akari_rt_trap, AKARI_RT_NO_ROOM);
  signatures[signature_count].params = (uint8_t)params;
  signatures[signature_count].results = (uint8_t)results;
  memcpy(signatures[signature_count].types, types, sizeof types);
  return ++signature_count;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *memory, uint32_t pages, uint32_t max_pages) {
  if ((uint64_t)pages * PAGE < AKARI_MEMORY_BYTES) longjmp(akari_rt_trap, AKARI_RT_NO_ROOM);
  memory->data = akari_memory;
  memory->size = AKARI_MEMORY_BYTES;
  memory->pages = pages;
  memory->max_pages = max_pages;
}

/* The array is all there is. */
uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *memory, uint32_t pages) {
  return pages == 0 ? memory->pages : UINT32_MAX;
}

void wasm_rt_free_memory(wasm_rt_memory_t *memory) { (void)memory; }

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *table, uint32_t entries, uint32_t max_entries) {
  if (entries > AKARI_TABLE_ENTRIES) longjmp(akari_rt_trap, AKARI_RT_NO_ROOM);
  table->data = table_entries;
  table->size = entries;
  table->max_size = max_entries;
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *table) { (void)table; }
