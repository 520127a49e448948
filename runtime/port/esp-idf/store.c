/* A value is a blob of NVS, which writes the new one before it forgets the old one: a power cut leaves either. One byte
 * goes before the data, because a blob cannot be empty. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "esp.h"
#include "nvs.h"
#include "nvs_flash.h"

/** Longest value. */
#define VALUE_MAX 4096
#define NAME_BYTES 12

static nvs_handle_t handle;
static bool usable;
static uint8_t blob[1 + VALUE_MAX];

void esp_store_begin(void) {
  /* Generates the keys of the encryption at the first start, and finds them at all others. */
  esp_err_t error = nvs_flash_init();
  if (error == ESP_OK) error = nvs_open("akari", NVS_READWRITE, &handle);
  usable = error == ESP_OK;
  if (usable) return;
  /* Not erased: what is in there may be all that the device has. */
  char text[96];
  int len = snprintf(text, sizeof text, "store: not usable (%s); the app is told at each access", esp_err_to_name(error));
  esp_port_log(AKARI_LOG_LEVEL_ERROR, text, len);
}

static void name_of(int32_t key, char name[NAME_BYTES]) { snprintf(name, NAME_BYTES, "v%08" PRIx32, (uint32_t)key); }

int32_t esp_port_store_read(int32_t key, uint8_t *into, int32_t max) {
  if (!usable) return AKARI_NOT_FOUND;
  char name[NAME_BYTES];
  name_of(key, name);
  size_t length = sizeof blob;
  esp_err_t error = nvs_get_blob(handle, name, blob, &length);
  if (error == ESP_ERR_NVS_NOT_FOUND) return AKARI_NOT_FOUND;
  if (error != ESP_OK || length < 1) return AKARI_IO;
  int32_t n = (int32_t)length - 1;
  memcpy(into, blob + 1, (size_t)(n < max ? n : max));
  memset(blob, 0, sizeof blob);
  return n;
}

int32_t esp_port_store_write(int32_t key, const uint8_t *from, int32_t len) {
  if (len > VALUE_MAX) return AKARI_NO_SPACE;
  if (!usable) return AKARI_IO;
  char name[NAME_BYTES];
  name_of(key, name);
  blob[0] = 0;
  memcpy(blob + 1, from, (size_t)len);
  esp_err_t error = nvs_set_blob(handle, name, blob, 1 + (size_t)len);
  memset(blob, 0, sizeof blob);
  if (error == ESP_OK) error = nvs_commit(handle);
  if (error == ESP_ERR_NVS_NOT_ENOUGH_SPACE) return AKARI_NO_SPACE;
  return error == ESP_OK ? AKARI_OK : AKARI_IO;
}
