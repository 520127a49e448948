/* A C library for bare metal has no sockets: as much of them as tinydtls needs to tell peers apart. */
#pragma once
#include <stdint.h>

typedef uint32_t socklen_t;
struct sockaddr {
  uint16_t sa_family;
  uint8_t sa_data[14];
};
struct sockaddr_storage {
  uint16_t ss_family;
  uint8_t ss_data[26];
};
#define AF_INET 2
#define AF_INET6 10
