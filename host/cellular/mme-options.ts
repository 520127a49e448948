// What the mobility management entity is made of, and what it is for the context of one radio.

import type { Clock } from '../clock/clock.js';
import type { Random } from '../random.js';
import type { Admission } from './network.js';
import type { Auc } from './hss/index.js';
import type { Guti } from './nas/index.js';
import type { Apn } from './pdn.js';

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

/** `C`: the context of a radio (ue-context.ts). */
export interface MobilityManagement<C> {
  readonly options: MmeOptions;
  /** `context` has proved to be `imsi`. Another context that had this IMSI is detached. */
  adopt(imsi: string, context: C): void;
  /** A temporary identity that nobody has. */
  newGuti(): Guti;
  forget(context: C, imsi: string | undefined, guti: Guti | undefined): void;
}
