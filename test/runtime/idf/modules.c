/* The slots of the esp-idf port over flash in memory, with the power cut after any count of flash operations: an app's module
 * is replaced again and again, and each start must find a whole module, the newest that has proven itself or is on its first trial. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "declarations.h"
#include "esp.h"

#define SLOT_BYTES 0x8000

static uint8_t flash[2][SLOT_BYTES];
static const esp_partition_t SLOTS[2] = {{.address = 0, .size = SLOT_BYTES}, {.address = 1, .size = SLOT_BYTES}};
static long left;
static jmp_buf cut;

static void operation(void) {
  if (left-- <= 0) longjmp(cut, 1);
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label) {
  (void)type, (void)label;
  return &SLOTS[(int)subtype - 0x40];
}
esp_err_t esp_partition_read(const esp_partition_t *slot, size_t at, void *into, size_t len) {
  memcpy(into, flash[slot->address] + at, len);
  return ESP_OK;
}
/* Bits fall one word after the other; a cut may leave some words written. */
esp_err_t esp_partition_write(const esp_partition_t *slot, size_t at, const void *from, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if ((i & 3) == 0) operation();
    flash[slot->address][at + i] &= ((const uint8_t *)from)[i];
  }
  return ESP_OK;
}
esp_err_t esp_partition_erase_range(const esp_partition_t *slot, size_t at, size_t len) {
  for (size_t i = 0; i < len; i += 4096) {
    operation();
    memset(flash[slot->address] + at + i, 0xff, 4096);
  }
  return ESP_OK;
}
esp_err_t esp_partition_mmap(const esp_partition_t *slot, size_t at, size_t len, esp_partition_mmap_memory_t how,
                             const void **bytes, esp_partition_mmap_handle_t *map) {
  (void)how;
  if (at + len > SLOT_BYTES) return -1;
  *bytes = flash[slot->address] + at;
  *map = 1;
  return ESP_OK;
}
void esp_partition_munmap(esp_partition_mmap_handle_t map) { (void)map; }
/* Not SHA-256: what a checksum must do here is to notice. */
int mbedtls_sha256(const unsigned char *bytes, size_t len, unsigned char *out, int is224) {
  uint32_t hash = 2166136261u + (uint32_t)is224;
  for (size_t i = 0; i < len; i++) hash = (hash ^ bytes[i]) * 16777619u;
  for (int i = 0; i < 32; i++) out[i] = (unsigned char)(hash >> 8 * (i & 3));
  return 0;
}
void esp_port_log(int32_t level, const char *text, int32_t len) { (void)level, (void)text, (void)len; }
static const uint8_t FACTORY[] = {0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 0, 0, 0};
const uint8_t *akari_wamr_embedded(uint32_t *size) { return *size = sizeof FACTORY, FACTORY; }
const uint8_t *akari_wamr_module(uint32_t *size);

void modules_forget(void); /* what a restart forgets; at the end of this program's copy of module.c */

/** Module number n: its length and content follow from n. */
static uint32_t make(uint32_t n, uint8_t *into) {
  uint32_t len = 1000 + n * 37 % 9000;
  memcpy(into, FACTORY, 8);
  memcpy(into + 8, &n, 4);
  for (uint32_t i = 12; i < len; i++) into[i] = (uint8_t)(n * 31 + i);
  return len;
}

/** Number of the module that runs; exits when it is not whole. */
static uint32_t running(void) {
  static uint8_t wanted[SLOT_BYTES];
  uint32_t size, n;
  const uint8_t *bytes = akari_wamr_module(&size);
  if (size == sizeof FACTORY) return 0;
  memcpy(&n, bytes + 8, 4);
  if (size != make(n, wanted) || memcmp(bytes, wanted, size) != 0) {
    printf("module %lu is not whole\n", (unsigned long)n);
    exit(1);
  }
  return n;
}

int main(int argc, char **argv) {
  static uint8_t module[SLOT_BYTES];
  /* volatile: they outlive a longjmp */
  static volatile uint32_t proven, staged, bad, trials, cuts;
  srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
  memset(flash, 0xff, sizeof flash);
  for (volatile int life = 0; life < 4000; life++) {
    modules_forget();
    left = rand() % 3 ? 100000000 : rand() % 6000;
    if (setjmp(cut)) {
      cuts++;
      continue;
    }
    esp_modules_begin();
    uint32_t n = running();
    /* A module that fails its trial is one whose number is a multiple of 3. */
    if (n < proven || n > staged || (n != proven && n == bad)) {
      printf("runs %lu; proven %lu, staged %lu, failed %lu\n", (unsigned long)n, (unsigned long)proven, (unsigned long)staged,
             (unsigned long)bad);
      return 1;
    }
    if (n > proven) {
      trials++;
      if (n % 3 == 0) {
        bad = n;
        continue;
      }
    }
    esp_module_runs();
    proven = n;
    uint32_t next = staged + 1;
    uint32_t len = make(next, module);
    for (uint32_t at = 0; at < len; at += 512) {
      int32_t status = esp_port_firmware_write((int32_t)at, module + at, (int32_t)(len - at < 512 ? len - at : 512));
      if (status != AKARI_OK) return printf("write at %lu: %ld\n", (unsigned long)at, (long)status), 1;
    }
    staged = next; /* a cut in the middle of the commit may leave it valid */
    if (esp_port_firmware_commit((int32_t)len) != AKARI_OK) return printf("commit\n"), 1;
  }
  /* What an app may ask that cannot be. */
  modules_forget();
  left = 100000000;
  esp_modules_begin();
  if (esp_port_firmware_write(-4, module, 4) != AKARI_INVALID || esp_port_firmware_write(2, module, 4) != AKARI_INVALID ||
      esp_port_firmware_write(8192, module, 4) != AKARI_INVALID ||
      esp_port_firmware_write(0, module, SLOT_BYTES) != AKARI_NO_SPACE || esp_port_firmware_commit(100) != AKARI_INVALID)
    return printf("taken what cannot be\n"), 1;
  memset(module, 1, 100);
  if (esp_port_firmware_write(0, module, 100) != AKARI_OK || esp_port_firmware_commit(100) != AKARI_MALFORMED)
    return printf("taken what is no module\n"), 1;
  printf("%lu cuts, %lu trials, proven %lu\n", (unsigned long)cuts, (unsigned long)trials, (unsigned long)proven);
  return 0;
}

#include "module.c"
void modules_forget(void) {
  memset(heads, 0, sizeof heads);
  memset(slots, 0, sizeof slots);
  current = -1;
  on_trial = false;
  erased = 0;
}
