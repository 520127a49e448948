// What a token of Endorse says (SORACOM, Endorse: token verification).

import type { JWTPayload } from 'jose';
import type { Session } from '../../cellular/network.js';
import type { Random } from '../../random.js';
import { ENDORSE } from '../choices.js';
import type { Subscriber } from '../directory/index.js';
import type { SoracomEndorse } from './config.js';

export interface TokenSubject {
  readonly config: SoracomEndorse;
  readonly session: Session;
  readonly subscriber: Subscriber;
  /** What the request came with: signed, and vouched for by nobody. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly unixMs: number;
  readonly random: Random;
}

/** Seconds by which `nbf` lies before `iat`: a verifier's clock may be slow. */
const EARLY_S = 60;

/** All times are UNIX seconds. */
export function tokenClaims({ config, session, subscriber, parameters, unixMs, random }: TokenSubject): JWTPayload {
  const iat = Math.floor(unixMs / 1000);
  return {
    iss: 'https://soracom.io',
    aud: 'soracom-endorse-audience',
    exp: iat + (config.tokenTimeoutSeconds ?? ENDORSE.defaultTimeoutSeconds),
    jti: Buffer.from(random.bytes(16)).toString('base64url'),
    iat,
    nbf: iat - EARLY_S,
    sub: 'soracom-endorse',
    'soracom-endorse-claim': endorsed(config, session, subscriber, parameters),
  };
}

/** Only what the group lets be endorsed, and only what is known. */
function endorsed(
  { parametersToEndorse: allowed = {} }: SoracomEndorse,
  { imei }: Session,
  { imsi, msisdn, simId }: Subscriber,
  parameters: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const known = { imsi, imei, msisdn, simId };
  const claim: Record<string, unknown> = {};
  for (const name of ['imsi', 'imei', 'msisdn', 'simId'] as const) {
    if (allowed[name] === true && known[name] !== '') claim[name] = known[name];
  }
  if (allowed.requestParameters === true && Object.keys(parameters).length > 0) claim['requestParameters'] = parameters;
  return claim;
}
