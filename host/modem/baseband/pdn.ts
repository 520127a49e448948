// The modem's one PDN connection (TS 24.301 6.5): set up, released, and kept the same as the network believes it to be.

import type { Air } from '../../cellular/air.js';
import { EsmCause, PdnType, dnsOf, encodeEsm, repeat, requestPco } from '../../cellular/nas/index.js';
import type { EsmMessage } from '../../cellular/nas/index.js';
import { AttachError } from '../../cellular/network.js';
import type { PdnRequest, Session } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import type { Random } from '../../random.js';
import { Secret } from '../../secret.js';
import { DeviceSession } from './device-session.js';
import { T3482, T3492, TRIES } from './timers.js';

const INITIAL_REQUEST = 1;
const PTI_MAX = 254;

interface Activation {
  readonly pti: number;
  readonly pdn: PdnRequest;
  readonly end: (result: Session | AttachError) => void;
  readonly stop: () => void;
}

/** What the connection needs of the radio that carries it. */
export interface PdnCarrier {
  readonly clock: Clock;
  /** For CHAP challenges. */
  readonly random: Random;
  readonly air: Air;
  send(message: EsmMessage): void;
  /** The session was taken away. */
  lost(): void;
  /** The two sides may hold different bearers for active: a tracking area update has to compare them. */
  compare(): void;
}

export class PdnConnection {
  readonly #carrier: PdnCarrier;
  #pti = 0;
  #activation: Activation | undefined;
  #disconnect: { readonly pti: number; readonly stop: () => void } | undefined;
  #session: DeviceSession | undefined;

  constructor(carrier: PdnCarrier) {
    this.#carrier = carrier;
  }

  /** Identities of the active bearers. */
  get bearers(): readonly number[] {
    return this.#session?.open ? [this.#session.bearer] : [];
  }

  /** Asks for a PDN connection; the radio must be registered. Rejects with AttachError. */
  activate(pdn: PdnRequest): Promise<Session> {
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
    const { clock, send, compare } = this.#carrier;
    return new Promise((resolve, reject) => {
      const pti = this.#newPti();
      const end = (result: Session | AttachError): void => {
        this.#activation?.stop();
        this.#activation = undefined;
        clock.stir('promises');
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
      const late = (): void => {
        end(new AttachError('timeout', 'the network did not answer PDN CONNECTIVITY REQUEST (T3482)'));
        // It may not know us any more.
        compare();
      };
      const stop = repeat(clock, T3482, TRIES, () => send(request), late);
      this.#activation = { pti, pdn, end, stop };
    });
  }

  #refuse(error: AttachError): Promise<never> {
    this.#carrier.clock.stir('promises');
    return Promise.reject(error);
  }

  #information(pti: number, { apn, user, password, auth }: PdnRequest): EsmMessage {
    const credentials = {
      auth,
      user,
      password: new Secret(Buffer.from(password, 'utf8')),
      chapChallenge: this.#carrier.random.bytes(16),
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

  /** A message of session management that came under the right keys. */
  receive(m: EsmMessage): void {
    const activation = this.#activation?.pti === m.pti ? this.#activation : undefined;
    switch (m.message) {
      case 'ESM INFORMATION REQUEST':
        if (activation) this.#carrier.send(this.#information(m.pti, activation.pdn));
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
        this.#carrier.send({ message: 'DEACTIVATE EPS BEARER CONTEXT ACCEPT', bearer: m.bearer, pti: 0 });
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
    const { air, send, compare } = this.#carrier;
    const accept = { message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT', bearer: m.bearer, pti: 0 } as const;
    if (this.#session?.open && this.#session.bearer === m.bearer && this.#session.ip === m.ip) {
      // Our acceptance got lost.
      send(accept);
      return;
    }
    const path = air.bearer(m.bearer);
    if (!activation || path?.ip !== m.ip) {
      const cause = activation ? EsmCause.requestRejected : EsmCause.ptiMismatch;
      send({ message: 'ACTIVATE DEFAULT EPS BEARER CONTEXT REJECT', bearer: m.bearer, pti: 0, cause });
      activation?.end(new AttachError('rejected', 'the network named a bearer that it does not have', { esm: cause }));
      return;
    }
    send(accept);
    const session = new DeviceSession(path, m.bearer, dnsOf(m.pco ?? []), () => this.#release(m.bearer));
    path.onUnknown = () => {
      // TS 23.007 21: the radio bearer of a context that the gateway does not know is released. The modem follows (6.4.4.6).
      if (this.#session !== session) return;
      this.#endSession();
      compare();
    };
    this.#session = session;
    activation.end(session);
  }

  /** The device closed the session (6.5.2). */
  #release(linkedBearer: number): void {
    const { clock, send, compare } = this.#carrier;
    this.#session = undefined;
    this.#disconnect?.stop();
    const pti = this.#newPti();
    const request = { message: 'PDN DISCONNECT REQUEST', bearer: 0, pti, linkedBearer } as const;
    const late = (): void => {
      this.#endDisconnect();
      // 6.5.2.5 a: the contexts are gone here; the network learns it from a tracking area update.
      compare();
    };
    this.#disconnect = { pti, stop: repeat(clock, T3492, TRIES, () => send(request), late) };
  }

  #endDisconnect(): void {
    this.#disconnect?.stop();
    this.#disconnect = undefined;
  }

  /** The network's list of active bearers (5.5.3.2.4): what is not in it is gone here too, without a message. */
  reconcile(active: readonly number[]): void {
    if (this.#session?.open && !active.includes(this.#session.bearer)) this.#endSession();
  }

  /** The network closed the session. */
  #endSession(): void {
    this.#session?.end();
    this.#session = undefined;
    this.#carrier.lost();
  }

  /** The registration is gone, and all this with it; nothing is sent. */
  drop(): void {
    this.#endDisconnect();
    this.#activation?.end(new AttachError('no-network', 'the registration was lost'));
    const session = this.#session;
    this.#session = undefined;
    session?.end();
  }

  #newPti(): number {
    this.#pti = (this.#pti % PTI_MAX) + 1;
    return this.#pti;
  }
}
