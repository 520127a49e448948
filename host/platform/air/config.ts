// SoracomAir in a group's configuration.

import { z } from 'zod';

export const soracomAir = z.strictObject({
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
  binaryParserFormat: z.string().optional(),
  useCustomDns: z.boolean().optional(),
  dnsServers: z.array(z.string()).optional(),
});
export type SoracomAir = z.output<typeof soracomAir>;
