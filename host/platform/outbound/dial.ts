// A connection to a customer's server: TCP, and TLS over it where the destination wants it.

import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../clock/clock.js';
import type { Upstream } from './upstream.js';
import { secure, trustContext } from './tls.js';
import { UpstreamError } from './upstream-error.js';

export interface DialTarget {
  /** A name or an address; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Protocols offered in the TLS handshake (RFC 7301); none unless given. */
  readonly protocols?: readonly string[];
}

/** The process or the system is out of descriptors, buffers or ports. */
const NO_SOCKET: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

export class Dialer {
  readonly #clock: Clock;
  readonly #upstream: Upstream;
  #trust: { readonly key: string; readonly context: SecureContext } | undefined;

  constructor(clock: Clock, upstream: Upstream) {
    this.#clock = clock;
    this.#upstream = upstream;
  }

  /**
   * `keep` is told of each stream as soon as it is there (TLS lies over a plain one): who gives up destroys them all.
   * Rejects with an UpstreamError. No time limit: that is the caller's.
   */
  async open({ host, port, tls, protocols = [] }: DialTarget, keep: (stream: Duplex) => void): Promise<Duplex> {
    let stream: Duplex;
    try {
      stream = await this.#upstream.connect(host, port);
    } catch (error) {
      const cause = error instanceof Error ? error.message : 'no connection';
      const isOwn = NO_SOCKET.has((error as NodeJS.ErrnoException).code ?? '');
      throw new UpstreamError(isOwn ? 'no-socket' : 'unreachable', `${host}:${port}: ${cause}`);
    }
    keep(stream);
    if (tls && !stream.destroyed) {
      const simulated = this.#upstream.simulatesTls?.(host) ?? false;
      const options = { context: this.#trusted(), unixMs: this.#clock.unixMs(), protocols, simulated };
      stream = await secure(stream, host, options);
      keep(stream);
    }
    if (stream.destroyed) throw new UpstreamError('cut-short', `${host}:${port}: connection closed`);
    return stream;
  }

  #trusted(): SecureContext {
    const key = this.#upstream.trustedCas.join('\n');
    if (this.#trust?.key !== key) this.#trust = { key, context: trustContext(this.#upstream.trustedCas) };
    return this.#trust.context;
  }
}

/** The name of a URL as it is dialled: without the brackets of an IPv6 address. */
export const dialHost = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
