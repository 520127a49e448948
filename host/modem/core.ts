import type { Radio, Session } from '../cellular/network.js';
import { AttachError } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import { Cme, CmeError } from './at/result.js';
import type { Attachment } from './attachment.js';
import type { Contexts } from './contexts.js';
import { DeadlineError } from './deadline.js';
import type { Identity } from './identity.js';
import type { Profile } from './profile.js';
import type { Sim } from './sim.js';
import type { Sockets } from './sockets.js';
import type { NetworkTime } from './time.js';

/** TS 27.007 8.2 `<fun>`: 0 minimum (no SIM, no radio), 1 full, 4 radio off. */
export type Functionality = 0 | 1 | 4;

/** What command handlers work on. One per modem; the parts live as long as it does. */
export interface ModemCore {
  readonly clock: Clock;
  readonly radio: Radio;
  readonly identity: Identity;
  readonly imei: string;
  /** The settings in force; AT&F, ATZ and AT&W go by the functions below. */
  readonly profile: Profile;
  readonly sim: Sim;
  readonly attachment: Attachment;
  readonly contexts: Contexts;
  readonly sockets: Sockets;
  /** Those with TLS on them; they have numbers of their own. */
  readonly tlsSockets: Sockets;
  /** The modem's own file system, by name: certificates. */
  readonly files: ReadonlyMap<string, string>;
  readonly time: NetworkTime;
  readonly functionality: Functionality;
  /** Goes up whenever the modem starts anew: what was begun before concerns nobody any more. */
  readonly epoch: number;

  /** An unsolicited result code. */
  unsolicited(line: string, data?: Uint8Array): void;
  setFunctionality(level: Functionality): Promise<void>;
  /** Manual selection by AT+COPS=1; undefined is automatic. */
  selectedPlmn: string | undefined;
  loadProfile(from: 'factory' | 'stored'): void;
  storeProfile(): void;
  /** Changes the line's speed when all that was said before has left. */
  setBaud(baud: number): void;
  /** AT+CFUN=1,1: the modem starts anew. */
  restart(): void;
  /** AT+QPOWD: leaves the network and switches off. */
  powerDown(): Promise<void>;
}

/** The session of an active context, or +CME ERROR. */
export async function activate(core: ModemCore, cid: number, stack: boolean): Promise<Session> {
  if (!core.attachment.registered) throw new CmeError(Cme.NoNetwork);
  try {
    return await core.contexts.activate(cid, stack);
  } catch (error) {
    throw networkError(error);
  }
}

/** EMM causes (TS 24.301 annex A) with a code of their own in TS 27.007 9.2.2.1. */
const EMM_CME: Readonly<Record<number, Cme>> = {
  3: Cme.IllegalMs,
  6: Cme.IllegalMe,
  7: Cme.GprsNotAllowed,
  11: Cme.PlmnNotAllowed,
  12: Cme.AreaNotAllowed,
  13: Cme.RoamingNotAllowed,
};
/** ESM causes (TS 24.301 annex B): user authentication failed, service option not subscribed. */
const ESM_CME: Readonly<Record<number, Cme>> = { 29: Cme.PdpAuthentication, 33: Cme.OptionNotSubscribed };

/** What the radio's refusal is called at the AT interface. */
export function networkError(error: unknown): unknown {
  if (error instanceof DeadlineError) return new CmeError(Cme.NetworkTimeout);
  if (!(error instanceof AttachError)) return error;
  switch (error.code) {
    case 'no-network':
      return new CmeError(Cme.NoNetwork);
    case 'timeout':
      return new CmeError(Cme.NetworkTimeout);
    case 'card':
      return new CmeError(Cme.SimFailure);
    case 'network-not-authentic':
      return new CmeError(Cme.NoNetwork);
    case 'rejected':
      return new CmeError(EMM_CME[error.causes.emm ?? -1] ?? ESM_CME[error.causes.esm ?? -1] ?? Cme.UnspecifiedGprs);
  }
}
