// Clients on Mbed TLS: mbedtls-client.c, compiled, and the one that its authors test with.
import { fileOf } from '../../tools/peers.mjs';
import { compileWithMbedtls, MBEDTLS_SUITES } from '../dtls/mbedtls.js';
import { type Client, IDENTITY, inFolder, PSK, start, type Suite } from './station.js';

let compiled: string | undefined;

/** Options: see there. */
export function mbedtls(port: number, ...options: readonly string[]): Client {
  compiled ??= compileWithMbedtls('test/dtls-server/mbedtls-client.c', inFolder('mbedtls-client'));
  return start(compiled, String(port), IDENTITY, PSK, ...options);
}

/** Sends a request, waits for the answer, and ends; `help` tells its options. */
export const sslClient2 = (port: number, suite: Suite, ...options: readonly string[]): Client =>
  start(
    fileOf('mbedtls-client'),
    ...['dtls=1', 'server_addr=127.0.0.1', `server_port=${port}`, `psk=${PSK}`, `psk_identity=${IDENTITY}`],
    ...[`force_ciphersuite=${MBEDTLS_SUITES[suite]}`, ...options],
  );
