// Texts on a card: the GSM 7-bit default alphabet (TS 23.038 6.2.1), and UCS2 in the three codings of TS 102 221 annex A for
// what is not in it.

/** Code 0 to 127; 1B leads into the extension table. TS 23.038 6.2.1. */
const DEFAULT_ALPHABET = [
  '@£$¥èéùìòÇ\nØø\rÅå',
  'Δ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ',
  ' !"#¤%&\'()*+,-./',
  '0123456789:;<=>?',
  '¡ABCDEFGHIJKLMNO',
  'PQRSTUVWXYZÄÖÑÜ§',
  '¿abcdefghijklmno',
  'pqrstuvwxyzäöñüà',
].join('');

/** What stands behind 1B. TS 23.038 6.2.1.1. */
const EXTENSION: Readonly<Record<string, number>> = {
  ...{ '\f': 0x0a, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2f },
  ...{ '[': 0x3c, '~': 0x3d, ']': 0x3e, '|': 0x40, '€': 0x65 },
};
const ESCAPE = 0x1b;

const CODES = new Map<string, readonly number[]>([
  ...[...DEFAULT_ALPHABET].map((character, code): [string, readonly number[]] => [character, [code]]),
  ...Object.entries(EXTENSION).map(([character, code]): [string, readonly number[]] => [character, [ESCAPE, code]]),
]);
CODES.delete('\u001b'); // no character

/** The text in the default alphabet, one septet a byte, bit 8 = 0; undefined when it has characters that are not there. */
export function septets(text: string): Uint8Array | undefined {
  const codes = [...text].map((character) => CODES.get(character));
  return codes.includes(undefined) ? undefined : Uint8Array.from(codes.flatMap((code) => code ?? []));
}

/** UTF-16, big-endian; undefined with characters beyond U+FFFF, which UCS2 does not have. */
export function ucs2(text: string): Uint8Array | undefined {
  if (/[\ud800-\udfff]/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'utf16le').swap16());
}

/** UCS2 within half a page of 128 characters: each is a byte, with bit 8 = 1 from `base` on, 0 in the default alphabet. */
function paged(text: string, base: number): readonly number[] | undefined {
  const bytes = [...text].map((character) => {
    const offset = character.charCodeAt(0) - base;
    if (offset >= 0 && offset < 0x80) return 0x80 | offset;
    const code = CODES.get(character);
    return code?.length === 1 ? code[0] : undefined; // whether an escape counts as a character is not said
  });
  return bytes.some((byte) => byte === undefined) ? undefined : bytes.map((byte) => byte ?? 0);
}

/** The characters that need a place in the page, lowest first. */
const foreign = (text: string): number[] =>
  [...text]
    .filter((character) => CODES.get(character)?.length !== 1)
    .map((character) => character.charCodeAt(0))
    .sort((a, b) => a - b);

/** Characters that the codings 81 and 82 count in one byte. */
const PAGED_MAX = 255;

/**
 * An alpha field: the default alphabet if all characters are in it, else the shortest of UCS2's three codings. Undefined for text
 * that a card cannot hold. TS 31.102 4.2.12, TS 102 221 annex A.
 */
export function alphaField(text: string): Uint8Array | undefined {
  const plain = septets(text);
  if (plain !== undefined) return plain;
  const wide = ucs2(text);
  if (wide === undefined) return undefined;
  const codings = [Uint8Array.of(0x80, ...wide)];
  const [lowest = 0] = foreign(text);
  const count = [...text].length;
  const window = lowest & 0x7f80;
  const near = lowest < 0x8000 ? paged(text, window) : undefined;
  if (near !== undefined && count <= PAGED_MAX) codings.push(Uint8Array.of(0x81, count, window >> 7, ...near));
  const far = paged(text, lowest);
  if (far !== undefined && count <= PAGED_MAX)
    codings.push(Uint8Array.of(0x82, count, lowest >> 8, lowest & 0xff, ...far));
  return codings.reduce((best, coding) => (coding.length < best.length ? coding : best));
}

/** Septets without a bit between them, the first in the low bits. TS 23.038 6.1.2.1.1. */
export function packed(codes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * 7) / 8));
  codes.forEach((code, i) => {
    const at = i * 7;
    const bits = code << (at & 7);
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (bits & 0xff);
    if (bits > 0xff) bytes[(at >> 3) + 1] = bits >> 8;
  });
  return bytes;
}
