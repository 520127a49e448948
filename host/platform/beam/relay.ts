// Beam's TCP to TCP(S) entry point: a stream stays a stream. The first line says who is calling, then bytes go both ways,
// as fast as the slower end takes them; each end may finish its direction alone.

import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import { Alarm } from '../../alarm.js';
import { BeamStatus } from '../choices.js';
import type { Delivery } from '../cloud-delivery/delivery.js';
import { Dialer } from '../outbound/dial.js';
import { UpstreamError } from '../outbound/upstream-error.js';
import { callerOf } from '../caller.js';
import { Refusal } from '../refusal.js';
import type { ServiceContext } from '../context.js';
import { streamDestination, type StreamDestination } from './config.js';
import { beamFailure } from './failure.js';
import { firstLine } from './first-line.js';
import { findEntry } from './route.js';
import { reset, Splice } from './splice.js';

export class Relay {
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;
  readonly #dialer: Dialer;
  readonly #connections = new Set<Connection>();

  constructor(context: ServiceContext, delivery: Delivery) {
    this.#context = context;
    this.#delivery = delivery;
    this.#dialer = new Dialer(context.clock, context.upstream);
  }

  /** Serves one TCP connection of a device. What cannot be relayed is closed: a stream has no place for an error. */
  accept(stream: Duplex, caller: Session): void {
    const connection = new Connection(stream, caller, {
      context: this.#context,
      delivery: this.#delivery,
      dialer: this.#dialer,
    });
    this.#connections.add(connection);
    stream.once('close', () => this.#connections.delete(connection));
    void connection.run();
  }

  /** Resets all connections. */
  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}

interface Ways {
  readonly context: ServiceContext;
  readonly delivery: Delivery;
  readonly dialer: Dialer;
}

class Connection {
  readonly #device: Duplex;
  readonly #caller: Session;
  readonly #context: ServiceContext;
  readonly #delivery: Delivery;
  readonly #dialer: Dialer;
  readonly #id: number;
  /** All streams of the connection but the device's: TLS lies over a plain one. */
  readonly #opened: Duplex[] = [];
  /** While connecting: the connection's time limit; after a refusal: until the device closes. */
  readonly #alarm: Alarm;
  #splice: Splice | undefined;
  #over = false;

  constructor(device: Duplex, caller: Session, { context, delivery, dialer }: Ways) {
    this.#device = device;
    this.#caller = caller;
    this.#context = context;
    this.#delivery = delivery;
    this.#dialer = dialer;
    this.#id = context.nextId();
    this.#alarm = new Alarm(context.clock);
    device.on('error', () => this.destroy());
    device.once('close', () => this.destroy());
  }

  /** Never rejects. */
  async run(): Promise<void> {
    try {
      const { destination, line } = this.#plan();
      const upstream = await this.#connect(destination);
      this.#trace('connected', destination);
      if (line !== undefined) {
        upstream.write(line);
        const { traceOf } = this.#context;
        const shown = { service: 'beam', kind: 'request', protocol: 'tcp', id: this.#id, body: line } as const;
        traceOf(this.#caller).emit({ type: 'message', ...shown });
      }
      this.#join(upstream, destination);
    } catch (error) {
      if (!this.#over) this.#failed(error);
      this.#refuse();
    }
  }

  /** Resets both ends. */
  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#alarm.clear();
    if (this.#splice !== undefined) return this.#splice.destroy();
    for (const stream of [this.#device, ...this.#opened]) reset(stream);
    this.#context.clock.stir();
  }

  /** Throws Refusal. */
  #plan(): { readonly destination: StreamDestination; readonly line: string | undefined } {
    const { directory, clock } = this.#context;
    const caller = this.#caller;
    const subscriber = callerOf(directory, caller);
    const entry = findEntry(subscriber.group, 'tcp-tcp');
    const destination = entry && streamDestination(entry.destination);
    if (entry === undefined || destination === undefined) {
      throw new Refusal(BeamStatus.Refused, 'no entry point is enabled here');
    }
    return { destination, line: firstLine({ entry, subscriber, caller, directory, unixMs: clock.unixMs() }) };
  }

  async #connect(destination: StreamDestination): Promise<Duplex> {
    this.#trace('connect', destination);
    const late = new Promise<never>((_, reject) => {
      const { upstream } = this.#context.limits;
      this.#alarm.set(upstream, () => reject(new UpstreamError('timeout', 'no connection in time')));
      this.#device.once('close', () => reject(new UpstreamError('abandoned', 'the device went away')));
    });
    const keep = (stream: Duplex): void => {
      this.#opened.push(stream);
      stream.on('error', () => undefined);
      if (this.#over) stream.destroy();
    };
    return Promise.race([this.#dialer.open(destination, keep), late]);
  }

  #join(upstream: Duplex, destination: StreamDestination): void {
    const { clock, directory, messageLimits } = this.#context;
    if (this.#over) return reset(upstream);
    this.#alarm.clear();
    this.#splice = new Splice({
      ...{ clock, device: this.#device, upstream, opened: this.#opened },
      ...{ idle: messageLimits.idle, linger: messageLimits.linger },
      // A SIM may be suspended in mid-stream: from then on nothing gets through, to it or from it.
      check: () => void callerOf(directory, this.#caller),
      refused: (error) => this.#failed(error),
      ended: () => this.#trace('ended', destination),
      over: () => (this.#over = true),
    });
  }

  /** Tells the trace why. */
  #failed(error: unknown): void {
    beamFailure(this.#delivery, error, { id: this.#id, session: this.#caller });
  }

  /** Closes the device's connection without having served it. */
  #refuse(): void {
    for (const stream of this.#opened) stream.destroy();
    if (this.#over) return;
    this.#device.end();
    this.#device.resume();
    this.#linger();
  }

  #linger(): void {
    this.#alarm.set(this.#context.messageLimits.linger, () => this.destroy());
  }

  #trace(event: 'connect' | 'connected' | 'ended', { host, port, tls }: StreamDestination): void {
    const remote = `${tls ? 'tcps' : 'tcp'}://${host}:${port}`;
    this.#context.traceOf(this.#caller).emit({ type: 'socket', event, id: this.#id, remote });
  }
}
