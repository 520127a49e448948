// What becomes of a SIM's request for a session, by the status of its subscription.

import type { Admission } from '../../cellular/network.js';
import type { Directory } from '../directory/index.js';

/** A SIM that is ready or on standby becomes active by the request (Subscriber Status). */
export function admit(directory: Directory, imsi: string): Admission {
  switch (directory.subscriber(imsi)?.status) {
    case 'ready':
    case 'standby':
      directory.change(imsi, { status: 'active' });
      return 'admitted';
    case 'active':
      return 'admitted';
    case 'inactive':
      return 'not-now';
    default:
      return 'barred';
  }
}
