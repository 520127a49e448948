// The device's side of every HTTP service of the platform: connections, pipelining, bodies, limits and time-outs.
//
// Node's parser reads the requests, from whatever stream a session's TCP connection is. All waiting is done on the
// world's clock; Node's own time-outs are off. Requests of one connection are served one after the other.

import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import type { Trace } from '../../trace/trace.js';
import { Alarm } from '../alarm.js';
import { FrontStatus, type HttpLimits } from '../choices.js';
import { headerPairs, shownBody, shownHeaders, type HeaderList } from './text.js';

export interface RequestHead {
  /** Number of the request in this world: the same on all legs of the trace. */
  readonly id: number;
  readonly caller: Session;
  readonly method: string;
  /** As in the request line. */
  readonly target: string;
  readonly headers: HeaderList;
}

export interface DeviceRequest extends RequestHead {
  readonly body: Buffer;
  /** Aborted when the device's connection is gone. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  /** Absent: the standard phrase. */
  readonly reason?: string;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly trailers?: HeaderList;
  /** What the trace shows instead of a body that grants access. */
  readonly shown?: string;
}

/** What stands behind a front. */
export interface HttpService {
  /** True when the head alone is enough to refuse, so that a body announced with `Expect: 100-continue` is not sent. */
  refuses(head: RequestHead): boolean;
  /** Called once for each request. A rejection is answered with 500. */
  answer(request: DeviceRequest): Promise<Answer>;
  /** The front answered by itself. */
  failed(id: number, caller: Session, status: number, reason: string): void;
}

export interface FrontOptions {
  readonly clock: Clock;
  readonly limits: HttpLimits;
  readonly service: HttpService;
  readonly traceOf: (caller: Session) => Trace;
  readonly nextId: () => number;
}

/** A short text from the platform itself. */
export function textAnswer(status: number, text: string, clock: Clock): Answer {
  const body = Buffer.from(`${text}\n`);
  const headers: HeaderList = [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(body.length)],
    ['Date', new Date(clock.unixMs()).toUTCString()],
  ];
  return { status, headers, body };
}

export class HttpFront {
  readonly #options: FrontOptions;
  readonly #server: Server;
  readonly #connections = new Map<Duplex, Connection>();

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = createServer({ headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 });
    this.#server.timeout = 0;
    // A device may send its FIN right after the request and still wait for the answer.
    Object.assign(this.#server, { httpAllowHalfOpen: true });
    const of = (message: IncomingMessage): Connection | undefined => this.#connections.get(message.socket);
    this.#server
      .on('request', (request, response) => of(request)?.take(request, response, 'none'))
      .on('checkContinue', (request, response) => of(request)?.take(request, response, 'continue'))
      .on('checkExpectation', (request, response) => of(request)?.take(request, response, 'unknown'))
      .on('connect', (request) => of(request)?.broken(FrontStatus.BadRequest, 'CONNECT is not served here'))
      .on('clientError', (error: NodeJS.ErrnoException, stream) => {
        const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
        const status = tooLarge ? FrontStatus.HeaderTooLarge : FrontStatus.BadRequest;
        this.#connections.get(stream)?.broken(status, tooLarge ? 'header too large' : 'not an HTTP request');
      });
  }

  /** Serves one connection. The caller is who the session says, whatever the device writes. */
  accept(stream: Duplex, caller: Session): void {
    const connection = new Connection(stream, caller, this.#options);
    this.#connections.set(stream, connection);
    stream.once('close', () => {
      this.#connections.delete(stream);
      connection.gone();
    });
    this.#server.emit('connection', stream);
  }

  /** Resets all connections. */
  close(): void {
    for (const stream of this.#connections.keys()) stream.destroy();
  }
}

type Expectation = 'none' | 'continue' | 'unknown';

/** Why a body did not come whole. */
class BodyError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

class Connection {
  readonly #stream: Duplex;
  readonly #caller: Session;
  readonly #options: FrontOptions;
  readonly #gone = new AbortController();
  readonly #alarm: Alarm;
  /** The requests so far, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #broken: BodyError | undefined;
  #onBroken: ((error: BodyError) => void) | undefined;

  constructor(stream: Duplex, caller: Session, options: FrontOptions) {
    this.#stream = stream;
    this.#caller = caller;
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
    this.#rest();
  }

  take(request: IncomingMessage, response: ServerResponse, expectation: Expectation): void {
    const overflow = this.#waiting > this.#options.limits.maxWaiting;
    this.#queue(() => this.#serve(request, response, expectation, overflow));
  }

  /** The bytes are not HTTP. What was asked before them is still answered, then the connection ends. */
  broken(status: number, reason: string): void {
    if (this.#broken !== undefined || this.#stream.destroyed) return;
    this.#broken = new BodyError(status, reason);
    this.#onBroken?.(this.#broken);
    this.#queue(() => {
      if (!this.#stream.writable) return;
      const { service, clock, nextId } = this.#options;
      service.failed(nextId(), this.#caller, status, reason);
      const { headers, body } = textAnswer(status, reason, clock);
      const head = [...headers, ['Connection', 'close']].map(([name, value]) => `${name}: ${value}\r\n`).join('');
      this.#stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${Buffer.from(body).toString()}`);
    });
  }

  gone(): void {
    this.#alarm.clear();
    this.#gone.abort();
    this.#onBroken?.(new BodyError(0, 'the device went away'));
  }

  #queue(job: () => Promise<void> | void): void {
    this.#waiting++;
    this.#work = this.#work
      .then(job)
      .catch(() => this.#stream.destroy())
      .then(() => {
        this.#waiting--;
        if (this.#waiting === 0) this.#rest();
      });
  }

  /** Nothing under way: waits for the next request, or for the device's end of a connection that has ended here. */
  #rest(): void {
    if (this.#stream.destroyed) return;
    const { limits } = this.#options;
    if (this.#stream.writableEnded) {
      this.#alarm.set(limits.linger, () => this.#stream.destroy());
      return;
    }
    this.#alarm.set(limits.requestHeader, () => {
      this.#stream.end();
      this.#rest();
    });
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    expectation: Expectation,
    overflow: boolean,
  ): Promise<void> {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#alarm.clear();
    const { service, clock, traceOf, nextId } = this.#options;
    const head: RequestHead = {
      id: nextId(),
      caller: this.#caller,
      method: request.method ?? '',
      target: request.url ?? '',
      headers: headerPairs(request.rawHeaders),
    };
    const received = (body: Uint8Array): void => {
      const { id, method, target: url } = head;
      const headers = shownHeaders(head.headers);
      traceOf(this.#caller).emit({
        type: 'http',
        leg: 'device',
        kind: 'request',
        id,
        method,
        url,
        headers,
        body: shownBody(body),
      });
    };
    const fail = (status: number, reason: string, body: Uint8Array = Buffer.alloc(0)): Promise<void> => {
      received(body);
      service.failed(head.id, this.#caller, status, reason);
      return this.#send(head, response, textAnswer(status, reason, clock), true);
    };

    if (overflow) return fail(FrontStatus.TooManyRequests, 'too many requests are waiting');
    if (expectation === 'unknown') return fail(FrontStatus.ExpectationFailed, 'only 100-continue can be expected');
    if (expectation === 'continue' && service.refuses(head)) {
      received(Buffer.alloc(0));
      return this.#send(head, response, await this.#ask(head, Buffer.alloc(0)), true);
    }

    let body: Buffer;
    try {
      body = await this.#body(request, () => {
        if (expectation === 'continue') response.writeContinue();
      });
    } catch (error) {
      if (!(error instanceof BodyError) || error.status === 0) return;
      return fail(error.status, error.message);
    }
    received(body);
    await this.#send(head, response, await this.#ask(head, body), false);
  }

  async #ask(head: RequestHead, body: Buffer): Promise<Answer> {
    try {
      return await this.#options.service.answer({ ...head, body, signal: this.#gone.signal });
    } catch (error) {
      const { service, clock } = this.#options;
      // The message of an unforeseen error might hold anything: only its kind is told.
      const kind = error instanceof Error ? error.name : typeof error;
      service.failed(head.id, this.#caller, FrontStatus.InternalError, `internal error (${kind})`);
      return textAnswer(FrontStatus.InternalError, 'internal error', clock);
    }
  }

  /** The whole body, within the limits; rejects with a BodyError. */
  async #body(request: IncomingMessage, start: () => void): Promise<Buffer> {
    const { limits } = this.#options;
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(request.headers['content-length'] ?? 0) > limits.maxRequestBody) throw tooLarge(limits);
    if (this.#broken !== undefined && !request.complete) throw this.#broken;
    start();
    try {
      await new Promise<void>((resolve, reject) => {
        const silence = (): void => {
          reject(new BodyError(FrontStatus.RequestTimeout, 'the body stopped coming'));
        };
        this.#alarm.set(limits.requestBody, silence);
        this.#onBroken = reject;
        request.on('data', (chunk: Buffer) => {
          this.#alarm.set(limits.requestBody, silence);
          this.#options.clock.stir();
          size += chunk.length;
          if (size > limits.maxRequestBody) reject(tooLarge(limits));
          else chunks.push(chunk);
        });
        request.once('end', resolve);
        request.once('error', () => reject(new BodyError(0, 'the device went away')));
        if (this.#stream.destroyed) reject(new BodyError(0, 'the device went away'));
      });
    } finally {
      this.#onBroken = undefined;
      this.#alarm.clear();
      // What still comes of a refused body is read and dropped, so that the answer gets through.
      request.removeAllListeners('data').resume();
    }
    return Buffer.concat(chunks, size);
  }

  /** Resolves when the device has taken the answer, or is gone. `last`: the connection ends with it. */
  async #send(head: RequestHead, response: ServerResponse, answer: Answer, last: boolean): Promise<void> {
    if (this.#stream.destroyed) return;
    const { id } = head;
    const { status, headers, body } = answer;
    const close: HeaderList = last || this.#broken !== undefined ? [['Connection', 'close']] : [];
    const sent: HeaderList = [...headers, ...close];
    const done = new Promise<void>((resolve) => response.once('close', resolve));
    this.#alarm.set(this.#options.limits.response, () => this.#stream.destroy());
    response.sendDate = false;
    response.writeHead(status, answer.reason ?? STATUS_CODES[status] ?? '', sent.flat());
    if (answer.trailers && answer.trailers.length > 0) response.addTrailers(answer.trailers);
    response.end(body);
    const shown = shownHeaders(sent);
    const trace = this.#options.traceOf(this.#caller);
    const shownAs = answer.shown ?? shownBody(body);
    trace.emit({ type: 'http', leg: 'device', kind: 'response', id, status, headers: shown, body: shownAs });
    await done;
    this.#alarm.clear();
  }
}

const tooLarge = (limits: HttpLimits): BodyError =>
  new BodyError(FrontStatus.ContentTooLarge, `maximum content-length is ${limits.maxRequestBody}`);
