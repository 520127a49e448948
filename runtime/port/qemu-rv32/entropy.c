/* virtio-rng over virtio-mmio, legacy interface (virtio 1.1, 4.2.4 and 5.4): one queue, one buffer at a time. */
#include <string.h>

#include "machine.h"

#define SLOTS 8
#define SLOT_BYTES 0x1000
#define PAGE 4096

#define MAGIC 0x000
#define VERSION 0x004
#define DEVICE_ID 0x008
#define DRIVER_FEATURES 0x020
#define GUEST_PAGE_SIZE 0x028
#define QUEUE_SELECT 0x030
#define QUEUE_MAX 0x034
#define QUEUE_NUM 0x038
#define QUEUE_ALIGN 0x03c
#define QUEUE_PFN 0x040
#define QUEUE_NOTIFY 0x050
#define STATUS 0x070

#define MAGIC_VALUE 0x74726976u
#define LEGACY 1
#define DEVICE_ENTROPY 4
#define ACKNOWLEDGE 1
#define DRIVER 2
#define DRIVER_OK 4
#define DESCRIPTOR_WRITE 2

#define CHUNK 64
/** Longest wait for the host's random source. */
#define WAIT_MS 1000

/* Queue of two entries: descriptors and available ring on the first page, used ring on the second. */
static struct {
  struct {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
  } descriptors[2];
  struct {
    uint16_t flags, index, ring[2], event;
  } available;
  _Alignas(PAGE) struct {
    uint16_t flags, index;
    struct {
      uint32_t id, length;
    } ring[2];
  } used;
} __attribute__((aligned(PAGE))) queue;

static uint8_t chunk[CHUNK];
static uint32_t device;

void entropy_begin(void) {
  for (uint32_t slot = 0; slot < SLOTS; slot++) {
    uint32_t base = VIRTIO + slot * SLOT_BYTES;
    if (REG32(base + MAGIC) != MAGIC_VALUE || REG32(base + VERSION) != LEGACY) continue;
    if (REG32(base + DEVICE_ID) != DEVICE_ENTROPY) continue;
    REG32(base + STATUS) = 0;
    REG32(base + STATUS) = ACKNOWLEDGE | DRIVER;
    REG32(base + DRIVER_FEATURES) = 0;
    REG32(base + GUEST_PAGE_SIZE) = PAGE;
    REG32(base + QUEUE_SELECT) = 0;
    if (REG32(base + QUEUE_MAX) < 2) continue;
    REG32(base + QUEUE_NUM) = 2;
    REG32(base + QUEUE_ALIGN) = PAGE;
    REG32(base + QUEUE_PFN) = (uint32_t)(uintptr_t)&queue / PAGE;
    REG32(base + STATUS) = ACKNOWLEDGE | DRIVER | DRIVER_OK;
    device = base;
    return;
  }
}

/** Has the device fill `chunk`; returns how many bytes it gave, 0 when it did not. */
static uint32_t draw(void) {
  uint16_t seen = *(volatile uint16_t *)&queue.used.index;
  queue.descriptors[0].address = (uintptr_t)chunk;
  queue.descriptors[0].length = CHUNK;
  queue.descriptors[0].flags = DESCRIPTOR_WRITE;
  queue.available.ring[queue.available.index % 2] = 0;
  __sync_synchronize();
  queue.available.index++;
  __sync_synchronize();
  REG32(device + QUEUE_NOTIFY) = 0;
  int64_t deadline = clock_ms() + WAIT_MS;
  while (*(volatile uint16_t *)&queue.used.index == seen) {
    if (clock_ms() > deadline) return 0;
  }
  __sync_synchronize();
  uint32_t given = queue.used.ring[seen % 2].length;
  return given <= CHUNK ? given : 0;
}

int32_t entropy(uint8_t *into, int32_t len) {
  if (!device) return AKARI_UNSUPPORTED;
  while (len > 0) {
    uint32_t given = draw();
    if (given == 0) {
      device = 0; /* it still has our buffer: not asked again before a restart */
      return AKARI_IO;
    }
    uint32_t n = given < (uint32_t)len ? given : (uint32_t)len;
    memcpy(into, chunk, n);
    into += n;
    len -= (int32_t)n;
  }
  memset(chunk, 0, sizeof chunk);
  return AKARI_OK;
}
