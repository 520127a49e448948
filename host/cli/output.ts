// All that the commands write for people and programs. Devices and servers say part of it: every line goes through
// `visible`, so that nothing of theirs acts on the terminal or looks like a line of ours.

import { styleText } from 'node:util';
import type { TraceEvent } from '../trace/events.js';
import { toJsonLine } from '../trace/json-lines.js';
import { visible } from '../visible.js';

/** The job was understood and failed: exit code 1. */
export class JobError extends Error {
  /** `more`: lines that follow the message, for example of a compiler. */
  constructor(
    message: string,
    readonly more: readonly string[] = [],
  ) {
    super(message);
    this.name = 'JobError';
  }
}

/** The command line, or a file that it names, is wrong: exit code 2. */
export class UsageError extends Error {
  /** `more`: lines that follow the message, for example further faults. */
  constructor(
    message: string,
    readonly more: readonly string[] = [],
  ) {
    super(message);
    this.name = 'UsageError';
  }
}

export type Style = Parameters<typeof styleText>[0];

/** A piece of a line: text, or text in a style. */
export type Part = string | readonly [style: Style, text: string];

/** Where a command reports: text for people, or one JSON event a line (`--json`), the last one of type `result`. */
export class Output {
  readonly #write: (line: string) => void;
  readonly #color: boolean;

  constructor(
    readonly json: boolean,
    write: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
    color = false,
  ) {
    this.#write = write;
    this.#color = color;
  }

  /** One line for people, whatever its parts hold; silent under --json. */
  text(...parts: readonly Part[]): void {
    if (!this.json) this.#write(parts.map((part) => this.#shown(part)).join(''));
  }

  /** A value as JSON for people, on several lines; silent under --json. */
  value(value: unknown): void {
    // JSON escapes line feeds in strings: those that are left are its own.
    for (const line of JSON.stringify(value, null, 2).split('\n')) this.text(line);
  }

  /** An event for programs; silent without --json. */
  event(event: { readonly type: string } & Record<string, unknown>): void {
    if (this.json) this.#write(visible(JSON.stringify(event)));
  }

  /** An event of a world for programs; silent without --json. */
  trace(event: TraceEvent, showSecrets = false): void {
    if (this.json) this.#write(toJsonLine(event, showSecrets));
  }

  /** The last event. */
  result(ok: boolean, fields: Record<string, unknown> = {}): void {
    this.event({ type: 'result', ok, ...fields });
  }

  #shown(part: Part): string {
    if (typeof part === 'string') return visible(part);
    const [style, text] = part;
    return this.#color ? styleText(style, visible(text)) : visible(text);
  }
}

/** Lines on standard error, the first after the name of the command. */
export function complain(message: string, more: readonly string[] = []): void {
  for (const line of [`akari: ${message}`, ...more]) process.stderr.write(`${visible(line)}\n`);
}

/** The same for an error that no command expects: with the places in the program. */
export function complainOfFault(error: unknown): void {
  if (!(error instanceof Error)) return complain(String(error));
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  complain(`${error.name}: ${error.message}`, frames);
}
