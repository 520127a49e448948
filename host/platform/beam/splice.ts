// Two streams made one: bytes go both ways as fast as the slower end takes them; each end may finish its direction alone.

import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Alarm } from '../../alarm.js';
import type { Clock, Nanoseconds } from '../../clock/clock.js';
import { resetSocket } from '../../reset.js';

export interface SpliceOptions {
  readonly clock: Clock;
  readonly device: Duplex;
  readonly upstream: Duplex;
  /** All streams of the connection but the device's: TLS lies over a plain one. */
  readonly opened: readonly Duplex[];
  /** Longest silence of both ends. */
  readonly idle: Nanoseconds;
  /** From the end of both directions to a reset, if the device does not close. */
  readonly linger: Nanoseconds;
  /** Throws when bytes may no longer pass. */
  check(): void;
  refused(error: unknown): void;
  /** The destination's end is gone. */
  ended(): void;
  /** Both are gone. Called once. */
  over(): void;
}

/** An end that was cut must not look like one that had finished: RST, not FIN. */
export function reset(stream: Duplex): void {
  if (stream.destroyed) return;
  if (stream instanceof Socket && !(stream instanceof TLSSocket)) resetSocket(stream);
  else stream.destroy(new Error('connection reset'));
}

export class Splice {
  readonly #options: SpliceOptions;
  readonly #alarm: Alarm;
  #over = false;

  constructor(options: SpliceOptions) {
    this.#options = options;
    const { clock, device, upstream, opened } = options;
    this.#alarm = new Alarm(clock);
    this.#watch();
    device.on('error', () => this.destroy());
    device.once('close', () => this.destroy());
    for (const stream of opened) stream.on('error', () => this.#lost());
    upstream.once('close', () => {
      options.ended();
      this.#lost();
    });
    this.#pass(upstream, device);
    this.#pass(device, upstream);
    // Who handed them over may have paused them.
    for (const stream of [device, upstream]) stream.resume();
    if (device.destroyed) this.destroy();
    else if (upstream.destroyed) this.#lost();
  }

  /** Resets both ends. */
  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm.clear();
    const { device, opened, clock, over } = this.#options;
    for (const stream of [device, ...opened]) reset(stream);
    clock.stir();
    over();
  }

  #pass(from: Duplex, to: Duplex): void {
    const { clock, device, check, refused } = this.#options;
    from.on('data', (chunk: Buffer) => {
      try {
        check();
      } catch (error) {
        refused(error);
        this.destroy();
        return;
      }
      clock.stir();
      this.#watch();
      if (to.writableEnded || to.destroyed || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        clock.stir();
        from.resume();
      });
    });
    const finish = (): void => {
      clock.stir();
      to.end();
      // Both directions have ended: the device gets what is under way, and then so long to close.
      if (device.readableEnded && device.writableEnded) this.#linger();
    };
    // A FIN may have come before the two were joined.
    if (from.readableEnded) finish();
    else from.once('end', finish);
  }

  /** The destination's end is gone. What it had sent before its FIN still reaches the device. */
  #lost(): void {
    const { device, upstream } = this.#options;
    if (!upstream.readableEnded) return this.destroy();
    if (this.#over) return;
    device.end();
    device.resume();
    this.#linger();
  }

  #watch(): void {
    this.#alarm.set(this.#options.idle, () => this.destroy());
  }

  #linger(): void {
    this.#alarm.set(this.#options.linger, () => this.destroy());
  }
}
