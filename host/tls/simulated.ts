// TLS whose records are not encrypted, for connections that have both ends in this process: a virtual world's.
//
// What a handshake decides (certificate, chain, name, dates, versions, protocols) does not depend on the connection, only on the options of
// its two ends. So a real handshake of node:tls decides it once for each pair of options, in memory, and connections take its outcome: the
// same checks with the same errors. On the stream the client sends a hello that names its options, the server answers with one byte when it
// has the outcome, and from there on the stream carries the application's bytes as they are.

import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import * as tls from 'node:tls';
import type { Clock, Nanoseconds } from '../clock/clock.js';

export interface TlsFault {
  readonly code: string | undefined;
  readonly message: string;
}

/** What a client knows after a handshake that went well. */
export interface TlsPeer {
  /** Dates of the server's certificate, as node:tls gives them. */
  readonly validFrom: string;
  readonly validTo: string;
  readonly alpnProtocol: string | undefined;
}

export type TlsOutcome =
  { readonly ok: true; readonly peer: TlsPeer } | { readonly ok: false; readonly fault: TlsFault };

/** A client's half of a handshake that is under way. */
interface Hello {
  readonly options: tls.ConnectionOptions;
  outcome: TlsOutcome | undefined;
}

/** Begins a hello; no record of TLS begins so. Eight digits follow: the number of the hello. */
const MAGIC = Buffer.from('plain-tls ');
const HELLO_BYTES = MAGIC.length + 8;
const ANSWER = Uint8Array.of(0x21);
/** Outcomes that are kept for one server; a device may try any number of names. */
const KEPT_OUTCOMES = 1_000;

const hellos = new Map<string, Hello>();
let lastHello = 0;

/** One connection's client. It has to be closed, so that nothing is left of it. */
export class SimulatedClient {
  readonly #number = String(++lastHello % 1e8).padStart(8, '0');
  readonly #hello: Hello;

  constructor(options: tls.ConnectionOptions) {
    this.#hello = { options, outcome: undefined };
    hellos.set(this.#number, this.#hello);
  }

  /** What to send first. */
  get hello(): Uint8Array {
    return Buffer.concat([MAGIC, Buffer.from(this.#number)]);
  }

  /** What the handshake came to, once the server has answered. */
  get outcome(): TlsOutcome | undefined {
    return this.#hello.outcome;
  }

  close(): void {
    hellos.delete(this.#number);
  }
}

/**
 * The client's handshake on a stream. Resolves when the server has answered; what the stream carries then is the application's. Rejects
 * with the fault, or with the stream's error.
 */
export function simulateClient(stream: Duplex, options: tls.ConnectionOptions): Promise<TlsPeer> {
  const client = new SimulatedClient(options);
  return new Promise<TlsPeer>((resolve, reject) => {
    const ended = (): void => settle(CLOSED);
    const answered = (): void => {
      if (stream.read(ANSWER.length) !== null) settle(undefined);
    };
    const settle = (fault: TlsFault | undefined): void => {
      stream.off('readable', answered).off('error', settle).off('close', ended).off('end', ended);
      client.close();
      const outcome = fault === undefined ? client.outcome : { ok: false as const, fault };
      if (outcome?.ok === true) resolve(outcome.peer);
      else reject(faultError(outcome?.fault ?? NO_SERVER));
    };
    stream.on('readable', answered).on('error', settle).on('close', ended).on('end', ended);
    stream.write(client.hello);
  });
}

/** A server's options, made once for all its connections: outcomes are kept with this object. */
export type TlsServerOptions = Readonly<tls.TLSSocketOptions>;

export interface SimulatedServer {
  readonly clock: Clock;
  readonly options: TlsServerOptions;
  /** How long a client may be silent before its stream is destroyed; for ever unless given. */
  readonly limit?: Nanoseconds;
  /** Gets the stream after a handshake that went well. */
  accepted(): void;
  /** Gets the stream when it begins with anything else than a hello, such as TLS. */
  other(): void;
}

/** The server's end of a stream. */
export function simulateServer(stream: Duplex, server: SimulatedServer): void {
  const { clock, options, limit } = server;
  const timer = limit === undefined ? undefined : clock.after(limit, () => stream.destroy());
  const begun = (): void => {
    const head = (stream.read(HELLO_BYTES) ?? stream.read()) as Buffer | null;
    if (head === null) return;
    timer?.cancel();
    stream.off('readable', begun);
    const hello = head.subarray(0, MAGIC.length).equals(MAGIC)
      ? hellos.get(head.toString('latin1', MAGIC.length))
      : undefined;
    if (hello === undefined) {
      stream.unshift(head);
      server.other();
      return;
    }
    const release = clock.hold();
    void outcomeOf(options, hello.options)
      .then((outcome) => {
        hello.outcome = outcome;
        if (stream.destroyed) return;
        stream.write(ANSWER);
        if (outcome.ok) server.accepted();
        else stream.end();
      })
      .finally(release);
  };
  stream.on('readable', begun).once('close', () => timer?.cancel());
}

/** As node:tls says it. */
const CLOSED: TlsFault = {
  code: 'ECONNRESET',
  message: 'Client network socket disconnected before secure TLS connection was established',
};
const NO_SERVER: TlsFault = { code: undefined, message: 'no TLS server answered' };

const faultError = ({ code, message }: TlsFault): Error =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

const outcomes = new WeakMap<TlsServerOptions, Map<string, Promise<TlsOutcome>>>();
const contexts = new WeakMap<tls.SecureContext, number>();
let lastContext = 0;

function outcomeOf(server: TlsServerOptions, client: tls.ConnectionOptions): Promise<TlsOutcome> {
  let known = outcomes.get(server);
  if (known === undefined) outcomes.set(server, (known = new Map<string, Promise<TlsOutcome>>()));
  const key = keyOf(client);
  let outcome = known.get(key);
  if (outcome === undefined) {
    if (known.size >= KEPT_OUTCOMES) known.clear();
    known.set(key, (outcome = handshake(server, client)));
  }
  return outcome;
}

/** Equal for options that are equal. */
function keyOf({ secureContext, ...options }: tls.ConnectionOptions): string {
  if (secureContext === undefined) return JSON.stringify(options);
  let number = contexts.get(secureContext);
  if (number === undefined) contexts.set(secureContext, (number = ++lastContext));
  return JSON.stringify({ ...options, secureContext: number });
}

/** A real handshake between two ends of these options. */
function handshake(server: TlsServerOptions, client: tls.ConnectionOptions): Promise<TlsOutcome> {
  const [near, far] = pipe();
  // Any duplex will do, though the type asks for a socket.
  const accepting = new tls.TLSSocket(far as Socket, { ...server, isServer: true });
  accepting.on('error', () => undefined);
  return new Promise<TlsOutcome>((resolve) => {
    const connecting = tls.connect({ ...client, socket: near });
    connecting.once('secureConnect', () => {
      const { valid_from: validFrom, valid_to: validTo } = connecting.getPeerCertificate();
      const alpnProtocol = connecting.alpnProtocol === false ? undefined : (connecting.alpnProtocol ?? undefined);
      resolve({ ok: true, peer: { validFrom, validTo, alpnProtocol } });
    });
    const failed = ({ code, message }: NodeJS.ErrnoException): void => resolve({ ok: false, fault: { code, message } });
    connecting.once('error', failed);
    connecting.once('close', () => failed(new Error('connection closed')));
  }).finally(() => {
    near.destroy();
    far.destroy();
  });
}

/** Two ends of a connection without any delay. */
function pipe(): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        other().push(chunk);
        done();
      },
      final: (done) => {
        other().push(null);
        done();
      },
    });
  const near: Duplex = end(() => far);
  const far: Duplex = end(() => near);
  return [near, far];
}
