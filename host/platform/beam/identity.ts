// Who is calling, as Beam tells a destination: in headers or in the first line of a stream. The session and the
// directory say it, no byte of the device does.

import type { Session } from '../../cellular/network.js';
import { Secret } from '../../secret.js';
import type { Credentials, CredentialsReference, Subscriber, SubscriberDirectory } from '../directory/index.js';
import type { BeamEntry } from './config.js';

/** An entry that cannot be carried out as it is configured. The message is for the device; it never holds a secret. */
export class EntryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EntryError';
  }
}

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
 * EntryError when a signature would have nothing to sign.
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
    throw new EntryError('a signature needs at least one identity header');
  }
  return parts;
}

/** Throws EntryError. */
export function preSharedKey(context: IdentityContext): Secret {
  const { psk } = context.entry;
  if (psk === undefined) throw new EntryError('no pre-shared key is configured');
  if (psk instanceof Secret) return psk;
  const found = lookUp(psk, context);
  if (found.type !== 'psk') throw new EntryError('the credentials of the signature are not of type psk');
  return found.key;
}

/** The operator's entry in the credentials store; `#{imsi}` in its id is the caller's. Throws EntryError. */
export function lookUp(
  { $credentialsId }: CredentialsReference,
  { directory, caller, subscriber }: IdentityContext,
): Credentials {
  const found = directory.credentials(subscriber.operatorId, $credentialsId.replaceAll('#{imsi}', caller.imsi));
  if (found === undefined) throw new EntryError('credentials are not in the store');
  return found;
}
