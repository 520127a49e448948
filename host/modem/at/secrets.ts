// Which command lines carry a secret: the command tables say it.

import type { CommandTable } from './command.js';

/** What the arguments of a command with `secret: true` have and its other forms have not. */
const ANY_SECRET = /\d/;

/**
 * True when a command line must not be shown. In doubt it must not: a name counts wherever it stands, in either case, and
 * with whatever before it.
 */
export function isSecretLine(line: string, commands: CommandTable): boolean {
  const text = line.toUpperCase();
  return Object.entries(commands).some(([name, { secret }]) => {
    if (secret === undefined) return false;
    const form = secret === true ? ANY_SECRET : secret;
    const word = name.replace(/^\W/, '');
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (form.test(text.slice(at + word.length))) return true;
    }
    return false;
  });
}
