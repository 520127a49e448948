import type { Nanoseconds } from '../../clock/clock.js';
import type { Arguments } from './arguments.js';

/** What a running command can do at its port. After a reset of the modem, or a time-out, all of it does nothing. */
export interface Call {
  readonly args: Arguments;
  /** One block of information text. */
  info(...lines: string[]): void;
  /** The same for text that must not show in a trace. */
  secretInfo(...lines: string[]): void;
  /** A line of information text, then bytes as they are. */
  block(line: string, data: Uint8Array): void;
  /**
   * Asks the device for data with the modem's prompt: `length` bytes of any value, or all up to Ctrl-Z (1A), of which at most
   * `limit` are taken. Resolves to undefined when the device gave up: by ESC (1B; not with a length), or by silence.
   */
  prompt(wanted: { readonly length: number } | { readonly limit: number }): Promise<PromptedData | undefined>;
  /** Runs when the line's final result code has been handed to the serial line. */
  afterwards(action: () => void): void;
}

export interface PromptedData {
  readonly bytes: Uint8Array;
  /** More came than the limit allows; the excess is not in `bytes`. */
  readonly overflow: boolean;
}

/** A final result code in place of OK. ERROR and +CME ERROR are thrown (AtError, CmeError). */
export type FinalResult = string;

// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most handlers return nothing, which stands for OK
type Outcome = FinalResult | undefined | void;

/** Runs a command; the port waits when it returns a promise. Without a final result code it ends with OK. */
export type Handler = (call: Call) => Outcome | Promise<Outcome>;

export interface CommandEntry {
  /** Its lines may carry a secret and are not traced: those with a digit in their arguments, or those whose rest has this form (in upper case). */
  readonly secret?: true | RegExp;
  /** How long the modem thinks before it starts; the port's default when absent. */
  readonly delay?: Nanoseconds;
  /** `=?`: the answer's text, or what finds it out; absent: just OK. */
  readonly test?: string | Handler;
  readonly read?: Handler;
  readonly set?: Handler;
  readonly execute?: Handler;
}

/** Commands by upper-case name, as ParsedCommand has it. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;
