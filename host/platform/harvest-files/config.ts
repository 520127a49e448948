// SoracomHarvestFiles in a group's configuration.

import { z } from 'zod';

export const soracomHarvestFiles = z.strictObject({ enabled: z.boolean() });
export type SoracomHarvestFiles = z.output<typeof soracomHarvestFiles>;
