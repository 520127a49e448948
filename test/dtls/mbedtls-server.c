/* A DTLS 1.2 server with a pre-shared key on Mbed TLS, for one client after another: it echoes what it gets.
 *
 *   mbedtls-server PORT IDENTITY KEY [OPTION...]
 *
 * Options:  ccm8, gcm     the only suite        noems   no extended master secret     nocookie   no HelloVerifyRequest
 *           mtu=N         of its datagrams      sid     sessions can be resumed
 * The text "renegotiate" from a client makes it ask for a renegotiation instead. Each event is a line on standard output. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mbedtls_net_context listening, client;
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

static int option(int argc, char **argv, const char *name) {
  for (int i = 4; i < argc; i++) {
    if (strncmp(argv[i], name, strlen(name)) == 0) return 1;
  }
  return 0;
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
  unsigned char key[64], address[16];
  size_t key_len = 0, address_len;
  int mtu = 0, result;
  if (argc < 4) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (const char *hex = argv[3]; key_len < sizeof key && sscanf(hex, "%2hhx", &key[key_len]) == 1; hex += 2) key_len++;
  if (option(argc, argv, "ccm8")) suites[0] = MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8;
  if (option(argc, argv, "gcm")) suites[0] = MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256;
  for (int i = 4; i < argc; i++) sscanf(argv[i], "mtu=%d", &mtu);

  mbedtls_net_init(&listening);
  mbedtls_net_init(&client);
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
  mbedtls_ssl_conf_handshake_timeout(&conf, 200, 3200);
  mbedtls_ssl_init(&ssl);
  must(mbedtls_ssl_setup(&ssl, &conf), "setup");
  mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  if (mtu) mbedtls_ssl_set_mtu(&ssl, mtu);
  must(mbedtls_net_bind(&listening, "127.0.0.1", argv[1], MBEDTLS_NET_PROTO_UDP), "bind");
  printf("ready\n");
  for (;;) {
    mbedtls_net_free(&client);
    mbedtls_ssl_session_reset(&ssl);
    must(mbedtls_net_accept(&listening, &client, address, sizeof address, &address_len), "accept");
    if (!option(argc, argv, "nocookie")) {
      must(mbedtls_ssl_set_client_transport_id(&ssl, address, address_len), "transport id");
    }
    mbedtls_ssl_set_bio(&ssl, &client, mbedtls_net_send, mbedtls_net_recv, mbedtls_net_recv_timeout);
    do result = mbedtls_ssl_handshake(&ssl);
    while (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE);
    if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) continue;
    if (result != 0) {
      printf("refused -0x%04x\n", (unsigned)-result);
      continue;
    }
    printf("open %s\n", mbedtls_ssl_get_ciphersuite(&ssl));
    serve();
  }
}
