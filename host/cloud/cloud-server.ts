// The HTTP(S) server under every stand-in: connections in process or on a real port, whole bodies, and ways to misbehave.

import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Nanoseconds } from '../clock/clock.js';
import { headerPairs, type HeaderList } from '../platform/http/text.js';
import { simulateServer, type TlsServerOptions } from '../tls/simulated.js';
import type { ServerCertificate } from './ca.js';

const MAX_BODY = 16 * 1024 * 1024;
/** Node wants a time limit for TLS handshakes on its own clock: the longest that it can count. */
const NEVER_MS = 2 ** 31 - 1;

export interface CloudRequest {
  readonly method: string;
  /** As in the request line. */
  readonly url: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

export interface CloudResponse {
  readonly status: number;
  /** `application/json` is the Content-Type unless there is one. */
  readonly headers?: HeaderList;
  readonly body?: string | Uint8Array;
}

export type CloudHandler = (request: CloudRequest) => CloudResponse | Promise<CloudResponse>;

/** How a server (mis)behaves. */
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

export interface CloudServerOptions {
  readonly clock: Clock;
  /** Absent: plain HTTP. */
  readonly certificate?: ServerCertificate;
  readonly handle: CloudHandler;
}

export class CloudServer {
  readonly #options: CloudServerOptions;
  readonly #server: Server;
  readonly #next: Behaviour[] = [];
  readonly #connections = new Set<Duplex>();
  #tls: TlsServerOptions | undefined;
  /** Takes what a simulated TLS handshake has let in. */
  readonly #plain: Server = createHttpServer();
  /** Applies to each request for which none was queued by `next`. */
  behaviour: Behaviour = {};

  constructor(options: CloudServerOptions) {
    this.#options = options;
    const { certificate } = options;
    this.#server = certificate
      ? createHttpsServer({ ...tlsOptions(certificate), handshakeTimeout: NEVER_MS })
      : createHttpServer();
    this.#tls = certificate && tlsOptions(certificate);
    for (const server of [this.#server, this.#plain]) {
      server.headersTimeout = 0;
      server.requestTimeout = 0;
      server.keepAliveTimeout = 0;
      server.timeout = 0;
      server.on('request', (request, response) => void this.#serve(request, response));
    }
    this.#server.on('connection', (stream) => this.#track(stream));
  }

  /** Behaviours of the next requests, one each. */
  next(...behaviours: readonly Behaviour[]): void {
    this.#next.push(...behaviours);
  }

  /** Serves one connection inside the process; `simulatedTls`: a client in this process may simulate TLS on it (host/tls). */
  accept(stream: Duplex, { simulatedTls = false } = {}): void {
    const encrypted = (): void => void this.#server.emit('connection', stream);
    if (!simulatedTls || this.#tls === undefined) {
      encrypted();
      return;
    }
    this.#track(stream);
    simulateServer(stream, {
      clock: this.#options.clock,
      options: this.#tls,
      accepted: () => this.#plain.emit('connection', stream),
      other: encrypted,
    });
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
    if (!(this.#server instanceof HttpsServer)) throw new Error('CloudServer.present: this server speaks plain HTTP');
    this.#tls = tlsOptions(certificate);
    this.#server.setSecureContext(this.#tls);
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
    const body = await collect(request);
    if (body === undefined) return;
    const { clock, handle } = this.#options;
    const behaviour = this.#next.shift() ?? this.behaviour;
    if (behaviour.hang === true) return;
    if (behaviour.delay !== undefined) await clock.sleep(behaviour.delay);
    const { method = '', url = '', rawHeaders } = request;
    const plain: CloudResponse =
      behaviour.status === undefined
        ? await handled(handle, { method, url, headers: headerPairs(rawHeaders), body })
        : { status: behaviour.status, body: `${JSON.stringify({ status: behaviour.status })}\n` };
    this.#answer(response, behaviour.body === undefined ? plain : { ...plain, body: behaviour.body }, behaviour.cut);
  }

  #answer(response: ServerResponse, { status, headers = [], body = '' }: CloudResponse, cut: Behaviour['cut']): void {
    if (response.destroyed) return; // Nobody waited this long.
    const { clock } = this.#options;
    clock.stir();
    if (cut === 'answer') {
      response.socket?.destroy();
      return;
    }
    const bytes = Buffer.from(body);
    const typed = headers.some(([name]) => name.toLowerCase() === 'content-type');
    response.sendDate = false;
    response.writeHead(
      status,
      [
        ...headers,
        ...(typed ? [] : [['Content-Type', 'application/json']]),
        ...(status === 204 || status === 304 ? [] : [['Content-Length', String(bytes.length)]]),
        ['Date', new Date(clock.unixMs()).toUTCString()],
      ].flat(),
    );
    if (cut === 'body') {
      const { socket } = response;
      response.write(bytes.subarray(0, bytes.length >> 1), () => socket?.end());
      return;
    }
    response.end(response.req.method === 'HEAD' ? undefined : bytes);
  }
}

async function collect(request: IncomingMessage): Promise<Buffer | undefined> {
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

/** A stand-in that fails by itself says so as a cloud would. */
async function handled(handle: CloudHandler, request: CloudRequest): Promise<CloudResponse> {
  try {
    return await handle(request);
  } catch (error) {
    const kind = error instanceof Error ? error.name : typeof error;
    return { status: 500, body: JSON.stringify({ message: `the stand-in failed (${kind})` }) };
  }
}

const tlsOptions = ({ certificate, key }: ServerCertificate) => ({
  cert: certificate,
  key: Buffer.from(key.reveal()),
  minVersion: 'TLSv1.2' as const,
});

/** The value of a header, whatever case its name has. */
export const headerOf = ({ headers }: Pick<CloudRequest, 'headers'>, name: string): string | undefined =>
  headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
