// SoracomEndorse in a group's configuration.

import { z } from 'zod';
import { urlField } from '../directory/fields.js';
import { ENDORSE } from '../choices.js';

/** `*`, or an origin as browsers write it (RFC 6454 6.2). */
const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  message: '* or an origin without a path is wanted: https://app.example',
});

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

export const soracomEndorse = z.strictObject({
  enabled: z.boolean(),
  /** What a token may say about the SIM and the request. */
  parametersToEndorse: z
    .strictObject({
      simId: z.boolean().optional(),
      imsi: z.boolean().optional(),
      imei: z.boolean().optional(),
      msisdn: z.boolean().optional(),
      requestParameters: z.boolean().optional(),
    })
    .optional(),
  tokenTimeoutSeconds: z.int().min(1).max(ENDORSE.maxTimeoutSeconds).optional(),
  allowOrigin: origin.optional(),
  /** A redirect goes to one of these: same origin, same path. */
  authorizedRedirectUrls: z.array(urlField('http:', 'https:')).optional(),
});
export type SoracomEndorse = z.output<typeof soracomEndorse>;
