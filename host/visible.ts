// Text of others for a terminal: a device, a server or a file may hold characters that a terminal obeys (C0, DEL, C1),
// that change the order of what stands around them (bidirectional controls), that end a line, or that nobody sees.

/** Controls, format characters, lone surrogates, line and paragraph separators, and what is drawn as nothing. Unicode 15, 2.13, 5.21. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' };

const unitOf = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * The text as one line in which each such character is written as JSON writes it in a string (`\n`, `\u001b`, a pair for
 * one beyond U+FFFF). JSON without line breaks keeps its meaning.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => SHORT[character] ?? character.split('').map(unitOf).join(''));
}
