/* One file a value. A value is replaced by rename, so a power cut leaves the old one or the new one; what has been
 * answered Ok is on the disk: file and folder are synced before. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

#define NAME_BYTES 16

static int folder_fd = -1;

bool posix_store_open(const char *folder) {
  if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
    fprintf(stderr, "store %s: %s\n", folder, strerror(errno));
    return false;
  }
  folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) fprintf(stderr, "store %s: %s\n", folder, strerror(errno));
  return folder_fd >= 0;
}

static void name_of(int32_t key, const char *suffix, char name[NAME_BYTES]) {
  snprintf(name, NAME_BYTES, "%08x%s", (unsigned)key, suffix);
}

int32_t posix_store_read(int32_t key, uint8_t *into, int32_t max) {
  char name[NAME_BYTES];
  name_of(key, "", name);
  int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? AKARI_NOT_FOUND : AKARI_IO;
  struct stat about;
  int32_t status = AKARI_IO;
  if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= INT32_MAX) {
    int32_t wanted = about.st_size < max ? (int32_t)about.st_size : max;
    int32_t done = 0;
    ssize_t got = 1;
    while (done < wanted && got != 0) {
      got = read(fd, into + done, (size_t)(wanted - done));
      if (got < 0 && errno != EINTR) break;
      if (got > 0) done += (int32_t)got;
    }
    if (done == wanted) status = (int32_t)about.st_size;
  }
  close(fd);
  return status;
}

static bool write_all(int fd, const uint8_t *from, int32_t len) {
  while (len > 0) {
    ssize_t put = write(fd, from, (size_t)len);
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) {
      from += put;
      len -= (int32_t)put;
    }
  }
  return true;
}

static int32_t status_of(int error) {
  return error == ENOSPC || error == EDQUOT || error == EFBIG ? AKARI_NO_SPACE : AKARI_IO;
}

int32_t posix_store_write(int32_t key, const uint8_t *from, int32_t len) {
  char name[NAME_BYTES], fresh[NAME_BYTES];
  name_of(key, "", name);
  name_of(key, ".new", fresh);
  int fd = openat(folder_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return status_of(errno);
  bool fine = write_all(fd, from, len) && fsync(fd) == 0;
  int error = errno;
  if (close(fd) < 0 && fine) {
    fine = false;
    error = errno;
  }
  if (fine && (renameat(folder_fd, fresh, folder_fd, name) < 0 || fsync(folder_fd) < 0)) {
    fine = false;
    error = errno;
  }
  if (fine) return AKARI_OK;
  unlinkat(folder_fd, fresh, 0);
  return status_of(error);
}
