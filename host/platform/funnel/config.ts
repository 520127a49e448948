// SoracomFunnel in a group's configuration.

import { z } from 'zod';
import { binaryFormatField, contentTypeField, referenceField, urlField } from '../directory/fields.js';
import { adapterFor } from './adapters/index.js';

const destination = z
  .strictObject({
    provider: z.string().min(1),
    service: z.string().min(1),
    /** May hold `#{imsi}`. */
    resourceUrl: z.string().min(1),
    /** Where the cloud's API is, unless where `resourceUrl` says. */
    endpoint: urlField('http:', 'https:').optional(),
    payloadsOnly: z.boolean().optional(),
    sendPayloadsAsBinary: z.boolean().optional(),
  })
  .superRefine(({ provider, service, resourceUrl }, context) => {
    const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const adapter = adapterFor(provider, service);
    if (adapter === undefined) return issue('service', `is none of ${provider} that is emulated`);
    // Digits stand in for the caller's IMSI.
    const fault = adapter.fault(resourceUrl.replaceAll('#{imsi}', '000000000000000'));
    if (fault !== undefined) issue('resourceUrl', fault);
  });

/** Keys are written one by one: what a destination lacks shows when a message comes. */
export const soracomFunnel = z.strictObject({
  enabled: z.boolean(),
  destination: destination.optional(),
  /** Older configurations have the id alone. */
  credentialsId: z
    .union([z.string().transform(($credentialsId) => ({ $credentialsId })), referenceField], {
      error: 'an id or {"$credentialsId": ...} is wanted',
    })
    .optional(),
  contentType: contentTypeField,
  binaryFormatV1: binaryFormatField,
  payloadsOnly: z.boolean().optional(),
  sendPayloadsAsBinary: z.boolean().optional(),
  addSimId: z.boolean().optional(),
});
export type SoracomFunnel = z.output<typeof soracomFunnel>;
export type FunnelDestination = z.output<typeof destination>;
