import type { AsyncWork, Clock, Nanoseconds, Timer } from './clock.js';
import { DeadlineQueue } from './queue.js';

/**
 * Turns of Node's event loop that must pass without a `stir` of streams before time goes on. In-memory streams move their work by at
 * most three turns (nextTick, setImmediate) between two stirs, OpenSSL's by a few more; the rest is margin. A turn costs a
 * microsecond, and a reading has some 28 pauses of so many.
 */
const QUIET_TURNS = { real: 24, simulated: 8 } as const;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export interface VirtualClockOptions {
  readonly alwaysSettle?: boolean;
  readonly tls?: keyof typeof QUIET_TURNS;
}

/** Time that jumps to the next deadline. Nothing sleeps; the same inputs give the same order of events. */
export class VirtualClock implements Clock {
  readonly kind = 'virtual';
  readonly #epochMs: number;
  readonly #queue = new DeadlineQueue();
  #now: Nanoseconds = 0;
  #stirred: AsyncWork | undefined = 'streams';
  #holds = 0;
  #released: (() => void) | undefined;
  #running = false;

  readonly #alwaysSettle: boolean;
  readonly #quietTurns: number;

  /**
   * `epochMs`: UNIX milliseconds at time 0. `tls`: `simulated` where no stream of the world has real TLS. `alwaysSettle` treats every event as stirred: slow, and the same in every
   * respect if nobody forgot to `stir`, which is how a test finds out who did.
   */
  constructor(epochMs: number, { alwaysSettle = false, tls = 'real' }: VirtualClockOptions = {}) {
    this.#epochMs = epochMs;
    this.#alwaysSettle = alwaysSettle;
    this.#quietTurns = QUIET_TURNS[tls];
  }

  now(): Nanoseconds {
    return this.#now;
  }

  unixMs(): number {
    return this.#epochMs + Math.floor(this.#now / 1e6);
  }

  at(time: Nanoseconds, action: () => void): Timer {
    return this.#queue.add(Math.max(Math.round(time), this.#now), action);
  }

  after(delay: Nanoseconds, action: () => void): Timer {
    return this.at(this.#now + delay, action);
  }

  sleep(delay: Nanoseconds): Promise<void> {
    return new Promise((resolve) => {
      this.after(delay, () => {
        this.stir('promises');
        resolve();
      });
    });
  }

  stir(work: AsyncWork = 'streams'): void {
    if (this.#stirred !== 'streams') this.#stirred = work;
  }

  hold(): () => void {
    this.#holds++;
    this.stir();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds--;
      this.stir();
      if (this.#holds === 0) this.#released?.();
    };
  }

  /**
   * Runs until `until` says true (asked after every event), time reaches `deadline`, or nothing is left to do.
   * Returns why it stopped. Time never passes `deadline`.
   */
  async run(options: { deadline?: Nanoseconds; until?: () => boolean }): Promise<'until' | 'deadline' | 'idle'> {
    if (this.#running) throw new Error('VirtualClock.run: already running');
    this.#running = true;
    const deadline = options.deadline ?? Infinity;
    try {
      for (;;) {
        if (this.#stirred !== undefined || this.#alwaysSettle) await this.#settle();
        if (options.until?.()) return 'until';
        const next = this.#queue.next();
        if (next === undefined || next > deadline) {
          if (deadline !== Infinity) this.#now = Math.max(this.#now, deadline);
          return next === undefined && deadline === Infinity ? 'idle' : 'deadline';
        }
        this.#now = next;
        this.#queue.take()?.();
      }
    } finally {
      this.#running = false;
    }
  }

  /** Waits until the event loop has nothing of ours left. */
  async #settle(): Promise<void> {
    let quiet = this.#turnsAfter(this.#alwaysSettle ? 'streams' : this.#stirred);
    this.#stirred = undefined;
    while (quiet > 0 || this.#holds > 0) {
      if (this.#holds > 0) {
        await new Promise<void>((resolve) => (this.#released = resolve));
        this.#released = undefined;
      }
      await turn();
      quiet = Math.max(quiet - 1, this.#turnsAfter(this.#stirred));
      this.#stirred = undefined;
    }
  }

  /** Turns that have to pass after this work was handed over. */
  #turnsAfter(work: AsyncWork | undefined): number {
    if (work === undefined) return 0;
    return work === 'promises' ? 1 : this.#quietTurns;
  }
}
