// Programs on the Mbed TLS library, compiled from a C file beside a test.
import { execFileSync } from 'node:child_process';
import { INCLUDE, LIBRARY } from '../../tools/mbedtls/sources.mjs';

export function compileWithMbedtls(source: string, program: string): string {
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', `-I${INCLUDE}`, '-o', program, source, LIBRARY]);
  return program;
}

/** Its names of the suites. */
export const MBEDTLS_SUITES = {
  ccm8: 'TLS-PSK-WITH-AES-128-CCM-8',
  gcm: 'TLS-PSK-WITH-AES-128-GCM-SHA256',
} as const;
