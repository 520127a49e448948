// SoracomAir in a group's configuration.

import { z } from 'zod';
import { BinaryParser, FormatError } from '../binary-parser/index.js';

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

export const soracomAir = z
  .strictObject({
    metadata: z
      .strictObject({
        enabled: z.boolean().optional(),
        readonly: z.boolean().optional(),
        allowOrigin: z.string().optional(),
        minimizeResponseBody: z.boolean().optional(),
      })
      .optional(),
    userdata: z.string().optional(),
    binaryParserEnabled: z.boolean().optional(),
    binaryParserFormat: binaryParserFormat.optional(),
    useCustomDns: z.boolean().optional(),
    dnsServers: z.array(z.string()).optional(),
  })
  .refine(({ binaryParserEnabled: on, binaryParserFormat: format }) => on !== true || format !== undefined, {
    path: ['binaryParserFormat'],
    message: 'is wanted when binaryParserEnabled is true',
  });
export type SoracomAir = z.output<typeof soracomAir>;
