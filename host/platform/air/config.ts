// SoracomAir in a group's configuration.

import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { BinaryParser, FormatError } from '../binary-parser/index.js';
import { optional, secretField } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';

/** The compiled format; an empty text is none. */
const binaryParserFormat = z.string().transform((format, context) => {
  if (format === '') return undefined;
  try {
    return new BinaryParser(format);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** What a browser may be told: `*` or one origin. */
const origin = z.string().refine((text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text), {
  message: 'must be * or an origin (https://host)',
});

/** Bytes of IPv4 packets: the least that every host takes, and the most that LTE carries (TS 23.060 annex C). */
const MTU = { min: 576, max: 1500 };

export const soracomAir = new Namespace(
  'SoracomAir',
  z
    .object({
      metadata: optional(
        z.object({
          enabled: optional(z.boolean()),
          readonly: optional(z.boolean()),
          allowOrigin: optional(origin),
          minimizeResponseBody: optional(z.boolean()),
        }),
      ),
      userdata: optional(z.string()),
      binaryParserEnabled: optional(z.boolean()),
      binaryParserFormat: optional(binaryParserFormat),
      useCustomDns: optional(z.boolean()),
      dnsServers: optional(
        z
          .array(z.string().refine((text) => isIPv4(text), 'must be an IPv4 address'))
          .min(1)
          .max(2),
      ),
      ipLinkMtu: optional(z.int().min(MTU.min).max(MTU.max)),
      locationEnabled: optional(z.boolean()),
      sessionEventEnabled: optional(z.boolean()),
      /** CHAP: who opens a session has to know user name and password. */
      authenticationRequired: optional(z.boolean()),
      username: optional(z.string().min(1)),
      password: optional(secretField),
    })
    .superRefine((air, context) => {
      const issue = (field: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [field], message });
      if (air.useCustomDns === true && air.dnsServers === undefined)
        issue('dnsServers', 'must be given for custom DNS');
      if (air.binaryParserEnabled === true && air.binaryParserFormat === undefined) {
        issue('binaryParserFormat', 'must be given when binaryParserEnabled is true');
      }
      if (air.authenticationRequired === true) {
        for (const field of ['username', 'password'] as const) {
          if (air[field] === undefined) issue(field, 'must be given for authentication');
        }
      }
    }),
);
export type SoracomAir = Configured<typeof soracomAir>;
