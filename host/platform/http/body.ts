// Bodies on their way: in, piece by piece with a limit and a longest silence; out, no faster than the device takes them.

import type { ServerResponse } from 'node:http';
import type { Clock, Nanoseconds } from '../../clock/clock.js';
import { Alarm } from '../../alarm.js';
import { FrontStatus } from '../choices.js';
import type { CountedMessage } from './paced-stream.js';
import { BodyError, type BodySource } from './service.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** The words for a longer one. */
  readonly tooLargeText: string | undefined;
  /** Longest wait for the device's next bytes, while somebody wants them. */
  readonly silence: Nanoseconds;
}

const awayError = (): BodyError => new BodyError(0, 'the device went away');

/**
 * A request's body. Between two pieces nothing is read from the connection beyond what Node's stream buffers (64 KiB),
 * so that the sender's window closes.
 */
export class IncomingBody implements AsyncIterable<Buffer> {
  readonly #request: CountedMessage;
  readonly #clock: Clock;
  readonly #limits: BodyLimits;
  readonly #alarm: Alarm;
  #error: BodyError | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(request: CountedMessage, clock: Clock, limits: BodyLimits) {
    this.#request = request;
    this.#clock = clock;
    this.#limits = limits;
    this.#alarm = new Alarm(clock);
    request.on('readable', this.#onReadable);
    request.once('end', () => {
      this.#ended = true;
      this.#stirred();
    });
    request.once('error', () => this.fail(awayError()));
    if (request.destroyed && !request.complete) this.fail(awayError());
  }

  /** All of it has been read. */
  get whole(): boolean {
    return this.#ended;
  }

  /** The reader gets this error, unless the body has come whole. */
  fail(error: BodyError): void {
    if (this.#ended) return;
    this.#error ??= error;
    this.#stirred();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    let size = 0;
    for (;;) {
      const chunk = this.#request.read() as Buffer | null;
      if (chunk !== null) {
        size += chunk.length;
        if (size > this.#limits.maxBytes) throw tooLarge(this.#limits.maxBytes, this.#limits.tooLargeText);
        if (this.#request.isInTooManyPieces(size)) {
          throw new BodyError(FrontStatus.ContentTooLarge, 'the body comes in too many pieces');
        }
        yield chunk;
      } else if (this.#ended) {
        return;
      } else if (this.#error !== undefined) {
        throw this.#error;
      } else {
        await this.#next();
      }
    }
  }

  /** What still comes is read and dropped, so that an answer gets through. */
  drop(): void {
    this.#alarm.clear();
    this.#request.off('readable', this.#onReadable);
    this.#request.resume();
  }

  readonly #onReadable = (): void => this.#stirred();

  #stirred(): void {
    this.#clock.stir();
    this.#alarm.clear();
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#alarm.set(this.#limits.silence, () =>
        this.fail(new BodyError(FrontStatus.RequestTimeout, 'the body stopped coming')),
      );
    });
  }
}

export const tooLarge = (maxBytes: number, text = `maximum content-length is ${maxBytes}`): BodyError =>
  new BodyError(FrontStatus.ContentTooLarge, text);

/**
 * Writes a body as the device takes it, and ends the response. `progress` is called before each wait for the device.
 * Rejects when the source fails or is not as long as it said: then the response has to be cut.
 */
export async function sendBody(response: ServerResponse, source: BodySource, progress: () => void): Promise<void> {
  let left = source.length;
  for await (const chunk of source.chunks()) {
    left -= chunk.length;
    if (left < 0) break;
    if (response.destroyed || response.socket?.destroyed !== false) return;
    progress();
    if (!response.write(chunk)) await drained(response);
  }
  if (left !== 0) throw new Error('the body is not as long as was said');
  progress();
  response.end();
}

/** Resolves when there is room again, or nobody is there any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
    if (response.destroyed || response.socket?.destroyed !== false) done();
  });
}
