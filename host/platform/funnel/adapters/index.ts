// Which adapter leads to which destination. adapter.ts is their contract.

import { ofClouds } from '../destinations.js';
import type { Adapter } from './adapter.js';
import { awsIot, firehose, kinesis } from './aws.js';
import { eventHubs } from './event-hubs.js';
import { partner } from './partner.js';

export type { Adapter, Delivery } from './adapter.js';
export { PubSubAdapter } from './pubsub.js';

/** Undefined for a service that a known cloud does not have here. `pubsub` keeps tokens: each platform has its own. */
export const adapterFor = (provider: string, service: string, pubsub: Adapter): Adapter | undefined =>
  ofClouds<Adapter>(
    {
      aws: { 'aws-iot': awsIot, kinesis, firehose },
      azure: { eventhubs: eventHubs },
      google: { pubsub },
    },
    provider,
    service,
    partner,
  );
