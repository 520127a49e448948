/* The app's module in two slots of flash, so that a new one comes over the air while the old one stays; and a third, with which
 * the board left the factory, inside the program.
 *
 * A slot's first sector is its head, written when all of the module is there. A module runs on trial once: it stays when it
 * has had a whole turn, else the next start takes the one before. The head's words only ever lose bits, so each step is one
 * write. The slots are not encrypted: a module holds no secrets. */
#include "sdkconfig.h"
#ifdef CONFIG_AKARI_ENGINE_WAMR

#include <stdio.h>
#include <string.h>

#include "esp.h"
#include "esp_partition.h"
#include "mbedtls/sha256.h"
#include "wamr.h"

#define MARK 0x4d4b4148u
#define HEAD_BYTES 4096
#define SECTOR 4096
#define UNWRITTEN UINT32_MAX
#define SLOTS 2
#define SUBTYPE(slot) ((esp_partition_subtype_t)(0x40 + (slot)))

struct head {
  uint32_t generation;
  uint32_t length;
  uint8_t sha256[32];
  uint32_t mark;
  /** Unwritten until the module was first started, and until it has had a whole turn. */
  uint32_t tried, proven;
};

static const esp_partition_t *slots[SLOTS];
static struct head heads[SLOTS];
/** The slot in force; -1 for the module inside the program. */
static int current = -1;
static bool on_trial;
/** The first byte of the other slot that was not erased for the image that is being staged. */
static uint32_t erased;

static bool digest_of(const esp_partition_t *slot, uint32_t length, uint8_t sha256[32]) {
  const void *bytes;
  esp_partition_mmap_handle_t map;
  if (esp_partition_mmap(slot, HEAD_BYTES, length, ESP_PARTITION_MMAP_DATA, &bytes, &map) != ESP_OK) return false;
  bool fine = mbedtls_sha256(bytes, length, sha256, 0) == 0;
  esp_partition_munmap(map);
  return fine;
}

static bool whole(int i) {
  uint8_t sha256[32];
  return slots[i] && heads[i].mark == MARK && heads[i].length > 0 && heads[i].length <= slots[i]->size - HEAD_BYTES &&
         digest_of(slots[i], heads[i].length, sha256) && memcmp(sha256, heads[i].sha256, sizeof sha256) == 0;
}

static bool strike(int i, size_t offset) {
  static const uint32_t done = 0;
  return esp_partition_write(slots[i], offset, &done, sizeof done) == ESP_OK;
}

void esp_modules_begin(void) {
  for (int i = 0; i < SLOTS; i++) {
    slots[i] = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, SUBTYPE(i), NULL);
    if (slots[i] && esp_partition_read(slots[i], 0, &heads[i], sizeof heads[i]) != ESP_OK) slots[i] = NULL;
    bool failed_trial = heads[i].tried != UNWRITTEN && heads[i].proven == UNWRITTEN;
    if (failed_trial || !whole(i)) continue;
    if (current < 0 || heads[i].generation > heads[current].generation) current = i;
  }
  on_trial = current >= 0 && heads[current].proven == UNWRITTEN;
  if (on_trial && !strike(current, offsetof(struct head, tried))) current = -1;
  char text[80];
  int len = current < 0 ? snprintf(text, sizeof text, "module: the one in the program")
                        : snprintf(text, sizeof text, "module: generation %lu in slot %d%s",
                                   (unsigned long)heads[current].generation, current, on_trial ? ", on trial" : "");
  esp_port_log(AKARI_LOG_LEVEL_INFO, text, len);
}

void esp_module_runs(void) {
  if (!on_trial) return;
  on_trial = false;
  strike(current, offsetof(struct head, proven));
}

const uint8_t *akari_wamr_module(uint32_t *size) {
  const void *bytes;
  esp_partition_mmap_handle_t map;
  if (current < 0 || esp_partition_mmap(slots[current], HEAD_BYTES, heads[current].length, ESP_PARTITION_MMAP_DATA, &bytes,
                                        &map) != ESP_OK)
    return akari_wamr_embedded(size);
  *size = heads[current].length;
  return bytes;
}

static int other(void) { return current == 0 ? 1 : 0; }

int32_t esp_port_firmware_write(int32_t offset, const uint8_t *from, int32_t len) {
  const esp_partition_t *slot = slots[other()];
  if (!slot) return AKARI_UNSUPPORTED;
  /* Flash is written in words, and erased in the order in which it comes. */
  if (offset < 0 || (offset & 3) != 0) return AKARI_INVALID;
  uint32_t begin = HEAD_BYTES + (uint32_t)offset;
  if (begin > slot->size || (uint32_t)len > slot->size - begin) return AKARI_NO_SPACE;
  if (offset == 0) erased = 0;
  uint32_t end = (begin + (uint32_t)len + SECTOR - 1) / SECTOR * SECTOR;
  if (begin > (erased > HEAD_BYTES ? erased : HEAD_BYTES)) return AKARI_INVALID;
  if (end > erased) {
    if (esp_partition_erase_range(slot, erased, end - erased) != ESP_OK) return AKARI_IO;
    erased = end;
  }
  return esp_partition_write(slot, begin, from, (size_t)len) == ESP_OK ? AKARI_OK : AKARI_IO;
}

int32_t esp_port_firmware_commit(int32_t len) {
  static const uint8_t MAGIC[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
  const esp_partition_t *slot = slots[other()];
  if (!slot) return AKARI_UNSUPPORTED;
  if (len < (int32_t)sizeof MAGIC || (uint32_t)len > slot->size - HEAD_BYTES || HEAD_BYTES + (uint32_t)len > erased)
    return AKARI_INVALID;
  uint8_t start[sizeof MAGIC];
  if (esp_partition_read(slot, HEAD_BYTES, start, sizeof start) != ESP_OK) return AKARI_IO;
  if (memcmp(start, MAGIC, sizeof MAGIC) != 0) return AKARI_MALFORMED;
  struct head head = {.generation = (current < 0 ? 0 : heads[current].generation) + 1,
                      .length = (uint32_t)len,
                      .mark = MARK,
                      .tried = UNWRITTEN,
                      .proven = UNWRITTEN};
  if (!digest_of(slot, head.length, head.sha256)) return AKARI_IO;
  erased = 0;
  /* The mark comes last: a slot without it is empty. */
  size_t before = offsetof(struct head, mark);
  bool fine = esp_partition_write(slot, 0, &head, before) == ESP_OK &&
              esp_partition_write(slot, before, &head.mark, sizeof head.mark) == ESP_OK;
  return fine ? AKARI_OK : AKARI_IO;
}

#endif
