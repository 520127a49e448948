// JSON that a person or a program has written, as text: what is wrong with it, with its place. Nothing of the text is quoted.

/** JSON, or where it stops being that: the parser's own message quotes the text around it, which may be a secret. */
export function parseJson(
  text: string,
): { readonly json: unknown; readonly fault: undefined } | { readonly fault: string } {
  try {
    return { json: JSON.parse(text) as unknown, fault: undefined };
  } catch {
    const { at, expected } = endOfJson(text);
    const before = text.slice(0, at).split('\n');
    const what = at >= text.length ? 'it ends too early' : expected;
    return { fault: `is not JSON: line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${what}` };
  }
}

/** What may stand at each place of JSON (RFC 8259). */
const SPACE = /[ \t\n\r]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;
// eslint-disable-next-line no-control-regex -- they are what must be escaped
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

const STRING_WORDS = 'a string that has no end, or a character in it that must be escaped';

/** Where text that is not JSON stops being it, and what could stand there. Without recursion: the text may be as deep as it likes. */
function endOfJson(text: string): { readonly at: number; readonly expected: string } {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found !== undefined;
  };
  const stringOr = (words: string): string => (text[at] === '"' ? STRING_WORDS : `${words} is expected`);
  const takeOne = (character: string): boolean => text[at] === character && ++at > 0;
  const open: ('{' | '[')[] = [];
  /** In an object, before a key. */
  let key = false;
  let mayEnd = false;
  for (;;) {
    take(SPACE);
    if (key) {
      if (mayEnd && takeOne('}')) open.pop();
      else {
        if (!take(STRING)) return { at, expected: stringOr(`a key in double quotes${mayEnd ? ' or }' : ''}`) };
        take(SPACE);
        if (!takeOne(':')) return { at, expected: ': is expected' };
        [key, mayEnd] = [false, false];
        continue;
      }
    } else if (takeOne('{')) {
      open.push('{');
      [key, mayEnd] = [true, true];
      continue;
    } else if (takeOne('[')) {
      open.push('[');
      mayEnd = true;
      continue;
    } else if (mayEnd && open.at(-1) === '[' && takeOne(']')) open.pop();
    else if (!take(STRING) && !take(SCALAR)) {
      return { at, expected: stringOr(`a value${mayEnd && open.at(-1) === '[' ? ' or ]' : ''}`) };
    }
    // A value has ended: what encloses it goes on, or ends, too.
    for (;;) {
      take(SPACE);
      const inside = open.at(-1);
      if (inside === undefined) return { at, expected: 'the end is expected' };
      if (takeOne(',')) {
        [key, mayEnd] = [inside === '{', false];
        break;
      }
      const closing = inside === '{' ? '}' : ']';
      if (!takeOne(closing)) return { at, expected: `, or ${closing} is expected` };
      open.pop();
    }
  }
}
