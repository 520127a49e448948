// Credentials for a destination, out of the operator's store.

import { DeliveryStatus } from '../choices.js';
import type { Credentials, CredentialsReference, SubscriberDirectory } from '../directory/index.js';
import type { MessageCaller } from '../message/message.js';
import { Refusal } from '../refusal.js';
import type { Secret } from '../../secret.js';

/**
 * The entry that a configuration names, whose id may hold `#{imsi}`. Throws Refusal when nothing is named, when it is
 * not in the store, or when it is of another type.
 */
export function credentialsFor<T extends Credentials['type']>(
  directory: SubscriberDirectory,
  { operatorId, imsi }: Pick<MessageCaller, 'operatorId' | 'imsi'>,
  reference: CredentialsReference | undefined,
  ...types: readonly T[]
): Extract<Credentials, { type: T }> {
  if (reference === undefined) throw misconfigured('no credentials are configured');
  const found = storedCredentials(directory, { operatorId, imsi }, reference);
  if (!isOf(found, types)) throw misconfigured(`credentials of type ${found.type} do not fit the destination`);
  return found;
}

/** The same of whatever type. */
export function storedCredentials(
  directory: SubscriberDirectory,
  { operatorId, imsi }: Pick<MessageCaller, 'operatorId' | 'imsi'>,
  { $credentialsId }: CredentialsReference,
): Credentials {
  const found = directory.credentials(operatorId, withImsi($credentialsId, imsi));
  if (found === undefined) throw misconfigured('credentials are not in the store');
  return found;
}

const isOf = <T extends Credentials['type']>(
  credentials: Credentials,
  types: readonly T[],
): credentials is Extract<Credentials, { type: T }> => (types as readonly string[]).includes(credentials.type);

/** The placeholder that stands for the caller's IMSI. */
export const withImsi = (text: string, imsi: string): string => text.replaceAll('#{imsi}', imsi);

/** What an operator configured cannot be carried out. */
export const misconfigured = (message: string): Refusal => new Refusal(DeliveryStatus.Misconfigured, message);

/** UTF-8 text of a secret that goes into a header or a request. */
export const secretText = (secret: Secret): string => Buffer.from(secret.reveal()).toString();

/** Value of an Authorization header (RFC 6750, RFC 7617); undefined for credentials that make none. */
export function authorizationOf(credentials: Credentials): string | undefined {
  switch (credentials.type) {
    case 'psk':
      return `Bearer ${secretText(credentials.key)}`;
    case 'api-token-credentials':
      return `Bearer ${secretText(credentials.token)}`;
    case 'username-password-credentials': {
      const { username, password } = credentials;
      return `Basic ${Buffer.from(`${username}:${secretText(password)}`).toString('base64')}`;
    }
    default:
      return undefined;
  }
}
