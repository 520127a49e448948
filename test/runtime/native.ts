// The C runtime as a person gets it: akari export, make, and the program that comes out of it.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ExportTarget, exportProject } from '../../host/export/index.js';

const run = promisify(execFile);

export const scratch = (): string => mkdtempSync(join(tmpdir(), 'akari-runtime-'));

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

/** Waits for something in real time; fails after `ms`. */
export async function eventually<T>(what: string, ms: number, look: () => T | undefined): Promise<T> {
  for (let left = ms; left > 0; left -= 5) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${what}: not within ${ms} ms`);
}

/** A running program of the posix port, with UART 0 as a socket that the test holds. */
export class NativeBoard {
  readonly #child: ChildProcess;
  readonly #server: Server;
  readonly socket: Socket;
  declare readonly log: string;
  received = Buffer.alloc(0);
  #exit: number | NodeJS.Signals | null | undefined;

  private constructor(child: ChildProcess, server: Server, socket: Socket) {
    this.#child = child;
    this.#server = server;
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
  }

  /** Starts it; `wrap` is a shell's command line that ends by running "$@". */
  static async start(program: string, args: readonly string[], wrap?: string): Promise<NativeBoard> {
    const path = join(scratch(), 'uart');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const connected = once(server, 'connection');
    const all = [program, '--uart', `0=unix:${path}`, ...args];
    const [command = '', ...rest] = wrap === undefined ? all : ['sh', '-c', wrap, 'sh', ...all];
    const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const died = once(child, 'exit').then(() => undefined);
    const socket = (await Promise.race([connected, died]))?.[0] as Socket | undefined;
    if (!socket) throw new Error(`${program} did not open its UART: ${log}`);
    const board = new NativeBoard(child, server, socket);
    Object.defineProperty(board, 'log', { get: () => log });
    child.on('exit', (code, signal) => (board.#exit = code ?? signal));
    return board;
  }

  /** Exit code or signal; undefined while it runs. */
  get exit(): number | NodeJS.Signals | null | undefined {
    return this.#exit;
  }

  /** Sends a command and takes the next `length` bytes. */
  async ask(command: Uint8Array, length: number, ms = 5_000): Promise<Buffer> {
    this.socket.write(command);
    return eventually(`answer to ${Buffer.from(command).toString('latin1')} (log: ${this.log})`, ms, () => {
      if (this.received.length < length) return undefined;
      const answer = this.received.subarray(0, length);
      this.received = this.received.subarray(length);
      return answer;
    });
  }

  /** Sends a command after which the app starts anew; resolves when it has. */
  async restart(command: Uint8Array): Promise<void> {
    const starts = (): number => this.log.split(': start: ').length;
    const before = starts();
    this.socket.write(command);
    await eventually(`restart (log: ${this.log})`, 5_000, () => starts() > before || undefined);
  }

  /** The plug is pulled. */
  async kill(): Promise<void> {
    if (this.#exit === undefined) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await gone;
    }
    this.socket.destroy();
    this.#server.close();
  }
}
