// What Node's parser is given in place of a device's connection: it reads no more of it at a time than PacedInput lets it.

import { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import type { Clock } from '../../clock/clock.js';
import { WORK } from '../limits.js';
import { PacedInput } from '../pace.js';

/** Bytes of a body that are here before somebody asks for them. */
const MESSAGE_BUFFER = 16 * 1024;

export interface PacedStreamOptions {
  readonly clock: Clock;
  readonly caller: string;
}

export class PacedStream extends Duplex {
  readonly #stream: Duplex;
  readonly #options: PacedStreamOptions;
  #input: PacedInput | undefined;
  #work = 0;
  #released = false;
  #ignoring = false;

  constructor(stream: Duplex, options: PacedStreamOptions) {
    // One portion is here at the most: several would be read in one go.
    super({ allowHalfOpen: true, readableHighWaterMark: 1 });
    // Node makes the buffers of the messages on a stream as large as this says.
    Object.defineProperty(this, 'readableHighWaterMark', { value: MESSAGE_BUFFER });
    this.#stream = stream;
    this.#options = options;
    stream.once('close', this.#onClose);
  }

  /** The connection is read from now on; written it may be before. */
  start(): void {
    this.#input = new PacedInput(this.#stream, {
      ...this.#options,
      take: (bytes) => this.#take(bytes),
      work: () => this.#worked(),
      end: () => this.push(null),
    });
  }

  /** The reader of this stream reports how much work the bytes were: see WORK. */
  worked(work: number): void {
    this.#work += work;
  }

  /** Reads nothing more. What still comes is dropped, so that the last answer gets through (RFC 9112 9.6). */
  ignoreRest(): void {
    this.#ignoring = true;
  }

  /** The connection itself, paused, and the bytes of it that nobody has read. Nothing may be under way. */
  release(): { readonly stream: Duplex; readonly rest: Buffer } {
    this.#released = true;
    this.#stream.off('close', this.#onClose);
    const read = (this.read() ?? Buffer.alloc(0)) as Buffer;
    return { stream: this.#stream, rest: Buffer.concat([read, this.#input?.stop() ?? Buffer.alloc(0)]) };
  }

  override _read(): void {
    this.#input?.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#stream.write(chunk, encoding, done);
  }

  override _writev(
    chunks: { readonly chunk: Buffer; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    const last = chunks.length - 1;
    this.#stream.cork();
    chunks.forEach(({ chunk, encoding }, i) => this.#stream.write(chunk, encoding, i === last ? done : undefined));
    this.#stream.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#stream.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#released) this.#stream.destroy(error ?? undefined);
    done(error);
  }

  #take(bytes: Buffer): void {
    if (this.#ignoring || this.writableEnded) return;
    if (!this.push(bytes)) this.#input?.pause();
  }

  #worked(): number {
    const work = this.#work;
    this.#work = 0;
    return work;
  }

  readonly #onClose = (): void => void this.destroy();
}

/** A request whose pieces are counted as they come out of the parser. */
export class CountedMessage extends IncomingMessage {
  #pieces = 0;

  /** More pieces than a body of so many bytes may have. */
  isInTooManyPieces(bytes: number): boolean {
    return this.#pieces > WORK.pieces + bytes / WORK.bytesPerPiece;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    this.#pieces++;
    if (this.socket instanceof PacedStream) this.socket.worked(1);
    return super.push(chunk, encoding);
  }
}
