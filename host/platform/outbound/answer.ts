// Reads the one answer of a destination, as proxies do that have to live with all servers: what is clear stands, however
// it is written (RFC 9112 2.2, 5.1, 5.2, 6.3), and bytes after it are dropped.
//
// Node's parser refuses such answers: strict, most of them; lenient (`insecureHTTPParser`), a blank before most colons, equal
// lengths in two lines, chunks with LF. The requests of devices are read by it all the same, and strictly. An answer can be
// read this way since its connection carries no other, and since the front frames it for the device from the start.

import { Collector } from '../collector.js';
import type { Share } from '../held.js';
import { type HeaderList, isFieldText } from '../http/text.js';
import { WORK } from '../limits.js';
import { UpstreamError } from './upstream-error.js';

export interface DestinationAnswer {
  readonly status: number;
  readonly reason: string;
  /** Field values have no control characters; a Content-Length, if any, is the body's (with HEAD and 304: what it would be). */
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly trailers: HeaderList;
}

export interface AnswerOptions {
  /** Of the request. */
  readonly method: string;
  readonly maxBody: number;
  /** The bytes of the body are counted here; releasing it is the caller's job. */
  readonly share: Share;
  /** The request asked for another protocol: 101 is an answer, and `rest` is what follows it. */
  readonly upgrade?: boolean;
}

/** Bytes of all heads and trailers of an answer: four times what Node takes from a device. */
const MAX_HEAD = 64 * 1024;
/** Longest line of a chunk's size and its extensions. */
const MAX_SIZE_LINE = 4096;
/** Bytes of the extensions of all chunks (RFC 9112 7.1.1): nobody reads them. */
const MAX_EXTENSIONS = 64 * 1024;
/** RFC 9112 4. The version counts for nothing here: there is one exchange, and the framing says itself what it is. */
const STATUS_LINE = /^HTTP\/\d(?:\.\d+)?[ \t]+(\d{3})(?:[ \t]+(.*))?$/is;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 5.5: what may stand in no field is replaced by a space. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/g;
const HTTP = 'HTTP/';
const LF = 0x0a;
const CR = 0x0d;

type State = 'status' | 'fields' | 'length' | 'close' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'done';

/** What is kept of the answer while it comes. */
interface Partial {
  status: number;
  reason: string;
  fields: Fields;
  /** Of `fields`, without what framed the body. */
  headers: HeaderList;
  body: Collector;
  trailers: Fields;
}

const nothing = (): Partial => ({
  ...{ status: 0, reason: '', fields: new Fields(), headers: [] },
  ...{ body: new Collector(), trailers: new Fields() },
});

export class AnswerReader {
  readonly #options: AnswerOptions;
  #state: State = 'status';
  readonly #line = new Collector();
  #headBytes = 0;
  #extensionBytes = 0;
  #pieces = 0;
  #work = 0;
  /** Bytes that are still to come, of the body or of the chunk. */
  #left = 0;
  #seen = nothing();
  #rest: Buffer = Buffer.alloc(0);
  #answer: DestinationAnswer | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  /** Complete. */
  get answer(): DestinationAnswer | undefined {
    return this.#answer;
  }

  /** What came behind the answer in the same piece: the first bytes of the other protocol. */
  get rest(): Buffer {
    return this.#rest;
  }

  /** Throws UpstreamError. */
  take(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== 'done') {
      this.#work++;
      if (this.#state === 'length' || this.#state === 'chunk' || this.#state === 'close') {
        const part = this.#state === 'close' ? bytes.subarray(at) : bytes.subarray(at, at + this.#left);
        at += part.length;
        this.#keep(part);
      } else {
        const end = bytes.indexOf(LF, at);
        const part = bytes.subarray(at, end < 0 ? bytes.length : end);
        at = end < 0 ? bytes.length : end + 1;
        this.#grow(part, end < 0);
      }
    }
    if (this.#state === 'done' && at < bytes.length) this.#rest = bytes.subarray(at);
  }

  /** Lines and pieces of the body since this was asked last: see WORK. */
  worked(): number {
    const work = this.#work;
    this.#work = 0;
    return work;
  }

  /** Why there is no answer if no more comes. */
  cut(): UpstreamError {
    const before = this.#state === 'status' || this.#state === 'fields';
    return new UpstreamError(
      'cut-short',
      before ? 'the connection was closed before the answer' : 'the answer was cut short',
    );
  }

  /** The destination has finished. Throws UpstreamError unless that is where the answer ends. */
  end(): void {
    switch (this.#state) {
      case 'done':
        return;
      // The last chunk has come, and with it all of the body (RFC 9112 8).
      case 'trailers':
      case 'close':
        return this.#finish();
      default:
        throw this.cut();
    }
  }

  #keep(part: Buffer): void {
    const { maxBody, share } = this.#options;
    const { body } = this.#seen;
    if (body.length + part.length > maxBody) throw tooLarge(maxBody);
    if (++this.#pieces > WORK.pieces + body.length / WORK.bytesPerPiece) {
      throw new UpstreamError('too-large', 'the answer comes in too many pieces');
    }
    if (share.take(body.cost(part.length)) !== undefined) {
      throw new UpstreamError('no-room', 'too many bytes are under way');
    }
    body.add(part);
    if (this.#state === 'close') return;
    this.#left -= part.length;
    if (this.#left > 0) return;
    if (this.#state === 'length') this.#finish();
    else this.#state = 'chunk-end';
  }

  /** One more part of a line; the last unless `open`. */
  #grow(part: Buffer, open: boolean): void {
    // Most lines come in one piece.
    const isWhole = !open && this.#line.length === 0;
    if (!isWhole) this.#line.add(part);
    const line = isWhole ? part : this.#line.bytes;
    const inBody = this.#state === 'size' || this.#state === 'chunk-end';
    if (!inBody) this.#headBytes += part.length + (open ? 0 : 1);
    if (line.length > (inBody ? MAX_SIZE_LINE : MAX_HEAD) || this.#headBytes > MAX_HEAD) {
      throw notHttp('the answer has too long a header');
    }
    // What does not begin like HTTP is not waited for.
    if (this.#state === 'status' && !isBeginning(line)) throw notHttp('the answer is not HTTP');
    if (open) return;
    const text = line.toString('latin1');
    if (!isWhole) this.#line.clear();
    this.#read(text.endsWith('\r') ? text.slice(0, -1) : text);
  }

  #read(line: string): void {
    switch (this.#state) {
      case 'status':
        return this.#status(line);
      case 'fields':
        if (line === '') return this.#headEnd();
        return this.#seen.fields.add(line);
      case 'trailers':
        if (line === '') return this.#finish();
        return this.#seen.trailers.add(line);
      case 'size':
        return this.#size(line);
      case 'chunk-end':
        if (line !== '') throw notHttp('a chunk is longer than it says');
        this.#state = 'size';
    }
  }

  #status(line: string): void {
    if (line === '') return;
    const [, digits, reason = ''] = STATUS_LINE.exec(line) ?? [];
    if (digits === undefined) throw notHttp('the answer is not HTTP');
    // What an interim answer said is forgotten.
    if (this.#seen.status !== 0) this.#seen = nothing();
    this.#seen.status = Number(digits);
    this.#seen.reason = reason.trimEnd();
    this.#state = 'fields';
  }

  /** RFC 9112 6.3, in its order. */
  #headEnd(): void {
    const { status, reason } = this.#seen;
    const fields = this.#seen.fields.list();
    this.#seen.headers = fields;
    if (status < 100 || !isFieldText(reason)) {
      throw notHttp('the answer has a status or a reason that HTTP does not allow');
    }
    if (status === 101) {
      // Its length, if it says one, is of nothing (RFC 9110 8.6).
      if (this.#options.upgrade === true) return this.#bodiless(undefined);
      throw notHttp('the destination switches protocols');
    }
    if (status < 200) {
      this.#state = 'status';
      return;
    }
    if (this.#options.method === 'HEAD' || status === 304) return this.#bodiless(lengthOf(fields));
    if (status === 204) return this.#bodiless(undefined);
    if (isChunked(fields)) {
      setLength(fields, undefined);
      this.#state = 'size';
      return;
    }
    const length = lengthOf(fields);
    if (length === 'invalid') throw notHttp('the answer has no length that could be');
    setLength(fields, length);
    if (length === undefined) this.#state = 'close';
    else if (length > this.#options.maxBody) throw tooLarge(this.#options.maxBody);
    else if (length === 0) this.#finish();
    else {
      this.#state = 'length';
      this.#left = length;
    }
  }

  #bodiless(length: number | 'invalid' | undefined): void {
    setLength(this.#seen.headers, length === 'invalid' ? undefined : length);
    this.#finish();
  }

  #size(line: string): void {
    const [, digits, extensions = ''] = /^([0-9A-Fa-f]{1,16})[ \t]*(;.*)?$/s.exec(line) ?? [];
    if (digits === undefined) throw notHttp('a chunk has no size that could be');
    this.#extensionBytes += extensions.length;
    if (this.#extensionBytes > MAX_EXTENSIONS) throw notHttp('the answer has too long extensions of its chunks');
    this.#left = parseInt(digits, 16);
    if (this.#seen.body.length + this.#left > this.#options.maxBody) throw tooLarge(this.#options.maxBody);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
  }

  #finish(): void {
    const { status, reason, headers, body, trailers } = this.#seen;
    this.#state = 'done';
    this.#answer = { status, reason, headers, body: body.bytes, trailers: trailers.list() };
  }
}

/** Whether a status line, or the empty line before one, may begin so. */
function isBeginning(line: Buffer): boolean {
  const text = line.toString('latin1', 0, HTTP.length).toUpperCase();
  return HTTP.startsWith(text) || (line.length === 1 && line[0] === CR);
}

/** Lines of a header or of trailers. What is no field is left out: it says nothing that could be passed on. */
class Fields {
  readonly #fields: HeaderList = [];
  /** The value of the last field, in the lines that it came in. */
  #value: string[] = [];

  add(line: string): void {
    const clean = line.replace(CONTROL, ' ');
    if (/^[ \t]/.test(clean)) {
      // RFC 9112 5.2: a line that goes on with the one before; before the first of them it counts for nothing (2.2).
      this.#value.push(clean.trim());
      return;
    }
    const colon = clean.indexOf(':');
    // RFC 9112 5.1: a proxy takes the blanks before the colon off.
    const name = clean.slice(0, Math.max(colon, 0)).trimEnd();
    if (!TOKEN.test(name)) return;
    this.#finish();
    this.#fields.push([name, '']);
    this.#value = [clean.slice(colon + 1).trim()];
  }

  /** All of them; nothing may be added after that. */
  list(): HeaderList {
    this.#finish();
    return this.#fields;
  }

  #finish(): void {
    const last = this.#fields.at(-1);
    if (last === undefined) return;
    const [first = ''] = this.#value;
    last[1] = this.#value.length === 1 ? first : this.#value.filter((part) => part !== '').join(' ');
  }
}

const valuesOf = (fields: HeaderList, name: string): string[] =>
  fields
    .filter(([own]) => own.length === name.length && own.toLowerCase() === name)
    .flatMap(([, value]) => value.split(','))
    .map((value) => value.trim());

/** Throws UpstreamError for a coding that could not be taken off: no request asked for one. */
function isChunked(fields: HeaderList): boolean {
  const codings = valuesOf(fields, 'transfer-encoding').map((coding) => coding.toLowerCase());
  // RFC 2616 had `identity` for no coding at all; servers write it still.
  const real = codings.filter((coding) => coding !== '' && coding !== 'identity');
  if (real.some((coding) => coding !== 'chunked'))
    throw notHttp('the answer has a transfer coding that nobody asked for');
  return real.length > 0;
}

/** Lengths that are all the same count once (RFC 9112 6.3). */
function lengthOf(fields: HeaderList): number | 'invalid' | undefined {
  const values = new Set(valuesOf(fields, 'content-length'));
  const [only] = values;
  if (only === undefined) return undefined;
  return values.size === 1 && /^\d{1,15}$/.test(only) ? Number(only) : 'invalid';
}

/** Leaves one Content-Length, in the place of the first, or none. */
function setLength(fields: HeaderList, length: number | undefined): void {
  let kept = length === undefined;
  const others = fields.filter(([name]) => {
    if (name.toLowerCase() !== 'content-length') return true;
    const keep = !kept;
    kept = true;
    return keep;
  });
  for (const field of others) {
    if (field[0].toLowerCase() === 'content-length') field[1] = String(length);
  }
  fields.splice(0, fields.length, ...others);
}

const notHttp = (text: string): UpstreamError => new UpstreamError('not-http', text);
const tooLarge = (bytes: number): UpstreamError =>
  new UpstreamError('too-large', `the answer has more than ${bytes} bytes`);
