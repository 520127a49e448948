/* UARTs over IDF's driver. What goes wrong on a line comes through the driver's queue, and is an event for the app. */
#include "driver/uart.h"
#include "esp.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "sdkconfig.h"

#define RX_BYTES 4096
#define TX_BYTES 2048
#define QUEUE 32
#define BAUD_MIN 50
#define BAUD_MAX 4000000
/** Clocks per etu that ISO 7816-3 allows: F/D from 372/64 up to 2048. */
#define ETU_MIN 5
#define ETU_MAX 2048

static struct line {
  uart_port_t uart;
  int tx, rx;
  bool opened;
  int32_t events;
  QueueHandle_t queue;
} lines[] = {
    {.uart = CONFIG_AKARI_UART0_NUMBER, .tx = CONFIG_AKARI_UART0_TX, .rx = CONFIG_AKARI_UART0_RX},
#if CONFIG_AKARI_UART1_NUMBER >= 0
    {.uart = CONFIG_AKARI_UART1_NUMBER, .tx = CONFIG_AKARI_UART1_TX, .rx = CONFIG_AKARI_UART1_RX},
#endif
};
#define LINES ((int32_t)(sizeof lines / sizeof *lines))

static QueueSetHandle_t all;

static bool set_line(const struct line *line, int32_t baud, uart_parity_t parity) {
  uart_config_t config = {
      .baud_rate = baud,
      .data_bits = UART_DATA_8_BITS,
      .parity = parity,
      .stop_bits = UART_STOP_BITS_1,
      .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
      .source_clk = UART_SCLK_DEFAULT,
  };
  return uart_param_config(line->uart, &config) == ESP_OK;
}

static bool begin(struct line *line) {
  return uart_driver_install(line->uart, RX_BYTES, TX_BYTES, QUEUE, &line->queue, 0) == ESP_OK &&
         set_line(line, 115200, UART_PARITY_DISABLE) &&
         uart_set_pin(line->uart, line->tx, line->rx, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) == ESP_OK &&
         xQueueAddToSet(line->queue, all) == pdPASS;
}

bool esp_uarts_begin(void) {
  all = xQueueCreateSet((UBaseType_t)(LINES * QUEUE));
  bool fine = all != NULL;
  for (int32_t i = 0; fine && i < LINES; i++) fine = begin(&lines[i]);
  static const char TEXT[] = "a UART cannot be had: look at its number and pins in menuconfig";
  if (!fine) esp_port_log(AKARI_LOG_LEVEL_ERROR, TEXT, sizeof TEXT - 1);
  return fine;
}

static void note(struct line *line, const uart_event_t *event) {
  switch (event->type) {
    case UART_FIFO_OVF:
    case UART_BUFFER_FULL:
      line->events |= AKARI_UART_EVENT_OVERRUN;
      break;
    case UART_PARITY_ERR:
    case UART_FRAME_ERR:
      line->events |= AKARI_UART_EVENT_PARITY;
      break;
    case UART_BREAK:
      line->events |= AKARI_UART_EVENT_RESET;
      break;
    default:
      break;
  }
}

/** Takes what the driver has to tell: one event after waiting, and all others that are there. */
static void take(TickType_t ticks) {
  for (QueueSetMemberHandle_t member; (member = xQueueSelectFromSet(all, ticks)) != NULL; ticks = 0) {
    for (int32_t i = 0; i < LINES; i++) {
      uart_event_t event;
      if (member == lines[i].queue && xQueueReceive(lines[i].queue, &event, 0) == pdTRUE) note(&lines[i], &event);
    }
  }
}

void esp_uarts_wait(int64_t ms) {
  /* What came while the app had its turn, and was not read, has told its event already. */
  int64_t longest = (int64_t)INT32_MAX / configTICK_RATE_HZ;
  take(ms < 0 ? portMAX_DELAY : pdMS_TO_TICKS((uint32_t)(ms < longest ? ms : longest)));
}

static struct line *line_of(int32_t port) { return port >= 0 && port < LINES ? &lines[port] : NULL; }

int32_t esp_port_uart_open(int32_t port, int32_t baud, int32_t format) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  if (format == AKARI_UART_FORMAT_ISO7816) {
    if (baud < ETU_MIN || baud > ETU_MAX) return AKARI_INVALID;
    /* The card's line as plain characters of 8 bits at one speed. No pin carries RST: the card is released from reset when it
     * first opens the line after a start, and by a break. */
    if (line->opened) return AKARI_OK;
    if (!set_line(line, CONFIG_AKARI_CARD_BAUD, UART_PARITY_DISABLE)) return AKARI_INVALID;
    line->events |= AKARI_UART_EVENT_RESET;
    line->opened = true;
    return AKARI_OK;
  }
  uart_parity_t parity = UART_PARITY_DISABLE;
  if (format == AKARI_UART_FORMAT_E81) parity = UART_PARITY_EVEN;
  else if (format == AKARI_UART_FORMAT_O81) parity = UART_PARITY_ODD;
  else if (format != AKARI_UART_FORMAT_N81) return AKARI_INVALID;
  if (baud < BAUD_MIN || baud > BAUD_MAX || !set_line(line, baud, parity)) return AKARI_INVALID;
  line->opened = true;
  return AKARI_OK;
}

int32_t esp_port_uart_read(int32_t port, uint8_t *into, int32_t max) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  int n = uart_read_bytes(line->uart, into, (uint32_t)max, 0);
  return n < 0 ? AKARI_IO : n;
}

int32_t esp_port_uart_write(int32_t port, const uint8_t *from, int32_t len) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  /* The driver waits when its buffer is full: it is given what fits. */
  size_t room = 0;
  if (uart_get_tx_buffer_free_size(line->uart, &room) != ESP_OK) return AKARI_IO;
  size_t n = (size_t)len < room ? (size_t)len : room;
  if (n == 0) return 0;
  int put = uart_write_bytes(line->uart, from, n);
  return put < 0 ? AKARI_IO : put;
}

int32_t esp_port_uart_events(int32_t port) {
  struct line *line = line_of(port);
  if (!line) return AKARI_INVALID;
  take(0);
  int32_t happened = line->events;
  line->events = 0;
  return happened;
}
