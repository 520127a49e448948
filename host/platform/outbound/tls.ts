// TLS from Beam to the customer's server. The certificate is always verified: chain, host name, dates.

import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  connect,
  type ConnectionOptions,
  createSecureContext,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { simulateClient } from '../../tls/simulated.js';
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
  /** The other end is in this process, and takes simulated TLS. */
  readonly simulated: boolean;
}

/** Rejects with an UpstreamError. */
export async function secure(stream: Duplex, host: string, options: SecureOptions): Promise<Duplex> {
  const { context: secureContext, unixMs, protocols } = options;
  const connection: ConnectionOptions = {
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
    secureContext,
  };
  if (!options.simulated) return encrypt(stream, host, connection, unixMs);
  try {
    const { validFrom, validTo } = await simulateClient(stream, connection);
    const fault = dateFault(host, validFrom, validTo, unixMs);
    if (fault) throw fault;
    return stream;
  } catch (error) {
    stream.destroy();
    throw error instanceof UpstreamError ? error : faultOf(host, error as NodeJS.ErrnoException);
  }
}

function encrypt(stream: Duplex, host: string, connection: ConnectionOptions, unixMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ socket: stream, ...connection });
    const fail = (error: UpstreamError): void => {
      reject(error);
      socket.destroy();
    };
    socket.once('secureConnect', () => {
      const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
      const fault = dateFault(host, from, to, unixMs);
      if (fault) fail(fault);
      else resolve(socket);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => fail(faultOf(host, error)));
    socket.once('close', () => fail(faultOf(host, new Error('connection closed'))));
  });
}

function dateFault(host: string, from: string, to: string, unixMs: number): UpstreamError | undefined {
  if (unixMs >= Date.parse(from) && unixMs <= Date.parse(to)) return undefined;
  return new UpstreamError(
    'untrusted',
    `certificate of ${host} is good from ${from} to ${to}: not on the world's date`,
  );
}

function faultOf(host: string, { code = '', message }: NodeJS.ErrnoException): UpstreamError {
  return new UpstreamError(UNTRUSTED.test(code) ? 'untrusted' : 'unreachable', `TLS with ${host}: ${message}`);
}

/** Names of OpenSSL's verification results (X509_V_ERR_*) as Node gives them, and Node's own for the host name. */
const UNTRUSTED = /CERT|SIGNATURE|ISSUER|CRL|INVALID_CA|PATH_LENGTH|INVALID_PURPOSE|HOSTNAME/;
