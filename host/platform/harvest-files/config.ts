// SoracomHarvestFiles in a group's configuration.

import { z } from 'zod';
import { optional, switchField } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';

export const soracomHarvestFiles = new Namespace(
  'SoracomHarvestFiles',
  z
    .object({
      enabled: switchField(),
      /** Where an upload without a name goes; may hold `:imsi` and `:time`. One without / in front answers 404 to uploads. */
      defaultPath: optional(z.string().min(1).max(1024)),
      /** The SAM role whose statements say what the group's SIMs may do; without one they may do all. */
      assumedRoleId: optional(z.string().min(1)),
      /** Another name for `assumedRoleId`. */
      roleId: optional(z.string().min(1)),
    })
    .refine(({ assumedRoleId, roleId }) => assumedRoleId === undefined || roleId === undefined, {
      path: ['roleId'],
      message: 'is another name for assumedRoleId: give only one of them',
    }),
);
export type SoracomHarvestFiles = Configured<typeof soracomHarvestFiles>;
