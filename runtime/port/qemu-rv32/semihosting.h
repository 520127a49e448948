/* Text for the debugger's console (RISC-V semihosting, operation 4). QEMU knows the call by the three instructions, which
 * must not be compressed and must lie on one page. */
#ifndef AKARI_SEMIHOSTING_H
#define AKARI_SEMIHOSTING_H

#include <stdint.h>

__attribute__((noinline)) static void semihosting_write(const char *text) {
  register uint32_t operation __asm__("a0") = 4; /* SYS_WRITE0 */
  register const char *argument __asm__("a1") = text;
  __asm__ volatile(
      ".option push\n.option norvc\n.align 4\n"
      "slli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n"
      ".option pop"
      : "+r"(operation)
      : "r"(argument)
      : "memory");
}

#endif
