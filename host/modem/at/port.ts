import type { Clock, Timer } from '../../clock/clock.js';
import { MS, SECOND } from '../../clock/clock.js';
import { concat, toHex } from '../../bytes.js';
import { Secret } from '../../secret.js';
import type { Trace } from '../../trace/trace.js';
import { DeadlineError, within } from '../deadline.js';
import type { Profile } from '../profile.js';
import { Arguments } from './arguments.js';
import type { Call, CommandTable, PromptedData } from './command.js';
import type { LineEvent } from './line.js';
import { LineReader } from './line.js';
import type { ParsedCommand } from './parser.js';
import { parseLine } from './parser.js';
import { AtError, Cme, CmeError, failureText, NUMERIC_RESULT } from './result.js';
import { isSecretLine, shownName } from './secrets.js';

/** Characters kept while a command runs; what comes beyond is lost, as in a real UART without flow control. */
const INPUT_LIMIT = 8192;
/** Thinking time of a command whose entry names none. */
const DEFAULT_DELAY = 10 * MS;
/** A command that has not ended by then ends with an error: nothing the card or the network does can stop the port. */
export const COMMAND_LIMIT = 190 * SECOND;
/** Silence after a prompt that ends it: the longest that a maker's manual has for a command that sends. */
export const PROMPT_LIMIT = 120 * SECOND;

const CTRL_Z = 0x1a;
const ESC = 0x1b;

interface Prompt {
  readonly length: number | undefined;
  readonly limit: number;
  readonly bytes: number[];
  overflow: boolean;
  timer: Timer;
  settle(data: PromptedData | undefined): void;
}

/**
 * One AT interface. Lines run one after the other: what comes in while one runs waits its turn, and is read as
 * data if the running command asks for data. Unsolicited result codes wait while a line runs and follow its final
 * result code; each is written whole.
 */
export class AtPort {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #profile: Profile;
  readonly #commands: CommandTable;
  readonly #promptText: string;
  readonly #blanks: boolean;
  readonly #transmit: (bytes: Uint8Array) => void;
  readonly #reader = new LineReader();
  #input: number[] = [];
  #running = false;
  #pumping = false;
  #prompt: Prompt | undefined;
  #unsolicited: (() => void)[] = [];
  #lastLine = '';
  /** The last character of a command line was S3: S4 directly behind it belongs to the line's end. */
  #lineEnded = false;
  /** Goes up with every reset; what belongs to an older one is dead. */
  #generation = 0;
  /** The port neither hears nor speaks; a running command goes on unheard. */
  muted = false;

  constructor(options: {
    clock: Clock;
    trace: Trace;
    profile: Profile;
    commands: CommandTable;
    /** Asks for data, behind a line end. */
    prompt: string;
    /** See ParseOptions. */
    blanks: boolean;
    send: (bytes: Uint8Array) => void;
  }) {
    this.#clock = options.clock;
    this.#trace = options.trace;
    this.#profile = options.profile;
    this.#commands = options.commands;
    this.#promptText = options.prompt;
    this.#blanks = options.blanks;
    this.#transmit = options.send;
  }

  /** Forgets everything: the running command, waiting input and codes. */
  reset(): void {
    this.#generation++;
    this.#reader.reset();
    this.#input = [];
    this.#running = false;
    this.#endPrompt(undefined);
    this.#unsolicited = [];
    this.#lastLine = '';
    this.#lineEnded = false;
  }

  receive(bytes: Uint8Array): void {
    if (this.muted) return;
    for (const byte of bytes) {
      if (this.#input.length < INPUT_LIMIT) this.#input.push(byte);
    }
    this.#pump();
  }

  /** An unsolicited result code, with bytes that follow its line if any. */
  unsolicited(line: string, data?: Uint8Array): void {
    const write = (): void => this.#block([line], data);
    if (this.#running) this.#unsolicited.push(write);
    else write();
  }

  /** Do unsolicited result codes wait for a line to end? */
  get holding(): boolean {
    return this.#unsolicited.length > 0;
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    let taken = 0;
    while (taken < this.#input.length && (!this.#running || this.#prompt)) {
      if (this.#prompt) taken = this.#promptBytes(this.#prompt, taken);
      else taken = this.#commandBytes(taken);
    }
    this.#input.splice(0, taken);
    this.#pumping = false;
  }

  /** Reads the command line from `from` on, up to its end if that has come; returns where it stopped. */
  #commandBytes(from: number): number {
    const { echo, s3, s4, s5 } = this.#profile;
    const echoed: number[] = [];
    let event: LineEvent | undefined;
    let at = from;
    while (event === undefined && at < this.#input.length) {
      const byte = this.#input[at++] as number;
      const endsLine = byte === s4 && this.#lineEnded;
      this.#lineEnded = byte === s3;
      if (endsLine) continue;
      // V.250 5.2.3: an erased character is wiped from the far end's screen too.
      if (echo) echoed.push(...(byte === s5 ? [s5, 0x20, s5] : [byte]));
      event = this.#reader.push(byte, { terminator: s3, editing: s5 });
    }
    if (echoed.length > 0) this.#send(Uint8Array.from(echoed));
    if (event) this.#start(event);
    return at;
  }

  #start(event: LineEvent): void {
    if (event.kind === 'line') this.#lastLine = event.body;
    const body = event.kind === 'too-long' ? undefined : this.#lastLine;
    this.#traceText(
      'device',
      body === undefined ? 'AT (line too long)' : `AT${body}`,
      isSecretLine(body ?? '', this.#commands),
    );
    this.#running = true;
    this.#clock.stir('promises');
    void this.#run(body);
  }

  /** Runs a line (undefined: one that was too long) and writes its final result code. Never rejects. */
  async #run(body: string | undefined): Promise<void> {
    const generation = this.#generation;
    const afterwards: (() => void)[] = [];
    let result: string | undefined;
    try {
      const line = body === undefined ? { commands: [], wellFormed: false } : parseLine(body, { blanks: this.#blanks });
      for (const command of line.commands) {
        result = await this.#execute(command, generation, afterwards);
        if (generation !== this.#generation) return;
      }
      if (!line.wellFormed) throw new AtError();
    } catch (error) {
      if (generation !== this.#generation) return;
      result = failureText(error, this.#profile.cmee);
    }
    this.#final(result ?? 'OK');
    this.#running = false;
    for (const write of this.#unsolicited.splice(0)) write();
    for (const action of afterwards) action();
    if (generation === this.#generation) this.#pump();
  }

  async #execute(command: ParsedCommand, generation: number, afterwards: (() => void)[]): Promise<string | undefined> {
    const entry = Object.hasOwn(this.#commands, command.name) ? this.#commands[command.name] : undefined;
    await this.#clock.sleep(entry?.delay ?? DEFAULT_DELAY);
    if (generation !== this.#generation) return undefined;
    if (!entry) {
      this.#trace.emit({ type: 'modem', event: 'unknown-command', command: shownName(command.name, this.#commands) });
      throw new AtError();
    }
    const handler = entry[command.form];
    if (typeof handler !== 'function') {
      if (command.form !== 'test') throw new AtError();
      if (handler !== undefined && handler !== '') this.#block([handler]);
      return undefined;
    }
    const life = { ended: false };
    try {
      let result = handler(this.#call(command, () => !life.ended && generation === this.#generation, afterwards));
      if (result instanceof Promise) result = await within(this.#clock, COMMAND_LIMIT, result);
      return typeof result === 'string' ? result : undefined;
    } catch (error) {
      throw error instanceof DeadlineError ? new CmeError(Cme.Unknown) : error;
    } finally {
      life.ended = true;
      if (generation === this.#generation) this.#endPrompt(undefined);
    }
  }

  #call(command: ParsedCommand, alive: () => boolean, afterwards: (() => void)[]): Call {
    return {
      args: new Arguments(command.args),
      info: (...lines) => {
        if (alive()) this.#block(lines);
      },
      secretInfo: (...lines) => {
        if (alive()) this.#block(lines, undefined, true);
      },
      block: (line, data) => {
        if (alive()) this.#block([line], data);
      },
      prompt: (wanted) => (alive() ? this.#ask(wanted) : Promise.resolve(undefined)),
      afterwards: (action) => {
        if (alive()) afterwards.push(action);
      },
    };
  }

  #ask(wanted: { readonly length: number } | { readonly limit: number }): Promise<PromptedData | undefined> {
    return new Promise((resolve) => {
      const length = 'length' in wanted ? wanted.length : undefined;
      this.#prompt = {
        length,
        limit: 'length' in wanted ? wanted.length : wanted.limit,
        bytes: [],
        overflow: false,
        timer: this.#promptTimer(),
        settle: resolve,
      };
      // Data begin behind the prompt: the S4 of a line's end that came as S3 S4 is none.
      if (this.#lineEnded && this.#input[0] === this.#profile.s4) this.#input.shift();
      this.#lineEnded = false;
      this.#write(this.#lineEnd() + this.#promptText);
      this.#traceText('modem', this.#promptText);
      this.#pump();
    });
  }

  #promptTimer(): Timer {
    return this.#clock.after(PROMPT_LIMIT, () => this.#endPrompt(undefined));
  }

  /** Takes data for a prompt from `from` on, up to its end if that has come; returns where it stopped. */
  #promptBytes(prompt: Prompt, from: number): number {
    const { echo, dataEcho } = this.#profile;
    prompt.timer.cancel();
    let at = from;
    let end: { readonly data: PromptedData | undefined } | undefined;
    while (end === undefined && at < this.#input.length) end = promptByte(prompt, this.#input[at++] as number);
    if (echo && dataEcho) this.#send(Uint8Array.from(this.#input.slice(from, at)));
    if (end) this.#endPrompt(end.data);
    else prompt.timer = this.#promptTimer();
    return at;
  }

  #endPrompt(data: PromptedData | undefined): void {
    const prompt = this.#prompt;
    if (!prompt) return;
    this.#prompt = undefined;
    prompt.timer.cancel();
    if (data) this.#traceData('device', data.bytes);
    this.#clock.stir('promises');
    prompt.settle(data);
  }

  /** V.250 5.7.1: information text and result codes, verbose or not. */
  #block(lines: readonly string[], data?: Uint8Array, secret = false): void {
    if (lines.length === 0 && data === undefined) return;
    const end = this.#lineEnd();
    const head = this.#profile.verbose ? end : '';
    const text = latin1(head + lines.map((line) => line + end).join(''));
    this.#send(data ? concat(text, data, latin1(end)) : text);
    for (const line of lines) this.#traceText('modem', line, secret);
    if (data) this.#traceData('modem', data);
  }

  #final(result: string): void {
    const { quiet, verbose, s3 } = this.#profile;
    if (quiet) return;
    const numeric = verbose ? undefined : NUMERIC_RESULT[result];
    this.#write(numeric === undefined ? this.#lineEnd() + result + this.#lineEnd() : numeric + String.fromCharCode(s3));
    this.#traceText('modem', numeric ?? result);
  }

  #lineEnd(): string {
    const { s3, s4 } = this.#profile;
    return String.fromCharCode(s3, s4);
  }

  #write(text: string): void {
    this.#send(latin1(text));
  }

  #send(bytes: Uint8Array): void {
    if (!this.muted) this.#transmit(bytes);
  }

  get #traced(): boolean {
    return this.#trace.active && !this.muted;
  }

  #traceText(from: 'device' | 'modem', text: string, secret = false): void {
    if (!this.#traced) return;
    this.#trace.emit({ type: 'at', from, text: secret ? new Secret(latin1(text)) : text });
  }

  #traceData(from: 'device' | 'modem', bytes: Uint8Array): void {
    if (!this.#traced) return;
    this.#trace.emit({ type: 'at', from, text: toHex(bytes), data: true });
  }
}

/** One more byte for a prompt; returns what ends it, if this byte does: data, or undefined for ESC. */
function promptByte(prompt: Prompt, byte: number): { readonly data: PromptedData | undefined } | undefined {
  if (prompt.length === undefined && byte === ESC) return { data: undefined };
  const done = (): PromptedData => ({ bytes: Uint8Array.from(prompt.bytes), overflow: prompt.overflow });
  if (prompt.length === undefined && byte === CTRL_Z) return { data: done() };
  if (prompt.bytes.length < prompt.limit) prompt.bytes.push(byte);
  else prompt.overflow = true;
  return prompt.bytes.length === prompt.length ? { data: done() } : undefined;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
