// Regular expressions of operators, in time that grows with the text and not beyond: all ways through the expression are
// followed at once (Thompson 1968), nothing is tried again. What it knows: characters, `.`, classes, `\d \w \s` and their
// opposites, groups, `|`, `* + ? {n} {n,} {n,m}` (and their lazy forms, which match the same). A match is of the whole text.

export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatternError';
  }
}

type Test = (char: string) => boolean;

type Node =
  | { readonly kind: 'char'; readonly test: Test }
  | { readonly kind: 'all'; readonly nodes: readonly Node[] }
  | { readonly kind: 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

/** One step: a character to match, ways to go on, or the end. */
type Step =
  | { readonly kind: 'char'; readonly test: Test }
  | { readonly kind: 'go'; readonly to: readonly number[] }
  | { readonly kind: 'end' };

/** Steps of one expression, counted repetitions written out. */
const MAX_STEPS = 4096;
const MAX_GROUPS = 64;
const MAX_COUNT = 1000;

export class Pattern {
  readonly #steps: readonly Step[];

  /** Throws PatternError. */
  constructor(readonly source: string) {
    const steps: Step[] = [];
    emit(new Parser(source).whole(), steps);
    steps.push({ kind: 'end' });
    this.#steps = steps;
  }

  matches(text: string): boolean {
    let now = this.#closure([0]);
    for (const char of text) {
      const next: number[] = [];
      for (const at of now) {
        const step = this.#steps[at];
        if (step?.kind === 'char' && step.test(char)) next.push(at + 1);
      }
      if (next.length === 0) return false;
      now = this.#closure(next);
    }
    return now.has(this.#steps.length - 1);
  }

  /** All steps that are reached without a character. */
  #closure(from: readonly number[]): Set<number> {
    const found = new Set<number>();
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      const step = this.#steps[at];
      if (step?.kind === 'go') for (const to of step.to) open.push(at + to);
    }
    return found;
  }
}

/** Ways are relative to their own step, so that a piece can be written out more than once. */
function emit(node: Node, steps: Step[]): void {
  const add = (step: Step): number => {
    if (steps.length >= MAX_STEPS) throw new PatternError(`the pattern has more than ${MAX_STEPS} steps`);
    return steps.push(step) - 1;
  };
  const go = (at: number, ...to: readonly number[]): void => {
    steps[at] = { kind: 'go', to: to.map((place) => place - at) };
  };
  switch (node.kind) {
    case 'char':
      add(node);
      break;
    case 'all':
      for (const part of node.nodes) emit(part, steps);
      break;
    case 'any': {
      const fork = add({ kind: 'go', to: [] });
      const starts: number[] = [];
      const ends: number[] = [];
      for (const part of node.nodes) {
        starts.push(steps.length);
        emit(part, steps);
        ends.push(add({ kind: 'go', to: [] }));
      }
      go(fork, ...starts);
      for (const end of ends) go(end, steps.length);
      break;
    }
    case 'repeat': {
      for (let i = 0; i < node.min; i++) emit(node.node, steps);
      if (node.max === Infinity) {
        const fork = add({ kind: 'go', to: [] });
        emit(node.node, steps);
        const back = add({ kind: 'go', to: [] });
        go(back, fork);
        go(fork, fork + 1, steps.length);
        break;
      }
      const forks: number[] = [];
      for (let i = node.min; i < node.max; i++) {
        forks.push(add({ kind: 'go', to: [] }));
        emit(node.node, steps);
      }
      for (const fork of forks) go(fork, fork + 1, steps.length);
    }
  }
}

const isDigit: Test = (c) => c >= '0' && c <= '9';
const isWord: Test = (c) => /^\w$/.test(c);
const isSpace: Test = (c) => /^\s$/.test(c);
const not =
  (test: Test): Test =>
  (c) =>
    !test(c);

const CLASSES: Readonly<Record<string, Test>> = {
  ...{ d: isDigit, D: not(isDigit), w: isWord, W: not(isWord), s: isSpace, S: not(isSpace) },
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

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

  #take(char: string): boolean {
    if (this.#next !== char) return false;
    this.#at++;
    return true;
  }

  #any(): Node {
    const nodes = [this.#all()];
    while (this.#take('|')) nodes.push(this.#all());
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'any', nodes };
  }

  #all(): Node {
    const nodes: Node[] = [];
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') nodes.push(this.#repeated());
    return { kind: 'all', nodes };
  }

  #repeated(): Node {
    const node = this.#atom();
    const [min, max] = this.#count() ?? [1, 1];
    if (min === 1 && max === 1) return node;
    this.#take('?');
    if (this.#next !== undefined && '*+?{'.includes(this.#next)) throw new PatternError('a repetition of a repetition');
    return { kind: 'repeat', node, min, max };
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
      throw new PatternError(`counts from 0 to ${MAX_COUNT}, the smaller first, are wanted`);
    }
    return [Number(min), most];
  }

  #atom(): Node {
    const char = this.#chars[this.#at++] as string;
    switch (char) {
      case '.':
        return { kind: 'char', test: () => true };
      case '\\':
        return { kind: 'char', test: this.#escaped() };
      case '[':
        return { kind: 'char', test: this.#class() };
      case '(':
        return this.#group();
      case '^':
      case '$':
        throw new PatternError(`"${char}" is not wanted: the whole text is matched`);
      case '*':
      case '+':
      case '?':
      case '{':
        throw new PatternError(`nothing to repeat before "${char}"`);
      default:
        return { kind: 'char', test: (c) => c === char };
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
  #escaped(): Test {
    const char = this.#chars[this.#at++];
    if (char === undefined) throw new PatternError('"\\" at the end');
    const test = CLASSES[char];
    if (test !== undefined) return test;
    const plain = this.#plain(char);
    return (c) => c === plain;
  }

  #plain(char: string): string {
    const control = ESCAPES[char];
    if (control !== undefined) return control;
    if (/^[0-9A-Za-z]$/.test(char)) throw new PatternError(`"\\${char}" is not known`);
    return char;
  }

  #class(): Test {
    const negative = this.#take('^');
    const tests: Test[] = [];
    while (!this.#take(']')) {
      const char = this.#chars[this.#at++];
      if (char === undefined) throw new PatternError('"[" without "]"');
      if (char === '\\' && CLASSES[this.#next ?? ''] !== undefined) {
        tests.push(this.#escaped());
        continue;
      }
      const low = this.#member(char);
      if (this.#next === '-' && this.#chars[this.#at + 1] !== ']' && this.#chars[this.#at + 1] !== undefined) {
        this.#at++;
        const high = this.#member(this.#chars[this.#at++] as string);
        const [from, to] = [codeOf(low), codeOf(high)];
        if (from > to) throw new PatternError(`"${low}-${high}" is out of order`);
        tests.push((c) => codeOf(c) >= from && codeOf(c) <= to);
      } else {
        tests.push((c) => c === low);
      }
    }
    const test: Test = (c) => tests.some((one) => one(c));
    return negative ? not(test) : test;
  }

  #member(char: string): string {
    if (char !== '\\') return char;
    const escaped = this.#chars[this.#at++];
    if (escaped === undefined || CLASSES[escaped] !== undefined)
      throw new PatternError('a class as the end of a range');
    return this.#plain(escaped);
  }
}

const codeOf = (char: string): number => char.codePointAt(0) ?? 0;
