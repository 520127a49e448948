/* The store as a log of records in one of two sectors of flash; the newest whole record of a key is its value.
 *
 * A record is written length first, CRC last, so a power cut leaves one that does not count, and how long it would have
 * been. When a sector is full, what is alive moves to the other, whose head is written last: until then the old sector
 * is the store. All of it is found again at each start: a worn or foreign sector is at worst an empty store. */
#include <string.h>

#include "machine.h"

/* Head of a sector: mark and generation; the higher generation is in force. */
#define MARK 0x4c534b41u /* "AKSL" */
#define HEAD 8
/* A record: length and its complement, key, data in whole words, CRC of all before it. */
#define OVERHEAD 12
#define LENGTH_MAX 0xffff
#define ERASED UINT32_MAX
#define ROUND(n) (((uint32_t)(n) + 3) & ~3u)

/** Offset of the sector in force, and of its first free word. */
static uint32_t sector, end;
static uint32_t generation;
static bool usable;

static uint32_t word_at(uint32_t offset) { return REG32(FLASH + offset); }

static uint32_t crc_word(uint32_t crc, uint32_t word) {
  crc ^= word;
  for (int bit = 0; bit < 32; bit++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
  return crc;
}

/** Length of the record's data; false at the end of the log, or where it is damaged beyond counting. */
static bool record_at(uint32_t base, uint32_t offset, uint32_t *length) {
  if (offset + OVERHEAD > base + FLASH_SECTOR) return false;
  uint32_t word = word_at(offset);
  *length = word & 0xffff;
  return (word >> 16 ^ *length) == 0xffff && offset + OVERHEAD + ROUND(*length) <= base + FLASH_SECTOR;
}

static bool whole(uint32_t offset, uint32_t length) {
  uint32_t crc = ERASED;
  uint32_t last = offset + 8 + ROUND(length);
  for (; offset < last; offset += 4) crc = crc_word(crc, word_at(offset));
  return word_at(last) == crc;
}

/** Offset of the newest whole record of a key, 0 for none. */
static uint32_t find(int32_t key, uint32_t *length) {
  uint32_t found = 0, found_length = 0;
  uint32_t n;
  for (uint32_t at = sector + HEAD; record_at(sector, at, &n); at += OVERHEAD + ROUND(n)) {
    if (word_at(at + 4) != (uint32_t)key || !whole(at, n)) continue;
    found = at;
    found_length = n;
  }
  *length = found_length;
  return found;
}

static bool append(uint32_t *at, int32_t key, const uint8_t *from, uint32_t length) {
  uint32_t words[2] = {length | (~length & 0xffff) << 16, (uint32_t)key};
  uint32_t crc = ERASED;
  for (int i = 0; i < 2; i++, *at += 4) {
    crc = crc_word(crc, words[i]);
    if (!flash_program(*at, words[i])) return false;
  }
  for (uint32_t i = 0; i < length; i += 4, *at += 4) {
    uint32_t word = 0;
    memcpy(&word, from + i, length - i < 4 ? length - i : 4);
    crc = crc_word(crc, word);
    if (!flash_program(*at, word)) return false;
  }
  bool fine = flash_program(*at, crc);
  *at += 4;
  return fine;
}

static bool begin_sector(uint32_t base) {
  /* The mark comes last: a sector without it is not there. */
  return flash_program(base + 4, generation + 1) && flash_program(base, MARK);
}

void store_begin(void) {
  bool found = false;
  for (uint32_t base = 0; base <= FLASH_SECTOR; base += FLASH_SECTOR) {
    if (word_at(base) != MARK || (found && word_at(base + 4) <= generation)) continue;
    found = true;
    sector = base;
    generation = word_at(base + 4);
  }
  usable = found;
  if (!found) {
    sector = 0;
    usable = flash_erase(sector) && begin_sector(sector);
    generation = 1;
  }
  uint32_t n;
  end = sector + HEAD;
  while (record_at(sector, end, &n)) end += OVERHEAD + ROUND(n);
  /* Not erased where the log ends: no more can be written here, the next write moves on. */
  if (end < sector + FLASH_SECTOR && word_at(end) != ERASED) end = sector + FLASH_SECTOR;
}

/** Moves what is alive, and the new value, to the other sector. */
static int32_t move(int32_t key, const uint8_t *from, uint32_t length) {
  uint32_t other = sector ^ FLASH_SECTOR;
  uint32_t needed = HEAD + OVERHEAD + ROUND(length);
  uint32_t n, newest;
  for (uint32_t at = sector + HEAD; record_at(sector, at, &n); at += OVERHEAD + ROUND(n)) {
    int32_t its = (int32_t)word_at(at + 4);
    if (its != key && find(its, &newest) == at) needed += OVERHEAD + ROUND(n);
  }
  if (needed > FLASH_SECTOR) return AKARI_NO_SPACE;
  if (!flash_erase(other)) return AKARI_IO;
  uint32_t to = other + HEAD;
  for (uint32_t at = sector + HEAD; record_at(sector, at, &n); at += OVERHEAD + ROUND(n)) {
    int32_t its = (int32_t)word_at(at + 4);
    if (its == key || find(its, &newest) != at) continue;
    if (!append(&to, its, (const uint8_t *)(FLASH + at + 8), n)) return AKARI_IO;
  }
  if (!append(&to, key, from, length) || !begin_sector(other)) return AKARI_IO;
  sector = other;
  generation++;
  end = to;
  return AKARI_OK;
}

int32_t store_read(int32_t key, uint8_t *into, int32_t max) {
  uint32_t length;
  uint32_t at = usable ? find(key, &length) : 0;
  if (at == 0) return AKARI_NOT_FOUND;
  memcpy(into, (const void *)(FLASH + at + 8), length < (uint32_t)max ? length : (uint32_t)max);
  return (int32_t)length;
}

int32_t store_write(int32_t key, const uint8_t *from, int32_t len) {
  if (len > LENGTH_MAX) return AKARI_NO_SPACE;
  if (!usable) return AKARI_IO;
  uint32_t needed = OVERHEAD + ROUND(len);
  if (needed > sector + FLASH_SECTOR - end) return move(key, from, (uint32_t)len);
  bool fine = append(&end, key, from, (uint32_t)len);
  if (!fine) end = sector + FLASH_SECTOR; /* a bad place: the next write moves on */
  return fine ? AKARI_OK : AKARI_IO;
}
