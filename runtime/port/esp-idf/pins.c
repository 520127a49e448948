/* Sensors and actuators. Only pins that menuconfig allows are the app's: others carry the flash, or this board's own lines. */
#include "driver/gpio.h"
#include "driver/i2c_master.h"
#include "esp.h"
#include "esp_adc/adc_cali.h"
#include "esp_adc/adc_cali_scheme.h"
#include "esp_adc/adc_oneshot.h"
#include "sdkconfig.h"

#define ADC_CHANNELS 10
#define I2C_DEVICES 8
#define I2C_TIMEOUT_MS 100

static bool allowed(uint64_t mask, int32_t pin) { return pin >= 0 && pin < GPIO_NUM_MAX && (mask >> pin & 1) != 0; }

#define OUT ((uint64_t)CONFIG_AKARI_GPIO_OUT_HIGH << 32 | (uint32_t)CONFIG_AKARI_GPIO_OUT_LOW)
#define IN ((uint64_t)CONFIG_AKARI_GPIO_IN_HIGH << 32 | (uint32_t)CONFIG_AKARI_GPIO_IN_LOW)

static adc_oneshot_unit_handle_t adc;
static bool adc_ready[ADC_CHANNELS];
static adc_cali_handle_t calibration[ADC_CHANNELS];

static i2c_master_bus_handle_t bus;
static struct {
  uint16_t address;
  i2c_master_dev_handle_t device;
} devices[I2C_DEVICES];
static int device_count;

static bool calibrate(adc_channel_t channel) {
#if ADC_CALI_SCHEME_CURVE_FITTING_SUPPORTED
  adc_cali_curve_fitting_config_t config = {
      .unit_id = ADC_UNIT_1, .chan = channel, .atten = ADC_ATTEN_DB_12, .bitwidth = ADC_BITWIDTH_DEFAULT};
  return adc_cali_create_scheme_curve_fitting(&config, &calibration[channel]) == ESP_OK;
#else
  adc_cali_line_fitting_config_t config = {
      .unit_id = ADC_UNIT_1, .atten = ADC_ATTEN_DB_12, .bitwidth = ADC_BITWIDTH_DEFAULT};
  return adc_cali_create_scheme_line_fitting(&config, &calibration[channel]) == ESP_OK;
#endif
}

void esp_pins_begin(void) {
  gpio_config_t outputs = {.pin_bit_mask = OUT, .mode = GPIO_MODE_OUTPUT};
  gpio_config_t inputs = {.pin_bit_mask = IN, .mode = GPIO_MODE_INPUT};
  if (OUT != 0) gpio_config(&outputs);
  if (IN != 0) gpio_config(&inputs);

  adc_oneshot_unit_init_cfg_t unit = {.unit_id = ADC_UNIT_1};
  adc_oneshot_chan_cfg_t channel = {.atten = ADC_ATTEN_DB_12, .bitwidth = ADC_BITWIDTH_DEFAULT};
  bool there = CONFIG_AKARI_ADC_CHANNELS != 0 && adc_oneshot_new_unit(&unit, &adc) == ESP_OK;
  for (int i = 0; there && i < ADC_CHANNELS; i++) {
    if ((CONFIG_AKARI_ADC_CHANNELS >> i & 1) == 0) continue;
    adc_ready[i] = adc_oneshot_config_channel(adc, (adc_channel_t)i, &channel) == ESP_OK && calibrate((adc_channel_t)i);
  }

  if (CONFIG_AKARI_I2C_SDA < 0) return;
  i2c_master_bus_config_t config = {
      .i2c_port = -1,
      .sda_io_num = CONFIG_AKARI_I2C_SDA,
      .scl_io_num = CONFIG_AKARI_I2C_SCL,
      .clk_source = I2C_CLK_SRC_DEFAULT,
      .glitch_ignore_cnt = 7,
      .flags.enable_internal_pullup = true,
  };
  if (i2c_new_master_bus(&config, &bus) != ESP_OK) bus = NULL;
}

int32_t esp_port_gpio_write(int32_t pin, int32_t level) {
  if (!allowed(OUT, pin)) return AKARI_INVALID;
  return gpio_set_level((gpio_num_t)pin, (uint32_t)level) == ESP_OK ? AKARI_OK : AKARI_IO;
}

int32_t esp_port_gpio_read(int32_t pin) {
  return allowed(IN, pin) ? gpio_get_level((gpio_num_t)pin) : AKARI_INVALID;
}

int32_t esp_port_adc_read(int32_t channel) {
  if (channel < 0 || channel >= ADC_CHANNELS || !adc_ready[channel]) return AKARI_INVALID;
  int raw, millivolts;
  if (adc_oneshot_read(adc, (adc_channel_t)channel, &raw) != ESP_OK) return AKARI_IO;
  if (adc_cali_raw_to_voltage(calibration[channel], raw, &millivolts) != ESP_OK) return AKARI_IO;
  return millivolts < 0 ? 0 : millivolts;
}

/** The driver's handle of an address, made when it is first used. */
static i2c_master_dev_handle_t device_of(int32_t address) {
  for (int i = 0; i < device_count; i++) {
    if (devices[i].address == address) return devices[i].device;
  }
  if (device_count == I2C_DEVICES) return NULL;
  i2c_device_config_t config = {
      .dev_addr_length = address > 0x7f ? I2C_ADDR_BIT_LEN_10 : I2C_ADDR_BIT_LEN_7,
      .device_address = (uint16_t)address,
      .scl_speed_hz = CONFIG_AKARI_I2C_HZ,
  };
  if (i2c_master_bus_add_device(bus, &config, &devices[device_count].device) != ESP_OK) return NULL;
  devices[device_count].address = (uint16_t)address;
  return devices[device_count++].device;
}

int32_t esp_port_i2c_transfer(int32_t number, int32_t address, const uint8_t *from, int32_t len, uint8_t *into,
                              int32_t max) {
  if (number != 0 || !bus) return AKARI_IO;
  if (address < 0 || address > 0x3ff) return AKARI_INVALID;
  esp_err_t error;
  if (len == 0 && max == 0) {
    error = i2c_master_probe(bus, (uint16_t)address, I2C_TIMEOUT_MS);
  } else {
    i2c_master_dev_handle_t device = device_of(address);
    if (!device) return AKARI_IO;
    if (len == 0) error = i2c_master_receive(device, into, (size_t)max, I2C_TIMEOUT_MS);
    else if (max == 0) error = i2c_master_transmit(device, from, (size_t)len, I2C_TIMEOUT_MS);
    else error = i2c_master_transmit_receive(device, from, (size_t)len, into, (size_t)max, I2C_TIMEOUT_MS);
  }
  return error == ESP_OK ? max : AKARI_IO;
}
