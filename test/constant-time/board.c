/* The card as native code, on a board whose store knows which bytes are secret: memcheck takes those as undefined and reports every
 * branch and every address that depends on them.
 *
 * Input, a line each:   store KEY HEX MASK     a value; MASK has a digit for each byte, 1 for a secret one
 *                       apdu HEX MASK          a command; its answer is printed as hexadecimal
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include "card.h"
#include "rt.h"

enum { VALUES = 256, VALUE_BYTES = 4096, NOT_FOUND = -3, NO_SPACE = -4 };

static struct {
  unsigned key;
  int len;
  unsigned char bytes[VALUE_BYTES];
  unsigned char secret[VALUE_BYTES];
} store[VALUES];
static int values;

struct Z_board_instance_t {
  int none;
};
static struct Z_board_instance_t board;
static Z_card_instance_t card;

static unsigned char *at(u32 ptr) {
  return (unsigned char *)Z_cardZ_memory(&card)->data + ptr;
}

static int find(unsigned key) {
  int i = 0;
  while (i < values && store[i].key != key) i++;
  return i;
}

u32 Z_boardZ_store_read(struct Z_board_instance_t *b, u32 key, u32 ptr, u32 max) {
  (void)b;
  int i = find(key);
  if (i == values) return (u32)NOT_FOUND;
  int len = store[i].len < (int)max ? store[i].len : (int)max;
  memcpy(at(ptr), store[i].bytes, len);
  for (int n = 0; n < len; n++) {
    if (store[i].secret[n]) VALGRIND_MAKE_MEM_UNDEFINED(at(ptr) + n, 1);
  }
  return store[i].len;
}

u32 Z_boardZ_store_write(struct Z_board_instance_t *b, u32 key, u32 ptr, u32 len) {
  (void)b;
  int i = find(key);
  if (i == VALUES || len > VALUE_BYTES) return (u32)NO_SPACE;
  if (i == values) store[values++].key = key;
  store[i].len = len;
  memcpy(store[i].bytes, at(ptr), len);
  VALGRIND_MAKE_MEM_DEFINED(store[i].bytes, len);
  return 0;
}

/* Called by the card's code where the protocol itself makes something known. */
u32 Z_boardZ_declassify(struct Z_board_instance_t *b, u32 ptr, u32 len) {
  (void)b;
  VALGRIND_MAKE_MEM_DEFINED(at(ptr), len);
  return 0;
}

u64 Z_boardZ_clock_ms(struct Z_board_instance_t *b) { return (void)b, 0; }
u32 Z_boardZ_uart_open(struct Z_board_instance_t *b, u32 port, u32 baud, u32 format) {
  return (void)b, (void)port, (void)baud, (void)format, 0;
}
u32 Z_boardZ_uart_read(struct Z_board_instance_t *b, u32 port, u32 ptr, u32 max) {
  return (void)b, (void)port, (void)ptr, (void)max, 0;
}
u32 Z_boardZ_uart_write(struct Z_board_instance_t *b, u32 port, u32 ptr, u32 len) {
  return (void)b, (void)port, (void)ptr, len;
}
u32 Z_boardZ_uart_events(struct Z_board_instance_t *b, u32 port) { return (void)b, (void)port, 0; }

static int unhex(const char *hex, unsigned char *out) {
  int n = 0;
  unsigned byte;
  for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) out[n++] = byte;
  return n;
}

int main(void) {
  static char line[3 * VALUE_BYTES + 64], hex[2 * VALUE_BYTES + 1], mask[VALUE_BYTES + 1];
  unsigned key;
  if (setjmp(akari_rt_trap)) return fputs("the module has trapped\n", stderr), 2;
  Z_card_init_module();
  Z_card_instantiate(&card, &board);
  int ready = 0;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "store %u %8192s %4096s", &key, hex, mask) == 3) {
      store[values].key = key;
      store[values].len = unhex(hex, store[values].bytes);
      for (int n = 0; mask[n]; n++) store[values].secret[n] = mask[n] == '1';
      values++;
    } else if (sscanf(line, "apdu %8192s %4096s", hex, mask) == 2) {
      if (!ready) {
        Z_cardZ_setup(&card);
        Z_cardZ_apdu_reset(&card);
        ready = 1;
      }
      unsigned char *buffer = at(Z_cardZ_apdu_buffer(&card));
      int len = unhex(hex, buffer);
      for (int n = 0; n < len; n++) {
        if (mask[n] == '1') VALGRIND_MAKE_MEM_UNDEFINED(buffer + n, 1);
      }
      len = Z_cardZ_apdu(&card, len);
      VALGRIND_MAKE_MEM_DEFINED(buffer, len);
      for (int n = 0; n < len; n++) printf("%02x", buffer[n]);
      putchar('\n');
    }
  }
  return 0;
}
