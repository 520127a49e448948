import { Duplex } from 'node:stream';
import type { Clock, Nanoseconds } from '../clock/clock.js';

/** Bytes that one end may have under way before its writer has to wait. */
const WINDOW_BYTES = 256 * 1024;

/**
 * One connection inside the process, as its two ends. What is written at one end is read at the other `latency` later.
 * Like TCP: `end()` is a FIN and leaves the other direction open; `destroy()` is a FIN and the end of reading, or, with
 * an error or with bytes unread, a reset, which the other end sees as ECONNRESET after the bytes sent before it.
 */
export function duplexPair(clock: Clock, latency: Nanoseconds = 0): [Duplex, Duplex] {
  const a = new End(clock, latency);
  const b = new End(clock, latency);
  a.peer = b;
  b.peer = a;
  return [a, b];
}

class End extends Duplex {
  peer: End | undefined;
  readonly #clock: Clock;
  readonly #latency: Nanoseconds;
  /** Arrived, and not yet asked for by the reader. */
  readonly #arrived: (Buffer | null)[] = [];
  #wanted = false;
  /** Written here, and not yet taken by the other end's reader. */
  #underWay = 0;
  #writer: (() => void) | undefined;

  constructor(clock: Clock, latency: Nanoseconds) {
    super({ allowHalfOpen: true });
    this.#clock = clock;
    this.#latency = latency;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#underWay += chunk.length;
    this.#later((peer) => peer.#arrive(chunk));
    if (this.#underWay <= WINDOW_BYTES) done();
    else this.#writer = done;
  }

  override _final(done: () => void): void {
    this.#later((peer) => peer.#arrive(null));
    done();
  }

  override _read(): void {
    this.#wanted = true;
    this.#drain();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const { peer } = this;
    if (error !== null || (peer !== undefined && peer.#underWay > 0)) this.#later((far) => far.#reset());
    else if (!this.writableFinished) this.#later((far) => far.#arrive(null));
    done(error);
  }

  #later(action: (peer: End) => void): void {
    this.#clock.after(this.#latency, () => {
      this.#clock.stir();
      if (this.peer) action(this.peer);
    });
  }

  #arrive(chunk: Buffer | null): void {
    if (this.destroyed) {
      // Nobody reads here any more: the sender learns it as from a closed port.
      if (chunk !== null) this.#later((peer) => peer.#reset());
      return;
    }
    this.#arrived.push(chunk);
    this.#drain();
  }

  #drain(): void {
    while (this.#wanted && this.#arrived.length > 0) {
      const chunk = this.#arrived.shift() ?? null;
      this.#wanted = this.push(chunk);
      const { peer } = this;
      if (peer !== undefined && chunk !== null) peer.#taken(chunk.length);
    }
  }

  #taken(bytes: number): void {
    this.#underWay -= bytes;
    if (this.#writer === undefined || this.#underWay > WINDOW_BYTES) return;
    const done = this.#writer;
    this.#writer = undefined;
    this.#clock.stir();
    done();
  }

  #reset(): void {
    if (this.destroyed || (this.readableEnded && this.writableFinished)) return;
    this.destroy(Object.assign(new Error('connection reset by the other end'), { code: 'ECONNRESET' }));
  }
}
