// Shapes that the answers of several routes have. A named one is a component of the OpenAPI document.

import { z } from 'zod';

/** Names of components. */
export const components = z.registry<{ readonly id: string }>();

export function named<S extends z.ZodType>(id: string, schema: S): S {
  components.add(schema, { id });
  return schema;
}

/** What the OpenAPI document shows of a schema, where that is more than its own JSON Schema says: another's, or one as it is. */
export const shown = new WeakMap<object, z.ZodType | Readonly<Record<string, unknown>>>();

/** UNIX milliseconds. */
export const milliseconds = z.int().min(0);

/** Every error of the API. */
export const apiErrorShape = named(
  'Error',
  z.strictObject({ code: z.string().regex(/^[A-Z]{3}\d{4}$/), message: z.string() }),
);
