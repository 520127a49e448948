// UnifiedEndpoint in a group's configuration.

import { z } from 'zod';
import { binaryFormatField, optional } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';

/** Formats of the response, and what they mean here: the services go by their own names. */
const FORMATS = {
  auto: 'auto',
  unified: 'unified',
  custom: 'custom',
  soracombeam: 'beam',
  soracomfunnel: 'funnel',
  soracomfunk: 'funk',
  soracomharvest: 'harvest',
} as const;
export type ResponseFormat = (typeof FORMATS)[keyof typeof FORMATS];

/** Case does not matter: `SoracomFunk` and `SORACOMFunk` are both written. */
const format = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(
    z.enum(Object.keys(FORMATS) as (keyof typeof FORMATS)[], {
      error: 'is none of Auto, Unified, Custom, SoracomBeam, SoracomFunnel, SoracomFunk, SoracomHarvest',
    }),
  )
  .transform((key): ResponseFormat => FORMATS[key]);

const fixed = z.object({
  statusCode: z.number().int().min(200).max(599),
  body: optional(z.string()),
  /** Over HTTP; text/plain unless given. */
  contentType: optional(z.string().regex(/^[!-~][ -~]*$/, 'must be visible ASCII')),
});
/** A response of the operator's own. */
export type FixedResponse = z.output<typeof fixed>;

export const unifiedEndpoint = new Namespace(
  'UnifiedEndpoint',
  z.object({
    /** Written by the platform's console; the endpoint is always on. */
    enabled: optional(z.boolean()),
    response: optional(
      z
        .object({
          /** Auto unless given. */
          format: optional(format),
          /** Format Custom: when all services succeed, and when one or more fail. */
          success: optional(fixed),
          failure: optional(fixed),
        })
        .refine((value) => value.format !== 'custom' || (value.success !== undefined && value.failure !== undefined), {
          message: 'needs success and failure for the format Custom',
        }),
    ),
    binaryFormatV1: binaryFormatField,
  }),
);
export type UnifiedEndpoint = Configured<typeof unifiedEndpoint>;
