// Secrets in a group's configuration do not read back: they show as a placeholder, and a placeholder that comes back at
// the same place stands for what is there.

import { Secret } from '../../secret.js';
import { ApiError } from './error.js';

const PLACEHOLDER = '[redacted]';

type Plain = Readonly<Record<string, unknown>>;

/** `parsed` is the same value with its secrets as `Secret`. */
export function redacted(written: unknown, parsed: unknown): unknown {
  if (parsed instanceof Secret) return PLACEHOLDER;
  // Nothing was read there: it is empty, or a key that no service knows.
  if (parsed === undefined) return written;
  if (Array.isArray(written)) {
    return Array.isArray(parsed) ? written.map((item, i) => redacted(item, parsed[i])) : PLACEHOLDER;
  }
  if (!isPlain(written)) return written;
  // What became an object of some class may hold a secret inside.
  if (!isPlain(parsed)) return PLACEHOLDER;
  return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, redacted(value, own(parsed, name))]));
}

/** Puts what was written before in the place of placeholders. Throws ApiError where there was no text. */
export function restored(value: unknown, before: unknown): unknown {
  if (value === PLACEHOLDER) {
    if (typeof before !== 'string') throw new ApiError('malformed', `"${PLACEHOLDER}" stands for no value here`);
    return before;
  }
  if (Array.isArray(value))
    return value.map((item, i) => restored(item, Array.isArray(before) ? before[i] : undefined));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      restored(item, isPlain(before) ? own(before, name) : undefined),
    ]),
  );
}

const own = (value: Plain, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined);

function isPlain(value: unknown): value is Plain {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
