// A modem's serial line for programs outside: a TCP port or a local socket, and through socat a pseudo terminal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type ListenOptions, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { UartFormat } from '../board/abi.js';
import type { SerialLine } from '../board/serial.js';

/** The line cannot be offered; the message says why and what to do. */
export class SerialServerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SerialServerError';
  }
}

export interface SerialServerOptions {
  /** Its `near` end is the program's. */
  readonly line: SerialLine;
  /** Called when a program opens the line, and with every byte that it sends: the only power key there is. */
  readonly awake: () => void;
  /** Ends it all. */
  readonly signal: AbortSignal;
}

/** Bytes that a program may leave unread; what comes beyond is lost, as in a UART that nobody empties. */
const UNREAD_MAX = 64 * 1024;
/** Looks so often for somebody who has opened the pseudo terminal, seconds. */
const POLL_S = 0.05;

/**
 * Offers the line at 127.0.0.1:`port` (0: any) until `signal`, to one program at a time: others are turned away.
 * `ready` gets the port. Rejects with SerialServerError when the port cannot be had.
 */
export function serveTcp(options: SerialServerOptions, port: number, ready: (port: number) => void): Promise<void> {
  const where = `127.0.0.1:${port}`;
  return serve(options, { host: '127.0.0.1', port }, where, (address) => ready((address as AddressInfo).port));
}

function serve(
  { line, awake, signal }: SerialServerOptions,
  listen: ListenOptions,
  where: string,
  ready: (address: AddressInfo | string | null) => void,
): Promise<void> {
  let program: Socket | undefined;
  line.near.received = (bytes) => {
    if (program?.writable && program.writableLength < UNREAD_MAX) program.write(bytes);
  };
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined); // 'close' follows
      if (program !== undefined) {
        socket.destroy();
        return;
      }
      program = socket.setNoDelay(true);
      socket.on('close', () => (program = undefined));
      socket.on('data', (bytes) => {
        awake();
        // No speed comes with the bytes: they are sent at the one that the modem listens at.
        line.near.open(line.far.baud, UartFormat.N81);
        line.near.send(bytes);
      });
      awake();
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(new SerialServerError(`cannot listen at ${where} (${error.code ?? error.message})`));
    });
    server.on('close', resolve);
    server.listen({ ...listen, signal }, () => ready(server.address()));
    signal.addEventListener('abort', () => program?.destroy(), { once: true });
  });
}

/**
 * Offers a pseudo terminal whose name is the link `path`, until `signal`. `ready` is called whenever it can be opened:
 * each time somebody has closed it, a new one takes its place. Rejects with SerialServerError.
 */
export async function servePty(options: SerialServerOptions, path: string, ready: () => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'akari-modem-')); // mode 0700: the socket is ours alone
  const socket = join(folder, 'line');
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  try {
    let listening: () => void = () => undefined;
    const listens = new Promise<void>((resolve) => (listening = resolve));
    const served = serve({ ...options, signal }, { path: socket }, socket, () => listening());
    await Promise.race([listens, served]);
    while (!signal.aborted) await onePty(path, socket, signal, ready);
    await served;
  } finally {
    stop.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A pseudo terminal from its making until somebody who opened it has closed it. */
async function onePty(path: string, socket: string, signal: AbortSignal, ready: () => void): Promise<void> {
  const pty = `PTY,raw,echo=0,wait-slave,pty-interval=${POLL_S}`;
  const socat = spawn('socat', ['-d', '-d', pty, `UNIX-CONNECT:${socket}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stop = (): void => void socat.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  let failure: SerialServerError | undefined;
  let made = false;
  let last = '';
  createInterface({ input: socat.stderr }).on('line', (line) => {
    last = line.replace(/^.*? [A-Z] /, '');
    const device = /^PTY is (\S+)$/.exec(last)?.[1];
    if (device === undefined) return;
    try {
      link(device, path);
      made = true;
      ready();
    } catch (error) {
      failure = new SerialServerError(`no pseudo terminal at ${path}: ${(error as Error).message}`);
      stop();
    }
  });
  try {
    await once(socat, 'close');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SerialServerError(
      missing
        ? 'socat makes the pseudo terminal, and is not there: install it (apt-get install socat), or use TCP'
        : `socat: ${String(error)}`,
    );
  } finally {
    signal.removeEventListener('abort', stop);
    if (made) rmSync(path, { force: true });
  }
  if (failure) throw failure;
  if (!made && !signal.aborted) throw new SerialServerError(`no pseudo terminal at ${path}: ${last}`);
}

/** A symbolic link; one that is there already, left behind by a run that was killed, is replaced. */
function link(device: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path);
  symlinkSync(device, path);
}
