// What a function is told about who called: Lambda in its client context, the others in a signed token.

import type { JWTPayload } from 'jose';
import type { Random } from '../../random.js';
import { FUNK } from '../choices.js';
import type { DeviceMessage } from '../message/message.js';

/** SORACOM, Funk: "context". */
export function functionContext(message: DeviceMessage): Record<string, string> {
  const { caller, session, protocol, deviceId } = message;
  const { operatorId, imsi, simId } = caller;
  if (deviceId !== undefined) {
    return {
      ...{ operatorId, coverage: FUNK.coverage, resourceType: 'Device', resourceId: deviceId },
      ...{ sourceProtocol: protocol, srn: srn(message), deviceId },
    };
  }
  return {
    operatorId,
    coverage: FUNK.coverage,
    resourceType: 'Subscriber',
    resourceId: imsi,
    sourceProtocol: protocol,
    srn: srn(message),
    imsi,
    simId,
    ...(session.imei !== '' && { imei: session.imei }),
  };
}

/** Claims of `x-soracom-token`. It has no end: a function looks at `iat`. */
export function tokenClaims(message: DeviceMessage, random: Random): JWTPayload {
  return {
    iss: 'https://soracom.io',
    aud: srn(message),
    jti: Buffer.from(random.bytes(8)).toString('base64url'),
    iat: Math.floor(message.unixMs / 1000),
    typ: 'soracom/token/v1',
    sub: 'funk.soracom.io',
    ctx: functionContext(message),
  };
}

/** The name of who sent it. */
function srn({ caller: { operatorId, imsi }, deviceId }: DeviceMessage): string {
  const of = deviceId === undefined ? `Subscriber:${imsi}` : `Device:${deviceId}`;
  return `srn:soracom:${operatorId}:${FUNK.coverage}:${of}`;
}
