// What a function is told about who called: Lambda in its client context, the others in a signed token.

import type { JWTPayload } from 'jose';
import type { Random } from '../../random.js';
import { FUNK } from '../choices.js';
import type { DeviceMessage } from '../message/message.js';

/** SORACOM, Funk: "context". */
export function functionContext({ caller, session, protocol }: DeviceMessage): Record<string, string> {
  const { operatorId, imsi, simId } = caller;
  return {
    operatorId,
    coverage: FUNK.coverage,
    resourceType: 'Subscriber',
    resourceId: imsi,
    sourceProtocol: protocol,
    srn: srn(operatorId, imsi),
    imsi,
    simId,
    ...(session.imei !== '' && { imei: session.imei }),
  };
}

/** Claims of `x-soracom-token`. It has no end: a function looks at `iat`. */
export function tokenClaims(message: DeviceMessage, random: Random): JWTPayload {
  const { operatorId, imsi } = message.caller;
  return {
    iss: 'https://soracom.io',
    aud: srn(operatorId, imsi),
    jti: Buffer.from(random.bytes(8)).toString('base64url'),
    iat: Math.floor(message.unixMs / 1000),
    typ: 'soracom/token/v1',
    sub: 'funk.soracom.io',
    ctx: functionContext(message),
  };
}

const srn = (operatorId: string, imsi: string): string =>
  `srn:soracom:${operatorId}:${FUNK.coverage}:Subscriber:${imsi}`;
