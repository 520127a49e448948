// What the platform knows about a subscriber: read by the services, never written by a device's payload.

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
  /** Pre-shared key of the signature: text, or a reference into the credentials store. */
  readonly psk?: string | { readonly $credentialsId: string };
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

/** Read access for the services. */
export interface SubscriberDirectory {
  subscriber(imsi: string): Subscriber | undefined;
  /** The secret behind `{"$credentialsId": id}`, of type psk; undefined when there is none. */
  psk(credentialsId: string): string | undefined;
}
