// SoracomHarvest in a group's configuration.

import { z } from 'zod';

export const soracomHarvest = z.strictObject({ enabled: z.boolean() });
export type SoracomHarvest = z.output<typeof soracomHarvest>;
