// Regular expressions of operators, in time that grows with the text and not beyond: all ways through the expression are
// followed at once (Thompson 1968), nothing is tried again. What it knows: characters, `.`, classes, `\d \w \s` and their
// opposites, groups, `|`, `* + ? {n} {n,} {n,m}` (and their lazy forms, which match the same). A match is of the whole text.
//
// A pattern is kept as its tree (pattern-parser.ts): counted repetitions are written out for one match only, so that what is
// kept is no larger than its source.

import { Budget } from './budget.js';
import { type CharSet, has } from './char-set.js';
import { type Node, parsePattern } from './pattern-parser.js';

export { PatternError } from './pattern-parser.js';

/** Steps of the budget in which one step of a program is written out. */
const EMIT_STEPS = 3;

export class Pattern {
  readonly #tree: Node;

  /** Throws PatternError. */
  constructor(source: string) {
    this.#tree = parsePattern(source);
  }

  /** Throws UndecidedError. */
  matches(text: string, budget = new Budget()): boolean {
    budget.spend(EMIT_STEPS * (this.#tree.size + 1));
    return new Program(this.#tree).matches(text, budget);
  }
}

const enum Op {
  /** A character of `sets[at]`. */
  Char,
  /** Any number of them. */
  Chars,
  /** The next step, and the one at `to[at]` too. */
  Fork,
  /** The one at `to[at]`. */
  Jump,
  End,
}

/** In which a set of several ranges is looked up. */
const SEARCH_STEPS = 2;

class Program {
  readonly #ops: Uint8Array;
  readonly #to: Uint16Array;
  /** The first and the last code point that a step takes. */
  readonly #low: Int32Array;
  readonly #high: Int32Array;
  /** 0: all between them; otherwise the number in `#sets`, from 1, of what it takes. */
  readonly #set: Uint16Array;
  readonly #sets: CharSet[] = [];
  #length = 0;
  /** Steps that wait for the next character, each once; and that number of the text's character at which each was last found. */
  readonly #found: Uint32Array;
  readonly #open: Uint16Array;
  /** Taken since the budget was last told. */
  #steps = 0;

  constructor(tree: Node) {
    const length = tree.size + 1;
    this.#ops = new Uint8Array(length);
    this.#to = new Uint16Array(length);
    this.#low = new Int32Array(length);
    this.#high = new Int32Array(length);
    this.#set = new Uint16Array(length);
    this.#found = new Uint32Array(length);
    // Each step is opened by the one before it and by as many as lead to it: at most twice its steps all in all.
    this.#open = new Uint16Array(2 * length);
    this.#emit(tree);
    this.#add(Op.End);
  }

  matches(text: string, budget: Budget): boolean {
    const ops = this.#ops;
    const found = this.#found;
    const end = ops.length - 1;
    let now = new Uint16Array(end + 1);
    let next = new Uint16Array(end + 1);
    let turn = 1;
    let count = this.#follow(0, turn, now, 0);
    for (let at = 0; at < text.length; at++) {
      if (count === 0) return false;
      const code = text.codePointAt(at) as number;
      if (code > 0xffff) at++;
      turn++;
      let more = 0;
      for (let i = 0; i < count; i++) {
        const step = now[i] as number;
        if (!this.#takes(step, code)) continue;
        if (ops[step] === Op.Chars && found[step] !== turn) {
          found[step] = turn;
          next[more++] = step;
        }
        if (found[step + 1] !== turn) more = this.#follow(step + 1, turn, next, more);
      }
      budget.spend(this.#steps + count);
      this.#steps = 0;
      const list = now;
      now = next;
      next = list;
      count = more;
    }
    budget.spend(this.#steps);
    return found[end] === turn;
  }

  #takes(step: number, code: number): boolean {
    if (code < (this.#low[step] as number) || code > (this.#high[step] as number)) return false;
    const set = this.#set[step] as number;
    if (set === 0) return true;
    this.#steps += SEARCH_STEPS;
    return has(this.#sets[set - 1] as CharSet, code);
  }

  /** Adds to `list` the steps that wait for a character and are reached from `from` without one; returns its new length. */
  #follow(from: number, turn: number, list: Uint16Array, length: number): number {
    const ops = this.#ops;
    const to = this.#to;
    const found = this.#found;
    const open = this.#open;
    let steps = 0;
    let size = 1;
    open[0] = from;
    while (size > 0) {
      const at = open[--size] as number;
      steps++;
      if (found[at] === turn) continue;
      found[at] = turn;
      switch (ops[at]) {
        case Op.Fork:
          open[size++] = to[at] as number;
          open[size++] = at + 1;
          break;
        case Op.Jump:
          open[size++] = to[at] as number;
          break;
        case Op.Chars:
          open[size++] = at + 1;
          list[length++] = at;
          break;
        case Op.Char:
          list[length++] = at;
      }
    }
    this.#steps += steps;
    return length;
  }

  #add(op: Op): number {
    this.#ops[this.#length] = op;
    return this.#length++;
  }

  #addSet(op: Op, set: CharSet): void {
    const at = this.#add(op);
    // The empty set takes nothing.
    this.#low[at] = set[0] ?? 1;
    this.#high[at] = set.at(-1) ?? 0;
    if (set.length > 2) this.#set[at] = this.#sets.push(set);
  }

  #emit(node: Node): void {
    switch (node.kind) {
      case 'char':
        this.#addSet(Op.Char, node.set);
        break;
      case 'all':
        for (const part of node.nodes) this.#emit(part);
        break;
      case 'any':
        this.#emitAny(node.nodes);
        break;
      case 'repeat':
        this.#emitRepeat(node.node, node.min, node.max);
    }
  }

  #emitAny(nodes: readonly Node[]): void {
    const ends: number[] = [];
    nodes.forEach((part, i) => {
      const isLast = i === nodes.length - 1;
      const fork = isLast ? undefined : this.#add(Op.Fork);
      this.#emit(part);
      if (fork === undefined) return;
      ends.push(this.#add(Op.Jump));
      this.#to[fork] = this.#length;
    });
    for (const end of ends) this.#to[end] = this.#length;
  }

  #emitRepeat(node: Node, min: number, max: number): void {
    for (let i = 0; i < min; i++) this.#emit(node);
    if (max === Infinity && node.kind === 'char') {
      this.#addSet(Op.Chars, node.set);
      return;
    }
    if (max === Infinity) {
      const fork = this.#add(Op.Fork);
      this.#emit(node);
      this.#to[this.#add(Op.Jump)] = fork;
      this.#to[fork] = this.#length;
      return;
    }
    const forks: number[] = [];
    for (let i = min; i < max; i++) {
      forks.push(this.#add(Op.Fork));
      this.#emit(node);
    }
    for (const fork of forks) this.#to[fork] = this.#length;
  }
}
