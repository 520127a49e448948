// An entry point that devices reach over TLS: the handshake is made here, on the stream of a session's connection, and
// what is inside goes on to a front. The caller stays who the session says.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { TcpService } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import type { HttpLimits } from '../limits.js';
import type { Secret } from '../../secret.js';
import { simulateServer, type TlsServerOptions } from '../../tls/simulated.js';

/** Issues what a TLS server shows for these host names: PEM certificate and PEM key (PKCS #8). */
export type CertificateSupplier = (
  names: readonly string[],
) => Promise<{ readonly certificate: string; readonly key: Secret }>;

export interface TlsEntryOptions {
  readonly clock: Clock;
  /** Host names in the certificate. */
  readonly names: readonly string[];
  readonly certificates: CertificateSupplier;
  /** Takes simulated TLS as well. */
  readonly simulated: boolean;
  /** `requestHeader` is the longest time until a simulated handshake begins. */
  readonly limits: Pick<HttpLimits, 'requestHeader'>;
}

/**
 * The TCP service of a TLS port. The front behind it has its own limit of time for a first request, which covers the
 * handshake as well: a device that stops in the middle of it is closed.
 */
export function tlsEntry(entry: TlsEntryOptions, accept: TcpService): TcpService {
  const { clock, names, certificates, simulated } = entry;
  const limit = entry.limits.requestHeader;
  let options: Promise<TlsServerOptions> | undefined;
  return (stream, caller) => {
    const release = clock.hold();
    options ??= certificates(names).then(({ certificate, key }) => ({
      secureContext: createSecureContext({
        cert: certificate,
        key: Buffer.from(key.reveal()),
        minVersion: 'TLSv1.2',
      }),
      ALPNProtocols: ['http/1.1'],
    }));
    options
      .then(
        (server) => {
          if (stream.destroyed) return;
          const encrypted = (): void => accept(secured(stream, server), caller);
          const accepted = (): void => accept(stream, caller);
          if (simulated) simulateServer(stream, { clock, options: server, limit, accepted, other: encrypted });
          else encrypted();
        },
        () => {
          options = undefined;
          stream.destroy();
        },
      )
      .finally(release);
    stream.on('error', () => undefined);
  };
}

function secured(stream: Duplex, options: TlsServerOptions): Duplex {
  // Any duplex will do, though the type asks for a socket.
  const secure = new TLSSocket(stream as Socket, { ...options, isServer: true });
  secure.on('error', () => undefined);
  secure.once('close', () => stream.destroy());
  stream.once('close', () => secure.destroy());
  return secure;
}
