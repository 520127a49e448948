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

export class Pattern {
  readonly #tree: Node;

  /** Throws PatternError. */
  constructor(readonly source: string) {
    this.#tree = parsePattern(source);
  }

  /** Throws UndecidedError. */
  matches(text: string, budget = new Budget()): boolean {
    budget.spend(this.#tree.size);
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

class Program {
  readonly #ops: Uint8Array;
  readonly #to: Uint16Array;
  readonly #sets: CharSet[] = [];
  #length = 0;
  /** Steps that wait for the next character, each once; and that number of the text's character at which each was last found. */
  readonly #found: Uint32Array;
  readonly #open: Uint16Array;

  constructor(tree: Node) {
    this.#ops = new Uint8Array(tree.size + 1);
    this.#to = new Uint16Array(tree.size + 1);
    this.#found = new Uint32Array(tree.size + 1);
    // Each step is opened by the one before it and by as many as lead to it: at most twice its steps all in all.
    this.#open = new Uint16Array(2 * (tree.size + 1));
    this.#emit(tree);
    this.#add(Op.End);
  }

  matches(text: string, budget: Budget): boolean {
    const end = this.#ops.length - 1;
    let now = new Uint16Array(end + 1);
    let next = new Uint16Array(end + 1);
    let turn = 1;
    let count = this.#follow(0, turn, now, 0, budget);
    for (const char of text) {
      if (count === 0) return false;
      const code = char.codePointAt(0) ?? 0;
      turn++;
      let more = 0;
      for (let i = 0; i < count; i++) {
        const at = now[i] ?? 0;
        const set = this.#sets[at];
        if (set === undefined || !has(set, code)) continue;
        more = this.#follow(this.#ops[at] === Op.Chars ? at : at + 1, turn, next, more, budget);
      }
      budget.spend(count);
      [now, next, count] = [next, now, more];
    }
    return this.#found[end] === turn;
  }

  /** Adds to `list` the steps that wait for a character and are reached from `from` without one; returns its new length. */
  #follow(from: number, turn: number, list: Uint16Array, length: number, budget: Budget): number {
    const [ops, to, found, open] = [this.#ops, this.#to, this.#found, this.#open];
    let steps = 0;
    let size = 1;
    open[0] = from;
    while (size > 0) {
      const at = open[--size] ?? 0;
      steps++;
      if (found[at] === turn) continue;
      found[at] = turn;
      switch (ops[at]) {
        case Op.Fork:
          open[size++] = to[at] ?? 0;
          open[size++] = at + 1;
          break;
        case Op.Jump:
          open[size++] = to[at] ?? 0;
          break;
        case Op.Chars:
          open[size++] = at + 1;
          list[length++] = at;
          break;
        case Op.Char:
          list[length++] = at;
      }
    }
    budget.spend(steps);
    return length;
  }

  #add(op: Op): number {
    this.#ops[this.#length] = op;
    return this.#length++;
  }

  #emit(node: Node): void {
    switch (node.kind) {
      case 'char':
        this.#sets[this.#add(Op.Char)] = node.set;
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
      this.#sets[this.#add(Op.Chars)] = node.set;
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
