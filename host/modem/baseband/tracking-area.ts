// Tracking area update (TS 24.301 5.5.3) as the modem does it: when T3412 has run out, and when the two sides may
// believe different things about the EPS bearer contexts.

import { repeat } from '../../cellular/nas/index.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import { T3430, TRIES } from './timers.js';

/** EPS update type (9.9.3.14). */
export const UpdateType = { trackingArea: 0, periodic: 3 } as const;
export type UpdateType = (typeof UpdateType)[keyof typeof UpdateType];

export class TrackingAreaUpdate {
  readonly #clock: Clock;
  readonly #send: (type: UpdateType) => void;
  readonly #unanswered: () => void;
  #t3412: Nanoseconds | undefined;
  #periodic: Timer | undefined;
  #due: UpdateType | undefined;
  /** Asked for while one was under way, which may have said something else. */
  #again = false;
  #stop: (() => void) | undefined;
  /** On a cell that serves us. */
  #camped = false;

  /** `send` sends one TRACKING AREA UPDATE REQUEST; `unanswered` is called when none of TRIES was answered. */
  constructor(clock: Clock, send: (type: UpdateType) => void, unanswered: () => void) {
    this.#clock = clock;
    this.#send = send;
    this.#unanswered = unanswered;
  }

  /** Is an answer waited for? */
  get underWay(): boolean {
    return this.#stop !== undefined;
  }

  /** Camped on a cell. `t3412` undefined: no periodic updates. */
  camp(t3412: Nanoseconds | undefined): void {
    this.#t3412 = t3412;
    this.#camped = true;
    if (this.#due === undefined) this.heard();
    else this.#start();
  }

  /** No cell any more: what is under way waits for the return (5.5.3.2.6 b). T3412 runs on. */
  leave(): void {
    this.#camped = false;
    this.#end();
  }

  /** A sign of life under the right keys: T3412 restarts. */
  heard(): void {
    this.#periodic?.cancel();
    this.#periodic = undefined;
    if (this.#t3412 === undefined) return;
    this.#periodic = this.#clock.after(this.#t3412, () => this.ask(UpdateType.periodic));
  }

  /** An update as soon as there is a cell. */
  ask(type: UpdateType): void {
    this.#again ||= this.underWay;
    this.#due = this.#due === UpdateType.trackingArea ? this.#due : type;
    if (this.#camped) this.#start();
  }

  #start(): void {
    const type = this.#due;
    if (this.#stop || type === undefined) return;
    const late = (): void => {
      this.#end();
      this.#unanswered();
    };
    this.#stop = repeat(this.#clock, T3430, TRIES, () => this.#send(type), late);
  }

  /** TRACKING AREA UPDATE ACCEPT has come. */
  accepted(): void {
    const again = this.#again;
    this.#end();
    this.#due = undefined;
    this.heard();
    if (again) this.ask(UpdateType.trackingArea);
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#again = false;
  }

  /** The registration is gone. */
  drop(): void {
    this.leave();
    this.#due = undefined;
    this.#t3412 = undefined;
    this.#periodic?.cancel();
    this.#periodic = undefined;
  }
}
