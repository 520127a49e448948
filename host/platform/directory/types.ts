// What the platform knows about a subscriber: read by the services, never written by a device's payload.

import type { Credentials } from './credentials.js';
import type { GroupConfiguration } from '../config/namespace.js';

/** Statuses of a subscription (soracom-api, Subscriber). Only an active one may use the services. */
export const SUBSCRIBER_STATUS = [
  'ready',
  'active',
  'inactive',
  'standby',
  'instock',
  'shipped',
  'suspended',
  'terminated',
] as const;
export type SubscriberStatus = (typeof SUBSCRIBER_STATUS)[number];

export interface Group {
  readonly id: string;
  readonly configuration: GroupConfiguration;
}

export interface Subscriber {
  readonly operatorId: string;
  readonly imsi: string;
  readonly simId: string;
  readonly msisdn: string;
  readonly iccid: string;
  readonly status: SubscriberStatus;
  readonly speedClass: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** Without it the subscription cannot be terminated. */
  readonly terminationEnabled: boolean;
  /** Undefined: the SIM is in no group. */
  readonly group: Group | undefined;
}

/** Read access for the services. */
export interface SubscriberDirectory {
  subscriber(imsi: string): Subscriber | undefined;
  /** The entry behind `{"$credentialsId": id}` of this operator; undefined when there is none. */
  credentials(operatorId: string, credentialsId: string): Credentials | undefined;
}
