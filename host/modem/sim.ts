import { concat, fromHex } from '../bytes.js';
import type { AuthOutcome, Usim } from '../cellular/network.js';
import { AttachError } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import { SECOND } from '../clock/clock.js';
import type { CardAnswer, CardReader } from '../sim/reader.js';
import { CardError, exchange } from '../sim/reader.js';
import { Cme, CmeError } from './at/result.js';
import { CardFiles } from './card-files.js';
import { DeadlineError, within } from './deadline.js';
import type { Fcp } from './uicc.js';
import { Fid, parseAuthenticate, parseIccid, parseImsi, USIM_AID_START } from './uicc.js';

/**
 * off       no power (CFUN=0, modem off)
 * starting  reset, reading files
 * absent    no card in the slot
 * failed    the card does not answer, or is no USIM
 * pin, puk  PIN1, or its unblocking key, must be entered
 * blocked   the unblocking key is used up
 * ready
 */
export type SimState = 'off' | 'starting' | 'absent' | 'failed' | 'pin' | 'puk' | 'blocked' | 'ready';

const STATE_ERROR: Readonly<Record<Exclude<SimState, 'ready'>, Cme>> = {
  off: Cme.SimFailure,
  starting: Cme.SimBusy,
  absent: Cme.NoSim,
  failed: Cme.SimFailure,
  pin: Cme.PinNeeded,
  puk: Cme.PukNeeded,
  blocked: Cme.SimFailure,
};

/** A card that took longer than this for one sequence of commands is taken for dead. */
const CARD_LIMIT = 60 * SECOND;
/** How long an answer that waits in the card for the device's GET RESPONSE keeps the modem's own commands away. */
const FETCH_GRACE = 1 * SECOND;
/** PIN1, the global key reference of TS 102 221 9.5.1. */
const PIN1 = 0x01;
/** TERMINAL PROFILE: profile download, and nothing of the toolkit. TS 102 223 5.2. */
const TERMINAL_PROFILE = Uint8Array.of(0x80, 0x10, 0x00, 0x00, 0x02, 0x01, 0x00);

/** 61xx, or 9Fxx of a 2G card: an answer waits for GET RESPONSE. */
const moreWaits = (answer: Uint8Array): boolean => {
  const sw1 = answer[answer.length - 2];
  return sw1 === 0x61 || sw1 === 0x9f;
};

/** The SIM as the rest of the modem sees it: start sequence, PIN, files, authentication, and raw access for the device. */
export class Sim implements Usim {
  readonly #clock: Clock;
  readonly #reader: CardReader;
  readonly #onState: () => void;
  readonly #files = new CardFiles((command) => this.#transmit(command));
  #state: SimState = 'off';
  #generation = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #fetch: { release: () => void; extend: () => void } | undefined;
  #aid: Uint8Array | undefined;
  #iccid: string | undefined;
  #imsi: string | undefined;
  #pinEnabled = false;

  /** `onState` is called after every change of `state`. */
  constructor(clock: Clock, reader: CardReader, onState: () => void) {
    this.#clock = clock;
    this.#reader = reader;
    this.#onState = onState;
  }

  get state(): SimState {
    return this.#state;
  }

  get iccid(): string | undefined {
    return this.#iccid;
  }

  get pinEnabled(): boolean {
    return this.#pinEnabled;
  }

  /** Throws the CmeError of TS 27.007 that says why the SIM cannot be used; with `locked`, a wanted PIN is no reason. */
  require(locked = false): void {
    if (this.#state === 'ready') return;
    if (locked && (this.#state === 'pin' || this.#state === 'puk' || this.#state === 'blocked')) return;
    throw new CmeError(STATE_ERROR[this.#state]);
  }

  /** The card will be started in a moment: until then it counts as busy. */
  announce(): void {
    this.#set('starting');
  }

  /** Powers the card and reads what TS 31.102 5.1.1 (USIM initialisation) asks for. Ends in a state other than `starting`. */
  async start(): Promise<void> {
    this.#forget();
    const generation = this.#generation;
    this.#set('starting');
    let state: SimState;
    try {
      state = await this.#exclusive(() => this.#initialise());
    } catch (error) {
      state = error instanceof CardError && error.code === 'no-card' ? 'absent' : 'failed';
    }
    if (generation === this.#generation) this.#set(state);
  }

  /** Power off; what is under way comes to nothing. */
  stop(): void {
    this.#forget();
    if (this.#state === 'off') return;
    this.#reader.powerOff();
    this.#set('off');
  }

  #forget(): void {
    this.#generation++;
    this.#tail = Promise.resolve();
    this.#fetch?.release();
    this.#aid = undefined;
    this.#iccid = undefined;
    this.#imsi = undefined;
    this.#pinEnabled = false;
  }

  // Usim: for the baseband.

  imsi(): Promise<string> {
    if (this.#imsi === undefined) return Promise.reject(new AttachError('card', 'the SIM is not ready'));
    return Promise.resolve(this.#imsi);
  }

  /** TS 31.102 7.1: SELECT of the USIM first, since the device may have selected something else by +CSIM. */
  async authenticate(rand: Uint8Array, autn: Uint8Array): Promise<AuthOutcome> {
    const generation = this.#generation;
    try {
      return await this.#exclusive(async () => {
        await this.#selectUsim();
        const command = concat(Uint8Array.of(0x00, 0x88, 0x00, 0x81, 0x22, 0x10), rand, Uint8Array.of(0x10), autn);
        const answer = await this.#transmit(command);
        if (answer.sw === 0x9862) return { kind: 'mac-failure' };
        if (answer.sw !== 0x9000) return { kind: 'refused', sw: answer.sw };
        const outcome = parseAuthenticate(answer.data);
        if (!outcome)
          throw new AttachError('card', `AUTHENTICATE answered ${answer.data.length} bytes of no known form`);
        return outcome;
      });
    } catch (error) {
      if (error instanceof AttachError) throw error;
      this.#fault(error, generation);
      throw new AttachError('card', error instanceof Error ? error.message : 'the card did not answer');
    }
  }

  // PIN: TS 27.007 8.3, 7.4, 7.5.

  /** AT+CPIN="pin". */
  async verify(pin: string): Promise<void> {
    if (this.#state !== 'pin') throw new CmeError(this.#state === 'ready' ? Cme.NotAllowed : STATE_ERROR[this.#state]);
    await this.#enter(Uint8Array.of(0x00, 0x20, 0x00, PIN1, 0x08), [pin]);
  }

  /** AT+CPIN="puk","new pin". */
  async unblock(puk: string, pin: string): Promise<void> {
    if (this.#state !== 'puk' && this.#state !== 'pin') {
      throw new CmeError(this.#state === 'ready' ? Cme.NotAllowed : STATE_ERROR[this.#state]);
    }
    await this.#enter(Uint8Array.of(0x00, 0x2c, 0x00, PIN1, 0x10), [puk, pin]);
    this.#pinEnabled = true;
  }

  /** AT+CPWD="SC",old,new. */
  async changePin(old: string, pin: string): Promise<void> {
    this.require();
    if (!this.#pinEnabled) throw new CmeError(Cme.NotAllowed);
    await this.#pinCommand(Uint8Array.of(0x00, 0x24, 0x00, PIN1, 0x10), [old, pin]);
  }

  /** AT+CLCK="SC",0|1,pin. */
  async setPinEnabled(on: boolean, pin: string): Promise<void> {
    this.require();
    if (on === this.#pinEnabled) throw new CmeError(Cme.NotAllowed);
    await this.#pinCommand(Uint8Array.of(0x00, on ? 0x28 : 0x26, 0x00, PIN1, 0x08), [pin]);
    this.#pinEnabled = on;
  }

  async #enter(header: Uint8Array, pins: readonly string[]): Promise<void> {
    const generation = this.#generation;
    await this.#pinCommand(header, pins);
    await this.#unlocked(generation);
  }

  /** The card has just accepted its PIN: the rest of the start sequence follows. */
  async #unlocked(generation: number): Promise<void> {
    if (generation !== this.#generation) return;
    this.#set('starting');
    let state: SimState = 'failed';
    try {
      state = await this.#exclusive(() => this.#readUsim());
    } catch {
      // stays 'failed'
    }
    if (generation === this.#generation) this.#set(state);
  }

  async #pinCommand(header: Uint8Array, pins: readonly string[]): Promise<void> {
    if (pins.some((pin) => !/^\d{4,8}$/.test(pin))) throw new CmeError(Cme.WrongPassword);
    const generation = this.#generation;
    const fields = pins.map((pin) => concat(Buffer.from(pin, 'ascii'), new Uint8Array(8 - pin.length).fill(0xff)));
    const { sw } = await this.#guarded(async () => {
      await this.#selectUsim();
      return this.#transmit(concat(header, ...fields));
    });
    if (sw === 0x9000) return;
    const unblock = header[1] === 0x2c;
    const gone = sw === 0x6983 || sw === 0x63c0;
    if (!gone) throw new CmeError((sw & 0xfff0) === 0x63c0 ? Cme.WrongPassword : Cme.NotAllowed);
    if (generation === this.#generation) this.#set(unblock ? 'blocked' : 'puk');
    throw new CmeError(unblock ? Cme.SimFailure : Cme.PukNeeded);
  }

  // Raw access for the device: TS 27.007 8.17, 8.18, 8.43.

  /**
   * One command at the T=0 interface for the device. While the card holds an answer for the device to fetch, the
   * modem's own commands wait a little, so that they do not throw it away.
   */
  async transmit(command: Uint8Array): Promise<Uint8Array> {
    this.require(true);
    const generation = this.#generation;
    const fetch = this.#fetch;
    let answer: Uint8Array;
    try {
      // The device holds the card since its last command: no queueing behind what waits for that to end.
      answer = await (fetch ? within(this.#clock, CARD_LIMIT, this.#reader.transmit(command)) : this.#raw(command));
    } catch (error) {
      fetch?.release();
      const fault = this.#fault(error, generation);
      // TS 102 221 7.2: a card that did not answer a command of the device's is reset. It may be well.
      if (generation === this.#generation && this.#state === 'failed') {
        this.#clock.stir('promises');
        void this.start();
      }
      throw fault;
    }
    if (moreWaits(answer)) fetch?.extend();
    else fetch?.release();
    const ins = command[1];
    const sw = ((answer[answer.length - 2] ?? 0) << 8) | (answer[answer.length - 1] ?? 0);
    if (sw === 0x9000 && (ins === 0x20 || ins === 0x2c) && command[3] === PIN1 && (command[4] ?? 0) > 0) {
      if (this.#state === 'pin' || this.#state === 'puk') void this.#unlocked(generation);
    }
    return answer;
  }

  /** One command in its turn. The lock is kept beyond the answer while the card has more for the device. */
  #raw(command: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#exclusive(async () => {
        const answer = await this.#reader.transmit(command);
        resolve(answer);
        if (moreWaits(answer)) await this.#fetched();
      }).catch(reject);
    });
  }

  /** Resolves when the device has fetched its answer, or has let the time for it pass. */
  #fetched(): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        timer.cancel();
        if (this.#fetch === fetch) this.#fetch = undefined;
        this.#clock.stir('promises');
        resolve();
      };
      let timer = this.#clock.after(FETCH_GRACE, release);
      const extend = (): void => {
        timer.cancel();
        timer = this.#clock.after(FETCH_GRACE, release);
      };
      const fetch = { release, extend };
      this.#fetch = fetch;
    });
  }

  /** A sequence of whole commands (61xx and 6Cxx followed) that nothing interrupts, for +CRSM and +CCHO. */
  sequence<T>(use: (command: (apdu: Uint8Array) => Promise<CardAnswer>) => Promise<T>, locked = false): Promise<T> {
    this.require(locked);
    return this.#guarded(() => use((apdu) => this.#transmit(apdu)));
  }

  /** The full AID of the USIM on this card. */
  get aid(): Uint8Array | undefined {
    return this.#aid;
  }

  // The start sequence.

  async #initialise(): Promise<SimState> {
    await this.#powerOn();
    await this.#transmit(fromHex('00a40004023f00'));
    this.#iccid = await this.#files.parsed(Fid.ICCID, (file) => parseIccid(file));
    await this.#files.read(Fid.PL);
    await this.#transmit(TERMINAL_PROFILE);
    await this.#files.read(Fid.UMPC);
    await this.#files.read(Fid.ARR);
    this.#aid = await this.#files.findUsim();
    const adf = await this.#selectUsim();
    this.#pinEnabled = adf.pinEnabled ?? false;

    // VERIFY and UNBLOCK PIN with no data ask for the tries left: TS 102 221 11.1.9, 11.1.13.
    const tries = (await this.#transmit(Uint8Array.of(0x00, 0x20, 0x00, PIN1, 0x00))).sw;
    const pukTries = (await this.#transmit(Uint8Array.of(0x00, 0x2c, 0x00, PIN1, 0x00))).sw;
    const asked = (tries & 0xfff0) === 0x63c0 || tries === 0x6983;
    if (adf.pinEnabled === undefined) this.#pinEnabled = asked;
    if (this.#pinEnabled && asked) {
      if (tries !== 0x63c0 && tries !== 0x6983) return 'pin';
      return pukTries === 0x63c0 || pukTries === 0x6983 ? 'blocked' : 'puk';
    }
    return this.#readUsim();
  }

  async #powerOn(): Promise<void> {
    try {
      await this.#reader.powerOn();
    } catch (error) {
      if (error instanceof CardError && error.code === 'no-card') throw error;
      // ISO 7816-3 6.2: a card that kept mute is deactivated and tried once more.
      this.#reader.powerOff();
      await this.#reader.powerOn();
    }
  }

  #selectUsim(): Promise<Fcp> {
    return this.#files.selectUsim(this.#aid ?? USIM_AID_START);
  }

  /** What follows PIN verification. Files that are missing are passed over; only the IMSI must be there. */
  async #readUsim(): Promise<SimState> {
    await this.#selectUsim();
    await this.#files.read(Fid.LI);
    await this.#transmit(Uint8Array.of(0x80, 0xf2, 0x00, 0x00, 0x00));
    await this.#files.read(Fid.AD);
    await this.#files.read(Fid.UST);
    this.#imsi = await this.#files.parsed(Fid.IMSI, parseImsi);
    for (const fid of [Fid.ACC, Fid.HPPLMN, Fid.EPSLOCI, Fid.LOCI, Fid.PSLOCI, Fid.KEYSPS, Fid.EPSNSC, Fid.FPLMN]) {
      await this.#files.read(fid);
    }
    await this.#transmit(Uint8Array.of(0x80, 0xf2, 0x01, 0x0c, 0x00));
    return this.#imsi === undefined ? 'failed' : 'ready';
  }

  // Turns.

  #transmit(command: Uint8Array): Promise<CardAnswer> {
    return exchange(this.#reader, command);
  }

  /** `#exclusive`, with the card's faults as +CME errors. */
  async #guarded<T>(use: () => Promise<T>): Promise<T> {
    const generation = this.#generation;
    try {
      return await this.#exclusive(use);
    } catch (error) {
      throw this.#fault(error, generation);
    }
  }

  /** Runs `use` when all before it have ended. */
  #exclusive<T>(use: () => Promise<T>): Promise<T> {
    const generation = this.#generation;
    this.#clock.stir('promises'); // the turn begins in a microtask, however the caller came here
    const turn = this.#tail.then(() => {
      if (generation !== this.#generation) throw new CardError('no-card', 'the card was switched off');
      return within(this.#clock, CARD_LIMIT, use());
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** A card that stops answering has been pulled out or is broken: the state says so from now on. */
  #fault(error: unknown, generation: number): unknown {
    if (!(error instanceof CardError) && !(error instanceof DeadlineError)) return error;
    const absent = error instanceof CardError && error.code === 'no-card';
    if (generation === this.#generation) this.#set(absent ? 'absent' : 'failed');
    return new CmeError(absent ? Cme.NoSim : Cme.SimFailure);
  }

  #set(state: SimState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState();
  }
}
