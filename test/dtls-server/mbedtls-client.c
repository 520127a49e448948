/* A DTLS 1.2 client with a pre-shared key on Mbed TLS: sends each line of its input, and says what comes back.
 *
 *   mbedtls-client PORT IDENTITY KEY [OPTION...]
 *
 * Options:  ccm8, gcm   the only suite     noems   no extended master secret     mfl=N   max_fragment_length of 2^(8+N) bytes
 *           cid=HEX     what it wants to be sent (RFC 9146)
 * Lines with a meaning:  !rebind  goes on from another port     !resume  closes, and resumes the session     !quit
 * Each event is a line on standard output. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/timing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mbedtls_net_context net;
static mbedtls_ssl_context ssl;
static mbedtls_ssl_session session;
static mbedtls_timing_delay_context timer;
static const char *port;
static int with_cid;
static unsigned char cid[32];
static size_t cid_len;

static void must(int result, const char *what) {
  if (result == 0) return;
  printf("failed %s -0x%04x\n", what, (unsigned)-result);
  exit(1);
}

static const char *option(int argc, char **argv, const char *name) {
  size_t length = strlen(name);
  for (int i = 4; i < argc; i++) {
    if (strncmp(argv[i], name, length) != 0) continue;
    if (argv[i][length] == '=') return argv[i] + length + 1;
    if (argv[i][length] == '\0') return argv[i] + length;
  }
  return NULL;
}

static size_t unhex(const char *hex, unsigned char *out, size_t max) {
  size_t n = 0;
  for (; n < max && sscanf(hex, "%2hhx", &out[n]) == 1; hex += 2) n++;
  return n;
}

static void dial(void) {
  mbedtls_net_free(&net);
  mbedtls_net_init(&net);
  must(mbedtls_net_connect(&net, "127.0.0.1", port, MBEDTLS_NET_PROTO_UDP), "connect");
  mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, mbedtls_net_recv_timeout);
}

static void handshake(void) {
  unsigned char peer_cid[MBEDTLS_SSL_CID_OUT_LEN_MAX];
  size_t peer_cid_len;
  int result, has_cid;
  if (with_cid) must(mbedtls_ssl_set_cid(&ssl, MBEDTLS_SSL_CID_ENABLED, cid, cid_len), "cid");
  do result = mbedtls_ssl_handshake(&ssl);
  while (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE);
  if (result != 0) {
    printf("refused -0x%04x\n", (unsigned)-result);
    exit(1);
  }
  must(mbedtls_ssl_get_peer_cid(&ssl, &has_cid, peer_cid, &peer_cid_len), "peer's cid");
  printf("open %s", mbedtls_ssl_get_ciphersuite(&ssl));
  if (has_cid == MBEDTLS_SSL_CID_ENABLED) printf(" cid %zu %zu", cid_len, peer_cid_len);
  printf("\n");
  mbedtls_ssl_session_free(&session);
  must(mbedtls_ssl_get_session(&ssl, &session), "session");
}

int main(int argc, char **argv) {
  static int suites[2];
  static unsigned char key[64], text[16384];
  mbedtls_ssl_config conf;
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  int n;
  if (argc < 4) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  port = argv[1];
  size_t key_len = unhex(argv[3], key, sizeof key);
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&random);
  must(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
  mbedtls_ssl_config_init(&conf);
  must(mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                   MBEDTLS_SSL_PRESET_DEFAULT), "config");
  mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &random);
  must(mbedtls_ssl_conf_psk(&conf, key, key_len, (const unsigned char *)argv[2], strlen(argv[2])), "psk");
  if (option(argc, argv, "ccm8")) suites[0] = MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8;
  if (option(argc, argv, "gcm")) suites[0] = MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256;
  if (suites[0]) mbedtls_ssl_conf_ciphersuites(&conf, suites);
  if (option(argc, argv, "noems")) mbedtls_ssl_conf_extended_master_secret(&conf, MBEDTLS_SSL_EXTENDED_MS_DISABLED);
  if (option(argc, argv, "mfl")) must(mbedtls_ssl_conf_max_frag_len(&conf, atoi(option(argc, argv, "mfl"))), "mfl");
  if (option(argc, argv, "cid")) {
    with_cid = 1;
    cid_len = unhex(option(argc, argv, "cid"), cid, sizeof cid);
    must(mbedtls_ssl_conf_cid(&conf, cid_len, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE), "cid");
  }
  mbedtls_ssl_conf_handshake_timeout(&conf, 200, 3200);
  mbedtls_ssl_conf_read_timeout(&conf, 2000);
  mbedtls_net_init(&net);
  mbedtls_ssl_session_init(&session);
  mbedtls_ssl_init(&ssl);
  must(mbedtls_ssl_setup(&ssl, &conf), "setup");
  mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  dial();
  handshake();
  while (fgets((char *)text, sizeof text, stdin) != NULL) {
    size_t length = strcspn((char *)text, "\n");
    if (strncmp((char *)text, "!quit", 5) == 0) break;
    if (strncmp((char *)text, "!rebind", 7) == 0) {
      dial();
      printf("rebound\n");
      continue;
    }
    if (strncmp((char *)text, "!resume", 7) == 0) {
      mbedtls_ssl_close_notify(&ssl);
      must(mbedtls_ssl_session_reset(&ssl), "reset");
      must(mbedtls_ssl_set_session(&ssl, &session), "set session");
      dial();
      handshake();
      continue;
    }
    if (mbedtls_ssl_write(&ssl, text, length) < 0) printf("not written\n");
    n = mbedtls_ssl_read(&ssl, text, sizeof text);
    if (n > 0) printf("data %d %.*s\n", n, n > 60 ? 60 : n, text);
    else printf("nothing -0x%04x\n", (unsigned)-n);
  }
  mbedtls_ssl_close_notify(&ssl);
  printf("closed\n");
  return 0;
}
