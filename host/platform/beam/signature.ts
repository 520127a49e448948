// The signature that Beam adds, version 20151001: tells the customer's server that the identity headers are Beam's.

import { createHash } from 'node:crypto';
import type { Secret } from '../../secret.js';
import type { HeaderList } from '../http/text.js';

export const SIGNATURE_VERSION = '20151001';

/**
 * Lower-case hexadecimal SHA-256 over the key and each signed header as `name=value`, without separators. A plain hash,
 * not an HMAC. `signed`: lower-case names in the fixed order imei, imsi, msisdn, sim-id, timestamp; what is switched off
 * is left out. Body and URL are not covered.
 */
export function signature(psk: Secret, signed: HeaderList): string {
  const hash = createHash('sha256').update(psk.reveal());
  for (const [name, value] of signed) hash.update(`${name}=${value}`);
  return hash.digest('hex');
}
