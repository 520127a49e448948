// Authentication centre: makes vectors, keeps SQN, accepts the card's word on SQN when its MAC-S is right. K, OPc, CK
// and IK do not leave this file except through `quintuplet`, which the command line asks for by name.

import { timingSafeEqual } from 'node:crypto';
import { concat, toHex, xor } from '../../bytes.js';
import type { Random } from '../../random.js';
import { Secret } from '../../secret.js';
import type { Trace } from '../../trace/trace.js';
import { type KeyedSubscriber, functionsOf } from './algorithm.js';
import { kasme } from './kdf.js';
import { nextSqn, seqOf, withInd } from './sqn.js';
import type { AuthSubscriber, SubscriberStore } from './subscribers.js';

/** EPS authentication vector (TS 33.401 6.1.2). */
export interface AuthVector {
  /** 16 bytes. */
  readonly rand: Uint8Array;
  /** 16 bytes: SQN xor AK | AMF | MAC-A. */
  readonly autn: Uint8Array;
  /** 8 bytes of MILENAGE, 4 to 32 of the others. */
  readonly xres: Secret;
  /** 32 bytes. */
  readonly kasme: Secret;
}

/** The 3G quintuplet with KASME: what `akari hss vector` shows. */
export interface Quintuplet extends AuthVector {
  readonly ck: Secret;
  readonly ik: Secret;
}

/** AMF* of MAC-S is all zero whatever AMF the subscriber has (TS 33.102 6.3.3). */
const AMF_STAR = new Uint8Array(2);

/** The IMSI has no subscriber here. */
export class UnknownSubscriberError extends Error {
  constructor(readonly imsi: string) {
    super(`the home network has no subscriber with IMSI ${imsi}`);
    this.name = 'UnknownSubscriberError';
  }
}

/** TS 33.102 6.3.2 and TS 33.401 A.2 for one challenge. `rand` 16 bytes, `sqn` 6, `plmn` 3 (BCD). */
export function quintuplet(
  subscriber: KeyedSubscriber & Pick<AuthSubscriber, 'amf'>,
  rand: Uint8Array,
  sqn: Uint8Array,
  plmn: Uint8Array,
): Quintuplet {
  const functions = functionsOf(subscriber);
  const { res, ck, ik, ak } = functions.f2345(rand);
  const sqnXorAk = xor(sqn, ak);
  return {
    rand,
    autn: concat(sqnXorAk, subscriber.amf, functions.f1(rand, sqn, subscriber.amf).macA),
    xres: new Secret(res),
    kasme: kasme(ck, ik, plmn, sqnXorAk),
    ck: new Secret(ck),
    ik: new Secret(ik),
  };
}

/** SQN_MS out of AUTS, or undefined when MAC-S is wrong. `rand` is the challenge's, `auts` 14 bytes. */
export function verifyAuts(subscriber: KeyedSubscriber, rand: Uint8Array, auts: Uint8Array): Uint8Array | undefined {
  if (auts.length !== 14) return undefined;
  const functions = functionsOf(subscriber);
  const sqnMs = xor(auts.subarray(0, 6), functions.f2345(rand).akStar);
  const { macS } = functions.f1(rand, sqnMs, AMF_STAR);
  return timingSafeEqual(macS, auts.subarray(6)) ? sqnMs : undefined;
}

export class Auc {
  readonly #subscribers: SubscriberStore;
  readonly #random: Random;
  /** IND of each node that asks for vectors: a slot of its own, so that vectors of two nodes may be used in any order. */
  readonly #ind = new Map<string, number>();

  constructor(subscribers: SubscriberStore, random: Random) {
    this.#subscribers = subscribers;
    this.#random = random;
  }

  /**
   * A fresh vector for the node that asks. `plmn`: serving network, 3 BCD bytes. Throws UnknownSubscriberError.
   * The SQN after it is stored before the vector is handed out.
   */
  vector(imsi: string, plmn: Uint8Array, trace?: Trace, node = 'mme'): AuthVector {
    const subscriber = this.#find(imsi, trace);
    const { indBits } = subscriber;
    const sqn = withInd(subscriber.sqn, this.#indOf(node), indBits);
    this.#subscribers.setSqn(imsi, nextSqn(sqn, 0, indBits));
    const { rand, autn, xres, kasme: key } = quintuplet(subscriber, this.#random.bytes(16), sqn, plmn);
    const fields = { imsi, rand: toHex(rand), autn: toHex(autn), sqn: toHex(sqn), xres, kasme: key };
    trace?.emit({ type: 'aka', side: 'hss', step: 'vector made', ok: true, fields });
    return { rand, autn, xres, kasme: key };
  }

  /**
   * The card's AUTS for the challenge `rand`. True: MAC-S was right and the next SQN follows the card's. False: nothing changed.
   * Throws UnknownSubscriberError.
   */
  resynchronise(imsi: string, rand: Uint8Array, auts: Uint8Array, trace?: Trace): boolean {
    const subscriber = this.#find(imsi, trace);
    const sqnMs = verifyAuts(subscriber, rand, auts);
    const ok = sqnMs !== undefined;
    if (ok) this.#subscribers.setSqn(imsi, nextSqn(sqnMs, 0, subscriber.indBits));
    const step = ok ? 'AUTS verified, SQN set to that of the card' : 'AUTS refused: MAC-S is wrong';
    const fields = { imsi, auts: toHex(auts), ...(ok && { sqn: toHex(sqnMs) }) };
    trace?.emit({ type: 'aka', side: 'hss', step, ok, fields });
    return ok;
  }

  /**
   * Why the card found the SQN of this challenge not fresh: by its AUTS it has seen this SEQ or a higher one, or only lower ones,
   * and this is too far ahead (TS 33.102 C.2). Undefined when MAC-S is wrong. Throws UnknownSubscriberError.
   */
  notFresh(
    imsi: string,
    { rand, autn }: Pick<AuthVector, 'rand' | 'autn'>,
    auts: Uint8Array,
  ): 'too-old' | 'too-far-ahead' | undefined {
    const subscriber = this.#find(imsi, undefined);
    const sqnMs = verifyAuts(subscriber, rand, auts);
    if (sqnMs === undefined) return undefined;
    const sqn = xor(autn.subarray(0, 6), functionsOf(subscriber).f2345(rand).ak);
    return seqOf(sqn, subscriber.indBits) > seqOf(sqnMs, subscriber.indBits) ? 'too-far-ahead' : 'too-old';
  }

  #find(imsi: string, trace: Trace | undefined): AuthSubscriber {
    const subscriber = this.#subscribers.find(imsi);
    if (subscriber) return subscriber;
    trace?.emit({ type: 'aka', side: 'hss', step: 'no subscriber with this IMSI', ok: false, fields: { imsi } });
    throw new UnknownSubscriberError(imsi);
  }

  #indOf(node: string): number {
    let ind = this.#ind.get(node);
    if (ind === undefined) this.#ind.set(node, (ind = this.#ind.size));
    return ind;
  }
}
