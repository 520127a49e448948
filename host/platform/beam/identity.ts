// Who is calling, as Beam tells a destination: in headers or in the first line of a stream. The session and the
// directory say it, no byte of the device does.

import type { Session } from '../../cellular/network.js';
import { Secret } from '../../secret.js';
import { misconfigured, storedCredentials } from '../cloud-delivery/credentials.js';
import type { Credentials, CredentialsReference, Subscriber, SubscriberDirectory } from '../directory/index.js';
import type { BeamEntry } from './config.js';

export interface IdentityContext {
  readonly entry: BeamEntry;
  readonly subscriber: Pick<Subscriber, 'operatorId' | 'simId' | 'msisdn'>;
  readonly caller: Pick<Session, 'imsi' | 'imei'>;
  /** An Inventory device. */
  readonly deviceId?: string | undefined;
  readonly directory: SubscriberDirectory;
  readonly unixMs: number;
}

export interface IdentityPart {
  /** `x-soracom-` follows it in HTTP. */
  readonly header: string;
  /** Name in the first line of a stream. */
  readonly part: string;
  readonly value: string;
}

/**
 * What the entry's options switch on, in the fixed order of all signatures; what is not known is left out. Throws
 * Refusal when a signature would have nothing to sign.
 */
export function identityParts({ entry, subscriber, caller, deviceId = '' }: IdentityContext): readonly IdentityPart[] {
  const options: readonly [boolean | undefined, IdentityPart][] = [
    [entry.addEquipmentHeader, { header: 'imei', part: 'imei', value: caller.imei }],
    [entry.addSubscriberHeader, { header: 'imsi', part: 'imsi', value: caller.imsi }],
    [entry.addMsisdnHeader, { header: 'msisdn', part: 'msisdn', value: subscriber.msisdn }],
    [entry.addSimIdHeader, { header: 'sim-id', part: 'simId', value: subscriber.simId }],
    [true, { header: 'device-id', part: 'deviceId', value: deviceId }],
  ];
  const parts = options.filter(([on, { value }]) => on === true && value !== '').map(([, part]) => part);
  if (entry.addSignature === true && parts.length === 0) {
    throw misconfigured('a signature needs at least one identity header');
  }
  return parts;
}

/** Throws Refusal. */
export function preSharedKey(context: IdentityContext): Secret {
  const { psk } = context.entry;
  if (psk === undefined) throw misconfigured('no pre-shared key is configured');
  if (psk instanceof Secret) return psk;
  const found = lookUp(psk, context);
  if (found.type !== 'psk') throw misconfigured('the credentials of the signature are not of type psk');
  return found.key;
}

/** Throws Refusal. */
export const lookUp = (
  reference: CredentialsReference,
  { directory, caller: { imsi }, subscriber: { operatorId } }: IdentityContext,
): Credentials => storedCredentials(directory, { operatorId, imsi }, reference);
