import type { Radio, Usim } from '../cellular/network.js';
import { AttachError, Registration } from '../cellular/network.js';
import type { Clock, Nanoseconds, Timer } from '../clock/clock.js';
import { MINUTE, SECOND } from '../clock/clock.js';
import type { Trace } from '../trace/trace.js';
import { DeadlineError, within } from './deadline.js';

/** An attach that the baseband has not ended by then is given up. */
const ATTACH_LIMIT = 2 * MINUTE;
/** A detach that takes longer is cut short. */
const DETACH_LIMIT = 10 * SECOND;
/** From the loss of the network to the first search. */
const LOSS_DELAY = 1 * SECOND;
/** Pauses between searches while no network is found; the last one repeats. */
const SEARCH_DELAYS: readonly Nanoseconds[] = [2, 4, 8, 16, 32, 60].map((seconds) => seconds * SECOND);
/** TS 24.301 10.2: T3411 between the first five attempts, then T3402. */
const T3411 = 10 * SECOND;
const T3402 = 12 * MINUTE;
const ATTEMPTS = 5;
/** TS 36.304 5.3.1: how long a cell of a network that could not prove itself stays barred. */
const BARRED = 5 * MINUTE;
/** TS 24.301 5.5.1.2.5: EMM causes after which the USIM counts as invalid until it is switched off. */
const USIM_INVALID = new Set([3, 6, 7, 8]);
/** The same clause: PLMN or tracking area forbidden. */
const AREA_FORBIDDEN = new Set([11, 12, 13, 14, 15, 35]);

const STATE_NAME: Readonly<Record<Registration, string>> = {
  0: 'off',
  1: 'home',
  2: 'searching',
  3: 'denied',
  4: 'unknown',
  5: 'roaming',
};

/** Keeps the modem registered while it is asked to: first attach, retries with backoff, re-attach after loss. */
export class Attachment {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #radio: Radio;
  readonly #usim: Usim;
  readonly #imei: string;
  readonly #onChange: () => void;
  #wanted = false;
  #attempt: Promise<void> | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  /** The USIM was refused for good: no attempt until the next request. */
  #barred = false;
  #denied: { readonly cause: number | undefined } | undefined;
  #lastError: AttachError | undefined;
  #reported: Registration = Registration.Off;
  #generation = 0;

  /** `onChange` is called after every change of what the radio tells, `stat` first of all. */
  constructor(options: { clock: Clock; trace: Trace; radio: Radio; usim: Usim; imei: string; onChange: () => void }) {
    this.#clock = options.clock;
    this.#trace = options.trace;
    this.#radio = options.radio;
    this.#usim = options.usim;
    this.#imei = options.imei;
    this.#onChange = options.onChange;
    this.#radio.onChange = () => this.#radioChanged();
  }

  get registered(): boolean {
    const { registration } = this.#radio;
    return registration === Registration.Home || registration === Registration.Roaming;
  }

  /** TS 27.007 10.1.20 `<stat>`. */
  get stat(): Registration {
    if (this.registered) return this.#radio.registration;
    if (!this.#wanted) return Registration.Off;
    if (this.#denied && !this.#attempt) return Registration.Denied;
    return Registration.Searching;
  }

  /** EMM cause of the denial, if `stat` says denied. */
  get cause(): number | undefined {
    return this.stat === Registration.Denied ? this.#denied?.cause : undefined;
  }

  /** Why the last attempt failed; undefined since the last success. */
  get lastError(): AttachError | undefined {
    return this.#lastError;
  }

  get wanted(): boolean {
    return this.#wanted;
  }

  /** Starts to keep registered; a USIM that was refused gets another chance. */
  start(): void {
    this.#wanted = true;
    this.#barred = false;
    this.#failures = 0;
    this.#try();
  }

  /** Resolves when the attempt under way, if any, has ended. */
  async settled(): Promise<void> {
    await this.#attempt;
  }

  /** Detaches and stays so. */
  async stop(): Promise<void> {
    const attaching = this.#attempt !== undefined;
    this.#forget();
    if (attaching) this.#radio.drop();
    else if (this.registered) {
      try {
        await within(this.#clock, DETACH_LIMIT, this.#radio.detach());
      } catch {
        this.#radio.drop();
      }
    }
    this.#changed();
  }

  /** The power is gone: nothing is told to the network. */
  drop(): void {
    this.#forget();
    this.#radio.drop();
    this.#changed();
  }

  #forget(): void {
    this.#generation++;
    this.#wanted = false;
    this.#attempt = undefined;
    this.#denied = undefined;
    this.#lastError = undefined;
    this.#retry?.cancel();
    this.#retry = undefined;
  }

  #try(): void {
    this.#retry?.cancel();
    this.#retry = undefined;
    if (!this.#wanted || this.#barred || this.#attempt || this.registered) return;
    const generation = this.#generation;
    this.#clock.stir('promises');
    // The radio may report changes from inside its attach: they must find the attempt under way.
    const attempt = Promise.resolve().then(() => (generation === this.#generation ? this.#attach() : undefined));
    this.#attempt = attempt.then((error) => {
      if (generation !== this.#generation) return;
      this.#attempt = undefined;
      if (error) this.#failed(error);
      else this.#succeeded();
      this.#changed();
    });
    this.#changed();
  }

  /** Never rejects. */
  async #attach(): Promise<AttachError | undefined> {
    const generation = this.#generation;
    try {
      await within(this.#clock, ATTACH_LIMIT, this.#radio.attach(this.#usim, this.#imei));
      return undefined;
    } catch (error) {
      if (error instanceof AttachError) return error;
      if (error instanceof DeadlineError && generation === this.#generation) this.#radio.drop();
      return new AttachError('timeout', error instanceof Error ? error.message : 'the attach failed');
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#denied = undefined;
    this.#lastError = undefined;
    // Lost again in the moment between: the radio's own change found this attempt still under way.
    if (!this.registered) this.#later(LOSS_DELAY);
  }

  #failed(error: AttachError): void {
    const cause = error.causes.emm ?? this.#radio.rejectCause;
    this.#lastError = error;
    this.#denied =
      error.code === 'rejected' || this.#radio.registration === Registration.Denied ? { cause } : undefined;
    this.#failures++;
    if (this.#denied && cause !== undefined && USIM_INVALID.has(cause)) this.#barred = true;
    else this.#later(this.#pause(error, cause));
  }

  #pause(error: AttachError, cause: number | undefined): Nanoseconds {
    switch (error.code) {
      case 'no-network':
      case 'timeout':
        return SEARCH_DELAYS[Math.min(this.#failures, SEARCH_DELAYS.length) - 1] ?? T3411;
      case 'network-not-authentic':
        return BARRED;
      case 'card':
        return T3402;
      case 'rejected':
        if (cause !== undefined && AREA_FORBIDDEN.has(cause)) return T3402;
        return this.#failures < ATTEMPTS ? T3411 : T3402;
    }
  }

  #later(delay: Nanoseconds): void {
    this.#retry?.cancel();
    this.#retry = this.#clock.after(delay, () => this.#try());
  }

  #radioChanged(): void {
    if (this.registered) {
      this.#retry?.cancel();
      this.#retry = undefined;
      this.#denied = undefined;
    } else if (this.#wanted && !this.#barred && !this.#attempt && !this.#retry) {
      this.#failures = 0;
      this.#later(LOSS_DELAY);
    }
    this.#changed();
  }

  #changed(): void {
    const { stat, cause } = this;
    if (stat !== this.#reported) {
      this.#reported = stat;
      this.#trace.emit({ type: 'registration', state: STATE_NAME[stat], ...(cause === undefined ? {} : { cause }) });
    }
    this.#onChange();
  }
}
