// A SIM in a computer instead of a device: attach and one session, kept up without a board and without AT commands.
// The holder of the session sends over it: `akari serve` gives each one's address to programs.

import { AttachError, type PdnRequest, type Radio, type Session } from '../cellular/network.js';
import type { Clock, Timer } from '../clock/clock.js';
import { SECOND } from '../clock/clock.js';
import type { CardReader } from '../sim/reader.js';
import type { Trace } from '../trace/trace.js';
import { Attachment } from './attachment.js';
import { Sim } from './sim.js';

export interface DataCardOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  readonly reader: CardReader;
  readonly radio: Radio;
  /** 15 digits. */
  readonly imei: string;
  readonly pdn?: PdnRequest;
  readonly onChange?: () => void;
}

const PDN: PdnRequest = { apn: 'soracom.io', user: 'sora', password: 'sora', auth: 'chap' };
/** Between attempts to get a session while attached. */
const RETRY = 10 * SECOND;

export class DataCard {
  readonly #options: DataCardOptions;
  readonly #sim: Sim;
  readonly #attachment: Attachment;
  #session: Session | undefined;
  #activating = false;
  #retry: Timer | undefined;
  #on = false;
  #fault: string | undefined;
  /** Called after every change of `session` and `fault`. */
  onChange: (() => void) | undefined;

  constructor(options: DataCardOptions) {
    const { clock, trace, reader, radio, imei } = options;
    this.#options = options;
    this.onChange = options.onChange;
    this.#sim = new Sim(clock, reader, () => this.#simChanged());
    this.#attachment = new Attachment({
      ...{ clock, trace, radio, imei },
      usim: this.#sim,
      onChange: () => this.#radioChanged(),
    });
  }

  /** The open session, if there is one. */
  get session(): Session | undefined {
    return this.#session?.open === true ? this.#session : undefined;
  }

  /** Why there is no session, as far as it is known. */
  get fault(): string | undefined {
    return this.session ? undefined : (this.#fault ?? this.#attachment.lastError?.message);
  }

  powerOn(): void {
    if (this.#on) return;
    this.#on = true;
    this.#options.clock.stir('promises');
    void this.#sim.start();
  }

  /** Says goodbye to the network. */
  async detach(): Promise<void> {
    this.#forget();
    await this.#attachment.stop();
    this.#sim.stop();
  }

  /** The power is gone: nothing is told to the network. */
  powerOff(): void {
    this.#forget();
    this.#attachment.drop();
    this.#sim.stop();
  }

  #forget(): void {
    this.#on = false;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#session = undefined;
  }

  #simChanged(): void {
    if (!this.#on) return;
    const { state } = this.#sim;
    this.#fault = state === 'ready' || state === 'starting' ? undefined : `SIM: ${state}`;
    if (state === 'ready') this.#attachment.start();
    this.onChange?.();
  }

  #radioChanged(): void {
    if (this.#session?.open === false) this.#session = undefined;
    if (this.#on && this.#attachment.registered) this.#activate();
    this.onChange?.();
  }

  #activate(): void {
    if (this.#activating || this.#retry || this.session) return;
    const { clock, radio, pdn = PDN } = this.#options;
    this.#activating = true;
    clock.stir('promises');
    radio.activate(pdn).then(
      (session) => {
        this.#activating = false;
        this.#fault = undefined;
        if (this.#on) this.#session = session;
        else session.close('nobody waits for it any more');
        this.onChange?.();
      },
      (error: unknown) => {
        this.#activating = false;
        this.#fault = error instanceof AttachError ? error.message : 'the session could not be opened';
        this.onChange?.();
        if (this.#on) this.#later();
      },
    );
  }

  #later(): void {
    this.#retry = this.#options.clock.after(RETRY, () => {
      this.#retry = undefined;
      if (this.#attachment.registered) this.#activate();
    });
  }
}
