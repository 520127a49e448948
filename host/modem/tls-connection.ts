// TLS over a connection of the modem's own stack. The handshake is node:tls's, as the other end of it is the platform's
// or a customer's; to the sockets it looks like the TCP connection that it runs on.

import { isIP } from 'node:net';
import { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import type { Session, TcpConnection, TcpEvents } from '../cellular/network.js';
import { SocketError } from '../cellular/network.js';
import type { Clock } from '../clock/clock.js';
import { SimulatedClient } from '../tls/simulated.js';

/** How a connection is to be secured. */
export interface TlsOptions {
  /** Certificates (PEM) of which one must vouch for the server; undefined: the server is not asked who it is. */
  readonly trusted: readonly string[] | undefined;
  /** The server is told the name that it was looked up by. */
  readonly sendName: boolean;
  /** The one version that is spoken. */
  readonly version: tls.SecureVersion;
}

/** Starts a TCP connection of the session and TLS on it. A handshake that fails is a connection that failed. */
export function connectTls(
  clock: Clock,
  session: Session,
  host: string,
  port: number,
  options: TlsOptions,
  events: TcpEvents,
): TcpConnection {
  const connection: tls.ConnectionOptions = {
    host,
    servername: options.sendName && isIP(host) === 0 ? host : '',
    ...(options.trusted && { ca: [...options.trusted] }),
    rejectUnauthorized: options.trusted !== undefined,
    minVersion: options.version,
    maxVersion: options.version,
  };
  const connect = session.simulatedTls === true ? simulate : encrypt;
  return connect(clock, session, { host, port, connection }, events);
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly connection: tls.ConnectionOptions;
}

/** TLS that is not encrypted (../tls/simulated.ts): after its handshake, the connection is TCP's. */
function simulate(
  _clock: Clock,
  session: Session,
  { host, port, connection }: Target,
  events: TcpEvents,
): TcpConnection {
  const client = new SimulatedClient(connection);
  let remote = '';
  let open = false;
  const fail = (message: string): void => {
    client.close();
    tcp.abort();
    events.failed(new SocketError('reset', `${host}:${port}: TLS: ${message}`));
  };
  const answered = (rest: Uint8Array): boolean => {
    const { outcome } = client;
    if (outcome?.ok !== true) {
      fail(outcome?.fault.message ?? 'no TLS server answered');
      return true;
    }
    client.close();
    open = true;
    events.connected(remote);
    return rest.length === 0 || events.data(rest);
  };
  const tcp = session.connectTcp(host, port, {
    connected: (address) => {
      remote = address;
      tcp.send(client.hello);
    },
    data: (bytes) => (open ? events.data(bytes) : answered(bytes.subarray(1))),
    ended: () => events.ended(),
    failed: (error) => {
      client.close();
      events.failed(error);
    },
  });
  return {
    send: (bytes) => tcp.send(bytes),
    get unacknowledged() {
      return tcp.unacknowledged;
    },
    resume: () => tcp.resume(),
    end: () => {
      client.close();
      tcp.end();
    },
    abort: () => {
      client.close();
      tcp.abort();
    },
  };
}

function encrypt(clock: Clock, session: Session, { host, port, connection }: Target, events: TcpEvents): TcpConnection {
  let over = false;
  let ended = false;
  let secure: tls.TLSSocket | undefined;
  const fail = (error: unknown): void => {
    if (over) return;
    over = true;
    secure?.destroy();
    wire.destroy();
    events.failed(
      error instanceof SocketError ? error : new SocketError('reset', `${host}:${port}: TLS: ${messageOf(error)}`),
    );
  };
  const wire = new Wire(
    clock,
    (wireEvents) => session.connectTcp(host, port, wireEvents),
    (remote) => {
      if (!over) secure = handshake(remote);
    },
  );
  wire.once('error', fail);

  const handshake = (remote: string): tls.TLSSocket => {
    const socket = tls.connect({ ...connection, socket: wire });
    socket.once('secureConnect', () => {
      clock.stir();
      if (!over) events.connected(remote);
    });
    socket.on('data', (bytes: Buffer) => {
      clock.stir();
      if (!over && !events.data(bytes)) socket.pause();
    });
    socket.once('end', () => {
      clock.stir();
      ended = true;
      if (!over) events.ended();
    });
    socket.once('error', fail);
    socket.once('close', () => {
      clock.stir();
      if (!ended) fail(new Error('closed without farewell'));
    });
    return socket;
  };

  return {
    send: (bytes) => {
      clock.stir();
      secure?.write(Uint8Array.from(bytes));
    },
    get unacknowledged() {
      return wire.tcp.unacknowledged + (secure?.writableLength ?? 0);
    },
    resume: () => {
      clock.stir();
      secure?.resume();
    },
    end: () => {
      clock.stir();
      over = true;
      if (secure) secure.end();
      else wire.tcp.end();
    },
    abort: () => {
      clock.stir();
      over = true;
      secure?.destroy();
      wire.destroy();
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The TCP connection as the stream that node:tls wants. */
class Wire extends Duplex {
  readonly tcp: TcpConnection;
  readonly #clock: Clock;
  /** The other end has gone, or this one has been told to: there is nothing left to reset. */
  #gone = false;

  constructor(clock: Clock, open: (events: TcpEvents) => TcpConnection, connected: (remote: string) => void) {
    super({ allowHalfOpen: true });
    this.#clock = clock;
    this.tcp = open({
      connected: (remote) => {
        clock.stir();
        connected(remote);
      },
      data: (bytes) => {
        clock.stir();
        return this.push(Buffer.from(bytes));
      },
      ended: () => {
        clock.stir();
        this.push(null);
      },
      failed: (error) => {
        clock.stir();
        this.#gone = true;
        this.destroy(error);
      },
    });
  }

  override _read(): void {
    this.#clock.stir();
    // Undefined while `open` runs: nothing was stopped yet.
    (this.tcp as TcpConnection | undefined)?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.tcp.send(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#gone = true;
    this.tcp.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#gone) this.tcp.abort();
    this.#gone = true;
    done(error);
  }
}
