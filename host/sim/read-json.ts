import { readFileSync } from 'node:fs';
import { parseJson } from '../json-text.js';
import { ProfileError } from './profile-schema.js';

/** The JSON of a file that may hold keys. Throws ProfileError, which quotes none of it. `what` is for messages. */
export function readJson(path: string, what?: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new ProfileError(path, [code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`], what);
  }
  const parsed = parseJson(text);
  if (parsed.fault !== undefined) throw new ProfileError(path, [parsed.fault], what);
  return parsed.json;
}
