// The device's end of one PDN connection: what the modem's own IP stack does. Sockets, and a stub resolver.

import { SECOND } from '../../clock/clock.js';
import type { Clock, Timer } from '../../clock/clock.js';
import { SocketError } from '../network.js';
import type { SocketFault, TcpConnection, TcpEvents, UdpEvents, UdpSocket } from '../network.js';
import type { Packet } from './packet.js';
import { TcpEndpoint } from './tcp.js';

/** A resolver asks again after this time, `DNS_TRIES` times in all. */
const DNS_RETRY = 5 * SECOND;
const DNS_TRIES = 3;
const DOTTED = /^(\d{1,3})(\.\d{1,3}){3}$/;
/** Payload of one UDP datagram over IPv4. */
const UDP_MAX = 65_507;

interface Query {
  readonly name: string;
  tries: number;
  timer: Timer | undefined;
  readonly done: (answer: readonly string[] | SocketError) => void;
}

interface Connection {
  readonly endpoint: TcpEndpoint | undefined;
  fail(fault: SocketFault): void;
}

export class DeviceStack {
  readonly #clock: Clock;
  readonly #send: (packet: Packet) => void;
  readonly #queries = new Map<number, Query>();
  readonly #connections = new Map<number, Connection>();
  readonly #sockets = new Map<number, UdpEvents>();
  /** Connections, sockets and queries are numbered in one row: local ports that are never used twice. */
  #next = 1;
  #open = true;

  constructor(clock: Clock, send: (packet: Packet) => void) {
    this.#clock = clock;
    this.#send = (packet) => {
      if (this.#open) send(packet);
    };
  }

  receive(packet: Packet): void {
    if (!this.#open) return;
    if (packet.kind === 'dns') this.#answered(packet.id, packet.answer ?? []);
    else if (packet.kind === 'udp') this.#sockets.get(packet.socket)?.message(packet.data, packet.ip, packet.port);
    else if (packet.kind === 'tcp') {
      const endpoint = this.#connections.get(packet.connection)?.endpoint;
      if (endpoint) endpoint.receive(packet.segment);
      else if (packet.segment.flags !== 'rst') {
        this.#send({ ...packet, segment: { flags: 'rst', seq: 0, ack: 0, window: 0, data: new Uint8Array() } });
      }
    }
  }

  resolve(name: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#query(name, (answer) => {
        this.#clock.stir();
        if (answer instanceof SocketError) reject(answer);
        else resolve(answer);
      });
    });
  }

  connectTcp(host: string, port: number, events: TcpEvents): TcpConnection {
    const id = this.#next++;
    let endpoint: TcpEndpoint | undefined;
    let ended = false;
    let gone = false;
    let waiting: Uint8Array[] = [];
    const fail = (fault: SocketFault, message = `${host}:${port}: ${FAULT_TEXT[fault]}`): void => {
      if (gone) return;
      gone = true;
      this.#connections.delete(id);
      events.failed(new SocketError(fault, message));
    };
    const start = (address: string): void => {
      const remote = `${address}:${port}`;
      endpoint = new TcpEndpoint(
        this.#clock,
        (segment) => this.#send({ kind: 'tcp', connection: id, address, port, segment }),
        {
          connected: () => events.connected(remote),
          data: (bytes) => events.data(bytes),
          ended: () => {
            if (endpoint?.closed) this.#connections.delete(id);
            events.ended();
          },
          failed: fail,
          progress: () => {
            if (endpoint?.closed) this.#connections.delete(id);
          },
        },
      );
      this.#connections.set(id, { endpoint, fail });
      endpoint.connect();
      for (const bytes of waiting) endpoint.send(bytes);
      waiting = [];
      if (ended) endpoint.end();
    };
    this.#connections.set(id, { endpoint: undefined, fail });
    this.#query(host, (answer) => {
      if (gone) return;
      if (answer instanceof SocketError) fail(answer.code, answer.message);
      else if (answer[0] !== undefined) start(answer[0]);
    });
    return {
      send: (bytes) => {
        if (gone || ended) return;
        if (endpoint) endpoint.send(bytes);
        else waiting.push(bytes.slice());
      },
      get unacknowledged() {
        return endpoint?.unacknowledged ?? waiting.reduce((sum, bytes) => sum + bytes.length, 0);
      },
      resume: () => endpoint?.resume(),
      end: () => {
        ended = true;
        endpoint?.end();
      },
      abort: () => {
        if (gone) return;
        gone = true;
        this.#connections.delete(id);
        endpoint?.abort();
      },
    };
  }

  openUdp(events: UdpEvents): UdpSocket {
    const id = this.#next++;
    this.#sockets.set(id, events);
    if (!this.#open) this.#clock.after(0, () => this.#failUdp(id, 'no-session'));
    return {
      send: (bytes, host, port) => {
        const data = bytes.slice();
        if (data.length > UDP_MAX) throw new RangeError(`a datagram of ${data.length} bytes; ${UDP_MAX} is the most`);
        this.#query(host, (answer) => {
          if (!this.#sockets.has(id)) return;
          if (answer instanceof SocketError) events.failed(answer);
          else if (answer[0] !== undefined) this.#send({ kind: 'udp', socket: id, ip: answer[0], port, data });
        });
      },
      close: () => this.#sockets.delete(id),
    };
  }

  /** Both ends of every connection are told that it was reset. */
  resetConnections(): void {
    for (const { endpoint } of [...this.#connections.values()]) endpoint?.reset();
  }

  /** The PDN connection is gone: nothing is sent any more, everything open fails with 'no-session'. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const { endpoint } of this.#connections.values()) endpoint?.vanish();
    // Told later: the caller is in the middle of closing.
    this.#clock.after(0, () => {
      for (const { fail } of [...this.#connections.values()]) fail('no-session');
      const error = new SocketError('no-session', FAULT_TEXT['no-session']);
      for (const id of [...this.#queries.keys()]) this.#finish(id, error);
      for (const id of [...this.#sockets.keys()]) this.#failUdp(id, 'no-session');
    });
  }

  #failUdp(id: number, fault: SocketFault): void {
    const events = this.#sockets.get(id);
    this.#sockets.delete(id);
    events?.failed(new SocketError(fault, FAULT_TEXT[fault]));
  }

  /** `done` is called later, never from inside. A dotted address is its own answer. */
  #query(name: string, done: Query['done']): void {
    if (!this.#open || DOTTED.test(name)) {
      const answer = this.#open ? [name] : new SocketError('no-session', FAULT_TEXT['no-session']);
      this.#clock.after(0, () => done(answer));
      return;
    }
    const id = this.#next++;
    this.#queries.set(id, { name, tries: 0, timer: undefined, done });
    this.#ask(id);
  }

  #ask(id: number): void {
    const query = this.#queries.get(id);
    if (!query) return;
    if (query.tries++ === DNS_TRIES) {
      this.#finish(id, new SocketError('timeout', `${query.name}: no name server answered`));
      return;
    }
    this.#send({ kind: 'dns', id, name: query.name });
    query.timer = this.#clock.after(DNS_RETRY, () => this.#ask(id));
  }

  #answered(id: number, addresses: readonly string[]): void {
    const name = this.#queries.get(id)?.name ?? '';
    this.#finish(id, addresses.length > 0 ? addresses : new SocketError('name-unknown', `${name}: no such name`));
  }

  #finish(id: number, answer: readonly string[] | SocketError): void {
    const query = this.#queries.get(id);
    if (!query) return;
    this.#queries.delete(id);
    query.timer?.cancel();
    query.done(answer);
  }
}

const FAULT_TEXT: Readonly<Record<SocketFault, string>> = {
  'name-unknown': 'no such name',
  refused: 'connection refused',
  timeout: 'nothing came back in time',
  reset: 'connection reset by the other end',
  'no-session': 'the session is closed',
};
