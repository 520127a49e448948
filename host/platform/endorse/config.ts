// SoracomEndorse in a group's configuration.

import { z } from 'zod';
import { optional, switchField, urlField } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';
import { ENDORSE } from '../choices.js';

/** `*`, or an origin as browsers write it (RFC 6454 6.2). */
const origin = z.string().refine((text) => text === '*' || isOrigin(text), {
  message: 'must be * or an origin without a path: https://app.example',
});

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

export const soracomEndorse = new Namespace(
  'SoracomEndorse',
  z.object({
    enabled: switchField(),
    /** What a token may say about the SIM and the request. */
    parametersToEndorse: optional(
      z.object({
        simId: optional(z.boolean()),
        imsi: optional(z.boolean()),
        imei: optional(z.boolean()),
        msisdn: optional(z.boolean()),
        requestParameters: optional(z.boolean()),
      }),
    ),
    tokenTimeoutSeconds: optional(z.int().min(1).max(ENDORSE.maxTimeoutSeconds)),
    allowOrigin: optional(origin),
    /** A redirect goes to one of these: same origin, same path. */
    authorizedRedirectUrls: optional(z.array(urlField('http:', 'https:'))),
  }),
);
export type SoracomEndorse = Configured<typeof soracomEndorse>;
