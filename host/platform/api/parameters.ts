// Kinds of parameters that the queries of the routes have. Each reads the text that was sent, and shows in the OpenAPI
// document as what the text stands for.

import { z } from 'zod';
import { shown } from './shapes.js';

export const text = () => z.string().optional();

/** A whole number within limits. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  const schema = z
    .string()
    .regex(/^\d{1,16}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .optional();
  shown.set(schema, { type: 'integer', minimum: min, maximum: max });
  return schema;
}

/** One of some words. */
export const word = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, `must be one of ${words.join(', ')}`).optional();

/** `true` or `false`. */
export function flag() {
  const schema = z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .optional();
  shown.set(schema, { type: 'boolean' });
  return schema;
}

/** Some of these words, with `|` between them. */
export function words<const W extends readonly [string, ...string[]]>(allowed: W) {
  const schema = z
    .string()
    .transform((value) => value.split('|'))
    .pipe(z.array(z.enum(allowed, `must be one of ${allowed.join(', ')}`)))
    .optional();
  shown.set(schema, { type: 'string', description: `one or more of ${allowed.join(', ')}, with | between them` });
  return schema;
}

/** Some texts, with `|` between them. */
export const texts = () =>
  z
    .string()
    .transform((value) => value.split('|'))
    .optional();
