// A line of an emulated part (a modem's, a card's) for programs outside: a TCP port, and through socat a pseudo terminal.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, lstatSync, openSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';

/** An emulated part at its end of the line, seen as characters alone. */
export interface CharacterEnd {
  /** Set by the server: takes what the part says. */
  output: ((bytes: Uint8Array) => void) | undefined;
  /** Characters from the program. */
  input(bytes: Uint8Array): void;
  /** A program has opened the line: there is no other power key. */
  powerOn(): void;
  /** The program has closed it. */
  powerOff(): void;
}

/** Bytes that a program may leave unread; what comes beyond is lost, as in a UART that nobody empties. */
const UNREAD_MAX = 64 * 1024;

/** The line cannot be offered; the message says why. */
export class SerialError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SerialError';
  }
}

/**
 * Listens at `host`:`port` (0: any) until `signal`. There is one line: who connects takes it from whom had it before
 * (and may not yet have been seen to hang up). `ready` gets the port. Rejects with SerialError when the port cannot be had.
 */
export function serveTcp(options: {
  readonly end: CharacterEnd;
  readonly host: string;
  readonly port: number;
  readonly signal: AbortSignal;
  readonly ready: (port: number) => void;
}): Promise<void> {
  const { end, host, port, signal, ready } = options;
  let terminal: Socket | undefined;
  const leave = (): void => {
    terminal = undefined;
    end.powerOff();
  };
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined); // 'close' follows
      terminal?.destroy();
      terminal = socket.setNoDelay(true);
      socket.on('data', (bytes) => {
        if (terminal === socket) end.input(bytes);
      });
      socket.on('close', () => {
        if (terminal === socket) leave();
      });
      end.output = (bytes) => say(socket, bytes);
      end.powerOn();
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      reject(new SerialError(`cannot listen at ${host}:${port} (${error.code})`));
    });
    server.on('close', () => {
      // A server may close before its last socket says so.
      if (terminal !== undefined) leave();
      resolve();
    });
    server.listen({ host, port, signal }, () => ready((server.address() as AddressInfo).port));
    signal.addEventListener('abort', () => terminal?.destroy(), { once: true });
  });
}

function say(program: Writable, bytes: Uint8Array): void {
  if (program.writable && program.writableLength < UNREAD_MAX) program.write(bytes);
}

/** What socat says once there is a pseudo terminal, and once somebody has opened it. */
const NAMED = 'PTY is ';
const OPENED = 'starting data transfer loop';
/** Looks for somebody so often, seconds. */
const POLL_S = 0.05;

/**
 * Offers a pseudo terminal whose name is the link `path`, until `signal`. `ready` is called whenever there is a new one.
 * `lasting`: it stays the same, as a serial port does, when a program closes it and another opens it; the part is not told of
 * either. Otherwise a new one takes its place each time somebody has closed it. Rejects with SerialError.
 */
export async function servePty(options: {
  readonly end: CharacterEnd;
  readonly path: string;
  readonly lasting: boolean;
  readonly signal: AbortSignal;
  readonly ready: () => void;
}): Promise<void> {
  while (!options.signal.aborted) await onePty(options);
}

async function onePty({ end, path, lasting, signal, ready }: Parameters<typeof servePty>[0]): Promise<void> {
  const pty = `PTY,raw,echo=0,wait-slave,pty-interval=${POLL_S}`;
  const socat = spawn('socat', ['-d', '-d', pty, 'STDIO'], { stdio: 'pipe' });
  const stop = (): void => void socat.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  let opened = false;
  let holder: number | undefined;
  const open = (): void => {
    if (opened) return;
    opened = true;
    // A pseudo terminal ends when the last program closes it: one more that never does makes it last.
    if (lasting) holder = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    end.powerOn();
  };
  end.output = (bytes) => say(socat.stdin, bytes);
  socat.stdin.on('error', () => undefined); // 'exit' follows
  socat.stdout.on('data', (bytes: Uint8Array) => {
    open();
    end.input(bytes);
  });
  let fault = '';
  let made = false;
  createInterface({ input: socat.stderr }).on('line', (line) => {
    const said = line.replace(/^.*? [A-Z] /, ''); // after time, program and level
    if (said.startsWith(OPENED)) open();
    if (!said.startsWith(NAMED)) return;
    try {
      link(said.slice(NAMED.length), path);
      made = true;
      ready();
    } catch (error) {
      fault = (error as NodeJS.ErrnoException).code ?? 'unknown';
      stop();
    }
  });
  const why = await ended(socat);
  signal.removeEventListener('abort', stop);
  if (holder !== undefined) closeSync(holder);
  end.powerOff();
  if (made) rmSync(path, { force: true });
  if (opened || (signal.aborted && fault === '')) return;
  throw new SerialError(
    why === 'ENOENT'
      ? 'socat makes the pseudo terminal, and is not there: install it (apt-get install socat), or use TCP'
      : `no pseudo terminal at ${path} (${fault === '' ? `socat ended with ${why}` : fault})`,
  );
}

/** Makes `path` a link to `target`, in place of a link that was left there; anything else there stays (EEXIST). */
function link(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(path);
  symlinkSync(target, path);
}

/** Why a program is not running (any more), once all it said has been read. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.on('close', (code, signal) => resolve(String(code ?? signal)));
  });
}
