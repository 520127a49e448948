/* The module in WAMR's interpreter: it stays data, and can be replaced without building anything again.
 *
 * WAMR takes all memory that it ever needs from one static pool; it is asked for nothing else after the start. It writes to
 * the module while it loads it, so the module's bytes are copied into the pool. AKARI_WAMR_POOL_BYTES must hold that copy,
 * the linear memory, and what the loader makes of the code; a pool that is too small is told at the start. */
#include <stdio.h>
#include <string.h>

#include <wasm_export.h>

#include "akari_engine.h"
#include "wamr.h"

#ifndef AKARI_WAMR_POOL_BYTES
#define AKARI_WAMR_POOL_BYTES (256 * 1024)
#endif
/* What the app's own calls and operands take; exhausted, it is a trap. */
#ifndef AKARI_WAMR_STACK_BYTES
#define AKARI_WAMR_STACK_BYTES (16 * 1024)
#endif

const char akari_engine_app_name[] = AKARI_APP_NAME;

static _Alignas(8) uint8_t pool[AKARI_WAMR_POOL_BYTES];
static char reason[128];

static wasm_module_inst_t instance;
static wasm_exec_env_t environment;
static wasm_memory_inst_t memory;
static wasm_function_inst_t entries[3];
static const char *const ENTRY_NAMES[] = {
    [AKARI_ENTRY_BOARD_ABI] = "board_abi",
    [AKARI_ENTRY_SETUP] = "setup",
    [AKARI_ENTRY_LOOP] = "loop",
};
static const uint32_t ENTRY_RESULTS[] = {[AKARI_ENTRY_BOARD_ABI] = 1, [AKARI_ENTRY_SETUP] = 0, [AKARI_ENTRY_LOOP] = 1};

static const char *because(const char *what, const char *name) {
  snprintf(reason, sizeof reason, what, name);
  return reason;
}

/** WAMR itself would link an import that nobody has to a function that traps. */
static const char *check_imports(wasm_module_t module) {
  int32_t count = wasm_runtime_get_import_count(module);
  for (int32_t i = 0; i < count; i++) {
    wasm_import_t import;
    wasm_runtime_get_import_type(module, i, &import);
    if (import.kind == WASM_IMPORT_EXPORT_KIND_FUNC && import.linked) continue;
    snprintf(reason, sizeof reason, "imports \"%s.%s\", which this board has not, or has with another type",
             import.module_name ? import.module_name : "", import.name ? import.name : "");
    return reason;
  }
  return NULL;
}

static const char *find_entries(void) {
  for (int i = 0; i < 3; i++) {
    entries[i] = wasm_runtime_lookup_function(instance, ENTRY_NAMES[i]);
    if (!entries[i]) return because("has no export \"%s\"", ENTRY_NAMES[i]);
    if (wasm_func_get_param_count(entries[i], instance) != 0 ||
        wasm_func_get_result_count(entries[i], instance) != ENTRY_RESULTS[i])
      return because("its export \"%s\" has another type", ENTRY_NAMES[i]);
    wasm_valkind_t result = WASM_I32;
    if (ENTRY_RESULTS[i]) wasm_func_get_result_types(entries[i], instance, &result);
    if (result != WASM_I32) return because("its export \"%s\" has another type", ENTRY_NAMES[i]);
  }
  memory = wasm_runtime_get_default_memory(instance);
  return memory ? NULL : "has no memory";
}

const char *akari_engine_start(void) {
  RuntimeInitArgs args;
  memset(&args, 0, sizeof args);
  args.mem_alloc_type = Alloc_With_Pool;
  args.mem_alloc_option.pool.heap_buf = pool;
  args.mem_alloc_option.pool.heap_size = sizeof pool;
  args.native_module_name = "board";
  args.native_symbols = akari_wamr_imports(&args.n_native_symbols);
  args.running_mode = Mode_Interp;
  if (!wasm_runtime_full_init(&args)) return "WAMR does not start: its pool is too small, or it was built without an interpreter";
  wasm_runtime_set_log_level(WASM_LOG_LEVEL_ERROR);

  uint32_t size;
  const uint8_t *bytes = akari_wamr_module(&size);
  if (!bytes) return "there is no module";
  uint8_t *copy = wasm_runtime_malloc(size);
  if (!copy) return "WAMR's pool is too small for the module";
  memcpy(copy, bytes, size);
  wasm_module_t module = wasm_runtime_load(copy, size, reason, sizeof reason);
  if (!module) return reason;
  const char *fault = check_imports(module);
  if (fault) return fault;
  instance = wasm_runtime_instantiate(module, AKARI_WAMR_STACK_BYTES, 0, reason, sizeof reason);
  if (!instance) return reason;
  environment = wasm_runtime_create_exec_env(instance, AKARI_WAMR_STACK_BYTES);
  if (!environment) return "WAMR's pool is too small for its stack";
  return find_entries();
}

const char *akari_engine_call(enum akari_entry entry, int32_t *result) {
  uint32_t cells[1] = {0};
  bool fine = wasm_runtime_call_wasm(environment, entries[entry], 0, cells);
  *result = (int32_t)cells[0];
  if (fine) return NULL;
  static const char PREFIX[] = "Exception: ";
  const char *exception = wasm_runtime_get_exception(instance);
  if (!exception) exception = "unknown reason";
  if (strncmp(exception, PREFIX, sizeof PREFIX - 1) == 0) exception += sizeof PREFIX - 1;
  because("%s", exception);
  wasm_runtime_clear_exception(instance);
  return reason;
}

/* The bytes that there are: a loader that shrinks memory to __heap_base has one page of that size. */
uint8_t *akari_engine_memory(uint32_t *size) {
  uint64_t bytes = wasm_memory_get_cur_page_count(memory) * wasm_memory_get_bytes_per_page(memory);
  *size = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
  return wasm_memory_get_base_address(memory);
}
