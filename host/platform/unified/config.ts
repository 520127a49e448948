// UnifiedEndpoint in a group's configuration.

import { z } from 'zod';
import { binaryFormatField, optional } from '../config/fields.js';
import { type Configured, Namespace } from '../config/namespace.js';

/** A service that the endpoint passes messages to. */
export interface MessageTaker {
  readonly name: string;
  readonly namespace: Pick<Namespace, 'name'>;
}

const OWN_FORMATS = ['Auto', 'Unified', 'Custom'] as const;

/** Formats of the response by the names of namespaces, and what they mean here: the services go by their own names. Case does not matter. */
function formatField(takers: readonly MessageTaker[]) {
  const formats: readonly (readonly [string, string])[] = [
    ...OWN_FORMATS.map((name) => [name, name.toLowerCase()] as const),
    ...takers.map(({ name, namespace }) => [namespace.name, name] as const),
  ];
  const meanings = new Map(formats.map(([name, meaning]) => [name.toLowerCase(), meaning]));
  return z.string().transform((text, context): string => {
    const meaning = meanings.get(text.toLowerCase());
    if (meaning !== undefined) return meaning;
    context.addIssue({ code: 'custom', message: `is none of ${formats.map(([name]) => name).join(', ')}` });
    return z.NEVER;
  });
}

const fixed = z.object({
  statusCode: z.number().int().min(200).max(599),
  body: optional(z.string()),
  /** Over HTTP; text/plain unless given. */
  contentType: optional(z.string().regex(/^[!-~][ -~]*$/, 'must be visible ASCII')),
});
/** A response of the operator's own. */
export type FixedResponse = z.output<typeof fixed>;

/** `takers`: each has a format of the response, its own answer. */
export const unifiedEndpoint = (takers: readonly MessageTaker[]) =>
  new Namespace(
    'UnifiedEndpoint',
    z.object({
      /** Written by the platform's console; the endpoint is always on. */
      enabled: optional(z.boolean()),
      response: optional(
        z
          .object({
            /** Auto unless given. */
            format: optional(formatField(takers)),
            /** Format Custom: when all services succeed, and when one or more fail. */
            success: optional(fixed),
            failure: optional(fixed),
          })
          .refine(
            (value) => value.format !== 'custom' || (value.success !== undefined && value.failure !== undefined),
            {
              message: 'needs success and failure for the format Custom',
            },
          ),
      ),
      binaryFormatV1: binaryFormatField,
    }),
  );
export type UnifiedEndpoint = Configured<ReturnType<typeof unifiedEndpoint>>;
