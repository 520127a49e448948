#include "akari_engine.h"
#include "core.h"

uint8_t *akari_view(akari_ptr ptr, int32_t len) {
  uint32_t size;
  uint8_t *memory = akari_engine_memory(&size);
  /* Compared by subtraction: ptr + len could wrap around. */
  if (len < 0 || ptr > size || (uint32_t)len > size - ptr) return NULL;
  return memory + ptr;
}
