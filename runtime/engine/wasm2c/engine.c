/* The module as wasm2c made it, ahead of time. AKARI_APP_NAME is the app's name as a string. */
#include "akari_engine.h"
#include "app.h"
#include "rt.h"

const char akari_engine_app_name[] = AKARI_APP_NAME;

static Z_app_instance_t instance;

static const char *reason_of(int trap) {
  if (trap == AKARI_RT_NO_ROOM) return "needs more memory, table entries or signatures than it was built with";
  return wasm_rt_strerror((wasm_rt_trap_t)trap);
}

const char *akari_engine_start(void) {
  int trap = setjmp(akari_rt_trap);
  if (trap) return reason_of(trap);
  Z_app_init_module();
  Z_app_instantiate(&instance, NULL);
  return NULL;
}

const char *akari_engine_call(enum akari_entry entry, int32_t *result) {
  int trap = setjmp(akari_rt_trap);
  if (trap) return reason_of(trap);
  wasm_rt_call_stack_depth = 0;
  *result = 0;
  switch (entry) {
    case AKARI_ENTRY_BOARD_ABI:
      *result = (int32_t)Z_appZ_board_abi(&instance);
      break;
    case AKARI_ENTRY_SETUP:
      Z_appZ_setup(&instance);
      break;
    case AKARI_ENTRY_LOOP:
      *result = (int32_t)Z_appZ_loop(&instance);
      break;
  }
  return NULL;
}

uint8_t *akari_engine_memory(uint32_t *size) {
  wasm_rt_memory_t *memory = Z_appZ_memory(&instance);
  *size = memory->size;
  return memory->data;
}
