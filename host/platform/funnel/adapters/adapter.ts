// What Funnel wants of the way to one kind of destination.

import type { Answer } from '../../http/front.js';
import type { DeviceMessage } from '../../message/message.js';
import type { AwsCredentials } from '../../outbound/aws-signature.js';
import type { CloudRequest } from '../../cloud-delivery/delivery.js';
import type { CredentialsReference, SubscriberDirectory } from '../../directory/index.js';

/** One message on its way. */
export interface Delivery {
  readonly message: DeviceMessage;
  /** The configured resource, with the caller's IMSI in it. */
  readonly resourceUrl: string;
  readonly endpoint: string | undefined;
  readonly credentialsId: CredentialsReference | undefined;
  readonly data: Buffer;
  readonly contentType: string;
  readonly unixMs: number;
  readonly directory: SubscriberDirectory;
  /** Asks the cloud something else first: for a token. Rejects with an UpstreamError. */
  readonly send: (request: CloudRequest) => Promise<Answer>;
  /** What signs requests to AWS in this region. */
  readonly awsCredentials: (region: string) => Promise<AwsCredentials>;
}

export interface Adapter {
  /** Throws Refusal for what cannot be asked for: credentials, mostly. */
  request(delivery: Delivery): CloudRequest | Promise<CloudRequest>;
  /** What the cloud's answer to `request` says about what an adapter keeps. */
  answered?(delivery: Delivery, answer: Answer): void;
}
