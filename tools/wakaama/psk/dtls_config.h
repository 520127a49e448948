/* Of tinydtls, what its configure script would find for pre-shared keys alone: the package's own has elliptic curves in it. */
#define DTLS_PSK 1
#define HAVE_ASSERT_H 1
#define HAVE_FCNTL_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_SYS_TIME_H 1
#define HAVE_TIME_H 1
