// TLS from Beam to the customer's server. The certificate is always verified: chain, host name, dates.

import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from 'node:tls';
import { UpstreamError } from './upstream-error.js';

/** Trust in the public roots and the given certificates (PEM). Building one takes milliseconds: keep it. */
export function trustContext(trustedCas: readonly string[]): SecureContext {
  return createSecureContext({ ca: [...rootCertificates, ...trustedCas], minVersion: 'TLSv1.2' });
}

export interface SecureOptions {
  readonly context: SecureContext;
  /** The world's date, which the certificate has to fit as well. */
  readonly unixMs: number;
  /** Offered by ALPN; empty: none. */
  readonly protocols: readonly string[];
}

/** Rejects with an UpstreamError. */
export function secure(stream: Duplex, host: string, options: SecureOptions): Promise<TLSSocket> {
  const { context: secureContext, unixMs, protocols } = options;
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const alpn = protocols.length > 0 ? { ALPNProtocols: [...protocols] } : {};
    const socket = connect({ socket: stream, host, ...name, secureContext, ...alpn });
    const fail = (error: UpstreamError): void => {
      reject(error);
      socket.destroy();
    };
    socket.once('secureConnect', () => {
      const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
      if (unixMs < Date.parse(from) || unixMs > Date.parse(to)) {
        fail(
          new UpstreamError(
            'untrusted',
            `certificate of ${host} is good from ${from} to ${to}: not on the world's date`,
          ),
        );
      } else resolve(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const untrusted = UNTRUSTED.test(error.code ?? '');
      fail(new UpstreamError(untrusted ? 'untrusted' : 'unreachable', `TLS with ${host}: ${error.message}`));
    });
    socket.once('close', () => fail(new UpstreamError('unreachable', `TLS with ${host}: connection closed`)));
  });
}

/** Names of OpenSSL's verification results (X509_V_ERR_*) as Node gives them, and Node's own for the host name. */
const UNTRUSTED = /CERT|SIGNATURE|ISSUER|CRL|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|HOSTNAME/;
