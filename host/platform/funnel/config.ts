// SoracomFunnel in a group's configuration.

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
import { resourceCheck } from './destinations.js';

const destination = z
  .object({
    provider: z.string().min(1),
    service: z.string().min(1),
    /** May hold `#{imsi}`. */
    resourceUrl: z.string().min(1),
    /** Where the cloud's API is, unless where `resourceUrl` says. */
    endpoint: optional(urlField('http:', 'https:')),
    payloadsOnly: optional(z.boolean()),
    sendPayloadsAsBinary: optional(z.boolean()),
  })
  .superRefine(({ provider, service, resourceUrl }, context) => {
    const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const check = resourceCheck(provider, service);
    if (check === undefined) return issue('service', `is none of ${provider} that is emulated`);
    // Digits stand in for the caller's IMSI.
    const fault = check(resourceUrl.replaceAll('#{imsi}', '000000000000000'));
    if (fault !== undefined) issue('resourceUrl', fault);
  });

/** Keys are written one by one: what a destination lacks shows when a message comes. */
export const soracomFunnel = new Namespace(
  'SoracomFunnel',
  z.object({
    enabled: switchField(),
    destination: optional(destination),
    /** Older configurations have the id alone. */
    credentialsId: optional(
      z.union(
        [
          z
            .string()
            .min(1)
            .transform(($credentialsId) => ({ $credentialsId })),
          referenceField,
        ],
        { error: 'must be an id or {"$credentialsId": ...}' },
      ),
    ),
    contentType: contentTypeField,
    binaryFormatV1: binaryFormatField,
    payloadsOnly: optional(z.boolean()),
    sendPayloadsAsBinary: optional(z.boolean()),
    addSimId: optional(z.boolean()),
  }),
);
export type SoracomFunnel = Configured<typeof soracomFunnel>;
export type FunnelDestination = z.output<typeof destination>;
