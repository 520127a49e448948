// The modem's side of NAS (TS 24.301): attach, coverage, detach; and the door through which all messages pass. The
// procedures that stand alone are in authentication.ts, tracking-area.ts and pdn.ts.
//
// `attach` is EMM registration without PDN connection (5.5.1.2.1: the ERw/oPDN bit, with an ESM DUMMY MESSAGE in place
// of the PDN request), because the APN is known only when `activate` is called. `activate` sends PDN CONNECTIVITY REQUEST
// with the ESM information transfer flag, and APN and credentials when asked, so that they never go out before the
// network has proved itself. One attempt per `attach`: retrying is the caller's job.

import type { Air } from '../../cellular/air.js';
import {
  NasError,
  PD_ESM,
  SecurityHeader,
  decodeEmm,
  decodeEsm,
  encodeEmm,
  encodeEsm,
  nasEvent,
  openProtected,
  repeat,
  securityHeaderOf,
} from '../../cellular/nas/index.js';
import type {
  EmmMessage,
  EsmMessage,
  Guti,
  MobileIdentity,
  NasMessage,
  NasSecurity,
} from '../../cellular/nas/index.js';
import { AttachError, Registration } from '../../cellular/network.js';
import type { PdnRequest, Radio, Session, Usim } from '../../cellular/network.js';
import { SECOND } from '../../clock/clock.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import { Random } from '../../random.js';
import type { Secret } from '../../secret.js';
import type { Trace } from '../../trace/trace.js';
import { AttachAttempt, DUMMY, cardError } from './attempt.js';
import { PdnConnection } from './pdn.js';
import { LOSS, RETURN, SEARCH, T3421, TRIES } from './timers.js';
import { TrackingAreaUpdate, UpdateType } from './tracking-area.js';

const EPS_DETACH = 1;
const REATTACH_REQUIRED = 1;
interface Registered {
  readonly imsi: string;
  readonly plmn: string;
  readonly guti: Guti | undefined;
  readonly t3412: Nanoseconds | undefined;
}

export interface BasebandOptions {
  readonly clock: Clock;
  /** Bound to the device. */
  readonly trace: Trace;
  /** For CHAP challenges; fresh bytes unless given. */
  readonly random?: Random;
  /** From `HomeNetwork.attachPoint`. */
  readonly air: Air;
}

export class Baseband implements Radio {
  onChange: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #air: Air;
  #registration: Registration = Registration.Off;
  #rejectCause: number | undefined;

  #attempt: AttachAttempt | undefined;
  /** Settles `attach`. */
  #endAttach: ((error?: AttachError) => void) | undefined;
  #attaching: Promise<void> | undefined;
  /** Ends the attach that has not come to its attempt yet: waits for the card, or looks for a cell. */
  #cancelSearch: (() => void) | undefined;
  #registered: Registered | undefined;
  #security: NasSecurity | undefined;
  #detaching: (() => void) | undefined;
  #coverage: Timer | undefined;
  readonly #update: TrackingAreaUpdate;
  readonly #pdn: PdnConnection;

  constructor({ clock, trace, random = new Random(Random.freshSeed()), air }: BasebandOptions) {
    this.#clock = clock;
    this.#trace = trace;
    this.#air = air;
    this.#update = new TrackingAreaUpdate(
      clock,
      (type) => this.#sendUpdate(type),
      () => this.#gone(),
    );
    this.#pdn = new PdnConnection({
      clock,
      random,
      air,
      send: (message) => this.#sendEsm(message),
      lost: () => this.onChange?.(),
      compare: () => {
        if (this.#registered) this.#update.ask(UpdateType.trackingArea);
      },
    });
    air.onNas = (message) => this.#receive(message);
    air.onCoverage = () => this.#coverageChanged();
  }

  get registration(): Registration {
    return this.#registration;
  }

  get rejectCause(): number | undefined {
    return this.#registration === Registration.Denied ? this.#rejectCause : undefined;
  }

  get cell(): Radio['cell'] {
    return this.#served ? this.#air.cell : undefined;
  }

  get rsrp(): number | undefined {
    return this.#registration === Registration.Off ? undefined : this.#air.rsrp;
  }

  get #served(): boolean {
    return this.#registration === Registration.Home || this.#registration === Registration.Roaming;
  }

  // Attach (5.5.1).

  attach(usim: Usim, imei: string): Promise<void> {
    if (this.#served) return Promise.resolve();
    this.#attaching ??= this.#attach(usim, imei).finally(() => {
      this.#attaching = undefined;
      this.#clock.stir('promises');
    });
    return this.#attaching;
  }

  async #attach(usim: Usim, imei: string): Promise<void> {
    this.#setRegistration(Registration.Searching);
    const imsi = await this.#unlessDropped(this.#imsiOf(usim));
    if (!this.#air.cell) await this.#unlessDropped(this.#clock.sleep(SEARCH));
    const cell = this.#air.cell;
    if (!cell) throw new AttachError('no-network', 'no cell can be heard');
    if (this.#registered?.imsi === imsi) {
      // Out of coverage for a while, and known to the network all the time.
      this.#camp();
      if (this.#served) return;
    }
    this.#forget();
    this.#air.release();
    await new Promise<void>((resolve, reject) => {
      this.#endAttach = (error) => {
        this.#endAttach = undefined;
        this.#clock.stir('promises');
        if (error) reject(error);
        else resolve();
      };
      this.#attempt = new AttachAttempt(
        { usim, imei, imsi, plmn: cell.plmn },
        {
          clock: this.#clock,
          current: (attempt) => attempt === this.#attempt,
          send: (message) => this.#send(message),
          say: (step, ok, fields) => this.#say(step, ok, fields),
          failed: (error, denied) => this.#attachFailed(error, denied),
        },
      );
      this.#attempt.start();
    });
  }

  /** `work`, or a rejection when `drop` comes first. */
  async #unlessDropped<T>(work: Promise<T>): Promise<T> {
    const dropped = new Promise<never>((_, reject) => {
      this.#cancelSearch = () => reject(SWITCHED_OFF());
    });
    try {
      return await Promise.race([work, dropped]);
    } finally {
      this.#cancelSearch = undefined;
      this.#clock.stir('promises');
    }
  }

  async #imsiOf(usim: Usim): Promise<string> {
    let imsi: string;
    try {
      imsi = await usim.imsi();
    } catch (error) {
      throw cardError(error);
    }
    if (!/^\d{6,15}$/.test(imsi)) throw new AttachError('card', 'the card has no IMSI of 6 to 15 digits');
    return imsi;
  }

  /** `denied`: the network refused, with this EMM cause. */
  #attachFailed(error: AttachError, denied: number | undefined): void {
    this.#forget();
    if (denied !== undefined) {
      this.#rejectCause = denied;
      this.#setRegistration(Registration.Denied);
    }
    this.#endAttach?.(error);
  }

  #receive(bytes: Uint8Array): void {
    try {
      const { plain, secure } = this.#open(bytes);
      if (plain.length < 2) return;
      if ((plain[0] as number) % 16 === PD_ESM) {
        if (secure) this.#pdn.receive(decodeEsm(plain));
      } else this.#emm(decodeEmm(plain, 'downlink'), secure);
      if (secure) this.#update.heard();
    } catch (error) {
      if (!(error instanceof NasError)) throw error;
    }
  }

  #open(bytes: Uint8Array): { readonly plain: Uint8Array; readonly secure: boolean } {
    const header = securityHeaderOf(bytes);
    if (header === SecurityHeader.plain) return { plain: bytes, secure: false };
    if (header !== SecurityHeader.newContext) {
      if (!this.#security) throw new NasError('protected', 'a protected message without security context');
      return { plain: this.#security.unprotect(bytes), secure: true };
    }
    // Only SECURITY MODE COMMAND takes a new context into use; it says itself which.
    this.#securityModeCommand(bytes);
    throw new NasError('protected', 'read already');
  }

  #emm(m: EmmMessage, secure: boolean): void {
    // Plain messages: only those of 4.4.4.2, and only while they can mean something.
    if (!secure && !(this.#security ? this.#plainLater(m) : PLAIN_DURING_ATTACH.has(m.message))) return;
    switch (m.message) {
      case 'IDENTITY REQUEST':
        this.#attempt?.identity(m.identityType, secure);
        break;
      case 'AUTHENTICATION REQUEST':
        void this.#attempt?.authentication.request(m.ksi, m.rand, m.autn);
        break;
      case 'AUTHENTICATION REJECT':
        this.#attempt?.authentication.rejected();
        break;
      case 'ATTACH ACCEPT':
        this.#accepted(m);
        break;
      case 'ATTACH REJECT':
        this.#attempt?.rejected(m.cause);
        break;
      case 'TRACKING AREA UPDATE ACCEPT':
        this.#updated(m);
        break;
      case 'TRACKING AREA UPDATE REJECT':
        if (this.#update.underWay) this.#gone();
        break;
      case 'DETACH REQUEST':
        if (m.from === 'network') this.#detachedByNetwork(m.detachType, m.cause);
        break;
      case 'DETACH ACCEPT':
        this.#detaching?.();
        break;
      default:
        break;
    }
  }

  /** A network that has forgotten the modem has no keys to say so with. */
  #plainLater(m: EmmMessage): boolean {
    if (m.message === 'TRACKING AREA UPDATE REJECT') return this.#update.underWay;
    return m.message === 'DETACH ACCEPT' && this.#detaching !== undefined;
  }

  /** SECURITY MODE COMMAND, which alone comes under keys that are not in use yet (5.4.3). */
  #securityModeCommand(bytes: Uint8Array): void {
    const m = decodeEmm(openProtected(bytes).payload, 'downlink');
    const attempt = this.#attempt;
    if (m.message !== 'SECURITY MODE COMMAND' || !attempt) return;
    // A context that is there already: our answer got lost, and the same command came again.
    if (this.#security) this.#security.unprotect(bytes);
    else this.#security = attempt.securityMode(bytes, m);
    this.#sendSecured({ message: 'SECURITY MODE COMPLETE' }, SecurityHeader.cipheredNewContext);
  }

  #accepted(m: Extract<EmmMessage, { message: 'ATTACH ACCEPT' }>): void {
    const attempt = this.#attempt;
    if (!attempt && !this.#registered) return;
    this.#send({ message: 'ATTACH COMPLETE', esm: DUMMY });
    if (!attempt) return;
    const t3412 = m.t3412 === undefined ? undefined : m.t3412 * SECOND;
    const { imsi, plmn } = attempt.who;
    this.#registered = { imsi, plmn, guti: m.guti, t3412 };
    this.#endAttempt();
    this.#camp();
    this.#endAttach?.();
  }

  // Coverage, and periodic tracking area update (5.5.3).

  /** On a cell of the network that knows us. */
  #camp(): void {
    if (!this.#registered) return;
    const { imsi, plmn, t3412 } = this.#registered;
    this.#rejectCause = undefined;
    this.#setRegistration(imsi.startsWith(plmn) ? Registration.Home : Registration.Roaming);
    this.#update.camp(t3412);
  }

  #coverageChanged(): void {
    this.#coverage?.cancel();
    this.#coverage = undefined;
    if (!this.#registered) return;
    if (!this.#air.cell && this.#served) {
      this.#coverage = this.#clock.after(LOSS, () => this.#linkFailed());
    } else if (this.#air.cell && !this.#served) {
      this.#coverage = this.#clock.after(RETURN, () => this.#camp());
    }
  }

  /**
   * Radio link failure. What was said last, either way, may be lost: on the return a tracking area update recovers the
   * signalling connection (5.5.3.2.2 e) and compares the bearers.
   */
  #linkFailed(): void {
    this.#update.leave();
    this.#update.ask(UpdateType.trackingArea);
    this.#setRegistration(Registration.Searching);
  }

  #sendUpdate(updateType: UpdateType): void {
    const guti = this.#registered?.guti;
    if (!guti || !this.#security) return;
    const identity = { kind: 'guti', guti } as const;
    const { ksi } = this.#security;
    const { bearers } = this.#pdn;
    // Not ciphered: a network that has lost the keys has to be able to read it.
    this.#sendSecured(
      { message: 'TRACKING AREA UPDATE REQUEST', updateType, ksi, identity, bearers },
      SecurityHeader.integrity,
    );
  }

  #updated({ bearers }: Extract<EmmMessage, { message: 'TRACKING AREA UPDATE ACCEPT' }>): void {
    if (!this.#update.underWay) return;
    this.#update.accepted();
    if (bearers) this.#pdn.reconcile(bearers);
  }

  /** The network does not know us any more. */
  #gone(): void {
    this.#forget();
    this.#setRegistration(Registration.Searching);
  }

  activate(pdn: PdnRequest): Promise<Session> {
    if (this.#registered && this.#served) return this.#pdn.activate(pdn);
    this.#clock.stir('promises');
    return Promise.reject(new AttachError('no-network', 'not registered'));
  }

  // Detach (5.5.2).

  detach(): Promise<void> {
    if (!this.#registered || !this.#security || !this.#air.cell) {
      this.drop();
      this.#clock.stir('promises');
      return Promise.resolve();
    }
    const { imsi, guti } = this.#registered;
    const identity: MobileIdentity = guti ? { kind: 'guti', guti } : { kind: 'imsi', digits: imsi };
    const request = {
      message: 'DETACH REQUEST',
      from: 'modem',
      detachType: EPS_DETACH,
      ksi: this.#security.ksi,
      identity,
    } as const;
    this.#detaching?.();
    return new Promise((resolve) => {
      const done = (): void => {
        stop();
        this.#detaching = undefined;
        this.drop();
        this.#clock.stir('promises');
        resolve();
      };
      const stop = repeat(this.#clock, T3421, TRIES, () => this.#send(request), done);
      this.#detaching = done;
    });
  }

  drop(): void {
    this.#cancelSearch?.();
    this.#forget();
    this.#air.release();
    this.#setRegistration(Registration.Off);
    this.#endAttach?.(SWITCHED_OFF());
  }

  #detachedByNetwork(detachType: number, cause: number | undefined): void {
    this.#send({ message: 'DETACH ACCEPT' });
    this.#forget();
    this.#rejectCause = cause;
    const denied = detachType !== REATTACH_REQUIRED && cause !== undefined;
    this.#setRegistration(denied ? Registration.Denied : Registration.Searching);
    const causes = cause === undefined ? {} : { emm: cause };
    this.#endAttach?.(
      new AttachError('rejected', 'the network detached the modem in the middle of its attach', causes),
    );
  }

  /** Nothing is left of registration, keys and session; an attempt under way is for the caller to end. */
  #forget(): void {
    this.#coverage?.cancel();
    this.#coverage = undefined;
    this.#endAttempt();
    this.#security = undefined;
    this.#registered = undefined;
    this.#update.drop();
    this.#pdn.drop();
    const detaching = this.#detaching;
    this.#detaching = undefined;
    detaching?.();
  }

  #endAttempt(): void {
    this.#attempt?.stop();
    this.#attempt = undefined;
  }

  // Sending.

  #send(message: EmmMessage): void {
    if (this.#security) this.#sendSecured(message, SecurityHeader.ciphered);
    else this.#put(message, encodeEmm(message));
  }

  #sendSecured(message: EmmMessage, header: Exclude<SecurityHeader, 0>): void {
    if (this.#security) this.#put(message, this.#security.protect(encodeEmm(message), header));
  }

  #sendEsm(message: EsmMessage): void {
    if (this.#security) this.#put(message, this.#security.protect(encodeEsm(message), SecurityHeader.ciphered));
  }

  #put(message: NasMessage, bytes: Uint8Array): void {
    this.#trace.emit(nasEvent('modem', message, bytes));
    this.#air.sendNas(bytes);
  }

  #say(step: string, ok: boolean, fields?: Record<string, string | number | Secret>): void {
    this.#trace.emit({ type: 'aka', side: 'modem', step, ok, ...(fields && { fields }) });
  }

  #setRegistration(registration: Registration): void {
    if (registration === this.#registration) return;
    this.#registration = registration;
    this.onChange?.();
  }
}

const SWITCHED_OFF = (): AttachError => new AttachError('no-network', 'the radio was switched off');

/** Messages that are taken without protection before there are keys (4.4.4.2). */
const PLAIN_DURING_ATTACH: ReadonlySet<string> = new Set([
  'IDENTITY REQUEST',
  'AUTHENTICATION REQUEST',
  'AUTHENTICATION REJECT',
  'ATTACH REJECT',
  'DETACH ACCEPT',
]);
