// Mobility management entity: which radio has which IMSI, and the temporary identities. What it says to each radio is
// in ue-context.ts.

import type { MobilityManagement, MmeOptions } from './mme-options.js';
import type { Guti } from './nas/index.js';
import { UeContext } from './ue-context.js';
import type { RadioEnd } from './ue-context.js';

export class Mme implements MobilityManagement<UeContext> {
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
