/* Pins and channels as the kernel shows them to programs: files that hold numbers, and /dev/i2c-*. */
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "posix.h"

static const char *files[POSIX_PIN_KINDS][POSIX_PINS];

bool posix_pin_wire(enum posix_pin kind, int number, const char *where) {
  files[kind][number] = where;
  return true;
}

static const char *file_of(enum posix_pin kind, int32_t number) {
  return number >= 0 && number < POSIX_PINS ? files[kind][number] : NULL;
}

/** The number in a file, or a negative status. */
static int32_t read_number(const char *file) {
  char text[32];
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return AKARI_IO;
  ssize_t n = read(fd, text, sizeof text - 1);
  close(fd);
  if (n <= 0) return AKARI_IO;
  text[n] = '\0';
  char *end;
  long value = strtol(text, &end, 10);
  if (end == text || value > INT32_MAX) return AKARI_IO;
  return value < 0 ? 0 : (int32_t)value;
}

int32_t posix_adc_read(int32_t channel) {
  const char *file = file_of(POSIX_ADC, channel);
  if (!file) return AKARI_INVALID;
  char *end;
  long fixed = strtol(file, &end, 10);
  return *end == '\0' && fixed >= 0 && fixed <= INT32_MAX ? (int32_t)fixed : read_number(file);
}

int32_t posix_gpio_read(int32_t pin) {
  const char *file = file_of(POSIX_GPIO_IN, pin);
  if (!file) return AKARI_INVALID;
  int32_t value = read_number(file);
  return value > 0 ? 1 : value;
}

int32_t posix_gpio_write(int32_t pin, int32_t level) {
  const char *file = file_of(POSIX_GPIO_OUT, pin);
  if (!file) return AKARI_INVALID;
  int fd = open(file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return AKARI_IO;
  ssize_t put = write(fd, level ? "1\n" : "0\n", 2);
  close(fd);
  return put == 2 ? AKARI_OK : AKARI_IO;
}

int32_t posix_i2c_transfer(int32_t bus, int32_t address, const uint8_t *from, int32_t len, uint8_t *into,
                           int32_t max) {
  const char *file = file_of(POSIX_I2C, bus);
  if (!file) return AKARI_IO;
  if (address < 0 || address > 0x3ff || len > UINT16_MAX || max > UINT16_MAX) return AKARI_INVALID;
  int fd = open(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return AKARI_IO;
  __u16 ten = address > 0x7f ? I2C_M_TEN : 0;
  struct i2c_msg messages[2];
  __u32 n = 0;
  if (len > 0 || max == 0)
    messages[n++] = (struct i2c_msg){.addr = (__u16)address, .flags = ten, .len = (__u16)len, .buf = (__u8 *)from};
  if (max > 0)
    messages[n++] = (struct i2c_msg){.addr = (__u16)address, .flags = ten | I2C_M_RD, .len = (__u16)max, .buf = into};
  struct i2c_rdwr_ioctl_data transfer = {.msgs = messages, .nmsgs = n};
  int done = ioctl(fd, I2C_RDWR, &transfer);
  close(fd);
  return done < 0 ? AKARI_IO : max;
}
