// What the platform knows about a subscriber: read by the services, never written by a device's payload.

import type { Secret } from '../secret.js';

/** Points into the credentials store. The id may hold the placeholder `#{imsi}`. */
export interface CredentialsReference {
  readonly $credentialsId: string;
}

/** One entry point of Beam, as an operator configures it (keys as in the platform's group configuration). */
export interface BeamEntry {
  readonly name?: string;
  readonly enabled: boolean;
  /** http:// or https:// URL. */
  readonly destination: string;
  readonly addSubscriberHeader?: boolean;
  readonly addEquipmentHeader?: boolean;
  readonly addMsisdnHeader?: boolean;
  readonly addSimIdHeader?: boolean;
  readonly addSignature?: boolean;
  /** Pre-shared key of the signature (UTF-8 text), or a reference to credentials of type psk. */
  readonly psk?: Secret | CredentialsReference;
  /** Credentials of which the Authorization header is made: psk and token give Bearer, user name and password Basic. */
  readonly authorization?: CredentialsReference;
  readonly customHeaders?: Readonly<Record<string, CustomHeader>>;
}

export interface CustomHeader {
  readonly action: 'append' | 'replace' | 'delete';
  readonly headerKey: string;
  readonly headerValue?: string;
}

/** `configuration.{namespace}.{key}`; the key of a Beam entry is its entry point's URL. */
export interface GroupConfiguration {
  readonly SoracomBeam?: Readonly<Record<string, BeamEntry>>;
}

export interface Subscriber {
  readonly imsi: string;
  readonly simId: string;
  readonly msisdn: string;
  readonly iccid: string;
  /** Undefined: the SIM is in no group. */
  readonly group: { readonly id: string; readonly configuration: GroupConfiguration } | undefined;
}

/** An entry of the credentials store, by the platform's own type names. Secrets are UTF-8 text. */
export type Credentials =
  | { readonly type: 'psk'; readonly key: Secret }
  | { readonly type: 'api-token-credentials'; readonly token: Secret }
  | { readonly type: 'username-password-credentials'; readonly username: string; readonly password: Secret };

/** Read access for the services. */
export interface SubscriberDirectory {
  subscriber(imsi: string): Subscriber | undefined;
  /** The entry behind `{"$credentialsId": id}`; undefined when there is none. */
  credentials(credentialsId: string): Credentials | undefined;
}
