// mbedtls-client.c, compiled.
import { execFileSync } from 'node:child_process';
import { type Client, IDENTITY, inFolder, PSK, start } from './station.js';

let compiled: string | undefined;

/** Options: see there. */
export function mbedtls(port: number, ...options: readonly string[]): Client {
  if (compiled === undefined) {
    compiled = inFolder('mbedtls-client');
    const source = new URL('mbedtls-client.c', import.meta.url).pathname;
    execFileSync('gcc', ['-Wall', '-Werror', '-o', compiled, source, '-lmbedtls', '-lmbedcrypto', '-lmbedx509']);
  }
  return start(compiled, String(port), IDENTITY, PSK, ...options);
}
