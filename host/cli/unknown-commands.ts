import type { TraceEvent } from '../trace/events.js';

/** Names of commands that are remembered; a device that makes up more is not told of them. */
const NAMES_MAX = 100;

/** Tells a person, once for each, of commands that the emulated modem does not know. */
export class UnknownCommands {
  readonly #told = new Set<string>();

  telling(event: TraceEvent): string | undefined {
    if (event.type !== 'modem' || this.#told.has(event.command) || this.#told.size >= NAMES_MAX) return undefined;
    this.#told.add(event.command);
    return `warning: the emulated modem does not know AT${event.command}, and answers ERROR; a real one may know it`;
  }
}
