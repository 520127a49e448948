// Which command lines carry a secret: the command tables say it.

import type { CommandTable } from './command.js';

/** What the arguments of a command with `secret: true` have and its other forms have not. */
const ANY_SECRET = /\d/;

const known = new WeakMap<CommandTable, readonly (readonly [word: string, form: RegExp])[]>();

/** Names without their first sign, and what a secret looks like behind them. */
function secretWords(commands: CommandTable): readonly (readonly [word: string, form: RegExp])[] {
  const kept = known.get(commands);
  if (kept !== undefined) return kept;
  const words = Object.entries(commands).flatMap(([name, { secret }]) =>
    secret === undefined ? [] : [[name.replace(/^\W/, ''), secret === true ? ANY_SECRET : secret] as const],
  );
  known.set(commands, words);
  return words;
}

/**
 * True when a command line must not be shown. In doubt it must not: a name counts wherever it stands, in either case, and
 * with whatever before it.
 */
export function isSecretLine(line: string, commands: CommandTable): boolean {
  const text = line.toUpperCase();
  return secretWords(commands).some(([word, form]) => {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (form.test(text.slice(at + word.length))) return true;
    }
    return false;
  });
}

/** What a fault in the line may have made part of a name: `AT+CPIN1234` is a name, too. */
export function shownName(name: string, commands: CommandTable): string {
  for (const [own, { secret }] of Object.entries(commands)) {
    const word = own.replace(/^\W/, '');
    const end = name.indexOf(word) + word.length;
    const isWithin = secret !== undefined && name.includes(word);
    if (isWithin && ANY_SECRET.test(name.slice(end))) return `${name.slice(0, end)}[redacted]`;
  }
  return name;
}

/**
 * The arguments of a command whose password stands behind so many commas, quoted or not. A comma between quotes is none, unless the
 * quotes are wrong.
 */
export function passwordBehind(commas: number): RegExp {
  const fields = `(?:(?:[^,]*,){${commas}}|(?:(?:"[^"]*"|[^,"])*,){${commas}})`;
  return new RegExp(`^\\s*=${fields}\\s*(?:"[^"]|[^\\s",;])`);
}
