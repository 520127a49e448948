// One device's message, as the fronts hand it to a service.

import type { DeviceMessage } from '../../host/platform/message/message.js';
import { ICCID, IMSI, MSISDN, session } from './harness.js';

/** Over UDP, from a SIM in a group without configuration, unless `more` says otherwise. */
export function message(body: string | Uint8Array, more: Partial<DeviceMessage> = {}): DeviceMessage {
  const caller = {
    ...{
      operatorId: 'OP0012345678',
      imsi: IMSI,
      simId: ICCID,
      iccid: ICCID,
      msisdn: MSISDN,
      status: 'active' as const,
    },
    ...{
      speedClass: 's1.standard',
      tags: {},
      terminationEnabled: false,
      createdMs: 0,
      modifiedMs: 0,
      group: { id: 'g', configuration: {} },
    },
  };
  return {
    ...{ id: 1, session: session(), caller, protocol: 'udp', body: Buffer.from(body), method: 'POST', target: '/' },
    ...{ headers: [], unixMs: 0, signal: new AbortController().signal },
    ...more,
  };
}
