// Eclipse Wakaama's programs, which tools/wakaama compiles, on their command lines.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileOf } from '../../tools/peers.mjs';
import { eventually, until } from '../until.js';
import { endsWithTests } from '../leftover.js';

type Program = 'wakaama-client' | 'wakaama-server' | 'wakaama-bootstrap-server';

export interface Account {
  readonly id: number;
  readonly uri: string;
  /** Absent: in clear. */
  readonly psk?: { readonly identity: string; readonly key: Uint8Array };
}

/** What tells its bootstrap server to give everybody the account of one server. `file` is to be written. */
export function writeAccount(file: string, { id, uri, psk }: Account): void {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const secrets =
    psk === undefined
      ? ['security=NoSec']
      : ['security=PSK', `public=${hex(Buffer.from(psk.identity))}`, `secret=${hex(psk.key)}`];
  const server = ['[Server]', `id=${id}`, `uri=${uri}`, 'bootstrap=no', 'lifetime=300', ...secrets];
  const everybody = ['[Endpoint]', 'Delete=/', `Server=${id}`];
  writeFileSync(file, [...server, ...everybody].map((line) => `${line}\n`).join(''));
}

/** One of its programs, spoken with over its command line. `stop` it. */
export class Wakaama {
  /** All that it has printed; of its standard output when it prompts. */
  text = '';
  readonly #child: ChildProcessWithoutNullStreams;
  #taken = 0;

  /** Resolves when it prompts. */
  static async start(program: Program, ...args: readonly string[]): Promise<Wakaama> {
    const started = new Wakaama(program, args);
    try {
      await started.prints(/> /);
      return started;
    } catch (error) {
      started.#child.kill('SIGKILL');
      throw error;
    }
  }

  private constructor(program: Program, args: readonly string[]) {
    this.#child = endsWithTests(spawn(fileOf(program), ['-4', ...args]));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (data: Buffer) => (this.text += data.toString('latin1').replaceAll('\r', '')));
    }
    // It may be gone when it is told something.
    this.#child.stdin.on('error', () => undefined);
  }

  /** Its prompt takes one command a read: this resolves when it has printed something. */
  async say(line: string): Promise<void> {
    const { length } = this.text;
    this.#child.stdin.write(`${line}\n`);
    await until(() => this.text.length > length);
  }

  /** Waits until it prints this, after what was found last; what matches. Rejects with what it has printed instead. */
  async prints(pattern: RegExp, milliseconds = 20_000): Promise<RegExpExecArray> {
    const unread = (): string => this.text.slice(this.#taken);
    const match = await eventually(
      () => `${pattern.source} is not in "${unread()}"`,
      milliseconds,
      () => pattern.exec(unread()) ?? undefined,
    );
    this.#taken += match.index + match[0].length;
    return match;
  }

  /** De-registers and ends. Resolves when it is gone: the client, once it has said all, by a fault of its own. */
  async quit(): Promise<void> {
    const gone = once(this.#child, 'close');
    this.#child.stdin.write('quit\n');
    await gone;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
