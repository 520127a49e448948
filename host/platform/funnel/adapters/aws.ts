// AWS IoT, Kinesis Data Streams and Firehose.

import { FUNNEL } from '../../choices.js';
import { awsEncode } from '../../outbound/aws-signature.js';
import { awsRequest } from '../../cloud-delivery/aws.js';
import type { CloudRequest } from '../../cloud-delivery/delivery.js';
import type { HeaderList } from '../../http/text.js';
import { type AwsResource, awsResource } from '../destinations.js';
import type { Adapter, Delivery } from './adapter.js';

async function signed(
  { endpoint, awsCredentials, unixMs }: Delivery,
  { host, region }: AwsResource,
  call: { service: string; target: string; headers: HeaderList; body: Uint8Array },
): Promise<CloudRequest> {
  const credentials = await awsCredentials(region);
  const url = new URL(endpoint ?? `https://${host}`);
  const target = url.pathname.replace(/\/$/, '') + call.target;
  return awsRequest({ ...call, url, target, region, unixMs, credentials });
}

/** Publishes over HTTPS: `POST /topics/TOPIC`. */
export const awsIot: Adapter = {
  request: (delivery) => {
    const resource = wanted(awsResource(delivery.resourceUrl, 'iot'));
    const target = `/topics/${awsEncode(resource.name)}?qos=${FUNNEL.qos}`;
    const headers: HeaderList = [['Content-Type', delivery.contentType]];
    return signed(delivery, resource, { service: 'iotdata', target, headers, body: delivery.data });
  },
};

export const kinesis: Adapter = jsonService('kinesis', 'Kinesis_20131202.PutRecord', (StreamName, data, imsi) => ({
  StreamName,
  Data: data,
  PartitionKey: imsi,
}));

export const firehose: Adapter = jsonService('firehose', 'Firehose_20150804.PutRecord', (DeliveryStreamName, data) => ({
  DeliveryStreamName,
  Record: { Data: data },
}));

/** Services that take JSON 1.1: one operation, named in a header. */
function jsonService(
  service: string,
  operation: string,
  input: (stream: string, data: string, imsi: string) => object,
): Adapter {
  return {
    request: (delivery) => {
      const resource = wanted(awsResource(delivery.resourceUrl, service));
      const body = input(resource.name, delivery.data.toString('base64'), delivery.message.caller.imsi);
      return signed(delivery, resource, {
        service,
        target: '/',
        headers: [
          ['Content-Type', 'application/x-amz-json-1.1'],
          ['X-Amz-Target', operation],
        ],
        body: Buffer.from(JSON.stringify(body)),
      });
    },
  };
}

/** The configuration was checked when it was written. */
function wanted(resource: AwsResource | undefined): AwsResource {
  if (resource === undefined) throw new Error('the resource URL was not checked');
  return resource;
}
