import type { Argument } from './parser.js';
import { AtError } from './result.js';

/** The arguments of one command. Each reader throws AtError (plain ERROR) when what was given does not fit. */
export class Arguments {
  readonly #args: readonly Argument[];

  constructor(args: readonly Argument[]) {
    this.#args = args;
  }

  get count(): number {
    return this.#args.length;
  }

  /** Says how many arguments the command takes. */
  expect(min: number, max: number): this {
    if (this.count < min || this.count > max) throw new AtError();
    return this;
  }

  has(index: number): boolean {
    const arg = this.#args[index];
    return arg !== undefined && arg.kind !== 'omitted';
  }

  number(index: number, min: number, max: number, otherwise?: number): number {
    const arg = this.#args[index];
    if (arg?.kind === 'number' && arg.value >= min && arg.value <= max) return arg.value;
    if (!this.has(index) && otherwise !== undefined) return otherwise;
    throw new AtError();
  }

  /** A bare word of this form. */
  word(index: number, form: RegExp): string {
    const arg = this.#args[index];
    if (arg?.kind === 'word' && form.test(arg.text)) return arg.text;
    throw new AtError();
  }

  /** What was typed without quotes, as it was typed: leading zeros count. */
  bare(index: number, form: RegExp): string {
    const arg = this.#args[index];
    if ((arg?.kind === 'word' || arg?.kind === 'number') && form.test(arg.text)) return arg.text;
    throw new AtError();
  }

  /** A string of digits, in quotes or without. */
  digits(index: number, limit: number): string {
    const arg = this.#args[index];
    if (arg?.kind === 'number' && /^\d+$/.test(arg.text) && arg.text.length <= limit) return arg.text;
    return this.string(index, limit);
  }

  /** A quoted string of at most `limit` characters. */
  string(index: number, limit: number, otherwise?: string): string {
    const arg = this.#args[index];
    if (arg?.kind === 'string' && arg.text.length <= limit) return arg.text;
    if (!this.has(index) && otherwise !== undefined) return otherwise;
    throw new AtError();
  }
}
