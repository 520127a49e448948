// SoracomFunnel in a group's configuration.

import { z } from 'zod';
import { binaryFormatField, contentTypeField } from '../directory/fields.js';

export const soracomFunnel = z.strictObject({
  enabled: z.boolean(),
  contentType: contentTypeField,
  binaryFormatV1: binaryFormatField,
});
export type SoracomFunnel = z.output<typeof soracomFunnel>;
