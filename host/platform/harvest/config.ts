// SoracomHarvest in a group's configuration.

import { z } from 'zod';
import { binaryFormatField, contentTypeField, optional, switchField } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';
import { jsonPointer } from './json.js';
import { TIME_FORMATS } from './time.js';

/** RFC 6901: empty for the whole document, or /-separated reference tokens. */
const pointer = z.string().refine((text) => jsonPointer(text) !== undefined, {
  message: 'is not a JSON pointer: empty, or each part after a /, with ~ only in ~0 and ~1',
});

export const soracomHarvest = new Namespace(
  'SoracomHarvest',
  z
    .object({
      enabled: switchField(),
      contentType: contentTypeField,
      /** Where in a payload, or in each entry of a batch, its time is. */
      customTimestamp: optional(
        z.object({ type: z.literal('jsonpointer'), value: pointer, format: z.enum(TIME_FORMATS) }),
      ),
      /** Where in a payload the array is whose elements are entries of their own. */
      batchWrite: optional(z.object({ type: z.literal('jsonpointer'), value: pointer })),
      category: optional(z.string().min(1).max(255)),
      binaryFormatV1: binaryFormatField,
    })
    .refine(({ batchWrite, customTimestamp }) => batchWrite === undefined || customTimestamp !== undefined, {
      path: ['customTimestamp'],
      message: 'must be given for batchWrite: each entry of a batch has its own time',
    }),
);
export type SoracomHarvest = Configured<typeof soracomHarvest>;
