// The platform's entry points on this computer's loopback. Every name of the platform has an address of its own, as in
// the real network: 100.127.a.b there is 127.127.a.b here. A caller is told by the address it calls from: the session
// that has this address is who is calling, and who has none is rejected.

import { createSocket, type Socket as UdpServer } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServiceRegistry, Session, TcpService, UdpService } from '../cellular/network.js';
import { HeldBytes } from '../platform/held.js';
import { DATAGRAM_HELD_LIMITS, DATAGRAMS_PER_TURN } from '../platform/limits.js';
import { pace } from '../platform/pace.js';
import { resetSocket } from '../reset.js';

/** Ports below 1024 need privileges: they are found so much higher. 80 is 8080, 443 is 8443. */
export const PORT_OFFSET = 8000;
const PRIVILEGED = 1024;
/** What a datagram that waits takes beside its bytes. */
const DATAGRAM_BYTES = 512;

export interface EntryPoint {
  readonly name: string;
  readonly protocol: 'tcp' | 'udp';
  /** As the documentation of the platform has it. */
  readonly port: number;
  /** Where it is on this computer. */
  readonly host: string;
  readonly hostPort: number;
}

export interface LoopbackOptions {
  /** Gives names their addresses in 100.127.0.0/16. */
  readonly registry: Pick<ServiceRegistry, 'name'>;
  readonly sessionByIp: (ip: string) => Session | undefined;
  /** Somebody called whose address has no session. */
  readonly refused: (from: string, to: EntryPoint) => void;
  /** Runs the work that a datagram means, and deals with what it throws; without it, an error ends the process. */
  readonly guard?: (work: () => void) => void;
  /** Second byte of the platform's addresses, so that several worlds have room; 127 unless given. */
  readonly block?: number;
}

/** An entry point that cannot be offered; the message says which and why. */
export class LoopbackError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LoopbackError';
  }
}

const NO_ADDRESS = 'this computer has no such address; on macOS, add it: sudo ifconfig lo0 alias';

function cannotListen(what: string, host: string, port: string, error: unknown): LoopbackError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE:
      ': another program has it; if that is an "akari serve", end it, or start this one with --block and a number ' +
      'from 127 to 254 that no other has',
    EADDRNOTAVAIL: `: ${NO_ADDRESS} ${host}`,
    EACCES: ': this user may not',
  };
  const words = `${what}: cannot listen at ${host}, ${port} (${code})${advice[code] ?? ''}`;
  return new LoopbackError(words, { cause: error });
}

export class Loopback implements ServiceRegistry {
  readonly isByAddress = true;
  readonly #options: LoopbackOptions;
  readonly #entryPoints: (EntryPoint & { readonly open: () => Promise<void> })[] = [];
  readonly #servers: (Server | UdpServer)[] = [];
  readonly #sockets = new Map<string, Set<Socket>>();
  readonly #closed = new WeakSet<UdpServer>();
  /** Datagrams that wait for a turn, by address. */
  readonly #waitingBytes = new HeldBytes(DATAGRAM_HELD_LIMITS);
  #servedInTurn = 0;

  constructor(options: LoopbackOptions) {
    this.#options = options;
  }

  get entryPoints(): readonly EntryPoint[] {
    return this.#entryPoints;
  }

  name(...names: readonly string[]): string {
    const { registry, block = 127 } = this.#options;
    return registry.name(...names).replace(/^100\.127\./, `127.${block}.`);
  }

  tcp(name: string, port: number, service: TcpService): void {
    const point = this.#point(name, 'tcp', port);
    this.#entryPoints.push({ ...point, open: () => this.#listen(point, service) });
  }

  udp(name: string, port: number, service: UdpService): void {
    const point = this.#point(name, 'udp', port);
    this.#entryPoints.push({ ...point, open: () => this.#bind(point, service) });
  }

  /** Rejects with LoopbackError. */
  async open(): Promise<void> {
    for (const { open, name, host, hostPort, protocol } of this.#entryPoints) {
      try {
        await open();
      } catch (error) {
        throw cannotListen(name, host, `${protocol} port ${hostPort}`, error);
      }
    }
  }

  /** The address for callers from outside the network: no name of the platform has it. */
  get outside(): string {
    return outsideOf(this.#options.block);
  }

  /** Serves callers from any address. Rejects with LoopbackError. */
  async openOutside(what: string, port: number, service: (stream: Duplex, from: string) => void): Promise<void> {
    const sockets = this.#sockets.get('outside') ?? new Set<Socket>();
    this.#sockets.set('outside', sockets);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => undefined); // 'close' follows
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      service(socket, socket.remoteAddress ?? '');
    });
    this.#servers.push(server);
    try {
      server.listen(port, this.outside);
      await once(server, 'listening');
    } catch (error) {
      throw cannotListen(what, this.outside, `tcp port ${port}`, error);
    }
  }

  /**
   * The same for datagrams: `from` names the address and port of who calls. Resolves to what sends to such a place without having been
   * called. Rejects with LoopbackError.
   */
  async bindOutside(
    what: string,
    port: number,
    service: (bytes: Uint8Array, from: string, reply: (bytes: Uint8Array) => void) => void,
  ): Promise<(to: string, bytes: Uint8Array) => void> {
    const server = createSocket('udp4');
    const send = (bytes: Uint8Array, theirs: number, address: string): void => {
      this.#send(server, bytes, theirs, address);
    };
    server.on('message', (bytes, { address, port: theirs }) => {
      this.#inTurn(address, bytes, () => service(bytes, `${address}:${theirs}`, (out) => send(out, theirs, address)));
    });
    server.once('close', () => this.#closed.add(server));
    this.#servers.push(server);
    try {
      server.bind(port, this.outside);
      await once(server, 'listening');
    } catch (error) {
      throw cannotListen(what, this.outside, `udp port ${port}`, error);
    }
    server.on('error', () => undefined); // for example ICMP errors of callers that went away
    return (to, bytes) => {
      const [, address, theirs] = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(to) ?? [];
      if (address !== undefined && Number(theirs) > 0 && Number(theirs) < 65_536) send(bytes, Number(theirs), address);
    };
  }

  /** A session has ended: its connections are reset, as by a gateway that knows it no more. */
  sessionClosed(ip: string): void {
    for (const socket of this.#sockets.get(ip) ?? []) resetSocket(socket);
  }

  async close(): Promise<void> {
    for (const sockets of this.#sockets.values()) for (const socket of sockets) resetSocket(socket);
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => void server.close(() => resolve()))),
    );
  }

  #send(server: UdpServer, bytes: Uint8Array, port: number, address: string): void {
    // RFC 768: port 0 as the source says that the sender takes no reply. Sending to it throws.
    if (port > 0 && !this.#closed.has(server)) server.send(bytes, port, address, () => undefined);
  }

  /** Serves a datagram, those of one address in their order; it waits when many come at once. */
  #inTurn(address: string, { length }: Uint8Array, serve: () => void): void {
    const isFirst = this.#waitingBytes.bytesOf(address) === 0;
    if (isFirst && this.#servedInTurn < DATAGRAMS_PER_TURN) {
      if (this.#servedInTurn === 0) setImmediate(() => (this.#servedInTurn = 0));
      this.#servedInTurn++;
      return this.#guarded(serve);
    }
    const share = this.#waitingBytes.share(address);
    if (share.take(length + DATAGRAM_BYTES) !== undefined) return;
    pace.later(address, () => {
      share.release();
      this.#guarded(serve);
    });
  }

  #guarded(work: () => void): void {
    const { guard } = this.#options;
    if (guard === undefined) work();
    else guard(work);
  }

  #point(name: string, protocol: 'tcp' | 'udp', port: number): EntryPoint {
    const host = this.name(name);
    return { name, protocol, port, host, hostPort: port < PRIVILEGED ? port + PORT_OFFSET : port };
  }

  async #listen(point: EntryPoint, service: TcpService): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      socket.on('error', () => undefined); // 'close' follows; the service has its own
      const from = socket.remoteAddress ?? '';
      const session = this.#options.sessionByIp(from);
      if (session === undefined) {
        this.#options.refused(from, point);
        resetSocket(socket);
        return;
      }
      const sockets = this.#sockets.get(from) ?? new Set();
      this.#sockets.set(from, sockets.add(socket));
      socket.once('close', () => sockets.delete(socket));
      service(socket, session);
    });
    this.#servers.push(server);
    server.listen(point.hostPort, point.host);
    await once(server, 'listening');
  }

  async #bind(point: EntryPoint, service: UdpService): Promise<void> {
    const server = createSocket('udp4');
    server.on('message', (bytes, { address, port }) => {
      const session = this.#options.sessionByIp(address);
      if (session === undefined) {
        this.#options.refused(address, point);
        return;
      }
      const reply = (out: Uint8Array): void => {
        // A reply that comes after the end has nowhere to go.
        if (session.open) this.#send(server, out, port, address);
      };
      this.#inTurn(address, bytes, () => service(bytes, session, reply, `${address}:${port}`));
    });
    server.once('close', () => this.#closed.add(server));
    this.#servers.push(server);
    server.bind(point.hostPort, point.host);
    await once(server, 'listening');
    server.on('error', () => undefined); // for example ICMP errors of callers that went away
  }
}

/** The first address of a world's block. */
export const outsideOf = (block = 127): string => `127.${block}.0.1`;
