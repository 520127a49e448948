// An entry point that devices reach over TLS: the handshake is made here, on the stream of a session's connection, and
// what is inside goes on to a front. The caller stays who the session says.

import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { TcpService } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import type { Secret } from '../../secret.js';

/** Issues what a TLS server shows for these host names: PEM certificate and PEM key (PKCS #8). */
export type CertificateSupplier = (
  names: readonly string[],
) => Promise<{ readonly certificate: string; readonly key: Secret }>;

/**
 * The TCP service of a TLS port. The front behind it has its own limit of time for a first request, which covers the
 * handshake as well: a device that stops in the middle of it is closed.
 */
export function tlsEntry(
  clock: Clock,
  names: readonly string[],
  certificates: CertificateSupplier,
  accept: TcpService,
): TcpService {
  let context: Promise<SecureContext> | undefined;
  return (stream, caller) => {
    const release = clock.hold();
    context ??= certificates(names).then(({ certificate, key }) =>
      createSecureContext({ cert: certificate, key: Buffer.from(key.reveal()), minVersion: 'TLSv1.2' }),
    );
    context
      .then(
        (secureContext) => {
          if (!stream.destroyed) accept(secured(stream, secureContext), caller);
        },
        () => {
          context = undefined;
          stream.destroy();
        },
      )
      .finally(release);
    stream.on('error', () => undefined);
  };
}

function secured(stream: Duplex, secureContext: SecureContext): Duplex {
  const options = { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] };
  // Any duplex will do, though the type asks for a socket.
  const secure = new TLSSocket(stream as Socket, options);
  secure.on('error', () => undefined);
  secure.once('close', () => stream.destroy());
  stream.once('close', () => secure.destroy());
  return secure;
}
