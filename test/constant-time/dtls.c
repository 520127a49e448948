/* The DTLS client as native code: memcheck takes its key, and the data that it sends, as undefined.
 *
 * Input, a line each; `-` for no bytes:   begin RANDOM IDENTITY KEY CID    receive DATAGRAM    write DATA    close    forget
 * Answers, a line each: the datagram that the client sends, and the data that it has received, as hexadecimal.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include "client.h"
#include "rt.h"

enum { DATAGRAM = 2048, IDENTITY = 32, KEY = 160, CID = 224 };

struct Z_board_instance_t {
  int none;
};
static struct Z_board_instance_t board;
static Z_client_instance_t client;

static unsigned char *at(u32 ptr) {
  return (unsigned char *)Z_clientZ_memory(&client)->data + ptr;
}

/* Called by the client's code where the protocol itself makes something known. */
u32 Z_boardZ_declassify(struct Z_board_instance_t *b, u32 ptr, u32 len) {
  (void)b;
  VALGRIND_MAKE_MEM_DEFINED(at(ptr), len);
  return 0;
}

static int unhex(const char *hex, unsigned char *out) {
  int n = 0;
  unsigned byte;
  for (; *hex != '-' && sscanf(hex, "%2x", &byte) == 1; hex += 2) out[n++] = byte;
  return n;
}

static void show(u32 ptr, int len) {
  VALGRIND_MAKE_MEM_DEFINED(at(ptr), len);
  for (int n = 0; n < len; n++) printf("%02x", at(ptr)[n]);
  if (len <= 0) putchar('-');
}

int main(void) {
  static char line[2 * DATAGRAM + 64], one[2 * DATAGRAM + 1], identity[257], key[129], cid[17];
  if (setjmp(akari_rt_trap)) return fputs("the module has trapped\n", stderr), 2;
  Z_client_init_module();
  Z_client_instantiate(&client, &board);
  while (fgets(line, sizeof line, stdin)) {
    u32 secrets = Z_clientZ_credentials(&client), in = Z_clientZ_input(&client);
    u32 data = 0;
    int received = 0;
    if (sscanf(line, "begin %64s %256s %128s %16s", one, identity, key, cid) == 4) {
      unhex(one, at(secrets));
      int identity_len = unhex(identity, at(secrets + IDENTITY)), key_len = unhex(key, at(secrets + KEY));
      int cid_len = unhex(cid, at(secrets + CID));
      VALGRIND_MAKE_MEM_UNDEFINED(at(secrets + KEY), key_len);
      if (Z_clientZ_state(&client) == 0 && Z_clientZ_result(&client) == 0) {
        Z_clientZ_choose(&client, 0, 0, 0, 0, 0, cid_len);
      }
      Z_clientZ_begin(&client, 0, identity_len, key_len);
    } else if (sscanf(line, "receive %4096s", one) == 1) {
      received = Z_clientZ_receive(&client, 0, in, unhex(one, at(in)));
      if (received > 0) data = Z_clientZ_data(&client);
    } else if (sscanf(line, "write %4096s", one) == 1) {
      int len = unhex(one, at(in));
      VALGRIND_MAKE_MEM_UNDEFINED(at(in), len);
      Z_clientZ_write(&client, len);
      VALGRIND_MAKE_MEM_DEFINED(at(in), len);
    } else if (strncmp(line, "close", 5) == 0) {
      Z_clientZ_close(&client);
    } else if (strncmp(line, "forget", 6) == 0) {
      Z_clientZ_forget(&client);
    }
    show(Z_clientZ_output(&client), Z_clientZ_take_output(&client));
    putchar(' ');
    show(data, received);
    putchar('\n');
  }
  return 0;
}
