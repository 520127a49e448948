// Which adapter leads to which destination. adapter.ts is their contract.

import type { Adapter } from './adapter.js';
import { awsIot, firehose, kinesis } from './aws.js';
import { eventHubs } from './event-hubs.js';
import { partner } from './partner.js';
import { pubSubFault } from './pubsub.js';

export type { Adapter, Delivery } from './adapter.js';
export { PubSubAdapter } from './pubsub.js';

/** Services of the known clouds. Pub/Sub's adapter keeps tokens: each platform makes its own. */
const CLOUDS: Readonly<Record<string, Readonly<Record<string, Adapter | 'pubsub'>>>> = {
  aws: { 'aws-iot': awsIot, kinesis, firehose },
  azure: { eventhubs: eventHubs },
  google: { pubsub: 'pubsub' },
};

/** Undefined for a service that a known cloud does not have here. */
export function adapterFor(provider: string, service: string, pubsub: Adapter): Adapter | undefined;
export function adapterFor(provider: string, service: string): Pick<Adapter, 'fault'> | undefined;
export function adapterFor(
  provider: string,
  service: string,
  pubsub: Pick<Adapter, 'fault'> = { fault: pubSubFault },
): Pick<Adapter, 'fault'> | undefined {
  if (!Object.hasOwn(CLOUDS, provider)) return partner;
  const found = Object.hasOwn(CLOUDS[provider] ?? {}, service) ? CLOUDS[provider]?.[service] : undefined;
  return found === 'pubsub' ? pubsub : found;
}
