// SoracomFunk in a group's configuration.

import { z } from 'zod';
import { binaryFormatField, contentTypeField } from '../directory/fields.js';

export const soracomFunk = z.strictObject({
  enabled: z.boolean(),
  contentType: contentTypeField,
  binaryFormatV1: binaryFormatField,
});
export type SoracomFunk = z.output<typeof soracomFunk>;
