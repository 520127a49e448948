/* The flash store of the qemu-rv32 port as a program for this machine: memory in the flash's place, power cut after any
 * count of flash operations. usage: store-cuts SEED RUNS; exit 1 and a line on stderr when a value is lost. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"

#define KEYS 24
#define VALUE_MAX 3000

static uint32_t state;
static uint32_t below(uint32_t n) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state % n;
}

static uint32_t left; /* flash operations until the power goes */
static jmp_buf dark;
static unsigned long cuts, moves, full;

static void spend(void) {
  if (left-- == 0) longjmp(dark, 1);
}

bool flash_erase(uint32_t offset) {
  spend();
  moves++;
  /* An erase that is cut off leaves some of the sector as it was. */
  uint32_t bytes = left == 0 ? below(FLASH_SECTOR) & ~3u : FLASH_SECTOR;
  memset((void *)(uintptr_t)(FLASH + offset), 0xff, bytes);
  if (bytes < FLASH_SECTOR) spend();
  return true;
}

bool flash_program(uint32_t offset, uint32_t word) {
  spend();
  uint32_t *cell = (uint32_t *)(uintptr_t)(FLASH + offset);
  if (*cell != UINT32_MAX) {
    fprintf(stderr, "offset %x is written twice\n", offset);
    exit(1);
  }
  *cell = word;
  return true;
}

int64_t clock_ms(void) { return 0; }

struct value {
  int32_t length; /* -3: not there */
  uint8_t bytes[VALUE_MAX];
};
static struct value old[KEYS], fresh;
static volatile int32_t writing; /* key whose write was under way, -1 for none */

static bool holds(int32_t key, const struct value *value) {
  uint8_t bytes[VALUE_MAX];
  int32_t length = store_read(key, bytes, VALUE_MAX);
  return length == value->length && (length < 0 || memcmp(bytes, value->bytes, (size_t)length) == 0);
}

int main(int argc, char **argv) {
  state = (uint32_t)strtoul(argc > 1 ? argv[1] : "1", NULL, 10) * 2654435761u | 1;
  unsigned long runs = strtoul(argc > 2 ? argv[2] : "100", NULL, 10);
  void *at = mmap((void *)(uintptr_t)FLASH, 2 * FLASH_SECTOR, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (at != (void *)(uintptr_t)FLASH) return 2;
  for (int32_t key = 0; key < KEYS; key++) old[key].length = AKARI_NOT_FOUND;
  writing = -1;
  for (volatile unsigned long run = 0; run < runs; run++) {
    if (setjmp(dark) == 0) {
      left = below(4) == 0 ? below(20) : below(40000);
      store_begin();
      for (int32_t key = 0; key < KEYS; key++) {
        if (key == writing && holds(key, &fresh)) old[key] = fresh;
        if (holds(key, &old[key])) continue;
        fprintf(stderr, "run %lu: key %d lost its value%s\n", run, key, key == writing ? " (was being written)" : "");
        return 1;
      }
      for (;;) {
        int32_t key = (int32_t)below(KEYS);
        fresh.length = (int32_t)below(below(8) == 0 ? VALUE_MAX : 100);
        for (int32_t i = 0; i < fresh.length; i++) fresh.bytes[i] = (uint8_t)below(256);
        writing = key;
        int32_t status = store_write(key, fresh.bytes, fresh.length);
        if (status != AKARI_OK) {
          fprintf(stderr, "run %lu: status %d\n", run, status);
          return 1;
        }
        old[key] = fresh;
        writing = -1;
      }
    }
    cuts++;
  }
  /* All that fits and one value more: refused, and nothing is lost. */
  left = UINT32_MAX;
  store_begin();
  static uint8_t large[60000];
  for (int32_t key = 100; key < 110; key++) full += store_write(key, large, sizeof large) == AKARI_NO_SPACE;
  for (int32_t key = 0; key < KEYS; key++) {
    if (!holds(key, &old[key]) && !(key == writing && holds(key, &fresh))) return 1;
  }
  printf("%lu cuts, %lu moves, %lu refused\n", cuts, moves, full);
  return full > 0 && moves > 0 ? 0 : 1;
}
