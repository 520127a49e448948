// The network's side of one radio's PDN connection (TS 24.301 6.4 and 6.5): set up, released, and compared with what
// the modem believes. One default bearer; the messages come in only when their keys were right.

import { SECOND } from '../clock/clock.js';
import type { Clock, Nanoseconds } from '../clock/clock.js';
import type { Secret } from '../secret.js';
import { EsmCause, NasError, PdnType, answerPco, repeat } from './nas/index.js';
import type { EsmMessage, PcoOption } from './nas/index.js';
import type { PdnSession } from './session.js';

/** Timers of table 10.3.2, and how often a message is sent in all (ESM information: table 10.3.2, note). */
const T3485: Nanoseconds = 8 * SECOND;
const T3489: Nanoseconds = 4 * SECOND;
const T3495: Nanoseconds = 8 * SECOND;
const TRIES = 5;
const INFORMATION_TRIES = 3;

/** Default bearer of every PDN connection here. */
const BEARER = 5;
const QCI_BEST_EFFORT = 9;

/** An access point that subscribers may use. */
export interface Apn {
  readonly name: string;
  readonly user: string;
  readonly password: Secret;
}

export interface PdnOptions {
  readonly clock: Clock;
  /** The first serves who names none. */
  readonly apns: readonly Apn[];
  readonly dns: readonly [string, string];
  send(message: EsmMessage): void;
  /** Why the subscription has no session now, an ESM cause; undefined: it may have one. Asked before each. */
  refusal(): number | undefined;
  /** Makes the session, with an address of the pool; undefined when there is none to be had. */
  open(apn: string): PdnSession | undefined;
}

export class Pdn {
  readonly #options: PdnOptions;
  /** The PDN connection that is being set up: until the modem has accepted its bearer. */
  #activating: { readonly pti: number } | undefined;
  #stop: (() => void) | undefined;
  #session: PdnSession | undefined;

  constructor(options: PdnOptions) {
    this.#options = options;
  }

  /** Open, or closed and not yet taken from the modem. */
  get session(): PdnSession | undefined {
    return this.#session;
  }

  /** The bearer's user plane. */
  bearer(id: number): PdnSession | undefined {
    return id === BEARER ? this.#session : undefined;
  }

  receive(m: EsmMessage): void {
    switch (m.message) {
      case 'PDN CONNECTIVITY REQUEST':
        this.#connectivity(m);
        break;
      case 'ESM INFORMATION RESPONSE':
        if (m.pti === this.#activating?.pti && !this.#session) this.#connect(m.apn, m.pco ?? []);
        break;
      case 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT':
        // Not while the bearer is taken away again: that has to be answered too.
        if (m.bearer === BEARER && this.#session?.open) this.#endProcedure();
        break;
      case 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT':
        if (m.bearer === BEARER && this.#activating) this.#drop('refused by the modem');
        break;
      case 'PDN DISCONNECT REQUEST':
        this.#disconnect(m);
        break;
      case 'DEACTIVATE EPS BEARER CONTEXT ACCEPT':
        if (m.bearer === BEARER && this.#session?.open === false) this.#drop('released');
        break;
      case 'PDN CONNECTIVITY REJECT':
      case 'PDN DISCONNECT REJECT':
      case 'ESM STATUS':
      case 'ESM DUMMY MESSAGE':
        break;
      default: {
        const { bearer, pti } = m;
        this.#options.send({ message: 'ESM STATUS', bearer, pti, cause: EsmCause.messageTypeNonExistent });
      }
    }
  }

  /**
   * The bearers that are active at the modem (EPS bearer context status, 5.5.3.2.4): what is active here alone goes
   * without a message, unless it is just being set up. Returns those that are active here.
   */
  reconcile(atModem: readonly number[]): readonly number[] {
    if (!this.#activating && !atModem.includes(BEARER)) this.close('not active at the modem');
    return this.#session?.open ? [BEARER] : [];
  }

  /** Ends it here alone: nothing is said to the modem. */
  close(reason: string): void {
    if (this.#session) this.#session.onClose = undefined;
    this.#drop(reason);
  }

  #connectivity(m: Extract<EsmMessage, { message: 'PDN CONNECTIVITY REQUEST' }>): void {
    // Our answer got lost and the modem asks again (6.5.1.7 c): the supervised message is on its way.
    if (this.#activating?.pti === m.pti) return;
    // A PDN connection that the modem has forgotten, or is no longer waiting for, is released here alone (6.5.1.6).
    this.close('asked for again');
    const reject = (cause: number): void =>
      this.#options.send({ message: 'PDN CONNECTIVITY REJECT', bearer: 0, pti: m.pti, cause });
    if (m.pti === 0 || m.pti === 255) reject(EsmCause.invalidPti);
    else if (m.pdnType !== PdnType.ipv4 && m.pdnType !== PdnType.ipv4v6) {
      reject(m.pdnType === PdnType.ipv6 ? EsmCause.ipv4Only : EsmCause.unknownPdnType);
    } else {
      this.#activating = { pti: m.pti };
      if (!m.informationTransfer) {
        this.#connect(m.apn, m.pco ?? []);
        return;
      }
      const ask = { message: 'ESM INFORMATION REQUEST', bearer: 0, pti: m.pti } as const;
      this.#supervise(T3489, INFORMATION_TRIES, ask, () => this.#reject(EsmCause.informationNotReceived));
    }
  }

  #connect(name: string | undefined, asked: readonly PcoOption[]): void {
    const { apns, dns, open, refusal } = this.#options;
    if (!this.#activating) return;
    const apn = name === undefined ? apns[0] : apns.find((a) => a.name.toLowerCase() === name.toLowerCase());
    if (!apn) {
      this.#reject(EsmCause.unknownApn);
      return;
    }
    let answer: ReturnType<typeof answerPco>;
    try {
      answer = answerPco(asked, apn, dns);
    } catch (error) {
      if (!(error instanceof NasError)) throw error;
      this.#reject(EsmCause.authenticationFailed);
      return;
    }
    if (!answer.ok) {
      this.#reject(EsmCause.authenticationFailed);
      return;
    }
    const cause = refusal();
    if (cause !== undefined) {
      this.#reject(cause);
      return;
    }
    const session = open(apn.name);
    if (!session) {
      this.#reject(EsmCause.insufficientResources);
      return;
    }
    this.#session = session;
    session.onClose = () => this.#closed(session);
    const request = {
      message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST',
      bearer: BEARER,
      pti: this.#activating.pti,
      qci: QCI_BEST_EFFORT,
      apn: apn.name,
      ip: session.ip,
      pco: answer.options,
    } as const;
    this.#supervise(T3485, TRIES, request, () => this.close('the modem did not accept the bearer'));
  }

  #reject(cause: number): void {
    const pti = this.#activating?.pti ?? 0;
    this.#endProcedure();
    this.#options.send({ message: 'PDN CONNECTIVITY REJECT', bearer: 0, pti, cause });
  }

  #disconnect(m: Extract<EsmMessage, { message: 'PDN DISCONNECT REQUEST' }>): void {
    if (!this.#session || m.linkedBearer !== BEARER) {
      const cause = EsmCause.invalidBearerIdentity;
      this.#options.send({ message: 'PDN DISCONNECT REJECT', bearer: 0, pti: m.pti, cause });
      return;
    }
    this.#endProcedure();
    this.#session.onClose = undefined;
    this.#session.close('released by the modem');
    this.#deactivate(m.pti);
  }

  /** A service, the operator or the gateway closed the session: the modem is told. */
  #closed(session: PdnSession): void {
    if (session !== this.#session) return;
    this.#endProcedure();
    this.#deactivate(0);
  }

  #deactivate(pti: number): void {
    const cause = EsmCause.regularDeactivation;
    const request = { message: 'DEACTIVATE EPS BEARER CONTEXT REQUEST', bearer: BEARER, pti, cause } as const;
    this.#supervise(T3495, TRIES, request, () => this.#drop('released'));
  }

  #drop(reason: string): void {
    this.#endProcedure();
    const session = this.#session;
    this.#session = undefined;
    session?.close(reason);
  }

  #endProcedure(): void {
    this.#activating = undefined;
    this.#stop?.();
    this.#stop = undefined;
  }

  #supervise(period: Nanoseconds, tries: number, message: EsmMessage, giveUp: () => void): void {
    this.#stop?.();
    this.#stop = repeat(this.#options.clock, period, tries, () => this.#options.send(message), giveUp);
  }
}
