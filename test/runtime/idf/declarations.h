/* What the esp-idf port uses of ESP-IDF 5.3, told in our own words after its documentation: enough for a compiler to check our
 * side's types. It says nothing about what the functions do, and whoever has ESP-IDF checks for real: make -C runtime check-idf. */
#ifndef IDF_DECLARATIONS_H
#define IDF_DECLARATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;
#define ESP_OK 0
const char *esp_err_to_name(esp_err_t);

/* FreeRTOS */
typedef uint32_t TickType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef struct queue *QueueHandle_t, *QueueSetHandle_t, *QueueSetMemberHandle_t;
typedef struct task *TaskHandle_t;
#define pdPASS 1
#define pdTRUE 1
#define portMAX_DELAY UINT32_MAX
#define configTICK_RATE_HZ 1000
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
QueueSetHandle_t xQueueCreateSet(UBaseType_t);
BaseType_t xQueueAddToSet(QueueHandle_t, QueueSetHandle_t);
QueueSetMemberHandle_t xQueueSelectFromSet(QueueSetHandle_t, TickType_t);
BaseType_t xQueueReceive(QueueHandle_t, void *, TickType_t);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t);

/* driver/uart.h */
typedef int uart_port_t;
typedef enum { UART_PARITY_DISABLE = 0, UART_PARITY_EVEN = 2, UART_PARITY_ODD = 3 } uart_parity_t;
typedef enum { UART_DATA_8_BITS = 3 } uart_word_length_t;
typedef enum { UART_STOP_BITS_1 = 1 } uart_stop_bits_t;
typedef enum { UART_HW_FLOWCTRL_DISABLE = 0 } uart_hw_flowcontrol_t;
typedef int uart_sclk_t;
#define UART_SCLK_DEFAULT 0
#define UART_PIN_NO_CHANGE (-1)
typedef struct {
  int baud_rate;
  uart_word_length_t data_bits;
  uart_parity_t parity;
  uart_stop_bits_t stop_bits;
  uart_hw_flowcontrol_t flow_ctrl;
  uint8_t rx_flow_ctrl_thresh;
  uart_sclk_t source_clk;
} uart_config_t;
typedef enum {
  UART_DATA,
  UART_BREAK,
  UART_BUFFER_FULL,
  UART_FIFO_OVF,
  UART_FRAME_ERR,
  UART_PARITY_ERR,
  UART_EVENT_MAX
} uart_event_type_t;
typedef struct {
  uart_event_type_t type;
  size_t size;
  bool timeout_flag;
} uart_event_t;
esp_err_t uart_driver_install(uart_port_t, int rx, int tx, int queue, QueueHandle_t *, int flags);
esp_err_t uart_param_config(uart_port_t, const uart_config_t *);
esp_err_t uart_set_pin(uart_port_t, int tx, int rx, int rts, int cts);
int uart_read_bytes(uart_port_t, void *, uint32_t length, TickType_t);
int uart_write_bytes(uart_port_t, const void *, size_t);
esp_err_t uart_get_tx_buffer_free_size(uart_port_t, size_t *);

/* nvs.h, nvs_flash.h */
typedef uint32_t nvs_handle_t;
typedef enum { NVS_READONLY, NVS_READWRITE } nvs_open_mode_t;
#define ESP_ERR_NVS_NOT_FOUND 0x1102
#define ESP_ERR_NVS_NOT_ENOUGH_SPACE 0x1105
esp_err_t nvs_flash_init(void);
esp_err_t nvs_open(const char *, nvs_open_mode_t, nvs_handle_t *);
esp_err_t nvs_get_blob(nvs_handle_t, const char *, void *, size_t *);
esp_err_t nvs_set_blob(nvs_handle_t, const char *, const void *, size_t);
esp_err_t nvs_commit(nvs_handle_t);

/* driver/gpio.h */
typedef int gpio_num_t;
#define GPIO_NUM_MAX 49
typedef enum { GPIO_MODE_INPUT = 1, GPIO_MODE_OUTPUT = 2 } gpio_mode_t;
typedef struct {
  uint64_t pin_bit_mask;
  gpio_mode_t mode;
  int pull_up_en, pull_down_en, intr_type;
} gpio_config_t;
esp_err_t gpio_config(const gpio_config_t *);
esp_err_t gpio_set_level(gpio_num_t, uint32_t);
int gpio_get_level(gpio_num_t);

/* esp_adc/ */
typedef enum { ADC_UNIT_1 } adc_unit_t;
typedef int adc_channel_t;
typedef enum { ADC_ATTEN_DB_12 = 3 } adc_atten_t;
typedef enum { ADC_BITWIDTH_DEFAULT = 0 } adc_bitwidth_t;
typedef struct unit *adc_oneshot_unit_handle_t;
typedef struct scheme *adc_cali_handle_t;
typedef struct {
  adc_unit_t unit_id;
  int clk_src, ulp_mode;
} adc_oneshot_unit_init_cfg_t;
typedef struct {
  adc_atten_t atten;
  adc_bitwidth_t bitwidth;
} adc_oneshot_chan_cfg_t;
typedef struct {
  adc_unit_t unit_id;
  adc_channel_t chan;
  adc_atten_t atten;
  adc_bitwidth_t bitwidth;
} adc_cali_curve_fitting_config_t;
typedef struct {
  adc_unit_t unit_id;
  adc_atten_t atten;
  adc_bitwidth_t bitwidth;
} adc_cali_line_fitting_config_t;
#ifdef IDF_CHIP_ESP32
#define ADC_CALI_SCHEME_LINE_FITTING_SUPPORTED 1
#else
#define ADC_CALI_SCHEME_CURVE_FITTING_SUPPORTED 1
#endif
esp_err_t adc_oneshot_new_unit(const adc_oneshot_unit_init_cfg_t *, adc_oneshot_unit_handle_t *);
esp_err_t adc_oneshot_config_channel(adc_oneshot_unit_handle_t, adc_channel_t, const adc_oneshot_chan_cfg_t *);
esp_err_t adc_oneshot_read(adc_oneshot_unit_handle_t, adc_channel_t, int *);
esp_err_t adc_cali_create_scheme_curve_fitting(const adc_cali_curve_fitting_config_t *, adc_cali_handle_t *);
esp_err_t adc_cali_create_scheme_line_fitting(const adc_cali_line_fitting_config_t *, adc_cali_handle_t *);
esp_err_t adc_cali_raw_to_voltage(adc_cali_handle_t, int, int *);

/* driver/i2c_master.h */
typedef struct bus *i2c_master_bus_handle_t;
typedef struct device *i2c_master_dev_handle_t;
typedef enum { I2C_ADDR_BIT_LEN_7, I2C_ADDR_BIT_LEN_10 } i2c_addr_bit_len_t;
#define I2C_CLK_SRC_DEFAULT 0
typedef struct {
  int i2c_port;
  gpio_num_t sda_io_num, scl_io_num;
  int clk_source;
  uint8_t glitch_ignore_cnt;
  int intr_priority;
  size_t trans_queue_depth;
  struct {
    uint32_t enable_internal_pullup : 1;
  } flags;
} i2c_master_bus_config_t;
typedef struct {
  i2c_addr_bit_len_t dev_addr_length;
  uint16_t device_address;
  uint32_t scl_speed_hz, scl_wait_us;
} i2c_device_config_t;
esp_err_t i2c_new_master_bus(const i2c_master_bus_config_t *, i2c_master_bus_handle_t *);
esp_err_t i2c_master_bus_add_device(i2c_master_bus_handle_t, const i2c_device_config_t *, i2c_master_dev_handle_t *);
esp_err_t i2c_master_probe(i2c_master_bus_handle_t, uint16_t address, int ms);
esp_err_t i2c_master_transmit(i2c_master_dev_handle_t, const uint8_t *, size_t, int ms);
esp_err_t i2c_master_receive(i2c_master_dev_handle_t, uint8_t *, size_t, int ms);
esp_err_t i2c_master_transmit_receive(i2c_master_dev_handle_t, const uint8_t *, size_t, uint8_t *, size_t, int ms);

/* esp_system.h, esp_timer.h, esp_random.h, bootloader_random.h, esp_attr.h, esp_task_wdt.h, esp_pthread.h */
typedef enum {
  ESP_RST_UNKNOWN,
  ESP_RST_POWERON,
  ESP_RST_SW,
  ESP_RST_PANIC,
  ESP_RST_INT_WDT,
  ESP_RST_TASK_WDT,
  ESP_RST_WDT
} esp_reset_reason_t;
esp_reset_reason_t esp_reset_reason(void);
void esp_restart(void) __attribute__((noreturn));
int64_t esp_timer_get_time(void);
void esp_fill_random(void *, size_t);
void bootloader_random_enable(void);
void bootloader_random_disable(void);
#define RTC_NOINIT_ATTR
typedef struct {
  uint32_t timeout_ms, idle_core_mask;
  bool trigger_panic;
} esp_task_wdt_config_t;
esp_err_t esp_task_wdt_init(const esp_task_wdt_config_t *);
esp_err_t esp_task_wdt_reconfigure(const esp_task_wdt_config_t *);
esp_err_t esp_task_wdt_add(TaskHandle_t);
esp_err_t esp_task_wdt_delete(TaskHandle_t);
typedef struct {
  size_t stack_size, prio;
  bool inherit_cfg;
  const char *thread_name;
  int pin_to_core;
} esp_pthread_cfg_t;
esp_pthread_cfg_t esp_pthread_get_default_config(void);
esp_err_t esp_pthread_set_cfg(const esp_pthread_cfg_t *);

/* esp_partition.h, mbedtls/sha256.h */
typedef enum { ESP_PARTITION_TYPE_DATA = 1 } esp_partition_type_t;
typedef enum { ESP_PARTITION_SUBTYPE_ANY = 0xff } esp_partition_subtype_t;
typedef enum { ESP_PARTITION_MMAP_DATA, ESP_PARTITION_MMAP_INST } esp_partition_mmap_memory_t;
typedef uint32_t esp_partition_mmap_handle_t;
typedef struct {
  uint32_t address, size, erase_size;
  bool encrypted, readonly;
} esp_partition_t;
const esp_partition_t *esp_partition_find_first(esp_partition_type_t, esp_partition_subtype_t, const char *);
esp_err_t esp_partition_read(const esp_partition_t *, size_t, void *, size_t);
esp_err_t esp_partition_write(const esp_partition_t *, size_t, const void *, size_t);
esp_err_t esp_partition_erase_range(const esp_partition_t *, size_t, size_t);
esp_err_t esp_partition_mmap(const esp_partition_t *, size_t, size_t, esp_partition_mmap_memory_t, const void **,
                             esp_partition_mmap_handle_t *);
void esp_partition_munmap(esp_partition_mmap_handle_t);
int mbedtls_sha256(const unsigned char *, size_t, unsigned char *, int is224);

/* engine/wamr/wamr.h, without WAMR's own header */
#define AKARI_WAMR_H
const uint8_t *akari_wamr_module(uint32_t *);
const uint8_t *akari_wamr_embedded(uint32_t *);

#endif
