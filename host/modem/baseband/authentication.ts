// Authentication and security mode (TS 24.301 5.4.2, 5.4.3) as the modem does them, once for each attach.

import { equal, toHex } from '../../bytes.js';
import { kasme } from '../../cellular/hss/kdf.js';
import { Eea, Eia, EmmCause, NasError, NasSecurity, encodePlmn } from '../../cellular/nas/index.js';
import type { EmmMessage } from '../../cellular/nas/index.js';
import type { AuthOutcome, Usim } from '../../cellular/network.js';
import type { Clock, Nanoseconds } from '../../clock/clock.js';
import { Secret } from '../../secret.js';
import { CHALLENGE_FAILURES, T3416, T3418, T3420 } from './timers.js';

/** Bit 8 of AMF: 1 in a challenge made for EPS (TS 33.401 6.1.1). */
const AMF_OFFSET = 6;
const SEPARATION_BIT = 0x80;

/** The attach that is authenticated, as far as its authentication needs it. */
export interface Authenticating {
  readonly clock: Clock;
  readonly usim: Usim;
  /** Serving network, 5 or 6 digits. */
  readonly plmn: string;
  /** False when the attach has ended: nothing that comes later counts. */
  current(): boolean;
  send(message: EmmMessage): void;
  say(step: string, ok: boolean, fields?: Record<string, string | number | Secret>): void;
  /** RES was given: the network goes on. */
  answered(): void;
  /** The network gets `time` to prove itself after a failed challenge with EMM cause `emm`. */
  doubted(time: Nanoseconds, emm: number): void;
  /** The network is not genuine, or the SIM is not welcome. */
  denied(code: 'rejected' | 'network-not-authentic', message: string, emm: number): void;
  /** The card gave no answer that could be used. */
  cardFailed(error: unknown): void;
}

type SecurityModeCommand = Extract<EmmMessage, { message: 'SECURITY MODE COMMAND' }>;

export class Authentication {
  readonly #attach: Authenticating;
  /** The challenge that the card is working on, and the one answered last with its answer. */
  #asking: Uint8Array | undefined;
  #given: { readonly rand: Uint8Array; readonly answer: EmmMessage; readonly until: Nanoseconds } | undefined;
  /** Key of the challenge answered last, until SECURITY MODE COMMAND names it. */
  #key: { readonly ksi: number; readonly kasme: Secret } | undefined;
  #failures = 0;
  #lastFailure: 'mac' | 'synch' | undefined;

  constructor(attach: Authenticating) {
    this.#attach = attach;
  }

  /** AUTHENTICATION REQUEST. */
  async request(ksi: number, rand: Uint8Array, autn: Uint8Array): Promise<void> {
    const attach = this.#attach;
    if (this.#asking && equal(this.#asking, rand)) return;
    if (this.#given && equal(this.#given.rand, rand) && attach.clock.now() < this.#given.until) {
      attach.send(this.#given.answer);
      return;
    }
    if (((autn[AMF_OFFSET] as number) & SEPARATION_BIT) === 0) {
      attach.say('the separation bit of AMF is 0: the challenge was not made for EPS', false);
      this.#answer(rand, { message: 'AUTHENTICATION FAILURE', cause: EmmCause.nonEpsAuthentication });
      this.#failed('mac', EmmCause.nonEpsAuthentication);
      return;
    }
    this.#asking = rand;
    attach.say('AUTN handed to the card', true, { rand: toHex(rand), autn: toHex(autn) });
    let outcome: AuthOutcome;
    try {
      outcome = await attach.usim.authenticate(rand, autn);
    } catch (error) {
      attach.clock.stir('promises');
      if (attach.current()) attach.cardFailed(error);
      return;
    }
    attach.clock.stir('promises');
    if (!attach.current()) return;
    this.#asking = undefined;
    this.#outcome(ksi, rand, autn, outcome);
  }

  #outcome(ksi: number, rand: Uint8Array, autn: Uint8Array, outcome: AuthOutcome): void {
    const attach = this.#attach;
    switch (outcome.kind) {
      case 'ok': {
        attach.say('the card accepts the network and gives RES', true, { res: new Secret(outcome.res) });
        // TS 33.401 A.2: the first six bytes of AUTN are SQN xor AK.
        const key = kasme(outcome.ck, outcome.ik, encodePlmn(attach.plmn), autn.subarray(0, 6));
        this.#key = { ksi, kasme: key };
        this.#failures = 0;
        this.#lastFailure = undefined;
        attach.answered();
        this.#answer(rand, { message: 'AUTHENTICATION RESPONSE', res: outcome.res });
        break;
      }
      case 'resync':
        // Why is in AUTS, which only the home network can read.
        attach.say('SQN is not fresh: the card gives AUTS', false, { auts: toHex(outcome.auts) });
        this.#answer(rand, { message: 'AUTHENTICATION FAILURE', cause: EmmCause.synchFailure, auts: outcome.auts });
        this.#failed('synch', EmmCause.synchFailure);
        break;
      case 'mac-failure':
        attach.say('the card finds the MAC of the challenge wrong (9862)', false);
        this.#answer(rand, { message: 'AUTHENTICATION FAILURE', cause: EmmCause.macFailure });
        this.#failed('mac', EmmCause.macFailure);
        break;
      case 'refused': {
        const sw = outcome.sw.toString(16).padStart(4, '0').toUpperCase();
        attach.say(`the card refuses AUTHENTICATE (${sw})`, false);
        attach.cardFailed(new Error(`the card refused AUTHENTICATE with ${sw}`));
        break;
      }
    }
  }

  #answer(rand: Uint8Array, answer: EmmMessage): void {
    this.#given = { rand, answer, until: this.#attach.clock.now() + T3416 };
    this.#attach.send(answer);
  }

  #failed(failure: 'mac' | 'synch', emm: number): void {
    this.#lastFailure = failure;
    if (++this.#failures < CHALLENGE_FAILURES) {
      this.#attach.doubted(failure === 'mac' ? T3418 : T3420, emm);
      return;
    }
    const text = `${CHALLENGE_FAILURES} challenges in a row failed the check of the SIM`;
    this.#attach.denied('network-not-authentic', text, emm);
  }

  /** AUTHENTICATION REJECT. */
  rejected(): void {
    const sameKeys = 'do SIM and network hold the same K and OPc?';
    if (this.#lastFailure === 'mac') {
      const text = `the SIM does not accept the network: MAC of the challenge is wrong (9862); ${sameKeys}`;
      this.#attach.denied('network-not-authentic', text, EmmCause.macFailure);
    } else {
      const text = `the network does not accept the SIM: AUTHENTICATION REJECT; ${sameKeys}`;
      this.#attach.denied('rejected', text, EmmCause.illegalUe);
    }
  }

  /**
   * SECURITY MODE COMMAND, as it came (`bytes`) and as it reads (`m`): the context that it takes into use, or undefined
   * when it was refused. `sent`: the capabilities that it has to replay.
   */
  securityMode(bytes: Uint8Array, m: SecurityModeCommand, sent: Uint8Array): NasSecurity | undefined {
    const known = m.eia === Eia.aes && (m.eea === Eea.null || m.eea === Eea.aes);
    if (this.#key?.ksi !== m.ksi || !known) {
      const text = 'SECURITY MODE COMMAND names a key or algorithm that is not here';
      return this.#refuseSecurityMode(EmmCause.securityModeRejected, text);
    }
    const security = new NasSecurity(this.#key.kasme, this.#key.ksi, m.eea, 'modem');
    try {
      security.unprotect(bytes);
    } catch (error) {
      if (!(error instanceof NasError)) throw error;
      const text = 'SECURITY MODE COMMAND has a wrong MAC: KASME of the two sides differ';
      return this.#refuseSecurityMode(EmmCause.securityModeRejected, text);
    }
    if (!equal(m.capabilities, sent)) {
      const text = 'SECURITY MODE COMMAND replays other capabilities than were sent';
      return this.#refuseSecurityMode(EmmCause.securityCapabilitiesMismatch, text);
    }
    this.#attach.say('SECURITY MODE COMMAND has the right MAC: both sides hold the same KASME', true);
    return security;
  }

  #refuseSecurityMode(cause: number, step: string): undefined {
    this.#attach.say(step, false);
    this.#attach.send({ message: 'SECURITY MODE REJECT', cause });
    return undefined;
  }
}
