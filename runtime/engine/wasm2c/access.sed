# Gives wasm2c's output the loads and stores of access.h. The output of a wabt whose macros read otherwise stays as it is:
# as safe, and slower.
1i\
#include "access.h"
s/(UNLIKELY(offset + (uint64_t)len > mem->size))/(UNLIKELY(akari_outside(offset, len)))/
s/wasm_rt_memcpy(&result, &mem->data\[addr\], sizeof(t1));/akari_load(\&result, addr, sizeof(t1));/
s/wasm_rt_memcpy(&mem->data\[addr\], &wrapped, sizeof(t1));/akari_store(addr, \&wrapped, sizeof(t1));/
# Holds back the compiler where signals do the checking; here it only forces values out of registers.
/wasm_asm("" ::"r"(result));/s/wasm_asm("" ::"r"(result));/                          /
