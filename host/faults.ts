// What is wrong with JSON that a person or a program has written, in words: one line for each fault, `path: what`. No line quotes a value,
// which may be a secret; names of keys are quoted.

import { z } from 'zod';

/** `groups.g1.configuration.SoracomBeam["http://…"].psk`; empty for the whole. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((key) =>
      /^[A-Za-z_$][\w$]*$/.test(String(key))
        ? `.${String(key)}`
        : `[${typeof key === 'number' ? key : JSON.stringify(String(key))}]`,
    )
    .join('')
    .replace(/^\./, '');

/** One fault. Of the whole there is no path to name. */
export const faultAt = (path: readonly PropertyKey[], what: string): string =>
  path.length === 0 ? what : `${pathText(path)}: ${what}`;

/** `value` as `schema` reads it, or every fault. `path`: where the value itself is. */
export function readAs<S extends z.ZodType>(
  schema: S,
  value: unknown,
  path: readonly PropertyKey[] = [],
): { readonly data: z.output<S>; readonly faults: undefined } | { readonly faults: readonly string[] } {
  const { success, data, error } = schema.safeParse(value, { error: wording });
  return success ? { data, faults: undefined } : { faults: faultsOf(error, path) };
}

const faultsOf = (error: z.ZodError, path: readonly PropertyKey[]): readonly string[] =>
  error.issues.map((issue) => faultAt([...path, ...issue.path], messageOf(issue)));

/** What is wrong with the key of a record lies one level below. */
const messageOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_key' ? `the key ${issue.issues[0]?.message ?? issue.message}` : issue.message;

/** Words for what a schema finds without having words of its own: for `safeParse(value, { error: wording })`. */
export function wording(issue: z.core.$ZodRawIssue): string {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      return input === undefined ? 'is missing' : `must be ${typeWords(issue.expected)}, not ${kindOf(input)}`;
    case 'invalid_value':
      return input === undefined
        ? 'is missing'
        : `must be ${oneOf(issue.values.map((value) => JSON.stringify(value)))}`;
    case 'unrecognized_keys':
      return unknownKeyWords(issue.keys, keysOf(issue.inst as z.core.$ZodType | undefined));
    case 'too_small':
      return `must ${sizeWords(issue.origin, issue.minimum, 'at least')}`;
    case 'too_big':
      return `must ${sizeWords(issue.origin, issue.maximum, 'at most')}`;
    case 'invalid_union':
      return discriminatorWords(issue) ?? unionWords(issue.errors, input);
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex'
        ? `must match ${issue.pattern ?? 'a pattern'}`
        : `must be a valid ${issue.format}`;
    default:
      return 'cannot be used';
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const typeWords = (type: string): string => (Object.hasOwn(TYPES, type) ? (TYPES[type] ?? type) : type);

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'a number without an end';
  return typeof value === 'boolean' ? String(value) : typeWords(typeof value);
}

const oneOf = (words: readonly string[]): string =>
  words.length === 1 ? (words[0] ?? '') : `one of ${words.join(', ')}`;

function sizeWords(origin: string, limit: number | bigint, bound: string): string {
  if (origin === 'string')
    return limit === 1 && bound === 'at least' ? 'not be empty' : `have ${bound} ${limit} characters`;
  if (origin === 'array' || origin === 'set') return `have ${bound} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `be ${bound} ${limit}`;
}

/** Of a union that one key decides: the values that the key may have. */
function discriminatorWords({ inst, path, input }: z.core.$ZodRawIssue): string | undefined {
  const key = path?.at(-1);
  const values = (inst as z.core.$ZodDiscriminatedUnion | undefined)?._zod.propValues?.[String(key)];
  if (values === undefined) return undefined;
  const own = typeof input === 'object' && input !== null && Object.hasOwn(input, String(key));
  return own ? `must be ${oneOf([...values].map((value) => JSON.stringify(value)))}` : 'is missing';
}

/** The alternative that fits best is the one whose fault lies deepest; where none has begun to fit, what each of them is. */
function unionWords(alternatives: readonly (readonly z.core.$ZodIssue[])[], input: unknown): string {
  if (input === undefined) return 'is missing';
  const below = alternatives.flat().find(({ path }) => path.length > 0);
  if (below !== undefined) return faultAt(below.path, messageOf(below));
  const types = alternatives.flatMap(([first]) => (first?.code === 'invalid_type' ? [typeWords(first.expected)] : []));
  const [first] = alternatives.flat();
  return types.length === alternatives.length && types.length > 1
    ? `must be ${[...new Set(types)].join(' or ')}, not ${kindOf(input)}`
    : (first?.message ?? 'cannot be used');
}

/** The keys that a schema of an object has, also one that may be left out or is transformed; undefined of other schemas. */
export function keysOf(schema: z.core.$ZodType | undefined): readonly string[] | undefined {
  return shapeOf(schema) && Object.keys(shapeOf(schema) ?? {});
}

export function shapeOf(schema: z.core.$ZodType | undefined): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const def = schema?._zod.def as
    | {
        type: string;
        shape?: Record<string, z.core.$ZodType>;
        innerType?: z.core.$ZodType;
        in?: z.core.$ZodType;
        out?: z.core.$ZodType;
      }
    | undefined;
  if (def === undefined) return undefined;
  if (def.type === 'object') return def.shape;
  // Of a preprocess the second part is the schema, of a transform the first.
  return shapeOf(def.innerType) ?? shapeOf(def.in) ?? shapeOf(def.out);
}

/** `unknown key "conectionType"; did you mean "connectionType"?` */
export function unknownKeyWords(keys: readonly string[], known: readonly string[] = []): string {
  const quoted = keys.map((key) => JSON.stringify(key)).join(', ');
  const near = [...new Set(keys.flatMap((key) => nearest(key, known) ?? []))];
  const hint =
    near.length > 0
      ? `; did you mean ${near.map((key) => JSON.stringify(key)).join(', ')}?`
      : known.length > 0 && known.length <= LISTED
        ? `; known: ${known.join(', ')}`
        : '';
  return `unknown key${keys.length === 1 ? '' : 's'} ${quoted}${hint}`;
}

/** Keys that a message lists: more say nothing. */
const LISTED = 16;

/** The word that was most likely meant; undefined when none is near: more than a third of it would have to change. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const far = (candidate: string): number => distance(word.toLowerCase(), candidate.toLowerCase());
  const allowed = Math.max(1, Math.floor(word.length / 3));
  const [best] = known.map((name) => [far(name), name] as const).sort(([one], [other]) => one - other);
  return best !== undefined && best[0] <= allowed ? best[1] : undefined;
}

/** Characters to insert, delete, replace or swap with the next (optimal string alignment). Long words are compared by their beginning. */
function distance(from: string, to: string): number {
  const [a, b] = [from.slice(0, 64), to.slice(0, 64)];
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
