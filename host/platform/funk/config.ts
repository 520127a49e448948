// SoracomFunk in a group's configuration.

import { z } from 'zod';
import { contentTypeField } from '../directory/fields.js';

export const soracomFunk = z.strictObject({ enabled: z.boolean(), contentType: contentTypeField });
export type SoracomFunk = z.output<typeof soracomFunk>;
