// Mobility management entity: which radio has which IMSI, and the temporary identities. What it says to each radio is
// in ue-context.ts.

import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Admission } from './network.js';
import type { Auc } from './hss/index.js';
import type { Guti } from './nas/index.js';
import type { Apn } from './pdn.js';
import { UeContext } from './ue-context.js';
import type { RadioEnd } from './ue-context.js';

export interface MmeOptions {
  readonly clock: Clock;
  readonly auc: Auc;
  readonly random: Random;
  /** Serving network, 5 or 6 digits. */
  readonly plmn: string;
  readonly tac: number;
  readonly apns: readonly Apn[];
  /** Whether a subscriber may have a session. */
  readonly admit: (imsi: string) => Admission;
  readonly dns: readonly [string, string];
  /** Cipher of NAS: 0 none, 2 AES. */
  readonly eea: 0 | 2;
  /** Seconds between periodic updates. */
  readonly t3412: number;
}

export class Mme {
  readonly #contexts = new Map<string, UeContext>();
  readonly #tmsis = new Set<number>();

  constructor(readonly options: MmeOptions) {}

  /** The network's end for one radio. */
  connect(radio: RadioEnd): UeContext {
    return new UeContext(this, radio);
  }

  contextOf(imsi: string): UeContext | undefined {
    return this.#contexts.get(imsi);
  }

  /** `context` has proved to be `imsi`: whoever had it before is detached. */
  adopt(imsi: string, context: UeContext): void {
    const before = this.#contexts.get(imsi);
    if (before && before !== context) before.replaced();
    this.#contexts.set(imsi, context);
  }

  newGuti(): Guti {
    let mTmsi: number;
    do mTmsi = this.options.random.below(2 ** 32);
    while (this.#tmsis.has(mTmsi));
    this.#tmsis.add(mTmsi);
    return { plmn: this.options.plmn, mmeGroup: 0x8001, mmeCode: 1, mTmsi };
  }

  forget(context: UeContext, imsi: string | undefined, guti: Guti | undefined): void {
    if (imsi !== undefined && this.#contexts.get(imsi) === context) this.#contexts.delete(imsi);
    if (guti) this.#tmsis.delete(guti.mTmsi);
  }
}
