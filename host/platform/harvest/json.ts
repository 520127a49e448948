// JSON pointers (RFC 6901) on JSON text, so that an entry of a batch is stored as its device wrote it: numbers and the
// order of keys pass through untouched.

/** The reference tokens; undefined for what is not a pointer. */
export function jsonPointer(text: string): readonly string[] | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The part of `json` that the tokens point at, as it stands there. `json` must be valid. */
export function valueAt(json: string, tokens: readonly string[]): string | undefined {
  let value: string | undefined = json.trim();
  for (const token of tokens) {
    if (value.startsWith('{')) {
      // As with JSON.parse, the last of several members of one name counts.
      value = members(value).findLast(([name]) => name === token)?.[1];
    } else {
      value = /^(0|[1-9]\d{0,8})$/.test(token) ? elements(value)?.[Number(token)] : undefined;
    }
    if (value === undefined) return undefined;
  }
  return value;
}

/** The elements of a JSON array, each as it stands there; undefined when it is no array. `json` must be valid. */
export function elements(json: string): readonly string[] | undefined {
  return json.startsWith('[') ? parts(json) : undefined;
}

const members = (json: string): [name: string, value: string][] =>
  parts(json).map((part) => {
    const end = stringEnd(part, 0);
    return [JSON.parse(part.slice(0, end)) as string, part.slice(part.indexOf(':', end) + 1).trim()];
  });

/** What stands between the commas of the outermost array or object. */
function parts(json: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 1;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = stringEnd(json, at) - 1;
    else if (char === '[' || char === '{') depth++;
    else if (char === ']' || char === '}') depth--;
    if ((char === ',' && depth === 1) || depth === 0) {
      const part = json.slice(from, at).trim();
      if (part !== '') found.push(part);
      from = at + 1;
      if (depth === 0) break;
    }
  }
  return found;
}

/** Where the string that begins at `at` has ended. */
function stringEnd(json: string, at: number): number {
  for (let i = at + 1; i < json.length; i++) {
    if (json[i] === '\\') i++;
    else if (json[i] === '"') return i + 1;
  }
  return json.length;
}
