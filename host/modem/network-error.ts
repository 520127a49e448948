// What the radio's refusals are called at the AT interface: TS 27.007 9.2.

import { AttachError } from '../cellular/network.js';
import { Cme, CmeError } from './at/result.js';
import { DeadlineError } from './deadline.js';

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

/** A CmeError for what the radio rejects with; anything else as it is. */
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
