// Conditions of permission statements: `pathVariable('path') matches 'logs/:imsi/.*'`, `samUserName == 'ops'`, joined by
// `and`, `or`, `not` and brackets. Of the real language (Spring's) only this much is published in examples.

import { Budget, UndecidedError } from './budget.js';
import { ConditionError, notUnderstood, type Token, tokensOf } from './condition-tokens.js';
import { Pattern, PatternError } from './pattern.js';

export { ConditionError } from './condition-tokens.js';

/** What a condition may ask for. */
export interface Facts {
  readonly operatorId: string;
  readonly samUserName?: string | undefined;
  /** Parts of the path by their name in the API, percent-decoded: `path`, `imsi`, `user_name`. */
  readonly pathVariables: Readonly<Record<string, string>>;
  /** The SIM on whose behalf it is asked: `:imsi` in a text of the condition stands for it. */
  readonly imsi?: string | undefined;
}

/** Throws UndecidedError. */
export type Condition = (facts: Facts, budget?: Budget) => boolean;

const MAX_DEPTH = 32;
/** Steps of the budget: for a `not`; to get two values and compare them; for a character of a pattern that is read. */
const NOT_STEPS = 4;
const COMPARISON_STEPS = 20;
const READ_STEPS = 12;
/** Characters of texts that are compared or put together in the time of one step. */
const CHARACTERS_A_STEP = 64;

/** Throws ConditionError: it says where. */
export function compileCondition(source: string): Condition {
  const holds = new Compiler(source).whole();
  return (facts, budget = new Budget()) => holds(facts, budget);
}

type Holds = (facts: Facts, budget: Budget) => boolean;
type Value = (facts: Facts) => string | undefined;
interface Operand {
  readonly value: Value;
  readonly text?: string;
}

class Compiler {
  readonly #length: number;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(source: string) {
    this.#length = source.length;
    this.#tokens = tokensOf(source);
  }

  whole(): Holds {
    const condition = this.#or();
    if (this.#next < this.#tokens.length) throw this.#fault();
    return condition;
  }

  #or(): Holds {
    const first = this.#and();
    if (!this.#take('or', '||')) return first;
    const parts = [first, this.#and()];
    while (this.#take('or', '||')) parts.push(this.#and());
    return (facts, budget) => parts.some((part) => part(facts, budget));
  }

  #and(): Holds {
    const first = this.#not();
    if (!this.#take('and', '&&')) return first;
    const parts = [first, this.#not()];
    while (this.#take('and', '&&')) parts.push(this.#not());
    return (facts, budget) => parts.every((part) => part(facts, budget));
  }

  #not(): Holds {
    if (++this.#depth > MAX_DEPTH)
      throw new ConditionError(`more than ${MAX_DEPTH} brackets and nots inside each other`);
    try {
      if (this.#take('not', '!')) {
        const part = this.#not();
        return (facts, budget) => {
          budget.spend(NOT_STEPS);
          return !part(facts, budget);
        };
      }
      if (!this.#take('(')) return this.#comparison();
      const part = this.#or();
      this.#want(')');
      return part;
    } finally {
      this.#depth--;
    }
  }

  #comparison(): Holds {
    const { value: left } = this.#operand();
    if (this.#take('matches')) return this.#matches(left);
    const equal = this.#take('==', 'eq');
    if (!equal && !this.#take('!=', 'ne')) throw this.#fault();
    const { value: right } = this.#operand();
    return (facts, budget) => {
      const a = left(facts);
      const b = right(facts);
      budget.spend(COMPARISON_STEPS + stepsOf(a) + stepsOf(b));
      return a !== undefined && b !== undefined && (a === b) === equal;
    };
  }

  #matches(left: Value): Holds {
    const at = this.#next;
    const { text } = this.#operand();
    if (text === undefined) throw this.#fault(at);
    const plain = patternOf(text, (message) => new ConditionError(`the pattern '${text.slice(0, 100)}': ${message}`));
    // An IMSI is digits: it means nothing else in a pattern.
    if (!text.includes(':imsi')) return (facts, budget) => matched(left(facts), plain, budget);
    return (facts, budget) => {
      const own = withImsi(text, facts);
      budget.spend(READ_STEPS * own.length);
      const pattern = patternOf(own, (message) => new UndecidedError(`a pattern: ${message}`));
      return matched(left(facts), pattern, budget);
    };
  }

  #operand(): Operand {
    const token = this.#tokens[this.#next++]?.text;
    if (token?.startsWith("'")) {
      const text = token.slice(1, -1).replaceAll("''", "'");
      return { text, value: (facts) => withImsi(text, facts) };
    }
    if (token === 'operatorId') return { value: (facts) => facts.operatorId };
    if (token === 'samUserName') return { value: (facts) => facts.samUserName };
    if (token !== 'pathVariable') throw this.#fault(this.#next - 1);
    this.#want('(');
    const name = this.#operand().text;
    if (name === undefined) throw this.#fault(this.#next - 1);
    this.#want(')');
    return {
      value: ({ pathVariables }) => (Object.hasOwn(pathVariables, name) ? pathVariables[name] : undefined),
    };
  }

  /** One of two spellings. */
  #take(text: string, other = text): boolean {
    const next = this.#tokens[this.#next]?.text;
    const found = next === text || next === other;
    if (found) this.#next++;
    return found;
  }

  #want(text: string): void {
    if (!this.#take(text)) throw this.#fault();
  }

  #fault(index = this.#next): ConditionError {
    return notUnderstood(this.#tokens[index]?.at ?? this.#length);
  }
}

function matched(text: string | undefined, pattern: Pattern, budget: Budget): boolean {
  budget.spend(COMPARISON_STEPS);
  return text !== undefined && pattern.matches(text, budget);
}

/** Throws what `fault` makes of the reason. */
function patternOf(source: string, fault: (message: string) => Error): Pattern {
  try {
    return new Pattern(source);
  } catch (error) {
    throw error instanceof PatternError ? fault(error.message) : error;
  }
}

const stepsOf = (text = ''): number => Math.ceil(text.length / CHARACTERS_A_STEP);

const withImsi = (text: string, { imsi }: Facts): string =>
  imsi === undefined ? text : text.replaceAll(':imsi', imsi);
