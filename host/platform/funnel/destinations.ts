// The destinations that Funnel has, and how their resource URLs are written.

import { urlField } from '../config/fields.js';

/** A resource of AWS. */
export interface AwsResource {
  readonly host: string;
  readonly region: string;
  /** What follows the host: a topic, a stream's name. */
  readonly name: string;
}

/** HTTPS is understood when no scheme is written. */
const AWS = /^(?:https:\/\/)?((?:[a-z0-9-]+\.)+amazonaws\.com(?:\.cn)?)\/(.+)$/i;

/** `service`: as it stands in the host. Undefined for what is no resource of this service. */
export function awsResource(url: string, service: string): AwsResource | undefined {
  const [, host = '', name = ''] = AWS.exec(url) ?? [];
  const region = new RegExp(`(?:^|\\.)${service}\\.([a-z]{2}(?:-[a-z]+)+-\\d)\\.amazonaws\\.com`, 'i').exec(host)?.[1];
  return region === undefined ? undefined : { host, region, name };
}

const EVENT_HUB = /^https:\/\/([a-z0-9-]+\.servicebus\.[a-z0-9.-]+)\/([\w.-]+?)(?:\/messages)?\/?$/i;

/** Undefined for what is no event hub. */
export function eventHub(url: string): { readonly host: string; readonly hub: string } | undefined {
  const [, host, hub] = EVENT_HUB.exec(url) ?? [];
  return host === undefined || hub === undefined ? undefined : { host, hub };
}

const TOPIC = /^(?:https:\/\/pubsub\.googleapis\.com\/v1\/)?(projects\/[\w.:-]+\/topics\/[\w.~+%-]+?)(?::publish)?$/;

/** `projects/PROJECT/topics/TOPIC`; undefined for what is no topic. */
export const pubSubTopic = (url: string): string | undefined => TOPIC.exec(url)?.[1];

/** What is wrong with a resource URL, if anything. */
type Fault = (resourceUrl: string) => string | undefined;

function awsIot(url: string): string | undefined {
  const resource = awsResource(url, 'iot');
  if (resource === undefined) return 'must be ENDPOINT.iot.REGION.amazonaws.com/TOPIC';
  return /[+#]/.test(resource.name) ? 'the topic has a wildcard' : undefined;
}

const stream =
  (service: string): Fault =>
  (url) =>
    /^[\w.-]{1,128}$/.test(awsResource(url, service)?.name ?? '')
      ? undefined
      : `must be https://${service}.REGION.amazonaws.com/STREAM`;

/** Services of the known clouds; adapters/index.ts leads to each. */
const CLOUDS = {
  aws: { 'aws-iot': awsIot, kinesis: stream('kinesis'), firehose: stream('firehose') },
  azure: {
    eventhubs: (url) =>
      eventHub(url) === undefined ? 'must be https://NAMESPACE.servicebus.windows.net/EVENT-HUB' : undefined,
  },
  google: {
    pubsub: (url) =>
      pubSubTopic(url) === undefined
        ? 'must be projects/PROJECT/topics/TOPIC, alone or after https://pubsub.googleapis.com/v1/'
        : undefined,
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Fault>>>>;

/** A table with one value for each service of each cloud. */
export type Clouds<T> = { readonly [P in keyof typeof CLOUDS]: { readonly [S in keyof (typeof CLOUDS)[P]]: T } };

/** What the table has for a service. `other`: for makers that are none of the clouds. Undefined for a service that a cloud does not have here. */
export function ofClouds<T>(clouds: Clouds<T>, provider: string, service: string, other: T): T | undefined {
  if (!Object.hasOwn(clouds, provider)) return other;
  const services: Readonly<Record<string, T>> = clouds[provider as keyof Clouds<T>];
  return Object.hasOwn(services, service) ? services[service] : undefined;
}

const httpUrl = urlField('http:', 'https:');
const partner: Fault = (url) => httpUrl.safeParse(url).error?.issues[0]?.message;

/** Says what a service's resource URL lacks; undefined for a service that is not there. */
export const resourceCheck = (provider: string, service: string): Fault | undefined =>
  ofClouds<Fault>(CLOUDS, provider, service, partner);
