// What +CREG, +CGREG and +CEREG show: TS 27.007 7.2, 10.1.20, 10.1.22.

import type { Radio } from '../cellular/network.js';
import type { Attachment } from './attachment.js';
import type { Profile } from './profile.js';

export type RegistrationKind = 'creg' | 'cgreg' | 'cereg';

/** Largest `<n>` of each command. */
export const REPORT_MAX: Readonly<Record<RegistrationKind, number>> = { creg: 2, cgreg: 2, cereg: 5 };

export const REGISTRATION_KINDS: readonly RegistrationKind[] = ['creg', 'cgreg', 'cereg'];

/** Whose registration it is. */
export interface RegistrationSource {
  readonly profile: Profile;
  readonly attachment: Pick<Attachment, 'stat' | 'cause' | 'registered'>;
  readonly radio: Pick<Radio, 'cell'>;
}

/** `+CEREG: [n,]stat[,"tac","ci",AcT][,,,,cause_type,cause]` as setting `n` wants it; `read` puts n first. */
export function registrationText(
  { profile, attachment, radio }: RegistrationSource,
  kind: RegistrationKind,
  read: boolean,
): string {
  const n = profile[kind];
  const { stat, cause, registered } = attachment;
  const { cell } = radio;
  const parts = [`+${kind.toUpperCase()}: ${read ? `${n},` : ''}${stat}`];
  // 27.007 10.1.22: 4 and 5 are 2 and 3 with the timers of power saving, where the network gives any. It gives none.
  if (n >= 2 && registered && cell) {
    const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
    parts.push(`"${hex(cell.tac, 4)}"`, `"${hex(cell.ci, 8)}"`, String(cell.act));
  } else if ((n === 3 || n === 5) && cause !== undefined) parts.push('', '', '', '0', String(cause));
  return parts.join(',');
}
