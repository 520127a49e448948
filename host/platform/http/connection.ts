// One connection of a device: its requests, served one after the other.

import { STATUS_CODES, type ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import type { Session } from '../../cellular/network.js';
import type { Clock } from '../../clock/clock.js';
import type { Trace } from '../../trace/trace.js';
import { Alarm } from '../../alarm.js';
import { FrontStatus } from '../choices.js';
import { Collector } from '../collector.js';
import { storageFaultOf } from '../database.js';
import type { HeldBytes, NoRoom, Share } from '../held.js';
import { type HttpLimits, WORK } from '../limits.js';
import { IncomingBody, sendBody, tooLarge } from './body.js';
import { EXPECTATION, headFault, isContinue, upgradeFault } from './fault.js';
import type { CountedMessage, PacedStream } from './paced-stream.js';
import {
  type Answer,
  BodyError,
  type BodySource,
  callerKey,
  type HttpService,
  type RequestHead,
  type StreamedAnswer,
  type SwitchedAnswer,
  textAnswer,
} from './service.js';
import { headerPairs, shownBody, shownHeaders, type HeaderList } from './text.js';

export interface FrontOptions {
  readonly clock: Clock;
  readonly limits: HttpLimits;
  readonly service: HttpService;
  readonly traceOf: (caller: Session) => Trace;
  readonly nextId: () => number;
  /** What a device is told whose body is too long. */
  readonly tooLargeText?: string;
  /** Where bodies are counted; each front counts its own unless given. */
  readonly held?: HeldBytes;
}

type Expectation = 'none' | 'continue' | 'unknown';

export class Connection {
  readonly #stream: PacedStream;
  readonly #caller: Session;
  readonly #options: FrontOptions;
  readonly #gone = new AbortController();
  readonly #alarm: Alarm;
  readonly #held: HeldBytes;
  /** The requests so far, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #broken: BodyError | undefined;
  #onBroken: ((error: BodyError) => void) | undefined;
  #endAfterAnswer = false;
  /** More requests were pipelined than may wait: those behind are not served. */
  #overflow = false;
  /** The stream is a service's from here on. */
  #switched = false;

  constructor(stream: PacedStream, caller: Session, options: FrontOptions & { readonly held: HeldBytes }) {
    this.#stream = stream;
    this.#caller = caller;
    this.#options = options;
    this.#held = options.held;
    this.#alarm = new Alarm(options.clock);
    this.#rest();
  }

  take(request: CountedMessage, response: ServerResponse, expectation: Expectation): void {
    if (this.#overflow) return;
    this.#stream.worked(WORK.request);
    const overflow = this.#waiting > this.#options.limits.maxWaiting;
    if (overflow) {
      // This request's answer is the connection's last.
      this.#overflow = true;
      this.#stream.ignoreRest();
    }
    this.#queue(() => this.#serve(request, response, expectation, overflow));
  }

  /** Node's parser has let go of the stream: what follows the request is `first`, and then the stream. */
  upgrade(request: CountedMessage, first: Buffer): void {
    this.#queue(() => this.#switch(request, first));
  }

  /** The connection's next answer is its last. */
  endAfterAnswer(): void {
    this.#endAfterAnswer = true;
  }

  /** The device has finished without a request; `bytes`: what it sent. */
  endedEarly(bytes: number): void {
    if (bytes > 0) return this.broken(FrontStatus.BadRequest, 'not an HTTP request: the first line has no end');
    this.#stream.end();
    this.#rest();
  }

  /** The bytes are not HTTP. What was asked before them is still answered, then the connection ends. */
  broken(status: number, reason: string): void {
    if (this.#broken !== undefined || this.#stream.destroyed) return;
    this.#broken = new BodyError(status, reason);
    this.#onBroken?.(this.#broken);
    this.#queue(() => {
      if (!this.#stream.writable) return;
      this.#end(this.#refusal(this.#options.nextId(), status, reason));
    });
  }

  /** Without Node's help: the last answer of a connection whose parser is done with it. */
  #end({ status, reason, headers, body }: Answer): void {
    this.#stream.write(headText(status, reason, [...headers, ['Connection', 'close']]));
    this.#stream.end(body);
  }

  async #switch(request: CountedMessage, first: Buffer): Promise<void> {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#alarm.clear();
    const head = this.#headOf(request);
    this.#received(head, '');
    const fault = upgradeFault(request);
    const answer = fault === undefined ? await this.#askFor(head) : this.#refusal(head.id, fault.status, fault.text);
    if (!('join' in answer)) return this.#decline(head, answer);
    this.#sent(head.id, answer.status, answer.headers, '');
    if (!this.#stream.writable) return answer.drop();
    this.#switched = true;
    const { stream, rest } = this.#stream.release();
    // RFC 9110 7.8
    if (isContinue(request.headers.expect ?? '')) stream.write('HTTP/1.1 100 Continue\r\n\r\n');
    stream.write(headText(answer.status, answer.reason, answer.headers));
    answer.join(stream, Buffer.concat([first, rest]));
  }

  /** The connection stays HTTP, and ends: its parser is gone. */
  #decline(head: RequestHead, declined: Answer): void {
    if (!this.#stream.writable) return;
    const share = this.#held.share(callerKey(this.#caller));
    const answer = this.#counted(head.id, declined, share);
    // The body counts until the device has taken it, or is gone.
    finished(this.#stream, { readable: false }, () => share.release());
    this.#sent(head.id, answer.status, answer.headers, answer.body);
    this.#end(answer);
  }

  async #askFor(head: RequestHead): Promise<Answer | SwitchedAnswer> {
    const { service, clock } = this.#options;
    try {
      const answer = await service.upgrade?.({ ...head, signal: this.#gone.signal });
      if (answer !== undefined) return answer;
    } catch (error) {
      this.#failed(head, error, 'internal error');
    }
    return textAnswer(FrontStatus.InternalError, 'internal error', clock);
  }

  #headOf(request: CountedMessage): RequestHead {
    return {
      id: this.#options.nextId(),
      caller: this.#caller,
      method: request.method ?? '',
      target: request.url ?? '',
      headers: headerPairs(request.rawHeaders),
    };
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
    if (this.#stream.destroyed || this.#switched) return;
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
    request: CountedMessage,
    response: ServerResponse,
    expectation: Expectation,
    overflow: boolean,
  ): Promise<void> {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#alarm.clear();
    const { service, clock, limits, tooLargeText } = this.#options;
    const head = this.#headOf(request);
    const fail = (status: number, reason: string): Promise<void> => {
      this.#received(head, '');
      return this.#send(head, response, this.#refusal(head.id, status, reason), true);
    };

    if (overflow) return fail(FrontStatus.TooManyRequests, 'too many requests are waiting');
    const fault = headFault(request);
    if (fault !== undefined) return fail(fault.status, fault.text);
    if (expectation === 'unknown') return fail(EXPECTATION.status, EXPECTATION.text);
    const streamed = service.stream?.limit(head);
    if (expectation === 'continue' && service.refuses(head)) {
      this.#received(head, '');
      const nothing = streamed === undefined ? Buffer.alloc(0) : notSent();
      const answer = await this.#ask(head, nothing).catch((error: unknown) => {
        if (!(error instanceof BodyError)) throw error;
        return textAnswer(error.status, error.message, clock);
      });
      return this.#send(head, response, answer, true);
    }
    const maxBytes = streamed ?? service.maxBody ?? limits.maxRequestBody;
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBytes) return fail(FrontStatus.ContentTooLarge, tooLarge(maxBytes, tooLargeText).message);
    if (this.#broken !== undefined && !request.complete) return fail(this.#broken.status, this.#broken.message);

    if (expectation === 'continue') response.writeContinue();
    const share = this.#held.share(callerKey(this.#caller));
    try {
      await this.#exchange(request, response, head, { share, maxBytes, streamed: streamed !== undefined });
    } finally {
      share.release();
    }
  }

  /** Takes the body, and sends what the service answers to it. */
  async #exchange(
    request: CountedMessage,
    response: ServerResponse,
    head: RequestHead,
    { share, maxBytes, streamed }: { share: Share; maxBytes: number; streamed: boolean },
  ): Promise<void> {
    const { clock, limits, tooLargeText } = this.#options;
    const body = new IncomingBody(request, clock, { maxBytes, tooLargeText, silence: limits.requestBody });
    // A request that is complete stands, whatever comes after it.
    this.#onBroken = (error) => {
      if (error.status === 0 || !request.complete) body.fail(error);
    };
    if (this.#stream.destroyed) body.fail(new BodyError(0, 'the device went away'));
    let answer: Answer | StreamedAnswer;
    try {
      if (streamed) {
        const announced = request.headers['content-length'] ?? '0';
        this.#received(head, request.complete ? '' : announced !== '0' ? `(${announced} bytes)` : '(streamed)');
        answer = await this.#ask(head, body);
      } else {
        const whole = await collect(body, share, Number(request.headers['content-length'] ?? NaN));
        this.#received(head, whole);
        answer = this.#counted(head.id, await this.#ask(head, whole), share);
      }
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      if (error.status === 0) return;
      if (!streamed) this.#received(head, '');
      return await this.#send(head, response, this.#refusal(head.id, error.status, error.message), true);
    } finally {
      this.#onBroken = undefined;
      body.drop();
    }
    const last = !body.whole && !(request.complete && request.readableLength === 0);
    await this.#send(head, response, answer, last);
  }

  /** The answer, while there is room for it. */
  #counted<T extends Answer | StreamedAnswer>(id: number, answer: T, share: Share): T | Answer {
    const fault = 'body' in answer ? share.take(answer.body.length) : undefined;
    return fault === undefined ? answer : this.#refusal(id, ...noRoom(fault));
  }

  /** The front answers by itself. */
  #refusal(id: number, status: number, reason: string): Answer {
    const { service, clock } = this.#options;
    service.failed(id, this.#caller, status, reason);
    return service.refusal?.(status, reason) ?? textAnswer(status, reason, clock);
  }

  #received({ id, method, target: url, headers }: RequestHead, body: string | Buffer): void {
    this.#options.traceOf(this.#caller).emit(() => ({
      ...{ type: 'http', leg: 'device', kind: 'request', id, method, url },
      headers: shownHeaders(headers),
      body: typeof body === 'string' ? body : shownBody(body),
    }));
  }

  /** Rejects with a BodyError of the body's, nothing else. */
  async #ask(head: RequestHead, body: Buffer | AsyncIterable<Buffer>): Promise<Answer | StreamedAnswer> {
    const { service, clock } = this.#options;
    const { signal } = this.#gone;
    try {
      if (Buffer.isBuffer(body)) return await service.answer({ ...head, body, signal });
      if (service.stream === undefined) throw new Error('the service takes no streams');
      return await service.stream.answer({ ...head, body, signal });
    } catch (error) {
      if (error instanceof BodyError) throw error;
      const storage = storageFaultOf(error);
      if (storage !== undefined) {
        service.failed(head.id, this.#caller, FrontStatus.StorageFault, storage);
        return textAnswer(FrontStatus.StorageFault, storage, clock);
      }
      this.#failed(head, error, 'internal error');
      return textAnswer(FrontStatus.InternalError, 'internal error', clock);
    }
  }

  /** The message of an unforeseen error might hold anything: only its kind is told. */
  #failed(head: RequestHead, error: unknown, what: string): void {
    const kind = error instanceof Error ? error.name : typeof error;
    this.#options.service.failed(head.id, this.#caller, FrontStatus.InternalError, `${what} (${kind})`);
  }

  /** Resolves when the device has taken the answer, or is gone. `last`: the connection ends with it. */
  async #send(
    head: RequestHead,
    response: ServerResponse,
    answer: Answer | StreamedAnswer,
    last: boolean,
  ): Promise<void> {
    const source = 'source' in answer ? answer.source : undefined;
    try {
      if (this.#stream.destroyed) return;
      const { status, headers } = answer;
      const close: HeaderList = last || this.#endAfterAnswer ? [['Connection', 'close']] : [];
      const sent: HeaderList = [...headers, ...close];
      const done = new Promise<void>((resolve) => response.once('close', resolve));
      const within = (): void => this.#alarm.set(this.#options.limits.response, () => this.#stream.destroy());
      within();
      response.sendDate = false;
      response.writeHead(status, answer.reason ?? STATUS_CODES[status] ?? '', sent.flat());
      if ('source' in answer) {
        this.#sent(head.id, status, sent, `(${answer.source.length} bytes)`);
        if (head.method === 'HEAD') response.end();
        else await this.#pour(head, response, answer.source, within);
      } else {
        if (answer.trailers && answer.trailers.length > 0) response.addTrailers(answer.trailers);
        response.end(answer.body);
        this.#sent(head.id, status, sent, answer.shown ?? answer.body);
      }
      await done;
      this.#alarm.clear();
    } finally {
      source?.release();
    }
  }

  /** An answer that cannot be finished is cut, so that the device does not take it for whole. */
  async #pour(head: RequestHead, response: ServerResponse, source: BodySource, within: () => void): Promise<void> {
    try {
      await sendBody(response, source, within);
    } catch (error) {
      this.#failed(head, error, 'the answer was cut short');
      this.#stream.destroy();
    }
  }

  #sent(id: number, status: number, headers: HeaderList, body: string | Uint8Array): void {
    this.#options.traceOf(this.#caller).emit(() => ({
      ...{ type: 'http', leg: 'device', kind: 'response', id, status },
      headers: shownHeaders(headers),
      body: typeof body === 'string' ? body : shownBody(body),
    }));
  }
}

const headText = (status: number, reason: string | undefined, headers: HeaderList): Buffer => {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`HTTP/1.1 ${status} ${reason ?? STATUS_CODES[status] ?? ''}\r\n${lines}\r\n`, 'latin1');
};

/** Throws BodyError: the body does not come whole, or there is no room for it. `length`: NaN unless it is known. */
async function collect(body: AsyncIterable<Buffer>, share: Share, length: number): Promise<Buffer> {
  const whole = new Collector(length);
  for await (const chunk of body) {
    const fault = share.take(whole.cost(chunk.length));
    if (fault !== undefined) throw new BodyError(...noRoom(fault));
    whole.add(chunk);
  }
  return whole.bytes;
}

const noRoom = (fault: NoRoom): [status: number, reason: string] =>
  fault === 'caller'
    ? [FrontStatus.CallerFull, 'too many bytes of this caller are under way']
    : [FrontStatus.Full, 'too many bytes are under way'];

/** Stands for a body that the device was told not to send. */
async function* notSent(): AsyncGenerator<Buffer, void, undefined> {
  yield* [];
  throw new BodyError(FrontStatus.ExpectationFailed, 'the body was not sent');
}
