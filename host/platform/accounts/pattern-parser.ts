// The expressions of pattern.ts, read into a tree. Its size is known before anything is written out.

import { ANY, CLASSES, charSet, type CharSet, opposite, pairs } from './char-set.js';

export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatternError';
  }
}

/** `size`: steps of the program that it becomes. What matches the empty text only has none, and is in no list. */
export type Node = { readonly size: number } & (
  | { readonly kind: 'char'; readonly set: CharSet }
  | { readonly kind: 'all'; readonly nodes: readonly Node[] }
  | { readonly kind: 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }
);

/** Steps of one expression, counted repetitions written out. */
const MAX_STEPS = 4096;
const MAX_GROUPS = 64;
const MAX_COUNT = 1000;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Throws PatternError. Takes time by the length of the source. */
export function parsePattern(source: string): Node {
  return new Parser(source).whole();
}

function sized<N extends Node>(node: N): N {
  if (node.size > MAX_STEPS) throw new PatternError(`the pattern has more than ${MAX_STEPS} steps`);
  return node;
}

const sizeOf = (nodes: readonly Node[]): number => nodes.reduce((size, node) => size + node.size, 0);

const char = (set: CharSet): Node => ({ kind: 'char', set, size: 1 });

function all(parts: readonly Node[]): Node {
  const nodes = parts.filter(({ size }) => size > 0);
  const [only] = nodes;
  return nodes.length === 1 && only !== undefined ? only : sized({ kind: 'all', nodes, size: sizeOf(nodes) });
}

/** A fork before each part but the last, and a jump behind it. */
const any = (nodes: readonly Node[]): Node =>
  sized({ kind: 'any', nodes, size: sizeOf(nodes) + 2 * (nodes.length - 1) });

function repeat(node: Node, min: number, max: number): Node {
  if (node.size === 0) return node;
  // Any number of a character is one step; of anything else a fork before it and a jump behind.
  const endless = node.kind === 'char' ? 1 : node.size + 2;
  const size = min * node.size + (max === Infinity ? endless : (max - min) * (node.size + 1));
  return sized({ kind: 'repeat', node, min, max, size });
}

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#chars = [...source];
  }

  whole(): Node {
    const node = this.#any();
    if (this.#at < this.#chars.length) throw new PatternError('")" without "("');
    return node;
  }

  get #next(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(wanted: string): boolean {
    if (this.#next !== wanted) return false;
    this.#at++;
    return true;
  }

  #any(): Node {
    const nodes = [this.#all()];
    while (this.#take('|')) nodes.push(this.#all());
    return nodes.length === 1 ? (nodes[0] as Node) : any(nodes);
  }

  #all(): Node {
    const nodes: Node[] = [];
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') nodes.push(this.#repeated());
    return all(nodes);
  }

  #repeated(): Node {
    const node = this.#atom();
    const [min, max] = this.#count() ?? [1, 1];
    if (min === 1 && max === 1) return node;
    this.#take('?');
    if (this.#next !== undefined && '*+?{'.includes(this.#next)) throw new PatternError('a repetition of a repetition');
    return repeat(node, min, max);
  }

  #count(): [number, number] | undefined {
    if (this.#take('*')) return [0, Infinity];
    if (this.#take('+')) return [1, Infinity];
    if (this.#take('?')) return [0, 1];
    if (!this.#take('{')) return undefined;
    const end = this.#chars.indexOf('}', this.#at);
    const [, min, comma, max] = /^(\d{1,4})(,?)(\d{0,4})$/.exec(this.#chars.slice(this.#at, end).join('')) ?? [];
    if (end === -1 || min === undefined || (comma === '' && max !== '')) throw new PatternError('"{" is not a count');
    this.#at = end + 1;
    const most = comma === '' ? Number(min) : max === '' ? Infinity : Number(max);
    if (Number(min) > most || Number(min) > MAX_COUNT || (most > MAX_COUNT && most !== Infinity)) {
      throw new PatternError(`counts from 0 to ${MAX_COUNT} are possible, the smaller first`);
    }
    return [Number(min), most];
  }

  #atom(): Node {
    const first = this.#chars[this.#at++] as string;
    switch (first) {
      case '.':
        return char(ANY);
      case '\\':
        return this.#escaped();
      case '[':
        return char(this.#class());
      case '(':
        return this.#group();
      case '^':
      case '$':
        throw new PatternError(`"${first}" is not possible: the whole text is matched`);
      case '*':
      case '+':
      case '?':
      case '{':
        throw new PatternError(`nothing to repeat before "${first}"`);
      default:
        return only(first);
    }
  }

  #group(): Node {
    if (++this.#depth > MAX_GROUPS) throw new PatternError(`more than ${MAX_GROUPS} groups inside each other`);
    if (this.#take('?') && !this.#take(':')) throw new PatternError('"(?" other than "(?:"');
    const node = this.#any();
    if (!this.#take(')')) throw new PatternError('"(" without ")"');
    this.#depth--;
    return node;
  }

  /** After a backslash: a class, a control character, or a character that is no letter or digit. */
  #escaped(): Node {
    const escaped = this.#chars[this.#at++];
    if (escaped === undefined) throw new PatternError('"\\" at the end');
    const set = CLASSES[escaped];
    return set === undefined ? only(this.#plain(escaped)) : char(set);
  }

  #plain(escaped: string): string {
    const control = ESCAPES[escaped];
    if (control !== undefined) return control;
    if (/^[0-9A-Za-z]$/.test(escaped)) throw new PatternError(`"\\${escaped}" is not known`);
    return escaped;
  }

  #class(): CharSet {
    const negative = this.#take('^');
    const ranges: [number, number][] = [];
    while (!this.#take(']')) {
      const first = this.#chars[this.#at++];
      if (first === undefined) throw new PatternError('"[" without "]"');
      const known = first === '\\' ? CLASSES[this.#next ?? ''] : undefined;
      if (known !== undefined) {
        this.#at++;
        for (const range of pairs(known)) ranges.push(range);
        continue;
      }
      const low = this.#member(first);
      const isRange =
        this.#next === '-' && this.#chars[this.#at + 1] !== ']' && this.#chars[this.#at + 1] !== undefined;
      if (isRange) this.#at++;
      const high = isRange ? this.#member(this.#chars[this.#at++] as string) : low;
      if (codeOf(low) > codeOf(high)) throw new PatternError(`"${low}-${high}" is out of order`);
      ranges.push([codeOf(low), codeOf(high)]);
    }
    const set = charSet(ranges);
    return negative ? opposite(set) : set;
  }

  #member(first: string): string {
    if (first !== '\\') return first;
    const escaped = this.#chars[this.#at++];
    if (escaped === undefined || CLASSES[escaped] !== undefined)
      throw new PatternError('a class as the end of a range');
    return this.#plain(escaped);
  }
}

const codeOf = (text: string): number => text.codePointAt(0) ?? 0;

/** Of ASCII, shared: most of what is kept of a pattern. */
const SINGLE: readonly Node[] = Array.from({ length: 0x80 }, (_, code) => char([code, code]));

function only(text: string): Node {
  const code = codeOf(text);
  return SINGLE[code] ?? char([code, code]);
}
