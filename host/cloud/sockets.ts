import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../clock/clock.js';
import type { Upstream } from '../platform/outbound/upstream.js';

/** Real milliseconds without a byte after which a virtual clock no longer waits for a socket. */
const PATIENCE_MS = 10_000;

export interface SocketOptions {
  readonly clock: Clock;
  /** Where names of the world are served: `"customer.example:443"` to a listening address. */
  readonly hosts?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** Which other hosts connections may go to: none unless given, this computer's own addresses, or any. */
  readonly others?: 'none' | 'loopback' | 'any';
  readonly trustedCas?: readonly string[];
}

/** Customers' servers behind real TCP sockets. A virtual clock stands still while one of them is busy. */
export class SocketUpstream implements Upstream {
  readonly trustedCas: readonly string[];
  readonly #options: SocketOptions;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.trustedCas = options.trustedCas ?? [];
  }

  connect(host: string, port: number): Promise<Duplex> {
    const { clock, hosts = {}, others = 'none' } = this.#options;
    const key = `${host.toLowerCase()}:${port}`;
    const address = Object.hasOwn(hosts, key) ? hosts[key] : open(host, others) ? { host, port } : undefined;
    if (address === undefined) return Promise.reject(new Error(`name unknown: ${host}`));
    return new Promise((resolve, reject) => {
      const release = clock.hold();
      // A server's FIN ends its own direction only.
      const socket = connect({ ...address, noDelay: true, allowHalfOpen: true });
      if (clock.kind === 'virtual') socket.setTimeout(PATIENCE_MS, release);
      socket.once('close', release);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.removeListener('error', reject);
        resolve(socket);
      });
    });
  }
}

const open = (host: string, others: 'none' | 'loopback' | 'any'): boolean =>
  others === 'any' || (others === 'loopback' && /^(localhost|127(\.\d{1,3}){3}|::1)$/i.test(host));
