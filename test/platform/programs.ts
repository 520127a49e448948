// Real programs beside the platform: servers started and waited for, and what a command prints.

import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../host/clock/clock.js';
import { SocketUpstream } from '../../host/cloud/index.js';

/** Resolves to the port. */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export type ServerProgram = ChildProcessByStdio<Writable, Readable, Readable>;

/** The programs of one test file, in one folder. */
export class Programs {
  readonly #children: ChildProcess[] = [];

  constructor(
    readonly folder: string,
    readonly clock: Clock,
  ) {}

  /** Starts a server program and waits until its port answers. */
  async start(port: number, command: string, ...args: string[]): Promise<ServerProgram> {
    const child = spawn(command, args, { cwd: this.folder, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.push(child);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${said}`)));
    });
    failed.catch(() => undefined);
    const upstream = new SocketUpstream({ clock: this.clock, others: 'any' });
    for (let i = 0; i < 200; i++) {
      const connected = await Promise.race([upstream.connect('127.0.0.1', port).catch(() => undefined), failed]);
      if (connected !== undefined) {
        connected.destroy();
        return child;
      }
      await Promise.race([this.clock.sleep(50e6), failed]);
    }
    throw new Error(`${command} does not listen: ${said}`);
  }

  /** What a command prints when it gets this input. Rejects when it fails or takes half a minute. */
  run(input: string | Uint8Array, command: string, ...args: string[]): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: this.folder, timeout: 30_000 });
      const chunks: Buffer[] = [];
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child.stdin.on('error', () => undefined);
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(Buffer.concat(chunks));
        else reject(new Error(`${command} ended with ${code}: ${said}`));
      });
      child.stdin.end(input);
    });
  }

  stop(): void {
    for (const child of this.#children) {
      child.removeAllListeners('exit');
      child.kill('SIGTERM');
    }
  }
}
