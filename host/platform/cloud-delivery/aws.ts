// Requests to AWS: where a service's API is, and a signed request to it.

import type { HeaderList } from '../http/text.js';
import { type AwsCredentials, awsSigned } from '../outbound/aws-signature.js';
import { type CloudRequest, hostHeader } from './delivery.js';

export interface AwsCall {
  readonly url: URL;
  readonly target: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly region: string;
  /** Signing name. */
  readonly service: string;
  readonly unixMs: number;
  readonly credentials: AwsCredentials;
}

/** `https://lambda.ap-northeast-1.amazonaws.com` */
export const awsEndpoint = (service: string, region: string): string =>
  `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

export function awsRequest({
  url,
  target,
  headers,
  body,
  region,
  service,
  unixMs,
  credentials,
}: AwsCall): CloudRequest {
  const request = { method: 'POST', target, headers: [hostHeader(url), ...headers], body };
  return { url, target, headers: awsSigned(request, credentials, { region, service, unixMs }), body };
}
