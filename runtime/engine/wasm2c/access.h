/* Loads and stores of the module, in place of those at the top of wasm2c's output (access.sed puts them there).
 *
 * Theirs look up the memory's address and size each time and copy byte by byte where a chip wants words aligned: half of
 * the instructions of a cipher on a small core. Here both are constants of the build, and an aligned word is one
 * instruction. The check is the same, and every access goes through it. */
#ifndef AKARI_ACCESS_H
#define AKARI_ACCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of linear memory that the app really uses. The module still sees its whole pages in memory.size; an access
 * beyond this array is a trap like any other. */
#ifndef AKARI_MEMORY_BYTES
#define AKARI_MEMORY_BYTES 65536
#endif

/** The linear memory; aligned to 8. */
extern uint8_t akari_memory[AKARI_MEMORY_BYTES];

#define AKARI_INLINE static inline __attribute__((always_inline))
#define AKARI_COLD static __attribute__((noinline, cold, unused))

/** Whether at..at+len, where `at` is below 2^33, leaves the memory. Two comparisons of 32 bits: small cores have no other. */
AKARI_INLINE bool akari_outside(uint64_t at, uint32_t len) {
  return len > AKARI_MEMORY_BYTES || (uint32_t)(at >> 32) != 0 || (uint32_t)at > AKARI_MEMORY_BYTES - len;
}

/* Defined where a big core shall go by words too, as for the proof of constant time. */
#ifndef AKARI_BY_WORDS
#define AKARI_BY_WORDS 0
#endif

#if !AKARI_BY_WORDS && (defined(__x86_64__) || defined(__i386__) || defined(__aarch64__))

AKARI_INLINE void akari_load(void *to, uint64_t at, uint32_t len) { memcpy(to, akari_memory + at, len); }
AKARI_INLINE void akari_store(uint64_t at, const void *from, uint32_t len) { memcpy(akari_memory + at, from, len); }

#else

/* Words that may lie over anything; what is odd goes byte by byte, out of the way. */
typedef uint16_t __attribute__((may_alias)) akari_half;
typedef uint32_t __attribute__((may_alias)) akari_word;

AKARI_COLD uint32_t akari_load_odd(const uint8_t *from, uint32_t len) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < len; i++) value |= (uint32_t)from[i] << 8 * i;
  return value;
}

AKARI_COLD void akari_store_odd(uint8_t *to, uint32_t value, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) to[i] = (uint8_t)(value >> 8 * i);
}

AKARI_INLINE bool akari_aligned(const uint8_t *place, uint32_t len) { return ((uintptr_t)place & (len - 1)) == 0; }

AKARI_INLINE void akari_load(void *to, uint64_t at, uint32_t len) {
  const uint8_t *from = akari_memory + (uint32_t)at;
  if (len == 1) {
    *(uint8_t *)to = *from;
  } else if (len == 2) {
    uint16_t value = akari_aligned(from, 2) ? *(const akari_half *)from : (uint16_t)akari_load_odd(from, 2);
    memcpy(to, &value, 2);
  } else if (len == 4) {
    uint32_t value = akari_aligned(from, 4) ? *(const akari_word *)from : akari_load_odd(from, 4);
    memcpy(to, &value, 4);
  } else {
    uint32_t low, high;
    if (akari_aligned(from, 4)) {
      low = ((const akari_word *)from)[0];
      high = ((const akari_word *)from)[1];
    } else {
      low = akari_load_odd(from, 4);
      high = akari_load_odd(from + 4, 4);
    }
    uint64_t value = (uint64_t)high << 32 | low;
    memcpy(to, &value, 8);
  }
}

AKARI_INLINE void akari_store(uint64_t at, const void *from, uint32_t len) {
  uint8_t *to = akari_memory + (uint32_t)at;
  if (len == 1) {
    *to = *(const uint8_t *)from;
  } else if (len == 2) {
    uint16_t value;
    memcpy(&value, from, 2);
    if (akari_aligned(to, 2)) *(akari_half *)to = value;
    else akari_store_odd(to, value, 2);
  } else if (len == 4) {
    uint32_t value;
    memcpy(&value, from, 4);
    if (akari_aligned(to, 4)) *(akari_word *)to = value;
    else akari_store_odd(to, value, 4);
  } else {
    uint64_t value;
    memcpy(&value, from, 8);
    if (akari_aligned(to, 4)) {
      ((akari_word *)to)[0] = (uint32_t)value;
      ((akari_word *)to)[1] = (uint32_t)(value >> 32);
    } else {
      akari_store_odd(to, (uint32_t)value, 4);
      akari_store_odd(to + 4, (uint32_t)(value >> 32), 4);
    }
  }
}

#endif
#endif
