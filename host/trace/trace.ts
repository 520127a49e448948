import type { Clock } from '../clock/clock.js';
import type { TraceBody, TraceEvent } from './events.js';

export type TraceSink = (event: TraceEvent) => void;

/** The one stream of events of a world. Parts emit through a `Trace` bound to their device; sinks listen to all. */
export class Trace {
  readonly #clock: Clock;
  readonly #device: string | undefined;
  readonly #sinks: Set<TraceSink>;

  constructor(clock: Clock, device?: string, sinks: Set<TraceSink> = new Set()) {
    this.#clock = clock;
    this.#device = device;
    this.#sinks = sinks;
  }

  /** The same stream, with events marked as this device's. */
  of(device: string): Trace {
    return new Trace(this.#clock, device, this.#sinks);
  }

  /** Returns a function that takes the sink away again. */
  listen(sink: TraceSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  /** True when somebody listens: lets a busy part skip the work of describing itself. */
  get active(): boolean {
    return this.#sinks.size > 0;
  }

  /** `said` as a function is asked only when somebody listens: where an event happens often and takes work to describe. */
  emit(said: TraceBody | (() => TraceBody)): void {
    if (this.#sinks.size === 0) return;
    const body = typeof said === 'function' ? said() : said;
    const t = this.#clock.now();
    const event: TraceEvent = this.#device === undefined ? { t, ...body } : { t, device: this.#device, ...body };
    for (const sink of this.#sinks) sink(event);
  }
}
