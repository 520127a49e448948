// The sockets of a modem's own TCP/IP stack, apart from any vendor's commands: numbers, states, receive buffers, and
// the rule that a device hears of waiting data once until it has emptied the buffer.

import { concat } from '../bytes.js';
import type { Session, TcpConnection, TcpEvents, UdpSocket } from '../cellular/network.js';
import { SocketError } from '../cellular/network.js';
import type { Clock, Nanoseconds, Timer } from '../clock/clock.js';
import { MS, SECOND } from '../clock/clock.js';
import type { Trace } from '../trace/trace.js';
import type { TlsOptions } from './tls-connection.js';
import { connectTls } from './tls-connection.js';

export type SocketKind = 'tcp' | 'udp';

/** `buffer`: the device reads; `push`: data is handed over as it comes. */
export type AccessMode = 'buffer' | 'push';

/**
 * opening    waits for a name or a peer; leaves to `connected` or to nothing (the number is free again)
 * connected  leaves to `closing` when the far end closes or the connection breaks
 * closing    cannot send; what was received can be read until the device closes it
 */
export type SocketState = 'opening' | 'connected' | 'closing';

export interface SocketInfo {
  readonly id: number;
  readonly kind: SocketKind;
  readonly context: number;
  readonly mode: AccessMode;
  readonly state: SocketState;
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly localPort: number;
}

export interface SocketRequest {
  readonly id: number;
  readonly kind: SocketKind;
  readonly context: number;
  readonly mode: AccessMode;
  readonly host: string;
  readonly port: number;
  /** 0: any. */
  readonly localPort: number;
  /** TCP with TLS on it. */
  readonly tls?: TlsOptions;
}

/** What the stack tells by itself. But for `readable` (from `read`), none comes from inside a call of the device's. */
export interface SocketListener {
  /** An `open` has ended; with an error the number is free again. */
  opened(id: number, error: SocketError | undefined): void;
  /** Data waits, and none did before. */
  readable(id: number): void;
  /** Can `pushed` be told at once? While not, the data waits here, and the far end at last. */
  room(): boolean;
  /** Data in `push` mode, at most PUSH_MAX bytes. */
  pushed(id: number, bytes: Uint8Array): void;
  /** The far end has closed, or the connection broke. */
  closed(id: number): void;
  /** A connection found its session gone; `closed` is not called for it. */
  sessionLost(): void;
}

/** Bytes received and not yet read. A datagram beyond is lost; a stream is stopped until half of it is free. */
const RECEIVE_BUFFER = 10_240;
/** How often a line that has no room for pushed data is looked at. */
const PUSH_POLL = 20 * MS;
/** Bytes handed to the stack and not yet acknowledged; beyond it a send fails (and may be tried again). */
const SEND_BUFFER = 16_384;
export const PUSH_MAX = 1460;
/** A connection that is not there by then is given up. */
const OPEN_LIMIT = 75 * SECOND;
const CLOSE_POLL = 50 * MS;
/** RFC 6335 6: dynamic ports. */
const FIRST_LOCAL_PORT = 49_152;

/** An address rather than a name. */
export const isDotted = (host: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(host);

class Socket {
  state: SocketState = 'opening';
  remoteIp: string;
  tcp: TcpConnection | undefined;
  udp: UdpSocket | undefined;
  /** Received and unread: a stream's bytes, or datagrams. */
  waiting: Uint8Array[] = [];
  waitingBytes = 0;
  /** The device was told of what waits. */
  told = false;
  received = 0;
  sent = 0;
  /** The stream was stopped. */
  paused = false;
  /** The far end has closed, and the device is told when all before it was pushed. */
  farewell = false;
  timer: Timer | undefined;
  push: Timer | undefined;

  constructor(
    readonly id: number,
    readonly kind: SocketKind,
    readonly context: number,
    readonly mode: AccessMode,
    readonly host: string,
    readonly remotePort: number,
    readonly localPort: number,
  ) {
    this.remoteIp = host;
  }
}

export class Sockets {
  readonly #clock: Clock;
  readonly #trace: Trace;
  readonly #listener: SocketListener;
  readonly #sockets = new Map<number, Socket>();
  #nextPort = FIRST_LOCAL_PORT;

  constructor(clock: Clock, trace: Trace, listener: SocketListener) {
    this.#clock = clock;
    this.#trace = trace;
    this.#listener = listener;
  }

  /** In order of number. */
  list(): SocketInfo[] {
    return [...this.#sockets.values()].sort((a, b) => a.id - b.id);
  }

  get(id: number): SocketInfo | undefined {
    return this.#sockets.get(id);
  }

  /** Starts to open a number that is free. The outcome comes to the listener. */
  open(session: Session, request: SocketRequest): void {
    const { id, kind, context, mode, host, port, localPort, tls } = request;
    const socket = new Socket(id, kind, context, mode, host, port, localPort === 0 ? this.#localPort() : localPort);
    this.#sockets.set(id, socket);
    this.#emit(socket, 'connect');
    socket.timer = this.#clock.after(OPEN_LIMIT, () =>
      this.#failed(socket, new SocketError('timeout', `${host} did not answer`)),
    );
    // What a session throws at once is an outcome like any other, and outcomes come later.
    this.#clock.stir();
    void Promise.resolve()
      .then(() => (kind === 'tcp' ? this.#openTcp(socket, session, tls) : this.#openUdp(socket, session)))
      .catch((error: unknown) =>
        this.#failed(socket, error instanceof SocketError ? error : new SocketError('no-session', String(error))),
      );
  }

  #localPort(): number {
    const port = this.#nextPort++;
    if (this.#nextPort > 0xffff) this.#nextPort = FIRST_LOCAL_PORT;
    return port;
  }

  #openTcp(socket: Socket, session: Session, tls: TlsOptions | undefined): void {
    if (!this.#alive(socket)) return;
    const { host, remotePort } = socket;
    const events: TcpEvents = {
      connected: (remote) => {
        if (!this.#alive(socket) || socket.state !== 'opening') return;
        this.#connected(socket, remote.replace(/:\d+$/, ''));
      },
      data: (bytes) => {
        if (!this.#alive(socket) || socket.state !== 'connected') return true;
        this.#received(socket, bytes);
        socket.paused = socket.waitingBytes >= RECEIVE_BUFFER;
        return !socket.paused;
      },
      ended: () => this.#farEndClosed(socket, 'ended'),
      failed: (error) => this.#failed(socket, error),
    };
    socket.tcp = tls
      ? connectTls(this.#clock, session, host, remotePort, tls, events)
      : session.connectTcp(host, remotePort, events);
  }

  async #openUdp(socket: Socket, session: Session): Promise<void> {
    const [address] = isDotted(socket.host) ? [socket.host] : await session.resolve(socket.host);
    if (!this.#alive(socket)) return;
    if (address === undefined) throw new SocketError('name-unknown', `${socket.host} has no address`);
    socket.udp = session.openUdp({
      message: (bytes, fromIp, fromPort) => {
        if (!this.#alive(socket) || fromIp !== address || fromPort !== socket.remotePort) return;
        if (socket.waitingBytes + bytes.length <= RECEIVE_BUFFER) this.#received(socket, bytes);
      },
      failed: (error) => this.#failed(socket, error),
    });
    this.#connected(socket, address);
  }

  #connected(socket: Socket, remoteIp: string): void {
    socket.timer?.cancel();
    socket.remoteIp = remoteIp;
    socket.state = 'connected';
    this.#emit(socket, 'connected');
    this.#listener.opened(socket.id, undefined);
  }

  #received(socket: Socket, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    socket.received += bytes.length;
    socket.waiting.push(Uint8Array.from(bytes));
    socket.waitingBytes += bytes.length;
    if (socket.mode === 'push') this.#push(socket);
    else if (!socket.told) {
      socket.told = true;
      this.#listener.readable(socket.id);
    }
  }

  /** Pushes what waits as the line takes it, then says that the far end has closed, if it has. */
  #push(socket: Socket): void {
    if (socket.push || !this.#alive(socket)) return;
    while (socket.mode === 'push' && socket.waitingBytes > 0) {
      if (!this.#listener.room()) {
        socket.push = this.#clock.after(PUSH_POLL, () => {
          socket.push = undefined;
          this.#push(socket);
        });
        return;
      }
      this.#listener.pushed(socket.id, this.#take(socket, PUSH_MAX));
      this.#goOn(socket);
    }
    if (!socket.farewell) return;
    socket.farewell = false;
    this.#listener.closed(socket.id);
  }

  #farEndClosed(socket: Socket, event: 'ended' | 'reset', error?: SocketError): void {
    if (!this.#alive(socket)) return;
    if (socket.state === 'opening') {
      this.#failed(socket, error ?? new SocketError('refused', 'closed before it was open'));
      return;
    }
    if (socket.state === 'closing') return;
    socket.state = 'closing';
    this.#emit(socket, event, error);
    if (error?.code === 'no-session') this.#listener.sessionLost();
    else {
      socket.farewell = true;
      this.#push(socket);
    }
  }

  #failed(socket: Socket, error: SocketError): void {
    if (!this.#alive(socket)) return;
    if (socket.state !== 'opening') {
      socket.tcp = undefined;
      socket.udp = undefined;
      this.#farEndClosed(socket, 'reset', error);
      return;
    }
    this.#remove(socket);
    this.#emit(socket, error.code === 'timeout' ? 'timeout' : error.code === 'reset' ? 'reset' : 'refused', error);
    this.#listener.opened(socket.id, error);
  }

  /**
   * `no`: there is no such connection, or it is closed. `full`: not now.
   */
  send(id: number, bytes: Uint8Array): 'ok' | 'no' | 'full' {
    const socket = this.#sockets.get(id);
    if (socket?.state !== 'connected') return 'no';
    if ((socket.tcp?.unacknowledged ?? 0) + bytes.length > SEND_BUFFER) return 'full';
    socket.tcp?.send(bytes);
    socket.udp?.send(bytes, socket.remoteIp, socket.remotePort);
    socket.sent += bytes.length;
    return 'ok';
  }

  /** Bytes handed in since the socket was opened, and those of them not yet acknowledged. */
  sent(id: number): { readonly total: number; readonly unacknowledged: number } | undefined {
    const socket = this.#sockets.get(id);
    return socket && { total: socket.sent, unacknowledged: socket.tcp?.unacknowledged ?? 0 };
  }

  received(id: number): { readonly total: number; readonly unread: number } | undefined {
    const socket = this.#sockets.get(id);
    return socket && { total: socket.received, unread: socket.waitingBytes };
  }

  /** At most `max` bytes of the stream, or of the oldest datagram; empty when nothing waits. */
  read(id: number, max: number): Uint8Array | undefined {
    const socket = this.#sockets.get(id);
    if (!socket) return undefined;
    const bytes = this.#take(socket, max);
    this.#goOn(socket);
    return bytes;
  }

  #take(socket: Socket, max: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let room = max;
    while (room > 0) {
      const first = socket.waiting[0];
      if (!first || (socket.kind === 'udp' && parts.length > 0)) break;
      const part = first.subarray(0, room);
      parts.push(part);
      room -= part.length;
      if (part.length === first.length) socket.waiting.shift();
      else socket.waiting[0] = first.subarray(part.length);
    }
    const bytes = concat(...parts);
    socket.waitingBytes -= bytes.length;
    if (socket.waitingBytes === 0) socket.told = false;
    return bytes;
  }

  /** Lets a stopped stream go on when there is room. What it held may come at once: nothing that is older may be in hand. */
  #goOn(socket: Socket): void {
    if (!socket.paused || socket.waitingBytes > RECEIVE_BUFFER / 2) return;
    socket.paused = false;
    socket.tcp?.resume();
  }

  /**
   * Closes and frees the number. A connection with unacknowledged bytes gets `limit` to deliver them, then it is
   * reset. Nothing of the socket reaches the listener any more.
   */
  async close(id: number, limit: Nanoseconds): Promise<void> {
    const socket = this.#sockets.get(id);
    if (!socket) return;
    this.#remove(socket);
    const { tcp, udp } = socket;
    udp?.close();
    if (!tcp) return;
    if (socket.state === 'opening') {
      tcp.abort();
      return;
    }
    tcp.end();
    const deadline = this.#clock.now() + limit;
    while (tcp.unacknowledged > 0) {
      if (this.#clock.now() >= deadline) {
        tcp.abort();
        return;
      }
      await this.#clock.sleep(CLOSE_POLL);
    }
  }

  /** The session under a context is gone: what was opening has failed, what was open cannot send any more. */
  lose(context: number): void {
    for (const socket of [...this.#sockets.values()]) {
      if (socket.context !== context) continue;
      if (socket.state === 'opening') this.#failed(socket, new SocketError('no-session', 'the session is gone'));
      else socket.state = 'closing';
    }
  }

  /** Aborts and frees all sockets of a context, or all there are; nothing is told to the listener. */
  drop(context?: number): void {
    for (const socket of [...this.#sockets.values()]) {
      if (context !== undefined && socket.context !== context) continue;
      this.#remove(socket);
      this.#release(socket);
    }
  }

  #remove(socket: Socket): void {
    socket.timer?.cancel();
    socket.push?.cancel();
    this.#sockets.delete(socket.id);
  }

  #release(socket: Socket): void {
    socket.tcp?.abort();
    socket.udp?.close();
  }

  #alive(socket: Socket): boolean {
    return this.#sockets.get(socket.id) === socket;
  }

  #emit(
    socket: Socket,
    event: 'connect' | 'connected' | 'refused' | 'ended' | 'reset' | 'timeout',
    error?: SocketError,
  ): void {
    const remote = `${socket.host}:${socket.remotePort}`;
    this.#trace.emit({ type: 'socket', event, id: socket.id, remote, ...(error ? { error: error.message } : {}) });
  }
}
