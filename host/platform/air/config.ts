// SoracomAir in a group's configuration.

import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { BinaryParser, FormatError } from '../binary-parser/index.js';
import { secretField } from '../directory/fields.js';

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
  message: '* or an origin (https://host) is wanted',
});

/** Bytes of IPv4 packets: the least that every host takes, and the most that LTE carries (TS 23.060 annex C). */
const MTU = { min: 576, max: 1500 };

export const soracomAir = z
  .strictObject({
    metadata: z
      .strictObject({
        enabled: z.boolean().optional(),
        readonly: z.boolean().optional(),
        allowOrigin: origin.optional(),
        minimizeResponseBody: z.boolean().optional(),
      })
      .optional(),
    userdata: z.string().optional(),
    binaryParserEnabled: z.boolean().optional(),
    binaryParserFormat: binaryParserFormat.optional(),
    useCustomDns: z.boolean().optional(),
    dnsServers: z
      .array(z.string().refine((text) => isIPv4(text), 'an IPv4 address is wanted'))
      .min(1)
      .max(2)
      .optional(),
    ipLinkMtu: z.int().min(MTU.min).max(MTU.max).optional(),
    locationEnabled: z.boolean().optional(),
    sessionEventEnabled: z.boolean().optional(),
    /** CHAP: who opens a session has to know user name and password. */
    authenticationRequired: z.boolean().optional(),
    username: z.string().min(1).optional(),
    password: secretField.optional(),
  })
  .superRefine((air, context) => {
    const issue = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (air.useCustomDns === true && air.dnsServers === undefined) issue('dnsServers', 'is wanted for custom DNS');
    if (air.binaryParserEnabled === true && air.binaryParserFormat === undefined) {
      issue('binaryParserFormat', 'is wanted when binaryParserEnabled is true');
    }
    if (air.authenticationRequired === true) {
      for (const field of ['username', 'password'] as const) {
        if (air[field] === undefined) issue(field, 'is wanted for authentication');
      }
    }
  });
export type SoracomAir = z.output<typeof soracomAir>;
