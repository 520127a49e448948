// SoracomFunk in a group's configuration.

import { z } from 'zod';
import {
  binaryFormatField,
  contentTypeField,
  optional,
  referenceField,
  switchField,
  urlField,
} from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';
import { parseArn } from './arn.js';

const lambda = z.object({
  provider: z.literal('aws'),
  service: z.literal('lambda'),
  resourceUrl: z.string().refine((text) => parseArn(text) !== undefined, {
    message: 'must be the ARN of a Lambda function: arn:aws:lambda:REGION:ACCOUNT:function:NAME[:VERSION]',
  }),
  /** Where Lambda's API is, unless at AWS. */
  endpoint: optional(urlField('http:', 'https:')),
});

const azure = z.object({
  provider: z.literal('azure'),
  service: z.literal('function-app'),
  resourceUrl: urlField('http:', 'https:'),
});

const google = z.object({
  provider: z.literal('google'),
  service: z.literal('cloud-functions'),
  resourceUrl: urlField('http:', 'https:'),
});

const destination = z.discriminatedUnion('provider', [lambda, azure, google]);

/** Keys are written one by one: what a destination lacks shows when a message comes. */
export const soracomFunk = new Namespace(
  'SoracomFunk',
  z.object({
    enabled: switchField(),
    destination: optional(destination),
    credentialsId: optional(referenceField),
    contentType: contentTypeField,
    binaryFormatV1: binaryFormatField,
    skipStatusCode: optional(z.boolean()),
  }),
);
export type SoracomFunk = Configured<typeof soracomFunk>;
export type FunkDestination = z.output<typeof destination>;
