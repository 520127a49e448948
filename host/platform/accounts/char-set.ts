// Sets of characters, as classes of a pattern name them: ranges of code points, in order and apart.

/** `from`, `to`, `from`, `to` ..., both ends included. */
export type CharSet = readonly number[];

const LAST = 0x10ffff;

export const ANY: CharSet = [0, LAST];

/** `\d`, `\w`, `\s` as ECMAScript has them, and their opposites. */
const DIGIT: CharSet = [0x30, 0x39];
const WORD: CharSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
// prettier-ignore
const SPACE: CharSet = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000,
  0xfeff, 0xfeff,
];

/** Any ranges in any order. */
export function charSet(ranges: readonly (readonly [from: number, to: number])[]): CharSet {
  const set: number[] = [];
  for (const [from, to] of ranges.toSorted(([a], [b]) => a - b)) {
    const last = set.at(-1);
    if (last !== undefined && from <= last + 1) set[set.length - 1] = Math.max(last, to);
    else set.push(from, to);
  }
  return set;
}

export function opposite(set: CharSet): CharSet {
  const edges = [0, ...set.map((edge, i) => (i % 2 === 0 ? edge - 1 : edge + 1)), LAST];
  return charSet(pairs(edges).filter(([from, to]) => from <= to));
}

export const pairs = (set: CharSet): [number, number][] =>
  Array.from({ length: set.length >> 1 }, (_, i) => [set[2 * i] ?? 0, set[2 * i + 1] ?? 0]);

/** In a time that grows with the logarithm of the set's ranges. */
export function has(set: CharSet, code: number): boolean {
  let low = 0;
  let high = set.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[2 * middle + 1] as number) < code) low = middle + 1;
    else high = middle;
  }
  return 2 * low < set.length && (set[2 * low] as number) <= code;
}

export const CLASSES: Readonly<Record<string, CharSet>> = {
  ...{ d: DIGIT, D: opposite(DIGIT), w: WORD, W: opposite(WORD), s: SPACE, S: opposite(SPACE) },
};
