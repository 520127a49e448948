// pcscd with the vpcd driver, for tests: a daemon of its own that shares nothing with one of the machine.
//
// Its port is a free one, by a reader.conf of its own. The socket that PC/SC programs reach it by has one fixed name, so
// the daemon and the programs run in a mount namespace where /run/pcscd is their own.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { endsWithTests } from '../leftover.js';

const DRIVER = '/usr/lib/pcsc/drivers/serial/libifdvpcd.so';
const PROGRAM_MS = 20_000;

export interface Output {
  readonly code: number;
  /** Of both streams. */
  readonly text: string;
}

export class Pcscd {
  readonly port: number;
  readonly #folder: string;
  readonly #daemon: ChildProcess;

  private constructor(port: number, folder: string, daemon: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#daemon = daemon;
  }

  /** Resolves once the reader listens. Rejects with what the daemon said if it ends before. */
  static async start(): Promise<Pcscd> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'akari-pcsc-'));
    const channel = `0x${port.toString(16).toUpperCase()}`;
    writeFileSync(
      join(folder, 'vpcd'),
      `FRIENDLYNAME "Akari test"\nDEVICENAME /dev/null:${channel}\nLIBPATH ${DRIVER}\nCHANNELID ${channel}\n`,
    );
    // The daemon's own start script makes its folder; without that script nobody has.
    const script =
      'mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd && exec pcscd --foreground --info --config "$0"';
    const args = ['--mount', ...AS_ROOT, 'sh', '-c', script, folder];
    const daemon = endsWithTests(spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      daemon.on('error', reject);
      daemon.on('exit', (code) => reject(new Error(`pcscd ended (${code}):\n${said.join('\n')}`)));
      for (const stream of [daemon.stdout, daemon.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          said.push(line);
          if (line.includes('ready')) resolve();
        });
      }
    });
    return new Pcscd(port, folder, daemon);
  }

  /** Runs a PC/SC program against this daemon. */
  run(program: string, args: readonly string[], input = ''): Promise<Output> {
    const of = `/proc/${this.#daemon.pid}/ns`;
    const user = AS_ROOT.length > 0 ? [`--user=${of}/user`, '--preserve-credentials'] : [];
    const namespace = [...user, `--mount=${of}/mnt`];
    return new Promise((resolve, reject) => {
      const child = execFile(
        'nsenter',
        [...namespace, '--', program, ...args],
        { timeout: PROGRAM_MS, env: { ...process.env, TERM: 'dumb', LC_ALL: 'C' } },
        (error, stdout, stderr) => {
          const code = error?.code ?? 0;
          if (typeof code === 'string') reject(error ?? new Error(code));
          else resolve({ code, text: stdout + stderr });
        },
      );
      child.stdin?.end(input);
    });
  }

  /** Ends the daemon, if a test has not. */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#daemon;
    if (exitCode === null && signalCode === null) {
      const ended = new Promise((resolve) => this.#daemon.once('exit', resolve));
      this.#daemon.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Without being root: in a user namespace in which one is. */
const AS_ROOT = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];

/** A port that is free, with the next one: the driver has two slots. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await listen(0);
    if (port !== undefined && port < 65_535 && (await listen(port + 1)) !== undefined) return port;
  }
}

/** Listens for an instant; the port, or undefined if it is taken. */
function listen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen(port, '0.0.0.0', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });
}
