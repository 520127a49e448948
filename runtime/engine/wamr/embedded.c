/* The module as part of the program: AKARI_APP_FILE is its path at the time of the build. A board that keeps modules elsewhere has
 * an akari_wamr_module of its own. */
#include "wamr.h"

__asm__(
    ".section .rodata\n"
    ".global akari_module_begin\n.global akari_module_end\n.balign 8\n"
    "akari_module_begin:\n.incbin \"" AKARI_APP_FILE "\"\nakari_module_end:\n.byte 0\n"
    ".previous\n");
extern const uint8_t akari_module_begin[], akari_module_end[];

const uint8_t *akari_wamr_embedded(uint32_t *size) {
  *size = (uint32_t)(akari_module_end - akari_module_begin);
  return akari_module_begin;
}

__attribute__((weak)) const uint8_t *akari_wamr_module(uint32_t *size) { return akari_wamr_embedded(size); }
