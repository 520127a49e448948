// SoracomFunnel in a group's configuration.

import { z } from 'zod';
import { contentTypeField } from '../directory/fields.js';

export const soracomFunnel = z.strictObject({ enabled: z.boolean(), contentType: contentTypeField });
export type SoracomFunnel = z.output<typeof soracomFunnel>;
