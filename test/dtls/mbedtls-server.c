/* A DTLS 1.2 server with a pre-shared key on Mbed TLS, for one client after another: it echoes what it gets.
 *
 *   mbedtls-server PORT IDENTITY KEY [OPTION...]
 *
 * Options:  ccm8, gcm     the only suite        noems   no extended master secret     nocookie   no HelloVerifyRequest
 *           mtu=N         of its datagrams      sid     sessions can be resumed       cid=HEX    what it wants to be sent (RFC 9146)
 * The text "renegotiate" from a client makes it ask for a renegotiation instead. Each event is a line on standard output.
 *
 * The socket is connected to nobody, so that a client with a connection ID is heard from wherever it is, and answered there (RFC 9146 6). */
#include <arpa/inet.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int udp;
/* Whom it answers, and who was heard last. */
static struct sockaddr_in peer, heard;
static int moves;
static mbedtls_ssl_context ssl;
static mbedtls_ssl_config conf;
static mbedtls_ssl_cookie_ctx cookie;
static mbedtls_ssl_cache_context cache;
static mbedtls_timing_delay_context timer;

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

static int send_to(void *context, const unsigned char *bytes, size_t length) {
  (void)context;
  return sendto(udp, bytes, length, 0, (struct sockaddr *)&peer, sizeof peer);
}

static int receive(void *context, unsigned char *out, size_t max, uint32_t timeout) {
  struct pollfd ready = {.fd = udp, .events = POLLIN};
  (void)context;
  for (;;) {
    socklen_t length = sizeof heard;
    if (poll(&ready, 1, timeout == 0 ? -1 : (int)timeout) == 0) return MBEDTLS_ERR_SSL_TIMEOUT;
    int n = recvfrom(udp, out, max, 0, (struct sockaddr *)&heard, &length);
    if (n >= 0 && (moves || memcmp(&heard, &peer, sizeof peer) == 0)) return n;
  }
}

/* Waits for the first datagram of a client, and leaves it there. */
static void await_client(void) {
  unsigned char first;
  socklen_t length = sizeof peer;
  while (recvfrom(udp, &first, 1, MSG_PEEK, (struct sockaddr *)&peer, &length) < 0) continue;
}

static void serve(void) {
  unsigned char text[2048];
  for (;;) {
    int n = mbedtls_ssl_read(&ssl, text, sizeof text);
    if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE) continue;
    if (n <= 0) {
      printf("ended -0x%04x\n", (unsigned)-n);
      return;
    }
    if (memcmp(&heard, &peer, sizeof peer) != 0) {
      peer = heard;
      printf("moved\n");
    }
    if (n == 11 && memcmp(text, "renegotiate", 11) == 0) {
      printf("renegotiate -0x%04x\n", (unsigned)-mbedtls_ssl_renegotiate(&ssl));
      continue;
    }
    printf("data %d\n", n);
    while (mbedtls_ssl_write(&ssl, text, n) == MBEDTLS_ERR_SSL_WANT_WRITE) continue;
  }
}

int main(int argc, char **argv) {
  static int suites[3];
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  unsigned char key[64], cid[32], peer_cid[MBEDTLS_SSL_CID_OUT_LEN_MAX];
  size_t key_len, cid_len = 0, peer_cid_len;
  int result, has_cid;
  if (argc < 4) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  key_len = unhex(argv[3], key, sizeof key);
  if (option(argc, argv, "ccm8")) suites[0] = MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8;
  if (option(argc, argv, "gcm")) suites[0] = MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256;

  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&random);
  must(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
  mbedtls_ssl_config_init(&conf);
  must(mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                   MBEDTLS_SSL_PRESET_DEFAULT), "config");
  mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &random);
  must(mbedtls_ssl_conf_psk(&conf, key, key_len, (const unsigned char *)argv[2], strlen(argv[2])), "psk");
  if (suites[0]) mbedtls_ssl_conf_ciphersuites(&conf, suites);
  if (option(argc, argv, "noems")) mbedtls_ssl_conf_extended_master_secret(&conf, MBEDTLS_SSL_EXTENDED_MS_DISABLED);
  mbedtls_ssl_conf_renegotiation(&conf, MBEDTLS_SSL_RENEGOTIATION_ENABLED);
  mbedtls_ssl_conf_session_tickets(&conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
  mbedtls_ssl_cache_init(&cache);
  if (option(argc, argv, "sid")) mbedtls_ssl_conf_session_cache(&conf, &cache, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
  if (option(argc, argv, "nocookie")) {
    mbedtls_ssl_conf_dtls_cookies(&conf, NULL, NULL, NULL);
  } else {
    mbedtls_ssl_cookie_init(&cookie);
    must(mbedtls_ssl_cookie_setup(&cookie, mbedtls_ctr_drbg_random, &random), "cookie");
    mbedtls_ssl_conf_dtls_cookies(&conf, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookie);
  }
  if (option(argc, argv, "cid")) {
    cid_len = unhex(option(argc, argv, "cid"), cid, sizeof cid);
    must(mbedtls_ssl_conf_cid(&conf, cid_len, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE), "cid");
  }
  mbedtls_ssl_conf_handshake_timeout(&conf, 200, 3200);
  mbedtls_ssl_init(&ssl);
  must(mbedtls_ssl_setup(&ssl, &conf), "setup");
  mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  if (option(argc, argv, "mtu")) mbedtls_ssl_set_mtu(&ssl, atoi(option(argc, argv, "mtu")));
  mbedtls_ssl_set_bio(&ssl, NULL, send_to, NULL, receive);

  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  udp = socket(AF_INET, SOCK_DGRAM, 0);
  must(bind(udp, (struct sockaddr *)&own, sizeof own), "bind");
  printf("ready\n");
  for (;;) {
    moves = 0;
    mbedtls_ssl_session_reset(&ssl);
    await_client();
    if (!option(argc, argv, "nocookie")) {
      must(mbedtls_ssl_set_client_transport_id(&ssl, (unsigned char *)&peer, sizeof peer), "transport id");
    }
    if (option(argc, argv, "cid")) must(mbedtls_ssl_set_cid(&ssl, MBEDTLS_SSL_CID_ENABLED, cid, cid_len), "cid");
    do result = mbedtls_ssl_handshake(&ssl);
    while (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE);
    if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) continue;
    if (result != 0) {
      printf("refused -0x%04x\n", (unsigned)-result);
      continue;
    }
    must(mbedtls_ssl_get_peer_cid(&ssl, &has_cid, peer_cid, &peer_cid_len), "peer's cid");
    moves = has_cid == MBEDTLS_SSL_CID_ENABLED && cid_len > 0;
    printf("open %s", mbedtls_ssl_get_ciphersuite(&ssl));
    if (has_cid == MBEDTLS_SSL_CID_ENABLED) printf(" cid %zu %zu", cid_len, peer_cid_len);
    printf("\n");
    serve();
  }
}
