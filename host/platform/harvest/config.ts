// SoracomHarvest in a group's configuration.

import { z } from 'zod';
import { binaryFormatField } from '../directory/fields.js';

export const soracomHarvest = z.strictObject({ enabled: z.boolean(), binaryFormatV1: binaryFormatField });
export type SoracomHarvest = z.output<typeof soracomHarvest>;
