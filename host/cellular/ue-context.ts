// One radio at the network: attach, authentication, security mode, tracking area update and detach (TS 24.301 5), as the
// MME does them. PDN connections: pdn.ts.

import { timingSafeEqual } from 'node:crypto';
import { MINUTE, SECOND } from '../clock/clock.js';
import type { Nanoseconds, Timer } from '../clock/clock.js';
import { Secret } from '../secret.js';
import type { Trace } from '../trace/trace.js';
import { SubscriberStoreError, UnknownSubscriberError } from './hss/index.js';
import type { AuthVector } from './hss/index.js';
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
  SecurityHeader,
  decodeEmm,
  decodeEsm,
  encodeEmm,
  encodeEsm,
  encodePlmn,
  nasEvent,
  openProtected,
  repeat,
  securityHeaderOf,
} from './nas/index.js';
import type { EmmMessage, EsmMessage, Guti, NasMessage } from './nas/index.js';
import { Pdn } from './pdn.js';
import type { MobilityManagement } from './mme-options.js';
import type { PdnSession } from './session.js';

/** Timers of the network's side, table 10.2.2. */
const T3422: Nanoseconds = 6 * SECOND;
const T3450: Nanoseconds = 6 * SECOND;
const T3460: Nanoseconds = 6 * SECOND;
const T3470: Nanoseconds = 6 * SECOND;
/** A message is sent this often in all before the procedure is given up. */
const TRIES = 5;
/** Mobile reachable timer: T3412 and 4 minutes; then the implicit detach timer, again 4 minutes (5.3.5). */
const REACHABLE_MARGIN: Nanoseconds = 8 * MINUTE;

/** Why the card gave AUTS, by what it says in it. */
const NOT_FRESH = {
  'too-old': 'SQN is not fresh: the card has seen it or a higher one',
  'too-far-ahead': 'SQN is not fresh: too far ahead of what the card has seen',
  unknown: 'SQN is not fresh to the card, whose AUTS is wrong',
} as const;

const EPS_ONLY = 1;
/** ERw/oPDN bit of UE network capability (octet 8) and of EPS network feature support (octet 3). */
const WITHOUT_PDN = { capabilityOctet: 5, capabilityBit: 0x20, feature: 0x40 } as const;
const REATTACH_NOT_REQUIRED = 2;
const SWITCH_OFF = 8;

/** The place where one radio is joined to the network. */
export interface RadioEnd {
  /** Bound to the device. */
  readonly trace: Trace;
  /** Takes NAS messages down. */
  send(message: Uint8Array): void;
  /** Makes a PDN connection, with an address of the pool; undefined when the pool is empty. */
  openSession(identity: { readonly imsi: string; readonly imei: string; readonly apn: string }): PdnSession | undefined;
}

/** An attach that is not authenticated yet. What the radio had before stays until then. */
interface Attempt {
  readonly capability: Uint8Array;
  readonly imsi?: string;
  readonly ksi: number;
  readonly vector?: AuthVector;
  /** Set by SECURITY MODE COMMAND. */
  readonly security?: NasSecurity;
}

type Phase =
  'deregistered' | 'identity' | 'challenge' | 'security-mode' | 'equipment' | 'accept' | 'registered' | 'detaching';

export class UeContext {
  readonly #mme: MobilityManagement<UeContext>;
  readonly #trace: Trace;
  readonly #transmit: (message: Uint8Array) => void;
  #phase: Phase = 'deregistered';
  #supervision: (() => void) | undefined;
  #reachable: Timer | undefined;

  #imsi: string | undefined;
  #imei = '';
  #guti: Guti | undefined;
  #capability: Uint8Array = new Uint8Array();
  /** Set once SECURITY MODE COMPLETE was right: from then on nothing plain is taken but what 4.4.4.3 lists. */
  #security: NasSecurity | undefined;
  #attempt: Attempt | undefined;
  /** One of each is allowed in an attach; the second ends it. */
  #failures = { mac: 0, synch: 0 };

  readonly #pdn: Pdn;

  constructor(mme: MobilityManagement<UeContext>, radio: RadioEnd) {
    this.#mme = mme;
    this.#trace = radio.trace;
    this.#transmit = radio.send;
    const { clock, apns, dns, admit } = mme.options;
    this.#pdn = new Pdn({
      clock,
      apns,
      dns,
      send: (message) => this.#sendEsm(message),
      refusal: () => {
        if (this.#imsi === undefined) return EsmCause.requestRejected;
        const admission = admit(this.#imsi);
        if (admission === 'admitted') return undefined;
        // A SIM that is inactive gets a temporary cause, a suspended one a permanent one; which of each, nobody tells.
        return admission === 'barred' ? EsmCause.operatorDeterminedBarring : EsmCause.temporarilyOutOfOrder;
      },
      open: (apn) =>
        this.#imsi === undefined ? undefined : radio.openSession({ imsi: this.#imsi, imei: this.#imei, apn }),
    });
  }

  /** The PDN connection: open, or closed and not yet taken from the modem. */
  get session(): PdnSession | undefined {
    return this.#pdn.session;
  }

  /** The bearer's user plane. */
  bearer(id: number): PdnSession | undefined {
    return this.#pdn.bearer(id);
  }

  /** Any NAS message from the modem. What cannot be read, or is not protected as it has to be, is dropped. */
  receive(bytes: Uint8Array): void {
    try {
      const { plain, by } = this.#open(bytes);
      if (by !== undefined && by === this.#security) this.#keepReachable();
      if ((plain[0] as number) % 16 === PD_ESM) this.#esm(decodeEsm(plain), by);
      else this.#emm(decodeEmm(plain, 'uplink'), by);
    } catch (error) {
      if (!(error instanceof NasError)) throw error;
      // Only who has the keys gets an answer to a message that makes no sense (7.4, 7.5).
      if (error.code === 'unknown-message' && this.#security && securityHeaderOf(bytes) !== SecurityHeader.plain) {
        this.#send({ message: 'EMM STATUS', cause: EmmCause.messageTypeNonExistent });
      }
    }
  }

  /** The plain message, and the security context that vouches for it, if any does. */
  #open(bytes: Uint8Array): { readonly plain: Uint8Array; readonly by: NasSecurity | undefined } {
    const header = securityHeaderOf(bytes);
    if (header === SecurityHeader.plain) return { plain: notEmpty(bytes), by: undefined };
    for (const security of [this.#attempt?.security, this.#security]) {
      if (!security) continue;
      try {
        return { plain: notEmpty(security.unprotect(bytes)), by: security };
      } catch (error) {
        if (!(error instanceof NasError)) throw error;
      }
    }
    // Integrity protected by keys that are not (any longer) known here, but readable: as good as plain (4.4.4.3).
    if (header === SecurityHeader.integrity) return { plain: openProtected(bytes).payload, by: undefined };
    throw new NasError('protected', 'no security context here made this MAC');
  }

  #emm(m: EmmMessage, by: NasSecurity | undefined): void {
    if (this.#security && !by && !PLAIN_ALLOWED.has(m.message)) return;
    switch (m.message) {
      case 'ATTACH REQUEST':
        this.#attachRequest(m);
        break;
      case 'IDENTITY RESPONSE':
        this.#identityResponse(m, by);
        break;
      case 'AUTHENTICATION RESPONSE':
        this.#authenticationResponse(m.res);
        break;
      case 'AUTHENTICATION FAILURE':
        this.#authenticationFailure(m.cause, m.auts);
        break;
      case 'SECURITY MODE COMPLETE':
        if (by) this.#securityModeComplete(by);
        break;
      case 'SECURITY MODE REJECT':
        if (this.#phase === 'security-mode')
          this.#endAttempt({ message: 'ATTACH REJECT', cause: EmmCause.protocolError });
        break;
      case 'ATTACH COMPLETE':
        if (this.#phase === 'accept') this.#enter('registered');
        break;
      case 'TRACKING AREA UPDATE REQUEST':
        this.#trackingAreaUpdate(m, by);
        break;
      case 'DETACH REQUEST':
        if (m.from === 'modem') this.#detachRequest(m.detachType);
        break;
      case 'DETACH ACCEPT':
        if (this.#phase === 'detaching') this.#release('detached by the network');
        break;
      default:
        break;
    }
  }

  // Attach: identity, challenge, security mode, equipment identity, accept (5.5.1).

  #attachRequest(m: Extract<EmmMessage, { message: 'ATTACH REQUEST' }>): void {
    this.#failures = { mac: 0, synch: 0 };
    // A KSI that is not the current one, so that both sides can tell the new context from the old.
    const ksi = ((this.#security?.ksi ?? -1) + 1) % NO_KEY;
    this.#attempt = { capability: m.ueNetworkCapability, ksi };
    if (m.identity.kind === 'imsi') this.#challenge(m.identity.digits);
    else this.#askIdentity(IdentityType.imsi);
  }

  #askIdentity(identityType: number): void {
    this.#enter(identityType === IdentityType.imsi ? 'identity' : 'equipment');
    this.#supervise(T3470, { message: 'IDENTITY REQUEST', identityType });
  }

  #identityResponse(
    { identity }: Extract<EmmMessage, { message: 'IDENTITY RESPONSE' }>,
    by: NasSecurity | undefined,
  ): void {
    if (this.#phase === 'identity' && identity.kind === 'imsi') this.#challenge(identity.digits);
    if (this.#phase === 'equipment' && identity.kind === 'imei' && by) {
      this.#imei = identity.digits;
      this.#acceptAttach();
    }
  }

  /** Asks the AuC for a vector and sends the challenge. The vector stays here until the answer. */
  #challenge(imsi: string): void {
    if (!this.#attempt) return;
    const { auc, plmn } = this.#mme.options;
    let vector: AuthVector | undefined;
    try {
      vector = this.#stored(() => auc.vector(imsi, encodePlmn(plmn), this.#trace));
      if (vector === undefined) return;
    } catch (error) {
      if (!(error instanceof UnknownSubscriberError)) throw error;
      // TS 29.272 annex A: an unknown user is told cause 8.
      this.#endAttempt({ message: 'ATTACH REJECT', cause: EmmCause.servicesNotAllowed });
      return;
    }
    const { ksi } = this.#attempt;
    this.#attempt = { ...this.#attempt, imsi, vector };
    this.#enter('challenge');
    this.#supervise(T3460, { message: 'AUTHENTICATION REQUEST', ksi, rand: vector.rand, autn: vector.autn });
  }

  /** What the authentication centre could not store ends the attempt: the modem tries again. Undefined then. */
  #stored<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SubscriberStoreError)) throw error;
      this.#say(error.message, false);
      this.#endAttempt({ message: 'ATTACH REJECT', cause: EmmCause.networkFailure });
      return undefined;
    }
  }

  #authenticationResponse(res: Uint8Array): void {
    const vector = this.#attempt?.vector;
    if (this.#phase !== 'challenge' || !vector) return;
    const xres = vector.xres.reveal();
    const ok = res.length === xres.length && timingSafeEqual(res, xres);
    this.#say(ok ? 'RES equals XRES' : 'RES differs from XRES', ok, { res: new Secret(res), xres: vector.xres });
    if (ok) this.#commandSecurityMode(vector.kasme);
    else this.#endAttempt({ message: 'AUTHENTICATION REJECT' });
  }

  #authenticationFailure(cause: number, auts: Uint8Array | undefined): void {
    const { imsi, vector } = this.#attempt ?? {};
    if (this.#phase !== 'challenge' || !vector || imsi === undefined) return;
    if (cause === EmmCause.synchFailure && auts) {
      const { auc } = this.#mme.options;
      this.#say(NOT_FRESH[auc.notFresh(imsi, vector, auts) ?? 'unknown'], false, { cause });
      const first = this.#failures.synch++ === 0;
      const ok = this.#stored(() => auc.resynchronise(imsi, vector.rand, auts, this.#trace));
      if (ok === undefined) return;
      if (ok && first) this.#challenge(imsi);
      else this.#endAttempt({ message: 'AUTHENTICATION REJECT' });
    } else {
      this.#say('the modem says that the network failed its check', false, { cause });
      if (this.#failures.mac++ === 0) this.#askIdentity(IdentityType.imsi);
      else this.#endAttempt({ message: 'AUTHENTICATION REJECT' });
    }
  }

  #commandSecurityMode(kasme: Secret): void {
    if (!this.#attempt) return;
    const { capability, ksi } = this.#attempt;
    const eea = this.#cipherFor(capability);
    if (eea === undefined) {
      this.#endAttempt({ message: 'ATTACH REJECT', cause: EmmCause.protocolError });
      return;
    }
    this.#attempt = { ...this.#attempt, security: new NasSecurity(kasme, ksi, eea, 'network') };
    this.#enter('security-mode');
    this.#supervise(T3460, {
      message: 'SECURITY MODE COMMAND',
      eea,
      eia: Eia.aes,
      ksi,
      capabilities: replayed(capability),
    });
  }

  /** The cipher that both sides have; undefined when there is no common integrity algorithm. */
  #cipherFor(capability: Uint8Array): number | undefined {
    const has = (octet: number, algorithm: number): boolean => (((capability[octet] ?? 0) << algorithm) & 0x80) !== 0;
    if (!has(1, Eia.aes)) return undefined;
    return this.#mme.options.eea === Eea.aes && has(0, Eea.aes) ? Eea.aes : Eea.null;
  }

  #securityModeComplete(by: NasSecurity): void {
    const { imsi, capability, security } = this.#attempt ?? {};
    if (this.#phase !== 'security-mode' || by !== security || imsi === undefined || !capability) return;
    this.#say('SECURITY MODE COMPLETE has the right MAC: both sides hold the same KASME', true);
    // Only now is it sure who this is: a session of the same subscriber, here or elsewhere, ends.
    this.#pdn.close('attached again');
    this.#mme.forget(this, this.#imsi, this.#guti);
    this.#mme.adopt(imsi, this);
    this.#imsi = imsi;
    this.#capability = capability;
    this.#security = by;
    this.#guti = this.#mme.newGuti();
    this.#attempt = undefined;
    this.#keepReachable();
    this.#askIdentity(IdentityType.imei);
  }

  #acceptAttach(): void {
    const { plmn, tac, t3412 } = this.#mme.options;
    if (((this.#capability[WITHOUT_PDN.capabilityOctet] ?? 0) & WITHOUT_PDN.capabilityBit) === 0) {
      this.#send({ message: 'ATTACH REJECT', cause: EmmCause.esmFailure });
      this.#release('attach without PDN connection is not supported by the modem');
      return;
    }
    this.#enter('accept');
    this.#supervise(T3450, {
      message: 'ATTACH ACCEPT',
      result: EPS_ONLY,
      t3412,
      tai: { plmn, tac },
      esm: DUMMY,
      guti: this.#guti,
      features: Uint8Array.of(WITHOUT_PDN.feature),
    });
  }

  /** An attach that is refused, or that nobody answers: what the radio had before, if anything, is valid again. */
  #endAttempt(last?: EmmMessage): void {
    if (last) this.#send(last);
    if (last) this.#say(`attach refused: ${last.message}`, false);
    this.#attempt = undefined;
    this.#enter(this.#security ? 'registered' : 'deregistered');
  }

  #esm(m: EsmMessage, by: NasSecurity | undefined): void {
    if (!by || by !== this.#security) return;
    this.#attachCompleted();
    if (this.#phase === 'registered') this.#pdn.receive(m);
  }

  /** ATTACH COMPLETE may have been lost; what follows it under the same keys says the same. */
  #attachCompleted(): void {
    if (this.#phase === 'accept') this.#enter('registered');
  }

  // Tracking area update, detach, and being forgotten (5.5.2, 5.5.3, 5.3.5).

  #trackingAreaUpdate(
    { bearers }: Extract<EmmMessage, { message: 'TRACKING AREA UPDATE REQUEST' }>,
    by: NasSecurity | undefined,
  ): void {
    if (by && by === this.#security) this.#attachCompleted();
    if (!by || this.#phase !== 'registered') {
      this.#send({ message: 'TRACKING AREA UPDATE REJECT', cause: EmmCause.implicitlyDetached });
      return;
    }
    const both = bearers && { bearers: this.#pdn.reconcile(bearers) };
    this.#send({ message: 'TRACKING AREA UPDATE ACCEPT', result: 0, ...both });
  }

  #detachRequest(detachType: number): void {
    if ((detachType & SWITCH_OFF) === 0) this.#send({ message: 'DETACH ACCEPT' });
    this.#release('detached by the modem');
  }

  /** The same subscriber has attached elsewhere. */
  replaced(): void {
    this.#pdn.close('the same IMSI attached elsewhere');
    this.detach(REATTACH_NOT_REQUIRED, EmmCause.implicitlyDetached);
  }

  /** Detach by the network (5.5.2.3); `detachType` 1 asks for a new attach, 2 does not. */
  detach(detachType: number, cause?: number): void {
    if (!this.#security) return;
    this.#pdn.close('detached by the network');
    this.#attempt = undefined;
    this.#enter('detaching');
    const gone = (): void => this.#release('detached by the network');
    this.#supervise(T3422, { message: 'DETACH REQUEST', from: 'network', detachType, cause }, gone);
  }

  #release(reason: string): void {
    this.#pdn.close(reason);
    this.#enter('deregistered');
    this.#reachable?.cancel();
    this.#reachable = undefined;
    this.#mme.forget(this, this.#imsi, this.#guti);
    this.#imsi = undefined;
    this.#guti = undefined;
    this.#security = undefined;
    this.#attempt = undefined;
  }

  /** Every sign of life starts the mobile reachable timer again; when it ends the modem is detached without a word. */
  #keepReachable(): void {
    this.#reachable?.cancel();
    const after = this.#mme.options.t3412 * SECOND + REACHABLE_MARGIN;
    this.#reachable = this.#mme.options.clock.after(after, () => this.#release('not heard of for too long'));
  }

  // Sending.

  #enter(phase: Phase): void {
    this.#supervision?.();
    this.#supervision = undefined;
    this.#phase = phase;
  }

  /** Sends until answered: TRIES times in all, `period` apart. */
  #supervise(period: Nanoseconds, message: EmmMessage, giveUp: () => void = () => this.#abandon()): void {
    this.#supervision?.();
    this.#supervision = repeat(this.#mme.options.clock, period, TRIES, () => this.#send(message), giveUp);
  }

  /** Nobody answers: the modem's own timers see to the rest (5.5.1.2.7). */
  #abandon(): void {
    if (this.#attempt) this.#endAttempt();
    else this.#release('attach was not completed');
  }

  /** Plain during an attach, under the new keys from SECURITY MODE COMMAND on, which itself is not ciphered. */
  #send(message: EmmMessage): void {
    const plain = encodeEmm(message);
    if (!this.#attempt) this.#put(message, this.#security?.protect(plain, SecurityHeader.ciphered) ?? plain);
    else if (message.message !== 'SECURITY MODE COMMAND') this.#put(message, plain);
    else this.#put(message, this.#attempt.security?.protect(plain, SecurityHeader.newContext) ?? plain);
  }

  #sendEsm(message: EsmMessage): void {
    const plain = encodeEsm(message);
    this.#put(message, this.#security?.protect(plain, SecurityHeader.ciphered) ?? plain);
  }

  #put(message: NasMessage, bytes: Uint8Array): void {
    this.#trace.emit(nasEvent('network', message, bytes));
    this.#transmit(bytes);
  }

  #say(step: string, ok: boolean, fields?: Record<string, string | number | Secret>): void {
    this.#trace.emit({ type: 'aka', side: 'network', step, ok, ...(fields && { fields }) });
  }
}

const DUMMY = encodeEsm({ message: 'ESM DUMMY MESSAGE', bearer: 0, pti: 0 });

function notEmpty(plain: Uint8Array): Uint8Array {
  if (plain.length < 2) throw new NasError('short', 'a NAS message of less than two bytes');
  return plain;
}

/** Messages that are taken without protection although there is a security context (4.4.4.3); none of them ends what is up. */
const PLAIN_ALLOWED: ReadonlySet<string> = new Set([
  'ATTACH REQUEST',
  'IDENTITY RESPONSE',
  'AUTHENTICATION RESPONSE',
  'AUTHENTICATION FAILURE',
  'SECURITY MODE REJECT',
  'TRACKING AREA UPDATE REQUEST',
]);

/** Replayed UE security capability (9.9.3.36) out of UE network capability: EEA, EIA, UEA, UIA as far as given. */
function replayed(capability: Uint8Array): Uint8Array {
  return capability.slice(0, 4);
}
