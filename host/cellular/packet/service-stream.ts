import { Duplex } from 'node:stream';
import type { Clock } from '../../clock/clock.js';
import type { SocketFault } from '../network.js';
import { TcpEndpoint } from './tcp.js';
import type { TcpEndpointEvents } from './tcp.js';
import type { Segment } from './packet.js';

/** Bytes that a service may have under way before its `write` has to wait. */
const SEND_BUFFER = 64 * 1024;

const CODE: Readonly<Record<SocketFault, string>> = {
  reset: 'ECONNRESET',
  timeout: 'ETIMEDOUT',
  refused: 'ECONNREFUSED',
  'name-unknown': 'ENOTFOUND',
  'no-session': 'ENETUNREACH',
};

/**
 * The platform's end of a device's TCP connection as a Node stream. Half-open like a net.Socket with `allowHalfOpen`:
 * `end()` sends FIN, `destroy()` before both ends are through sends RST. Errors carry Node's codes. A reader that does
 * not read shuts the window; a writer waits while SEND_BUFFER bytes are unacknowledged.
 */
export class ServiceStream extends Duplex {
  readonly remoteAddress: string;
  readonly #clock: Clock;
  readonly #endpoint: TcpEndpoint;
  readonly #closed: () => void;
  #waiting: (() => void) | undefined;

  constructor(
    clock: Clock,
    remoteAddress: string,
    transmit: (segment: Segment) => void,
    events: { connected(): void; closed(): void },
  ) {
    super({ allowHalfOpen: true });
    this.remoteAddress = remoteAddress;
    this.#clock = clock;
    const told: TcpEndpointEvents = {
      connected: () => events.connected(),
      data: (bytes) => {
        clock.stir();
        return this.push(bytes);
      },
      ended: () => {
        clock.stir();
        this.push(null);
        if (this.#endpoint.closed) events.closed();
      },
      failed: (fault) => {
        clock.stir();
        events.closed();
        this.destroy(Object.assign(new Error(`the device's connection failed: ${fault}`), { code: CODE[fault] }));
      },
      progress: () => {
        if (this.#endpoint.closed) events.closed();
        this.#goOn();
      },
    };
    this.#endpoint = new TcpEndpoint(clock, transmit, told);
    this.#closed = events.closed;
  }

  receive(segment: Segment): void {
    this.#endpoint.receive(segment);
  }

  /** Resets the connection at this end. */
  reset(): void {
    this.#endpoint.reset();
  }

  override _read(): void {
    this.#endpoint.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#endpoint.send(chunk);
    this.#waiting = done;
    this.#goOn();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#endpoint.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Both programs are through: what is still under way, FIN at the end, goes on by itself. Anything else is RST.
    if (!this.#endpoint.closed && !(this.writableFinished && this.readableEnded)) {
      this.#endpoint.abort();
      this.#closed();
    }
    done(error);
  }

  #goOn(): void {
    const done = this.#waiting;
    if (done === undefined || this.#endpoint.unacknowledged >= SEND_BUFFER) return;
    this.#waiting = undefined;
    this.#clock.stir();
    done();
  }
}
