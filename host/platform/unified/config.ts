// UnifiedEndpoint in a group's configuration.

import { z } from 'zod';
import { binaryFormatField } from '../directory/fields.js';

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

const fixed = z.strictObject({
  statusCode: z.number().int().min(200).max(599),
  body: z.string().optional(),
  /** Over HTTP; text/plain unless given. */
  contentType: z
    .string()
    .regex(/^[!-~][ -~]*$/, 'must be visible ASCII')
    .optional(),
});
/** A response of the operator's own. */
export type FixedResponse = z.output<typeof fixed>;

export const unifiedEndpoint = z.strictObject({
  /** Written by the platform's console; the endpoint is always on. */
  enabled: z.boolean().optional(),
  response: z
    .strictObject({
      /** Auto unless given. */
      format: format.optional(),
      /** Format Custom: when all services succeed, and when one or more fail. */
      success: fixed.optional(),
      failure: fixed.optional(),
    })
    .refine((value) => value.format !== 'custom' || (value.success !== undefined && value.failure !== undefined), {
      message: 'needs success and failure for the format Custom',
    })
    .optional(),
  binaryFormatV1: binaryFormatField,
});
export type UnifiedEndpoint = z.output<typeof unifiedEndpoint>;
