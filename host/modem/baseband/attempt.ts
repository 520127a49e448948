// One attach (TS 24.301 5.5.1.2), from ATTACH REQUEST to its end: who asks, how long it waits, and the proof of who is
// who.

import { IdentityType, NO_KEY, encodeEsm } from '../../cellular/nas/index.js';
import type { EmmMessage, NasSecurity } from '../../cellular/nas/index.js';
import { AttachError } from '../../cellular/network.js';
import type { Usim } from '../../cellular/network.js';
import type { Clock, Nanoseconds, Timer } from '../../clock/clock.js';
import type { Secret } from '../../secret.js';
import { Authentication } from './authentication.js';
import { T3410 } from './timers.js';

/** UE network capability: EEA0, 128-EEA2; 128-EIA2; no UEA, UIA; ERw/oPDN in octet 8 (9.9.3.34). */
const CAPABILITY = Uint8Array.of(0xa0, 0x20, 0x00, 0x00, 0x00, 0x20);
/** What a network has to replay of it in SECURITY MODE COMMAND: EEA, EIA, UEA, UIA. */
const REPLAYED = CAPABILITY.slice(0, 4);
const EPS_ATTACH = 1;
/** In place of a PDN request: the APN is not known yet. */
export const DUMMY = encodeEsm({ message: 'ESM DUMMY MESSAGE', bearer: 0, pti: 0 });

/** Who attaches, and where. */
export interface Attaching {
  readonly usim: Usim;
  readonly imei: string;
  readonly imsi: string;
  /** Serving network, 5 or 6 digits. */
  readonly plmn: string;
}

/** What an attempt needs of the radio. */
export interface AttachRadio {
  readonly clock: Clock;
  /** Is this the attempt that counts? */
  current(attempt: AttachAttempt): boolean;
  send(message: EmmMessage): void;
  say(step: string, ok: boolean, fields?: Record<string, string | number | Secret>): void;
  /** The attempt has failed. `denied`: by the network, with this EMM cause. */
  failed(error: AttachError, denied?: number): void;
}

export class AttachAttempt {
  readonly authentication: Authentication;
  readonly #radio: AttachRadio;
  #timer: Timer | undefined;

  constructor(
    readonly who: Attaching,
    radio: AttachRadio,
  ) {
    this.#radio = radio;
    this.authentication = new Authentication({
      clock: radio.clock,
      usim: who.usim,
      plmn: who.plmn,
      current: () => radio.current(this),
      send: (message) => radio.send(message),
      say: (step, ok, fields) => radio.say(step, ok, fields),
      answered: () => this.#awaitEnd(),
      doubted: (time, emm) => {
        const text = 'the network did not prove itself after a failed challenge';
        this.#await(time, new AttachError('network-not-authentic', text, { emm }));
      },
      denied: (code, message, emm) => radio.failed(new AttachError(code, message, { emm }), emm),
      cardFailed: (error) => radio.failed(cardError(error)),
    });
  }

  start(): void {
    this.#awaitEnd();
    this.#radio.send({
      message: 'ATTACH REQUEST',
      attachType: EPS_ATTACH,
      ksi: NO_KEY,
      identity: { kind: 'imsi', digits: this.who.imsi },
      ueNetworkCapability: CAPABILITY,
      esm: DUMMY,
    });
  }

  #awaitEnd(): void {
    this.#await(T3410, new AttachError('timeout', 'the network did not end the attach in time (T3410)'));
  }

  /** Gives the attempt `time` to go on, in place of any other timer. */
  #await(time: Nanoseconds, error: AttachError): void {
    this.stop();
    this.#timer = this.#radio.clock.after(time, () => this.#radio.failed(error));
  }

  /** Waits for nothing any more. */
  stop(): void {
    this.#timer?.cancel();
  }

  /** IDENTITY REQUEST. The equipment identity is for a network that has proved itself (5.4.4.3, TS 33.401 5.1.1). */
  identity(type: number, secure: boolean): void {
    const { imsi, imei } = this.who;
    if (type === IdentityType.imsi) this.#identify({ kind: 'imsi', digits: imsi });
    if (type === IdentityType.imei && secure) this.#identify({ kind: 'imei', digits: imei });
  }

  #identify(identity: { readonly kind: 'imsi' | 'imei'; readonly digits: string }): void {
    this.#radio.send({ message: 'IDENTITY RESPONSE', identity });
  }

  /** The context that SECURITY MODE COMMAND takes into use; undefined when it was refused. */
  securityMode(
    bytes: Uint8Array,
    m: Extract<EmmMessage, { message: 'SECURITY MODE COMMAND' }>,
  ): NasSecurity | undefined {
    return this.authentication.securityMode(bytes, m, REPLAYED);
  }

  /** ATTACH REJECT. */
  rejected(emm: number): void {
    const text = `the network refused the attach with EMM cause ${emm}`;
    this.#radio.failed(new AttachError('rejected', text, { emm }), emm);
  }
}

/** What a card that fails is called. */
export function cardError(error: unknown): AttachError {
  if (error instanceof AttachError) return error;
  return new AttachError('card', error instanceof Error ? error.message : 'the card does not answer');
}
