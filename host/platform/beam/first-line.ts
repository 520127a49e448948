// The line that Beam writes to a destination before a device's stream: who is calling, and a signature over it.

import { createHash } from 'node:crypto';
import { identityParts, preSharedKey, type IdentityContext } from './identity.js';
import type { Secret } from '../../secret.js';

const SIGNATURE_VERSION = '20150901';

/** Lower-case hexadecimal SHA-256 over the key and what stands before the `;` of the line. A plain hash, not an HMAC. */
export const lineSignature = (psk: Secret, text: string): string =>
  createHash('sha256').update(psk.reveal()).update(text).digest('hex');

/**
 * `imei=.. imsi=.. msisdn=.. simId=.. timestamp=..`, what is off or unknown left out; with a signature
 * `;signature=<hex> version=20150901` follows; then LF. Undefined when no option is on. Throws Refusal.
 */
export function firstLine(context: IdentityContext): string | undefined {
  const parts = identityParts(context).map(({ part, value }) => `${part}=${value}`);
  if (parts.length === 0) return undefined;
  const text = [...parts, `timestamp=${context.unixMs}`].join(' ');
  if (context.entry.addSignature !== true) return `${text}\n`;
  return `${text};signature=${lineSignature(preSharedKey(context), text)} version=${SIGNATURE_VERSION}\n`;
}
