// The command line of ITU-T V.250 5.2..5.4: what stands between `AT` and the terminating character.
//
// Basic commands (`E0`, `&F`, `S3=13`) follow each other directly; extended ones (`+CSQ`, `+CPIN?`, `+X=?`, `+X=1,"a"`)
// end with `;` or the line.

export type Argument =
  | { readonly kind: 'omitted' }
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  /** Neither quoted nor decimal: a hexadecimal string, a bare word. */
  | { readonly kind: 'word'; readonly text: string };

export type CommandForm = 'execute' | 'read' | 'test' | 'set';

export interface ParsedCommand {
  /** Upper case: `+CSQ`, `E`, `&F`, `S3`. */
  readonly name: string;
  readonly form: CommandForm;
  readonly args: readonly Argument[];
}

export interface ParsedLine {
  /** What can be run, in order. */
  readonly commands: readonly ParsedCommand[];
  /** False when what follows `commands` makes no sense: they run, then the line ends with ERROR (V.250 5.3). */
  readonly wellFormed: boolean;
}

const EXTENDED_PREFIX = /[+^$%*#]/;
/** V.250 5.4.1: the characters of an extended command's name. */
const EXTENDED_NAME = /^[+^$%*#][A-Za-z][A-Za-z0-9!%\-./:_]*/;
const S_REGISTER = /^[Ss](\d{1,3})(\?|=(\d{1,3}))/;
const BASIC = /^(&?[A-Za-z])(\d{1,10})?/;
const DECIMAL = /^-?\d{1,10}$/;

const OMITTED: Argument = { kind: 'omitted' };

export interface ParseOptions {
  /** Blanks around the arguments of extended commands, which V.250 5.4.1 lets pass and some modems do not. */
  readonly blanks: boolean;
}

/** Never throws: a body that is not a command line gives `wellFormed: false`. */
export function parseLine(body: string, { blanks }: ParseOptions = { blanks: true }): ParsedLine {
  const commands: ParsedCommand[] = [];
  let rest = body.trim();
  while (rest !== '') {
    const found = EXTENDED_PREFIX.test(rest.charAt(0)) ? parseExtended(rest, blanks) : parseBasic(rest, blanks);
    if (found === undefined) return { commands, wellFormed: false };
    commands.push(found.command);
    rest = rest.slice(found.length).trimStart();
  }
  return { commands, wellFormed: true };
}

interface Found {
  readonly command: ParsedCommand;
  readonly length: number;
}

function parseBasic(text: string, blanks: boolean): Found | undefined {
  // A separator after a basic command is not needed, but many write it.
  if (text.startsWith(';')) {
    const next = text.slice(1).trimStart();
    if (next === '' || next.startsWith(';')) return undefined;
    const found = EXTENDED_PREFIX.test(next.charAt(0)) ? parseExtended(next, blanks) : parseBasic(next, blanks);
    return found && { command: found.command, length: text.length - next.length + found.length };
  }
  const register = S_REGISTER.exec(text);
  if (register) {
    const [whole, number = '', , value] = register;
    const name = `S${Number(number)}`;
    return {
      command: value === undefined ? { name, form: 'read', args: [] } : { name, form: 'set', args: [decimal(value)] },
      length: whole.length,
    };
  }
  const basic = BASIC.exec(text);
  if (!basic) return undefined;
  const [whole, name = '', value] = basic;
  const args: Argument[] = value === undefined ? [] : [decimal(value)];
  return {
    command: { name: name.toUpperCase(), form: args.length > 0 ? 'set' : 'execute', args },
    length: whole.length,
  };
}

function parseExtended(text: string, blanks: boolean): Found | undefined {
  const name = EXTENDED_NAME.exec(text)?.[0];
  if (name === undefined) return undefined;
  const end = endOfCommand(text, name.length);
  if (end === undefined) return undefined;
  const tail = text.slice(name.length, end).trim();
  const length = text.charAt(end) === ';' ? end + 1 : end;
  const of = (form: CommandForm, args: readonly Argument[] = []): Found => ({
    command: { name: name.toUpperCase(), form, args },
    length,
  });
  if (tail === '') return of('execute');
  if (tail === '?') return of('read');
  if (!tail.startsWith('=')) return undefined;
  if (tail.slice(1).trim() === '?') return of('test');
  const args = parseArguments(tail.slice(1), blanks);
  return args && of('set', args);
}

/** Index of the `;` or end that closes a command, quotes respected; undefined when a quote stays open. */
function endOfCommand(text: string, from: number): number | undefined {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '"') quoted = !quoted;
    else if (c === ';' && !quoted) return i;
  }
  return quoted ? undefined : text.length;
}

/** One argument and its separator: quoted, or bare. */
const LOOSE = /^\s*(?:"([^"]*)"\s*|([^",]*))(,|$)/;
const STRICT = /^(?:"([^"]*)"|([^",\s]*))(,|$)/;

function parseArguments(text: string, blanks: boolean): Argument[] | undefined {
  const args: Argument[] = [];
  let rest = text;
  for (;;) {
    const match = (blanks ? LOOSE : STRICT).exec(rest);
    if (!match) return undefined;
    const [whole, quoted, bare = '', separator] = match;
    args.push(quoted !== undefined ? { kind: 'string', text: quoted } : bareArgument(bare.trim()));
    if (separator !== ',') return args;
    rest = rest.slice(whole.length);
  }
}

function bareArgument(text: string): Argument {
  if (text === '') return OMITTED;
  return DECIMAL.test(text) ? decimal(text) : { kind: 'word', text };
}

const decimal = (text: string): Argument => ({ kind: 'number', value: Number(text), text });
