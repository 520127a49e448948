import type { PdnRequest, Radio, Session } from '../cellular/network.js';
import { AttachError } from '../cellular/network.js';
import type { Clock, Nanoseconds } from '../clock/clock.js';
import { within } from './deadline.js';

/** What a model has of contexts. */
export interface ContextLimits {
  /** The identifiers are first..last. */
  readonly first: number;
  readonly last: number;
  /** How many can be active at a time. */
  readonly active: number;
  /** Longest time that an activation takes. */
  readonly activation: Nanoseconds;
}

/** What AT+CGDCONT, AT+CGAUTH and their like set; kept in non-volatile memory. */
export interface ContextDefinition {
  readonly type: string;
  readonly apn: string;
  readonly user: string;
  readonly password: string;
  /** 0 none, 1 PAP, 2 CHAP, 3 PAP or CHAP. */
  readonly auth: number;
}

export type ContextDefinitions = Map<number, ContextDefinition>;

export const EMPTY_CONTEXT: ContextDefinition = { type: 'IP', apn: '', user: '', password: '', auth: 0 };

const AUTH: readonly PdnRequest['auth'][] = ['none', 'pap', 'chap', 'pap'];

interface ActiveContext {
  readonly session: Session;
  /** The modem's TCP/IP stack uses it, not just the bearer (AT+CGACT). */
  stack: boolean;
}

/** PDP contexts: at most one session each. */
export class Contexts {
  readonly #clock: Clock;
  readonly #radio: Radio;
  readonly #definitions: ContextDefinitions;
  readonly #active = new Map<number, ActiveContext>();
  #generation = 0;

  constructor(
    clock: Clock,
    radio: Radio,
    definitions: ContextDefinitions,
    readonly limits: ContextLimits,
  ) {
    this.#clock = clock;
    this.#radio = radio;
    this.#definitions = definitions;
  }

  get definitions(): ContextDefinitions {
    return this.#definitions;
  }

  /** The session of an active context. */
  session(cid: number): Session | undefined {
    const session = this.#active.get(cid)?.session;
    return session?.open ? session : undefined;
  }

  usedByStack(cid: number): boolean {
    return this.session(cid) !== undefined && this.#active.get(cid)?.stack === true;
  }

  /** Rejects with AttachError or DeadlineError. An active context stays as it is. */
  async activate(cid: number, stack: boolean): Promise<Session> {
    const old = this.#active.get(cid);
    if (old?.session.open) {
      old.stack ||= stack;
      return old.session;
    }
    const { active, activation } = this.limits;
    if (this.#active.size >= active) throw new AttachError('rejected', `${active} contexts are active`);
    const { apn, user, password, auth } = this.#definitions.get(cid) ?? EMPTY_CONTEXT;
    const generation = this.#generation;
    let awaited = true;
    const taken = this.#radio.activate({ apn, user, password, auth: AUTH[auth] ?? 'none' }).then((session) => {
      if (awaited && generation === this.#generation && session.open) {
        this.#active.set(cid, { session, stack });
        return session;
      }
      if (session.open) session.close('nobody waits for it any more');
      throw new AttachError('no-network', 'the session ended while it was set up');
    });
    try {
      return await within(this.#clock, activation, taken);
    } finally {
      awaited = false;
    }
  }

  /** Closes the session, if there is one. */
  deactivate(cid: number): void {
    const old = this.#active.get(cid);
    this.#active.delete(cid);
    if (old?.session.open) old.session.close('the device deactivated the context');
  }

  /** Contexts whose session the network has taken away since the last call; they are active no more. */
  takeLost(): number[] {
    const lost = [...this.#active].filter(([, { session }]) => !session.open).map(([cid]) => cid);
    for (const cid of lost) this.#active.delete(cid);
    return lost;
  }

  /** All sessions are gone with the radio: nothing is closed by messages. */
  drop(): void {
    this.#generation++;
    this.#active.clear();
  }
}
