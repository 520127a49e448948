// AWS Lambda behind Funk: the API's Invoke, synchronous (AWS Lambda API reference, Invoke).

import { FUNK } from '../choices.js';
import type { Answer } from '../http/front.js';
import type { DeviceMessage, MessageAnswer } from '../message/message.js';
import { awsEndpoint, awsRequest } from '../cloud-delivery/aws.js';
import { type AwsCredentials, awsEncode } from '../outbound/aws-signature.js';
import type { CloudRequest } from '../cloud-delivery/delivery.js';
import { misconfigured } from '../cloud-delivery/credentials.js';
import { parseArn } from './arn.js';
import type { FunkDestination } from './config.js';
import { functionContext } from './context.js';

export type LambdaDestination = Extract<FunkDestination, { provider: 'aws' }>;

/** `event`: JSON. */
export async function lambdaRequest(
  { resourceUrl, endpoint }: LambdaDestination,
  message: DeviceMessage,
  event: string,
  credentialsOf: (region: string) => Promise<AwsCredentials>,
  unixMs: number,
): Promise<CloudRequest> {
  const arn = parseArn(resourceUrl);
  if (arn === undefined) throw misconfigured('the destination is not the ARN of a function');
  const { region, functionArn, qualifier } = arn;
  const url = new URL(endpoint ?? awsEndpoint('lambda', region));
  const prefix = url.pathname.replace(/\/$/, '');
  const path = `${prefix}/2015-03-31/functions/${awsEncode(functionArn)}/invocations`;
  const clientContext = JSON.stringify({ custom: functionContext(message) });
  return awsRequest({
    url,
    target: qualifier === undefined ? path : `${path}?Qualifier=${awsEncode(qualifier)}`,
    headers: [
      ['User-Agent', 'SORACOM Funk'],
      ['Content-Type', 'application/json'],
      ['X-Amz-Invocation-Type', 'RequestResponse'],
      ['X-Amz-Client-Context', Buffer.from(clientContext).toString('base64')],
    ],
    body: Buffer.from(event),
    ...{ region, service: 'lambda', unixMs, credentials: await credentialsOf(region) },
  });
}

/** What the function returned is the reply; what it threw is an error of its own; anything else is Lambda's refusal. */
export function lambdaAnswer({ status, headers, body }: Answer): MessageAnswer {
  const failed = headers.some(([name]) => name.toLowerCase() === 'x-amz-function-error');
  return {
    status: failed && status === 200 ? FUNK.functionError : status,
    body,
    headers: [['Content-Type', 'application/json']],
  };
}
