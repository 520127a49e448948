import type { Duplex } from 'node:stream';

/**
 * How the platform reaches customers' servers. Inside a world with stand-ins on the virtual clock the streams stay in
 * process; on the real clock, or for hosts that the world does not own, they are TCP connections.
 */
export interface Upstream {
  /** A plain byte stream to host:port; TLS is laid over it by the caller. Rejects with an Error that names the cause. */
  connect(host: string, port: number): Promise<Duplex>;
  /** Whether the servers of this host take simulated TLS (host/tls); TLS with all hosts is real where this is not there. */
  simulatesTls?(host: string): boolean;
  /** Certificates (PEM) that count as trusted besides the public roots: the customer's own CA. */
  readonly trustedCas: readonly string[];
}
