// Objects whose keys are a person's own words: tags, credentials, groups.

import { z } from 'zod';
import { wording } from './faults.js';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const plain = new WeakMap<object, z.ZodType>();

/** What a schema of `record` is in JSON Schema's words; undefined for another schema. */
export const plainRecordOf = (schema: object): z.ZodType | undefined => plain.get(schema);

/** As z.record, which passes over the key `__proto__`; here it is a key like any other. `max`: keys at most. */
export function record<K extends z.ZodType<string, string>, V extends z.ZodType>(
  key: K,
  value: V,
  { max = Infinity, what = 'keys' }: { readonly max?: number; readonly what?: string } = {},
): z.ZodType<Record<string, z.output<V>>, Record<string, z.input<V>>> {
  const read = (written: unknown, context: z.core.ParsePayload): Record<string, z.output<V>> => {
    if (!isObject(written)) {
      context.issues.push({ code: 'invalid_type', expected: 'record', input: written });
      return z.NEVER;
    }
    const names = Object.keys(written);
    if (names.length > max) {
      context.issues.push({ code: 'custom', message: `${max} ${what} at most`, input: written });
      return z.NEVER;
    }
    const entries = names.flatMap((name): [string, z.output<V>][] => {
      const readKey = key.safeParse(name, { error: wording });
      if (!readKey.success) {
        const { issues } = readKey.error;
        context.issues.push({ code: 'invalid_key', origin: 'record', issues, path: [name], input: name });
        return [];
      }
      const readValue = value.safeParse(written[name], { error: wording });
      for (const issue of readValue.error?.issues ?? []) {
        context.issues.push({ ...issue, path: [name, ...issue.path], input: undefined } as z.core.$ZodRawIssue);
      }
      return readValue.success ? [[readKey.data, readValue.data]] : [];
    });
    return Object.fromEntries(entries); // which has no setter for __proto__
  };
  const schema = z.unknown().transform(read);
  plain.set(schema, z.record(key, value));
  return schema as unknown as z.ZodType<Record<string, z.output<V>>, Record<string, z.input<V>>>;
}
