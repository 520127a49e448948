/* As sys/socket.h beside it. */
#pragma once
#include <stdint.h>

struct in_addr {
  uint32_t s_addr;
};
struct in6_addr {
  uint8_t s6_addr[16];
};
struct sockaddr_in {
  uint16_t sin_family, sin_port;
  struct in_addr sin_addr;
};
struct sockaddr_in6 {
  uint16_t sin6_family, sin6_port;
  uint32_t sin6_flowinfo;
  struct in6_addr sin6_addr;
  uint32_t sin6_scope_id;
};
