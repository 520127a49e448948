// The C runtime as a person gets it: akari export, make, and the program that comes out of it.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync, openSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import { type ExportTarget, exportProject } from '../../host/export/index.js';
import { eventually } from '../until.js';
import { scratch } from './scratch.js';
import { endsWithTests } from '../leftover.js';

const run = promisify(execFile);

/** Exports and builds an app; resolves to the path of what was built. Rejects with make's words. */
export async function build(
  app: string,
  options: { readonly target?: ExportTarget; readonly memory?: number; readonly make?: readonly string[] } = {},
): Promise<string> {
  const { target = 'posix', make = [], ...rest } = options;
  const folder = join(scratch(), 'board');
  exportProject({ target, app, folder, ...rest });
  await run('make', ['-s', ...make], { cwd: folder });
  const name = app.replace(/^.*\//, '').replace(/\.wasm$/, '');
  return join(folder, 'build', target === 'qemu-rv32' ? `${name}.elf` : name);
}

/** A module written by hand, for what no compiler of ours makes. */
export function assemble(name: string, wat: string): string {
  const folder = scratch();
  const app = join(folder, `${name}.wasm`);
  writeFileSync(join(folder, 'app.wat'), wat);
  const { status, stderr, error } = spawnSync('wat2wasm', [join(folder, 'app.wat'), '-o', app], { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr);
  return app;
}

interface StartOptions {
  readonly args?: readonly string[];
  /** A shell's command line that ends by running "$@". */
  readonly wrap?: string;
  /** What UART 0 is; the test holds the other end. */
  readonly line?: 'socket' | 'pty';
  /** Milliseconds that a start may take. */
  readonly startMs?: number;
}

/** Compilers and emulators of several tests at once share a machine. */
const START_MS = 60_000;

/** What QEMU says first by telnet's rules: four options of three bytes. */
const TELNET_OPTIONS = 12;

const qemuCommand = (elf: string, serial: string, make: readonly string[] = []): string[] => [
  ...['make', '-s', '-C', dirname(dirname(elf)), 'run', `SERIAL=${serial}`, ...make],
];

/** A board that runs as a real program on this machine: the posix port, or a core in QEMU. */
export class RealBoard {
  readonly #child: ChildProcess;
  #log = '';
  #exit: number | NodeJS.Signals | undefined;
  #received = Buffer.alloc(0);
  #uart: Socket | undefined;

  readonly #startMs: number;

  private constructor([command = '', ...args]: readonly string[], startMs = START_MS) {
    this.#startMs = startMs;
    // A group of its own, so that all of it can be killed at once.
    this.#child = endsWithTests(spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true }));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
    }
    this.#child.on('exit', (code, signal) => (this.#exit = code ?? signal ?? -1));
  }

  /** Starts a program of the posix port; resolves when its UART is open. */
  static async posix(
    program: string,
    { args = [], wrap, line = 'socket', startMs }: StartOptions = {},
  ): Promise<RealBoard> {
    const path = join(scratch(), 'uart');
    const command = [...(wrap === undefined ? [] : ['sh', '-c', wrap, 'sh']), program];
    if (line === 'socket') {
      const listening = createServer().listen(path);
      return RealBoard.#listen(listening, () => [...command, '--uart', `0=unix:${path}`, ...args], startMs);
    }
    return RealBoard.#started(
      new RealBoard([...command, '--uart', `0=pty:${path}`, ...args], startMs),
      async (board) => {
        await board.#until('pseudo terminal', () => existsSync(path));
        board.#wire(new ReadStream(openSync(path, constants.O_RDWR | constants.O_NOCTTY)));
      },
    );
  }

  /** Starts firmware as its README says, its UART a TCP connection; resolves when the app has started. */
  static async qemu(elf: string, ...make: readonly string[]): Promise<RealBoard> {
    const server = createServer().listen(0, '127.0.0.1');
    const board = await RealBoard.#listen(server, (address) => {
      const { port } = address as AddressInfo;
      return qemuCommand(elf, `tcp:127.0.0.1:${port}`, make);
    });
    return RealBoard.#started(board, () => board.#until('start', () => /: (not started|start): /.test(board.#log)));
  }

  /** The same with a UART by telnet's rules, which has breaks. QEMU keeps them as a server only. */
  static async qemuTelnet(elf: string): Promise<RealBoard> {
    const path = join(scratch(), 'uart');
    return RealBoard.#started(
      new RealBoard(qemuCommand(elf, `unix:${path},server=on,wait=on,telnet=on`)),
      async (board) => {
        await board.#until('UART', () => existsSync(path));
        board.#wire(connect(path));
        await board.#until('start', () => /: start: /.test(board.#log));
        await board.#until('telnet options', () => board.#received.length >= TELNET_OPTIONS);
      },
    );
  }

  /** The board once it has started; one that does not, or not in time, is left neither running nor wired. */
  static async #started(board: RealBoard, start: (board: RealBoard) => Promise<void>): Promise<RealBoard> {
    try {
      await start(board);
      return board;
    } catch (error) {
      await board.kill();
      throw error;
    }
  }

  static async #listen(
    server: Server,
    command: (address: unknown) => readonly string[],
    startMs?: number,
  ): Promise<RealBoard> {
    await once(server, 'listening');
    const board = new RealBoard(command(server.address()), startMs);
    server.once('connection', (socket) => board.#wire(socket));
    return RealBoard.#started(board, () =>
      board.#until('UART', () => board.#uart !== undefined).finally(() => server.close()),
    );
  }

  async #until(what: string, met: () => boolean): Promise<void> {
    await eventually(what, this.#startMs, () => {
      if (this.#exit !== undefined) throw new Error(`no ${what}: ended (${this.#exit}): ${this.#log}`);
      return met() || undefined;
    });
  }

  #wire(uart: Socket): void {
    this.#uart = uart;
    uart.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
    uart.on('error', () => undefined);
  }

  /** The test's end of UART 0. */
  get uart(): Socket {
    if (this.#uart === undefined) throw new Error('no UART');
    return this.#uart;
  }

  get log(): string {
    return this.#log;
  }

  /** Exit code or signal; undefined while it runs. */
  get exit(): number | NodeJS.Signals | undefined {
    return this.#exit;
  }

  /** What came and was not taken. */
  get unread(): Buffer {
    return this.#received;
  }

  /** Sends a command and takes the next `length` bytes. */
  async ask(command: Uint8Array, length: number): Promise<Buffer> {
    this.uart.write(command);
    return eventually(
      () => `answer to ${Buffer.from(command).toString('latin1')} (log: ${this.log})`,
      5_000,
      () => {
        if (this.#received.length < length) {
          if (this.#exit !== undefined) throw new Error(`ended (${this.#exit})`);
          return undefined;
        }
        const answer = this.#received.subarray(0, length);
        this.#received = this.#received.subarray(length);
        return answer;
      },
    );
  }

  /** Sends a command after which the app restarts; resolves when it has. */
  async restart(command: Uint8Array): Promise<void> {
    const starts = (): number => this.log.split(': start: ').length;
    const before = starts();
    this.uart.write(command);
    await eventually(
      () => `restart (log: ${this.log})`,
      5_000,
      () => starts() > before || undefined,
    );
  }

  /** The plug is pulled. */
  async kill(): Promise<void> {
    const { pid } = this.#child;
    if (this.#exit === undefined && pid !== undefined) {
      const gone = once(this.#child, 'exit');
      process.kill(-pid, 'SIGKILL');
      await gone;
    }
    this.#uart?.destroy();
  }
}
