/*
 * Wakaama's dtlsconnection.c takes the number of bytes that it has sent in clear for an error: every answer of its
 * client to a bootstrap in clear would be followed by another of code 5.00. The linker puts this in its place (--wrap).
 */
#include "dtlsconnection.h"

int send_data(dtls_connection_t *connection, uint8_t *bytes, size_t length);
uint8_t __real_lwm2m_buffer_send(void *session, uint8_t *bytes, size_t length, void *data);

uint8_t __wrap_lwm2m_buffer_send(void *session, uint8_t *bytes, size_t length, void *data) {
  dtls_connection_t *connection = session;
  if (connection == NULL || connection->dtlsSession != NULL) {
    return __real_lwm2m_buffer_send(session, bytes, length, data);
  }
  return send_data(connection, bytes, length) < 0 ? COAP_500_INTERNAL_SERVER_ERROR : COAP_NO_ERROR;
}
