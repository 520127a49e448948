import type { KeyedSubscriber } from './algorithm.js';

/** What the authentication centre keeps of one subscriber. `SimProfile` has this shape. */
export interface AuthSubscriber extends KeyedSubscriber {
  readonly imsi: string;
  /** 2 bytes. */
  readonly amf: Uint8Array;
  /** 6 bytes: SEQ of the next vector (its IND is the asking node's). */
  readonly sqn: Uint8Array;
  /** Bits of IND in SQN; 5 unless given. */
  readonly indBits?: number;
}

/** What was to be stored is not: the authentication cannot go on now. */
export class SubscriberStoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SubscriberStoreError';
  }
}

/**
 * Where subscribers live. `setSqn` has to be durable before it returns: an SQN handed out twice is a refused SIM. It throws
 * SubscriberStoreError when it cannot.
 */
export interface SubscriberStore {
  find(imsi: string): AuthSubscriber | undefined;
  setSqn(imsi: string, sqn: Uint8Array): void;
}

/** Subscribers in memory, gone with the world. */
export class MemorySubscribers implements SubscriberStore {
  readonly #byImsi = new Map<string, AuthSubscriber>();

  constructor(subscribers: Iterable<AuthSubscriber> = []) {
    for (const subscriber of subscribers) this.add(subscriber);
  }

  /** Adds a subscriber, or replaces the one with this IMSI. */
  add({ imsi, k, opc, algorithm, amf, sqn, indBits }: AuthSubscriber): void {
    this.#byImsi.set(imsi, {
      ...{ imsi, k, opc, amf, sqn },
      ...(algorithm && { algorithm }),
      ...(indBits !== undefined && { indBits }),
    });
  }

  remove(imsi: string): void {
    this.#byImsi.delete(imsi);
  }

  find(imsi: string): AuthSubscriber | undefined {
    return this.#byImsi.get(imsi);
  }

  setSqn(imsi: string, sqn: Uint8Array): void {
    const subscriber = this.#byImsi.get(imsi);
    if (subscriber) this.#byImsi.set(imsi, { ...subscriber, sqn: sqn.slice() });
  }
}
