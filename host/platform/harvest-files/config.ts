// SoracomHarvestFiles in a group's configuration.

import { z } from 'zod';

export const soracomHarvestFiles = z
  .strictObject({
    enabled: z.boolean(),
    /** Where an upload without a name goes; may hold `:imsi` and `:time`. One without / in front answers 404 to uploads. */
    defaultPath: z.string().max(1024).optional(),
    /** The SAM role whose statements say what the group's SIMs may do; without one they may do all. */
    assumedRoleId: z.string().min(1).optional(),
    /** Another name for `assumedRoleId`. */
    roleId: z.string().min(1).optional(),
  })
  .refine(({ assumedRoleId, roleId }) => assumedRoleId === undefined || roleId === undefined, {
    path: ['roleId'],
    message: 'is another name for assumedRoleId: only one of them is wanted',
  });
export type SoracomHarvestFiles = z.output<typeof soracomHarvestFiles>;
