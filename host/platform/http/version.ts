// The version in a connection's first request. A later minor version of HTTP/1 is to be served as HTTP/1.1 (RFC 9110 2.5);
// Node's parser takes 1.0 and 1.1 alone.

import type { Duplex } from 'node:stream';
import { Collector } from '../collector.js';

/** Longest line that is waited for: the parser's own limit of a header. */
const MAX_LINE = 16 * 1024;
/** Characters of the longest method and of a version. */
const MAX_METHOD = 20;
const MAX_VERSION = 10;
const METHOD = /[A-Z-]/;
const VERSION = /[HTP/.0-9]/;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

interface Handlers {
  /** `later`: the version was one, and 1.1 is written over it. */
  ready(later: boolean): void;
  /** The other end has finished before its first line. */
  ended(bytes: number): void;
}

/** Waits for the first line that says something, and puts all bytes back. Calls one of the handlers, once, or none. */
export function firstVersion(stream: Duplex, { ready, ended }: Handlers): void {
  const line = new FirstLine();
  const look = (): void => {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null || !line.take(chunk)) return;
    stream.off('readable', look).off('end', onEnd);
    const { bytes, isLater } = line.result();
    stream.unshift(bytes);
    ready(isLater);
  };
  const onEnd = (): void => {
    stream.off('readable', look);
    ended(line.length);
  };
  stream.on('readable', look).once('end', onEnd);
}

/** Of a request line: its method, its target, its version. */
type Part = 'before' | 'method' | 'target' | 'version';

/** Looks at each byte once, in however many pieces the line comes. */
class FirstLine {
  readonly #bytes = new Collector();
  #part: Part = 'before';
  /** Where its part begins, and where it ends. */
  #partStart = 0;
  #end = -1;

  get length(): number {
    return this.#bytes.length;
  }

  /** Returns whether there is nothing to wait for: the line is there, or becomes no request line. */
  take(chunk: Buffer): boolean {
    const from = this.#bytes.length;
    this.#bytes.add(chunk);
    const bytes = this.#bytes.bytes;
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      // Empty lines before a request do not count (RFC 9112 2.2).
      if (this.#part === 'before' && (byte === LF || byte === CR)) continue;
      if (byte === LF) {
        this.#end = at;
        return true;
      }
      if (!this.#goesOn(byte, at)) return true;
    }
    return bytes.length > MAX_LINE;
  }

  /** All bytes, with 1.1 written over a later minor version. */
  result(): { readonly bytes: Buffer; readonly isLater: boolean } {
    const { bytes } = this.#bytes;
    const later = this.#end < 0 ? undefined : asVersion11(bytes.subarray(0, this.#end));
    if (later === undefined) return { bytes, isLater: false };
    return { bytes: Buffer.concat([later, bytes.subarray(this.#end)]), isLater: true };
  }

  /** Whether the bytes up to this one are the beginning of a request line: nothing else is worth waiting for. */
  #goesOn(byte: number, at: number): boolean {
    if (this.#part === 'before') this.#begin('method', at);
    const length = at - this.#partStart;
    switch (this.#part) {
      case 'method':
        if (byte === SPACE && length > 0) this.#begin('target', at + 1);
        else return length < MAX_METHOD && METHOD.test(String.fromCharCode(byte));
        return true;
      case 'target':
        if (byte === SPACE) this.#begin('version', at + 1);
        else return !/\s/.test(String.fromCharCode(byte));
        return true;
      default:
        return byte === CR || (length < MAX_VERSION && VERSION.test(String.fromCharCode(byte)));
    }
  }

  #begin(part: Part, at: number): void {
    this.#part = part;
    this.#partStart = at;
  }
}

/** The line with HTTP/1.1 at its end; undefined for a line that has no later minor version there. */
function asVersion11(line: Buffer): Buffer | undefined {
  const text = line.toString('latin1');
  const changed = text.replace(/ HTTP\/1\.(?:[2-9]|[1-9]\d{1,2})(?=\r?$)/, ' HTTP/1.1');
  return changed === text ? undefined : Buffer.from(changed, 'latin1');
}
