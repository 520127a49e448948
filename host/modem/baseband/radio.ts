// The modem's side of NAS (TS 24.301): attach with mutual authentication, one PDN connection, tracking area update,
// detach.
//
// `attach` is EMM registration without PDN connection (5.5.1.2.1: the ERw/oPDN bit, with an ESM DUMMY MESSAGE in place
// of the PDN request), because the APN is known only when `activate` is called. `activate` sends PDN CONNECTIVITY REQUEST
// with the ESM information transfer flag, and APN and credentials when asked, so that they never go out before the
// network has proved itself. One attempt per `attach`: when to try again is the caller's affair.

import { equal, toHex } from '../../bytes.js';
import type { Air } from '../../cellular/air.js';
import { kasme } from '../../cellular/hss/kdf.js';
import {
  Eea,
  Eia,
  EmmCause,
  EsmCause,
  IdentityType,
  NO_KEY,
  NasError,
  NasSecurity,
  PD_ESM,
  PdnType,
  SecurityHeader,
  decodeEmm,
  decodeEsm,
  dnsOf,
  encodeEmm,
  encodeEsm,
  encodePlmn,
  nasEvent,
  openProtected,
  requestPco,
  securityHeaderOf,
} from '../../cellular/nas/index.js';
import type { EmmMessage, EsmMessage, Guti, MobileIdentity, NasMessage } from '../../cellular/nas/index.js';
import { AttachError, Registration } from '../../cellular/network.js';
import type { AuthOutcome, PdnRequest, Radio, Session, Usim } from '../../cellular/network.js';
import { SECOND } from '../../clock/clock.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import { Random } from '../../random.js';
import { Secret } from '../../secret.js';
import type { Trace } from '../../trace/trace.js';
import { DeviceSession } from './device-session.js';
import {
  CHALLENGE_FAILURES,
  LOSS,
  RETURN,
  SEARCH,
  T3410,
  T3416,
  T3418,
  T3420,
  T3421,
  T3430,
  T3482,
  T3492,
  TRIES,
} from './timers.js';

/** UE network capability: EEA0, 128-EEA2; 128-EIA2; no UEA, UIA; ERw/oPDN in octet 8 (9.9.3.34). */
const CAPABILITY = Uint8Array.of(0xa0, 0x20, 0x00, 0x00, 0x00, 0x20);
/** What a network has to replay of it in SECURITY MODE COMMAND: EEA, EIA, UEA, UIA. */
const REPLAYED = CAPABILITY.slice(0, 4);
const EPS_ATTACH = 1;
const EPS_DETACH = 1;
const PERIODIC_UPDATE = 3;
const REATTACH_REQUIRED = 1;
const INITIAL_REQUEST = 1;
/** Bit 8 of AMF: 1 in a challenge made for EPS (TS 33.401 6.1.1). */
const AMF_OFFSET = 6;
const SEPARATION_BIT = 0x80;
const PTI_MAX = 254;

interface Attempt {
  readonly usim: Usim;
  readonly imei: string;
  readonly imsi: string;
  /** Serving network, 5 or 6 digits. */
  readonly plmn: string;
  readonly end: (error?: AttachError) => void;
  /** Key of the challenge answered last, until SECURITY MODE COMMAND names it. */
  key?: { readonly ksi: number; readonly kasme: Secret };
  failures: number;
  lastFailure?: 'mac' | 'synch';
  timer: Timer | undefined;
}

interface Registered {
  readonly imsi: string;
  readonly plmn: string;
  readonly guti: Guti | undefined;
  readonly t3412: Nanoseconds | undefined;
}

interface Activation {
  readonly pti: number;
  readonly pdn: PdnRequest;
  readonly end: (result: Session | AttachError) => void;
  readonly stop: () => void;
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
  readonly #random: Random;
  readonly #air: Air;
  #registration: Registration = Registration.Off;
  #rejectCause: number | undefined;

  #attempt: Attempt | undefined;
  #attaching: Promise<void> | undefined;
  /** Ends the attach that has not come to its attempt yet: waits for the card, or looks for a cell. */
  #cancelSearch: (() => void) | undefined;
  #registered: Registered | undefined;
  #security: NasSecurity | undefined;
  /** The challenge that the card is working on, and the one answered last with its answer. */
  #asking: Uint8Array | undefined;
  #answered: { readonly rand: Uint8Array; readonly answer: EmmMessage; readonly until: Nanoseconds } | undefined;

  #pti = 0;
  #activation: Activation | undefined;
  #disconnect: { readonly pti: number; readonly stop: () => void } | undefined;
  #session: DeviceSession | undefined;
  #detaching: (() => void) | undefined;

  #coverage: Timer | undefined;
  #periodic: Timer | undefined;
  #updating: (() => void) | undefined;
  #updateDue = false;

  constructor({ clock, trace, random = new Random(Random.freshSeed()), air }: BasebandOptions) {
    this.#clock = clock;
    this.#trace = trace;
    this.#random = random;
    this.#air = air;
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
      this.#clock.stir();
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
      const end = (error?: AttachError): void => {
        this.#attempt?.timer?.cancel();
        this.#attempt = undefined;
        this.#clock.stir();
        if (error) reject(error);
        else resolve();
      };
      this.#attempt = { usim, imei, imsi, plmn: cell.plmn, end, failures: 0, timer: undefined };
      this.#await(T3410, 'timeout', 'the network did not end the attach in time (T3410)');
      this.#send({
        message: 'ATTACH REQUEST',
        attachType: EPS_ATTACH,
        ksi: NO_KEY,
        identity: { kind: 'imsi', digits: imsi },
        ueNetworkCapability: CAPABILITY,
        esm: DUMMY,
      });
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
      this.#clock.stir();
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

  /** Gives the attempt `time` to go on, in place of any other timer. */
  #await(time: Nanoseconds, code: 'timeout' | 'network-not-authentic', message: string, emm?: number): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    attempt.timer?.cancel();
    attempt.timer = this.#clock.after(time, () => {
      this.#forget();
      attempt.end(new AttachError(code, message, emm === undefined ? {} : { emm }));
    });
  }

  /** The network refused: `emm` is shown as the cause of the denial. */
  #denied(code: 'rejected' | 'network-not-authentic', message: string, emm: number): void {
    const attempt = this.#attempt;
    this.#forget();
    this.#rejectCause = emm;
    this.#setRegistration(Registration.Denied);
    attempt?.end(new AttachError(code, message, { emm }));
  }

  #receive(bytes: Uint8Array): void {
    try {
      const { plain, secure } = this.#open(bytes);
      if (plain.length < 2) return;
      if ((plain[0] as number) % 16 === PD_ESM) {
        if (secure) this.#esm(decodeEsm(plain));
      } else this.#emm(decodeEmm(plain, 'downlink'), secure);
      if (secure) this.#restartPeriodic();
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
        this.#identity(m.identityType, secure);
        break;
      case 'AUTHENTICATION REQUEST':
        void this.#authenticate(m.ksi, m.rand, m.autn);
        break;
      case 'AUTHENTICATION REJECT':
        this.#authenticationRejected();
        break;
      case 'ATTACH ACCEPT':
        this.#accepted(m);
        break;
      case 'ATTACH REJECT':
        if (this.#attempt)
          this.#denied('rejected', `the network refused the attach with EMM cause ${m.cause}`, m.cause);
        break;
      case 'TRACKING AREA UPDATE ACCEPT':
        if (this.#updating) this.#updated();
        break;
      case 'TRACKING AREA UPDATE REJECT':
        if (this.#updating) this.#gone();
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
    if (m.message === 'TRACKING AREA UPDATE REJECT') return this.#updating !== undefined;
    return m.message === 'DETACH ACCEPT' && this.#detaching !== undefined;
  }

  #identity(type: number, secure: boolean): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    // The equipment identity is for a network that has proved itself (5.4.4.3, TS 33.401 5.1.1).
    if (type === IdentityType.imsi)
      this.#send({ message: 'IDENTITY RESPONSE', identity: { kind: 'imsi', digits: attempt.imsi } });
    if (type === IdentityType.imei && secure) {
      this.#send({ message: 'IDENTITY RESPONSE', identity: { kind: 'imei', digits: attempt.imei } });
    }
  }

  // Authentication (5.4.2).

  async #authenticate(ksi: number, rand: Uint8Array, autn: Uint8Array): Promise<void> {
    const attempt = this.#attempt;
    if (!attempt || (this.#asking && equal(this.#asking, rand))) return;
    const { rand: known, answer, until } = this.#answered ?? {};
    if (known && answer && until !== undefined && equal(known, rand) && this.#clock.now() < until) {
      this.#send(answer);
      return;
    }
    if (((autn[AMF_OFFSET] as number) & SEPARATION_BIT) === 0) {
      this.#say('the separation bit of AMF is 0: the challenge was not made for EPS', false);
      this.#answer(rand, { message: 'AUTHENTICATION FAILURE', cause: EmmCause.nonEpsAuthentication });
      this.#challengeFailed('mac', EmmCause.nonEpsAuthentication);
      return;
    }
    this.#asking = rand;
    this.#say('AUTN handed to the card', true, { rand: toHex(rand), autn: toHex(autn) });
    let outcome: AuthOutcome;
    try {
      outcome = await attempt.usim.authenticate(rand, autn);
    } catch (error) {
      this.#clock.stir();
      if (attempt !== this.#attempt) return;
      this.#forget();
      attempt.end(cardError(error));
      return;
    }
    this.#clock.stir();
    if (attempt !== this.#attempt) return;
    this.#asking = undefined;
    this.#outcome(attempt, ksi, rand, autn, outcome);
  }

  #outcome(attempt: Attempt, ksi: number, rand: Uint8Array, autn: Uint8Array, outcome: AuthOutcome): void {
    switch (outcome.kind) {
      case 'ok': {
        this.#say('the card accepts the network and gives RES', true, { res: new Secret(outcome.res) });
        // TS 33.401 A.2: the first six bytes of AUTN are SQN xor AK.
        const key = kasme(outcome.ck, outcome.ik, encodePlmn(attempt.plmn), autn.subarray(0, 6));
        attempt.key = { ksi, kasme: key };
        attempt.failures = 0;
        delete attempt.lastFailure;
        this.#await(T3410, 'timeout', 'the network did not end the attach in time (T3410)');
        this.#answer(rand, { message: 'AUTHENTICATION RESPONSE', res: outcome.res });
        break;
      }
      case 'resync':
        this.#say('the card has seen a higher SQN and gives AUTS', false, { auts: toHex(outcome.auts) });
        this.#answer(rand, { message: 'AUTHENTICATION FAILURE', cause: EmmCause.synchFailure, auts: outcome.auts });
        this.#challengeFailed('synch', EmmCause.synchFailure);
        break;
      case 'mac-failure':
        this.#say('the card finds the MAC of the challenge wrong (9862)', false);
        this.#answer(rand, { message: 'AUTHENTICATION FAILURE', cause: EmmCause.macFailure });
        this.#challengeFailed('mac', EmmCause.macFailure);
        break;
      case 'refused': {
        const sw = outcome.sw.toString(16).padStart(4, '0').toUpperCase();
        this.#say(`the card refuses AUTHENTICATE (${sw})`, false);
        this.#forget();
        attempt.end(new AttachError('card', `the card refused AUTHENTICATE with ${sw}`));
        break;
      }
    }
  }

  #answer(rand: Uint8Array, answer: EmmMessage): void {
    this.#answered = { rand, answer, until: this.#clock.now() + T3416 };
    this.#send(answer);
  }

  #challengeFailed(failure: 'mac' | 'synch', emm: number): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    attempt.lastFailure = failure;
    if (++attempt.failures >= CHALLENGE_FAILURES) {
      this.#denied(
        'network-not-authentic',
        `${CHALLENGE_FAILURES} challenges in a row failed the check of the SIM`,
        emm,
      );
      return;
    }
    const time = failure === 'mac' ? T3418 : T3420;
    this.#await(time, 'network-not-authentic', 'the network did not prove itself after a failed challenge', emm);
  }

  #authenticationRejected(): void {
    if (this.#attempt?.lastFailure === 'mac') {
      const text =
        'the SIM does not accept the network: MAC of the challenge is wrong (9862); do SIM and network hold the same K and OPc?';
      this.#denied('network-not-authentic', text, EmmCause.macFailure);
    } else if (this.#attempt) {
      const text =
        'the network does not accept the SIM: AUTHENTICATION REJECT; do SIM and network hold the same K and OPc?';
      this.#denied('rejected', text, EmmCause.illegalUe);
    }
  }

  // Security mode (5.4.3).

  #securityModeCommand(bytes: Uint8Array): void {
    const { payload } = openProtected(bytes);
    const m = decodeEmm(payload, 'downlink');
    const attempt = this.#attempt;
    if (m.message !== 'SECURITY MODE COMMAND' || !attempt) return;
    if (this.#security) {
      // Our answer got lost: the same command again, under the context that it has made.
      this.#security.unprotect(bytes);
      this.#sendSecured({ message: 'SECURITY MODE COMPLETE' }, SecurityHeader.cipheredNewContext);
      return;
    }
    const { key } = attempt;
    const known = m.eia === Eia.aes && (m.eea === Eea.null || m.eea === Eea.aes);
    if (!key || key.ksi !== m.ksi || !known) {
      this.#rejectSecurityMode(
        EmmCause.securityModeRejected,
        'SECURITY MODE COMMAND names a key or algorithm that is not here',
      );
      return;
    }
    const security = new NasSecurity(key.kasme, key.ksi, m.eea, 'modem');
    try {
      security.unprotect(bytes);
    } catch (error) {
      if (!(error instanceof NasError)) throw error;
      this.#rejectSecurityMode(
        EmmCause.securityModeRejected,
        'SECURITY MODE COMMAND has a wrong MAC: KASME of the two sides differ',
      );
      return;
    }
    if (!equal(m.capabilities, REPLAYED)) {
      this.#rejectSecurityMode(
        EmmCause.securityCapabilitiesMismatch,
        'SECURITY MODE COMMAND replays other capabilities than were sent',
      );
      return;
    }
    this.#say('SECURITY MODE COMMAND has the right MAC: both sides hold the same KASME', true);
    this.#security = security;
    this.#sendSecured({ message: 'SECURITY MODE COMPLETE' }, SecurityHeader.cipheredNewContext);
  }

  #rejectSecurityMode(cause: number, step: string): void {
    this.#say(step, false);
    this.#send({ message: 'SECURITY MODE REJECT', cause });
  }

  #accepted(m: Extract<EmmMessage, { message: 'ATTACH ACCEPT' }>): void {
    const attempt = this.#attempt;
    if (!attempt && !this.#registered) return;
    this.#send({ message: 'ATTACH COMPLETE', esm: DUMMY });
    if (!attempt) return;
    const t3412 = m.t3412 === undefined ? undefined : m.t3412 * SECOND;
    this.#registered = { imsi: attempt.imsi, plmn: attempt.plmn, guti: m.guti, t3412 };
    this.#answered = undefined;
    this.#camp();
    attempt.end();
  }

  // Coverage, and periodic tracking area update (5.5.3).

  /** On a cell of the network that knows us. */
  #camp(): void {
    if (!this.#registered) return;
    const { imsi, plmn } = this.#registered;
    this.#rejectCause = undefined;
    this.#restartPeriodicUnlessDue();
    this.#setRegistration(imsi.startsWith(plmn) ? Registration.Home : Registration.Roaming);
    if (this.#updateDue) this.#update();
  }

  #coverageChanged(): void {
    this.#coverage?.cancel();
    this.#coverage = undefined;
    if (!this.#registered) return;
    if (!this.#air.cell && this.#served) {
      this.#coverage = this.#clock.after(LOSS, () => this.#setRegistration(Registration.Searching));
    } else if (this.#air.cell && !this.#served) {
      this.#coverage = this.#clock.after(RETURN, () => this.#camp());
    }
  }

  #restartPeriodicUnlessDue(): void {
    if (!this.#updateDue) this.#restartPeriodic();
  }

  #restartPeriodic(): void {
    this.#periodic?.cancel();
    this.#periodic = undefined;
    const time = this.#registered?.t3412;
    if (time === undefined) return;
    this.#periodic = this.#clock.after(time, () => {
      this.#updateDue = true;
      if (this.#served && this.#air.cell) this.#update();
    });
  }

  #update(): void {
    const guti = this.#registered?.guti;
    if (this.#updating || !guti || !this.#security) return;
    const { ksi } = this.#security;
    const message = {
      message: 'TRACKING AREA UPDATE REQUEST',
      updateType: PERIODIC_UPDATE,
      ksi,
      identity: { kind: 'guti', guti },
    } as const;
    // Not ciphered: a network that has lost the keys has to be able to read it.
    const stop = this.#repeat(
      T3430,
      () => this.#sendSecured(message, SecurityHeader.integrity),
      () => this.#gone(),
    );
    this.#updating = () => {
      stop();
      this.#updating = undefined;
    };
  }

  #updated(): void {
    this.#updating?.();
    this.#updateDue = false;
    this.#restartPeriodic();
  }

  /** The network does not know us any more. */
  #gone(): void {
    this.#forget();
    this.#setRegistration(Registration.Searching);
  }

  // PDN connection (6.5).

  activate(pdn: PdnRequest): Promise<Session> {
    if (!this.#registered || !this.#served) return this.#refuse(new AttachError('no-network', 'not registered'));
    if (this.#activation) return this.#refuse(new AttachError('rejected', 'another PDN connection is being set up'));
    if (this.#session?.open) {
      const esm = EsmCause.multipleConnectionsNotAllowed;
      return this.#refuse(
        new AttachError('rejected', 'one PDN connection is all that this modem has, and it is in use', { esm }),
      );
    }
    try {
      this.#information(0, pdn);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.#refuse(new AttachError('rejected', error.message, { esm: EsmCause.unknownApn }));
    }
    return new Promise((resolve, reject) => {
      const pti = this.#newPti();
      const end = (result: Session | AttachError): void => {
        this.#activation?.stop();
        this.#activation = undefined;
        this.#clock.stir();
        if (result instanceof AttachError) reject(result);
        else resolve(result);
      };
      const request = {
        message: 'PDN CONNECTIVITY REQUEST',
        bearer: 0,
        pti,
        requestType: INITIAL_REQUEST,
        pdnType: PdnType.ipv4,
        informationTransfer: true,
      } as const;
      const late = (): void =>
        end(new AttachError('timeout', 'the network did not answer PDN CONNECTIVITY REQUEST (T3482)'));
      const stop = this.#repeat(T3482, () => this.#sendEsm(request), late);
      this.#activation = { pti, pdn, end, stop };
    });
  }

  #refuse(error: AttachError): Promise<never> {
    this.#clock.stir();
    return Promise.reject(error);
  }

  #information(pti: number, { apn, user, password, auth }: PdnRequest): EsmMessage {
    const credentials = {
      auth,
      user,
      password: new Secret(Buffer.from(password, 'utf8')),
      chapChallenge: this.#random.bytes(16),
    };
    const message: EsmMessage = {
      message: 'ESM INFORMATION RESPONSE',
      bearer: 0,
      pti,
      ...(apn !== '' && { apn }),
      pco: requestPco(credentials),
    };
    encodeEsm(message);
    return message;
  }

  #esm(m: EsmMessage): void {
    const activation = this.#activation?.pti === m.pti ? this.#activation : undefined;
    switch (m.message) {
      case 'ESM INFORMATION REQUEST':
        if (activation) this.#sendEsm(this.#information(m.pti, activation.pdn));
        break;
      case 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST':
        this.#activateBearer(m, activation);
        break;
      case 'PDN CONNECTIVITY REJECT':
      case 'ESM STATUS':
        activation?.end(
          new AttachError('rejected', `the network refused the PDN connection with ESM cause ${m.cause}`, {
            esm: m.cause,
          }),
        );
        if (this.#disconnect?.pti === m.pti) this.#endDisconnect();
        break;
      case 'PDN DISCONNECT REJECT':
        if (this.#disconnect?.pti === m.pti) this.#endDisconnect();
        break;
      case 'DEACTIVATE EPS BEARER CONTEXT REQUEST':
        this.#sendEsm({ message: 'DEACTIVATE EPS BEARER CONTEXT ACCEPT', bearer: m.bearer, pti: 0 });
        if (this.#disconnect && m.pti === this.#disconnect.pti) this.#endDisconnect();
        else if (this.#session?.bearer === m.bearer) this.#endSession();
        break;
      default:
        break;
    }
  }

  #activateBearer(
    m: Extract<EsmMessage, { message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST' }>,
    activation: Activation | undefined,
  ): void {
    const accept = { message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT', bearer: m.bearer, pti: 0 } as const;
    if (this.#session?.open && this.#session.bearer === m.bearer && this.#session.ip === m.ip) {
      // Our acceptance got lost.
      this.#sendEsm(accept);
      return;
    }
    const path = this.#air.bearer(m.bearer);
    if (!activation || path?.ip !== m.ip) {
      const cause = activation ? EsmCause.requestRejected : EsmCause.ptiMismatch;
      this.#sendEsm({ message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT', bearer: m.bearer, pti: 0, cause });
      activation?.end(new AttachError('rejected', 'the network named a bearer that it does not have', { esm: cause }));
      return;
    }
    this.#sendEsm(accept);
    this.#session = new DeviceSession(path, m.bearer, dnsOf(m.pco ?? []), () => this.#disconnectPdn(m.bearer));
    activation.end(this.#session);
  }

  /** The device closed the session. */
  #disconnectPdn(linkedBearer: number): void {
    this.#session = undefined;
    if (!this.#registered) return;
    this.#disconnect?.stop();
    const pti = this.#newPti();
    const request = { message: 'PDN DISCONNECT REQUEST', bearer: 0, pti, linkedBearer } as const;
    const stop = this.#repeat(
      T3492,
      () => this.#sendEsm(request),
      () => this.#endDisconnect(),
    );
    this.#disconnect = { pti, stop };
  }

  #endDisconnect(): void {
    this.#disconnect?.stop();
    this.#disconnect = undefined;
  }

  /** The network closed the session. */
  #endSession(): void {
    this.#session?.end();
    this.#session = undefined;
    this.onChange?.();
  }

  #newPti(): number {
    this.#pti = (this.#pti % PTI_MAX) + 1;
    return this.#pti;
  }

  // Detach (5.5.2).

  detach(): Promise<void> {
    if (!this.#registered || !this.#security || !this.#air.cell) {
      this.drop();
      this.#clock.stir();
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
        this.#clock.stir();
        resolve();
      };
      const stop = this.#repeat(T3421, () => this.#send(request), done);
      this.#detaching = done;
    });
  }

  drop(): void {
    const { end } = this.#attempt ?? {};
    this.#cancelSearch?.();
    this.#forget();
    this.#air.release();
    this.#setRegistration(Registration.Off);
    end?.(SWITCHED_OFF());
  }

  #detachedByNetwork(detachType: number, cause: number | undefined): void {
    this.#send({ message: 'DETACH ACCEPT' });
    this.#forget();
    this.#rejectCause = cause;
    const denied = detachType !== REATTACH_REQUIRED && cause !== undefined;
    this.#setRegistration(denied ? Registration.Denied : Registration.Searching);
  }

  /** Nothing is left of registration, keys and session; an attempt under way is for the caller to end. */
  #forget(): void {
    for (const timer of [this.#coverage, this.#periodic, this.#attempt?.timer]) timer?.cancel();
    this.#coverage = undefined;
    this.#periodic = undefined;
    this.#attempt = undefined;
    this.#asking = undefined;
    this.#answered = undefined;
    this.#security = undefined;
    this.#registered = undefined;
    this.#updateDue = false;
    this.#updating?.();
    this.#endDisconnect();
    this.#activation?.end(new AttachError('no-network', 'the registration was lost'));
    const session = this.#session;
    this.#session = undefined;
    session?.end();
    const detaching = this.#detaching;
    this.#detaching = undefined;
    detaching?.();
  }

  // Sending.

  /** Calls `send` now and every `period`, TRIES times in all, then `giveUp`. Returns what stops it. */
  #repeat(period: Nanoseconds, send: () => void, giveUp: () => void): () => void {
    let left = TRIES;
    let timer: Timer | undefined;
    const turn = (): void => {
      if (left-- === 0) {
        giveUp();
        return;
      }
      timer = this.#clock.after(period, turn);
      send();
    };
    turn();
    return () => timer?.cancel();
  }

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

const DUMMY = encodeEsm({ message: 'ESM DUMMY MESSAGE', bearer: 0, pti: 0 });

const SWITCHED_OFF = (): AttachError => new AttachError('no-network', 'the radio was switched off');

/** Messages that are taken without protection before there are keys (4.4.4.2). */
const PLAIN_DURING_ATTACH: ReadonlySet<string> = new Set([
  'IDENTITY REQUEST',
  'AUTHENTICATION REQUEST',
  'AUTHENTICATION REJECT',
  'ATTACH REJECT',
  'DETACH ACCEPT',
]);

function cardError(error: unknown): AttachError {
  if (error instanceof AttachError) return error;
  return new AttachError('card', error instanceof Error ? error.message : 'the card does not answer');
}
