// Fields that several namespaces of the group configuration have.

import { z } from 'zod';
import { faultAt, keysOf, shapeOf, unknownKeyWords } from '../../faults.js';
import { Secret } from '../../secret.js';

/** What clients write for "not set": typed programs and forms have an empty value where they have nothing to say. */
export type Empty = '' | 0 | false | null | readonly [];

const isEmpty = (value: unknown): boolean =>
  value === '' ||
  value === 0 ||
  value === false ||
  value === null ||
  (typeof value === 'object' && !(value instanceof Secret) && Object.values(value as object).every(isEmpty));

/**
 * A field that may be left out. An empty value that the field cannot take means the same as leaving it out: `""`, `0`,
 * `false`, `null`, `[]`, and an object or array that holds nothing but such values.
 */
export function optional<S extends z.ZodType>(schema: S) {
  const read = (value: unknown): unknown => (isEmpty(value) && !schema.safeParse(value).success ? undefined : value);
  return z.preprocess(read, schema.optional()).optional() as unknown as z.ZodOptional<
    z.ZodType<z.output<S> | undefined, z.input<S> | Empty>
  >;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Of what was written: the keys that its schema does not know, each with the place where it is. `read` is what the schema made of it;
 * with the schema itself, a key that is near is suggested.
 */
export function unknownKeys(
  written: unknown,
  read: unknown,
  path: readonly PropertyKey[] = [],
  schema?: z.core.$ZodType,
): string[] {
  if (Array.isArray(written) && Array.isArray(read)) {
    return written.flatMap((item, i) => unknownKeys(item, read[i], [...path, i]));
  }
  if (!isObject(written) || !isObject(read) || read instanceof Secret) return [];
  const unknown = Object.keys(written).filter((key) => !Object.hasOwn(read, key));
  const shape = shapeOf(schema);
  return [
    ...(unknown.length === 0 ? [] : [faultAt(path, unknownKeyWords(unknown, keysOf(schema)))]),
    ...Object.keys(written).flatMap((key) =>
      Object.hasOwn(read, key) ? unknownKeys(written[key], read[key], [...path, key], shape?.[key]) : [],
    ),
  ];
}

/** A switch: off unless it is on. */
export const switchField = () => optional(z.boolean()).transform((on) => on === true);

/** Text that must not show: a `Secret` from the moment it is read. */
export const secretField = z
  .string()
  .min(1, 'must not be empty')
  .transform((text) => new Secret(Buffer.from(text)));

/** Points into the credentials store. The id may hold the placeholder `#{imsi}`. */
export const referenceField = z.object({ $credentialsId: z.string().min(1) });
export type CredentialsReference = z.output<typeof referenceField>;

/** An absolute URL of one of these schemes (`https:`), without user name and fragment. */
export const urlField = (...schemes: readonly string[]) =>
  z.string().refine(
    (text) => {
      if (!URL.canParse(text)) return false;
      const { protocol, username, password, hash } = new URL(text);
      return schemes.includes(protocol) && username === '' && password === '' && hash === '';
    },
    {
      message: `must be an ${schemes.map((s) => `${s}//`).join(' or ')} URL without user name and fragment`,
    },
  );

/** How a device's bytes are understood; absent: by what the transport says (SORACOM, "Content type" of a service). */
export const contentTypeField = optional(z.enum(['json', 'text', 'binary']));
export type ContentTypeSetting = z.output<typeof contentTypeField>;

/** True: a service's TCP connections carry frames of SORACOM Binary Format v1. The key is `binaryFormatV1` everywhere. */
export const binaryFormatField = optional(z.boolean());
