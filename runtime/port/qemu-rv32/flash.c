/* The machine's flash: two 16-bit chips side by side with Intel's command set (JEDEC JEP137, CFI 0001). */
#include "machine.h"

#define BOTH(command) ((uint32_t)(command) << 16 | (command))
#define READ_ARRAY BOTH(0xff)
#define PROGRAM BOTH(0x40)
#define ERASE BOTH(0x20)
#define CONFIRM BOTH(0xd0)
#define CLEAR_STATUS BOTH(0x50)
#define READY BOTH(0x80)
#define FAILED BOTH(0x3a) /* erase, program, voltage or lock */
/** A sector's erase takes seconds at worst. */
#define WAIT_MS 5000

static bool done(uint32_t address) {
  int64_t deadline = clock_ms() + WAIT_MS;
  uint32_t status;
  do status = REG32(address);
  while ((status & READY) != READY && clock_ms() < deadline);
  REG32(address) = CLEAR_STATUS;
  REG32(address) = READ_ARRAY;
  return (status & READY) == READY && !(status & FAILED);
}

bool flash_erase(uint32_t offset) {
  REG32(FLASH + offset) = ERASE;
  REG32(FLASH + offset) = CONFIRM;
  return done(FLASH + offset) && REG32(FLASH + offset) == UINT32_MAX;
}

bool flash_program(uint32_t offset, uint32_t word) {
  REG32(FLASH + offset) = PROGRAM;
  REG32(FLASH + offset) = word;
  return done(FLASH + offset) && REG32(FLASH + offset) == word;
}
