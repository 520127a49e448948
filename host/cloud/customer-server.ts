// A customer's server: takes what Beam forwards, checks the signature with its own code, and keeps what it accepted.

import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Nanoseconds } from '../clock/clock.js';
import { headerPairs, shownBody, type HeaderList } from '../platform/http/text.js';
import type { Secret } from '../secret.js';
import type { Trace } from '../trace/trace.js';
import { BeamVerifier, type BeamIdentity } from './beam-verifier.js';
import type { ServerCertificate } from './ca.js';

const MAX_BODY = 16 * 1024 * 1024;
/** Node wants a time limit for TLS handshakes on its own clock: the longest that it can count. */
const NEVER_MS = 2 ** 31 - 1;

export interface CustomerServerOptions {
  readonly clock: Clock;
  readonly trace: Trace;
  /** The key shared with Beam. */
  readonly psk: Secret;
  /** Absent: plain HTTP. */
  readonly certificate?: ServerCertificate;
  /** Milliseconds; five minutes unless given. */
  readonly maxSkewMs?: number;
  /** The customer's own look at a signed request: what is wrong with it, or undefined. A fault is answered with 422. */
  readonly check?: (body: Buffer, messageId: string | undefined) => string | undefined;
}

/** One accepted request. */
export interface CustomerMessage {
  readonly identity: BeamIdentity;
  /** Header `x-message-id`, by which a repeated message is known. */
  readonly messageId?: string;
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  /** Signed by Beam, UNIX milliseconds. */
  readonly timestampMs: number;
  readonly receivedMs: number;
}

/** How the server (mis)behaves. */
export interface Behaviour {
  /** Waits before it answers. */
  readonly delay?: Nanoseconds;
  /** Takes the request and never answers. */
  readonly hang?: boolean;
  /** Closes the connection: instead of the answer, or in the middle of its body. The request was taken all the same. */
  readonly cut?: 'answer' | 'body';
  /** Answers with this status, without looking at the request. */
  readonly status?: number;
  readonly body?: string;
}

export class CustomerServer {
  readonly #options: CustomerServerOptions;
  readonly #verifier: BeamVerifier;
  readonly #server: Server;
  readonly #messages: CustomerMessage[] = [];
  readonly #known = new Set<string>();
  readonly #next: Behaviour[] = [];
  readonly #connections = new Set<Duplex>();
  /** Applies to each request for which none was queued by `next`. */
  behaviour: Behaviour = {};

  constructor(options: CustomerServerOptions) {
    this.#options = options;
    this.#verifier = new BeamVerifier(options.psk, options.clock, options.maxSkewMs);
    const { certificate } = options;
    this.#server = certificate
      ? createHttpsServer({ ...tlsOptions(certificate), handshakeTimeout: NEVER_MS })
      : createHttpServer();
    this.#server.headersTimeout = 0;
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
    this.#server.timeout = 0;
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    this.#server.on('connection', (stream) => this.#track(stream));
  }

  /** Accepted messages, each once, in the order in which they came. */
  get messages(): readonly CustomerMessage[] {
    return this.#messages;
  }

  /** Behaviours of the next requests, one each. */
  next(...behaviours: readonly Behaviour[]): void {
    this.#next.push(...behaviours);
  }

  /** Serves one connection inside the process. */
  accept(stream: Duplex): void {
    this.#server.emit('connection', stream);
  }

  /** Serves on a real port as well; resolves to its number. */
  async listen(port = 0, host = '127.0.0.1'): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Shows another certificate to connections from now on. */
  present(certificate: ServerCertificate): void {
    if (!(this.#server instanceof HttpsServer))
      throw new Error('CustomerServer.present: this server speaks plain HTTP');
    this.#server.setSecureContext(tlsOptions(certificate));
  }

  /** Resets all connections and stops listening. */
  async close(): Promise<void> {
    for (const stream of this.#connections) stream.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #track(stream: Duplex): void {
    this.#connections.add(stream);
    stream.on('error', () => undefined);
    stream.once('close', () => this.#connections.delete(stream));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await this.#body(request);
    if (body === undefined) return;
    const { clock } = this.#options;
    const behaviour = this.#next.shift() ?? this.behaviour;
    if (behaviour.hang === true) return;
    if (behaviour.delay !== undefined) await clock.sleep(behaviour.delay);
    const plain = behaviour.status === undefined;
    const { status, reply } = plain
      ? this.#judge(request, body)
      : { status: behaviour.status ?? 500, reply: { status: behaviour.status } };
    this.#answer(response, status, Buffer.from(behaviour.body ?? `${JSON.stringify(reply)}\n`), behaviour.cut);
  }

  async #body(request: IncomingMessage): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BODY) return undefined;
        chunks.push(chunk);
      }
    } catch {
      return undefined; // The sender went away.
    }
    return Buffer.concat(chunks, size);
  }

  #judge(request: IncomingMessage, body: Buffer): { status: number; reply: Record<string, unknown> } {
    const { clock, trace } = this.#options;
    const headers = headerPairs(request.rawHeaders);
    const shown = shownBody(body);
    const verdict = this.#verifier.verify(headers);
    if (!verdict.ok) {
      trace.emit({ type: 'verified', ok: false, reason: verdict.reason, body: shown });
      return { status: 401, reply: { error: verdict.reason } };
    }
    const { identity, timestampMs } = verdict;
    const messageId = headers.find(([name]) => name.toLowerCase() === 'x-message-id')?.[1];
    const fault = this.#options.check?.(body, messageId);
    if (fault !== undefined) {
      trace.emit({ type: 'verified', ok: false, reason: fault, body: shown });
      return { status: 422, reply: { error: fault } };
    }
    const known = messageId !== undefined && this.#isKnown(identity, messageId);
    const who = {
      ...(identity.imsi !== undefined && { imsi: identity.imsi }),
      ...(messageId !== undefined && { messageId }),
    };
    trace.emit({ type: 'verified', ok: true, ...who, ...(known && { reason: 'duplicate' }), body: shown });
    // A repeated message is acknowledged, since its sender may not have got the first answer, but not kept again.
    if (known) return { status: 200, reply: { duplicate: true, ...who } };
    this.#messages.push({
      identity,
      ...(messageId !== undefined && { messageId }),
      method: request.method ?? '',
      url: request.url ?? '',
      headers,
      body,
      timestampMs,
      receivedMs: clock.unixMs(),
    });
    return { status: body.length > 0 ? 201 : 200, reply: { accepted: true, ...who } };
  }

  #isKnown(identity: BeamIdentity, messageId: string): boolean {
    const key = JSON.stringify([identity.imsi, identity.imei, identity.msisdn, identity.simId, messageId]);
    if (this.#known.has(key)) return true;
    this.#known.add(key);
    return false;
  }

  #answer(response: ServerResponse, status: number, body: Buffer, cut: Behaviour['cut']): void {
    if (response.destroyed) return; // Nobody waited this long.
    if (cut === 'answer') {
      response.socket?.destroy();
      return;
    }
    response.sendDate = false;
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': body.length,
      Date: new Date(this.#options.clock.unixMs()).toUTCString(),
    });
    if (cut === 'body') {
      const { socket } = response;
      response.write(body.subarray(0, body.length >> 1), () => socket?.end());
      return;
    }
    response.end(body);
  }
}

const tlsOptions = ({ certificate, key }: ServerCertificate) => ({
  cert: certificate,
  key: Buffer.from(key.reveal()),
  minVersion: 'TLSv1.2' as const,
});
