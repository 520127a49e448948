// The version in a connection's first request. A later minor version of HTTP/1 is to be served as HTTP/1.1 (RFC 9110 2.5);
// Node's parser takes 1.0 and 1.1 alone.

import type { Duplex } from 'node:stream';

/** Longest line that is waited for: the parser's own limit of a header. */
const MAX_LINE = 16 * 1024;
const LF = 0x0a;
const CR = 0x0d;

interface Handlers {
  /** `later`: the version was one, and 1.1 is written over it. */
  ready(later: boolean): void;
  /** The other end has finished before its first line. */
  ended(bytes: number): void;
}

/** Waits for the first line that says something, and puts all bytes back. Calls one of the handlers, once, or none. */
export function firstVersion(stream: Duplex, { ready, ended }: Handlers): void {
  let held: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    // Empty lines before a request do not count (RFC 9112 2.2).
    const start = held.findIndex((byte) => byte !== LF && byte !== CR);
    const end = start < 0 ? -1 : held.indexOf(LF, start);
    if (end < 0 && held.length <= MAX_LINE && isBeginning(held.subarray(Math.max(start, 0)))) return;
    stream.off('readable', look).off('end', onEnd);
    const later = end < 0 ? undefined : asVersion11(held.subarray(0, end));
    stream.unshift(later === undefined ? held : Buffer.concat([later, held.subarray(end)]));
    ready(later !== undefined);
  };
  const onEnd = (): void => {
    stream.off('readable', look);
    ended(held.length);
  };
  stream.on('readable', look).once('end', onEnd);
}

/** What these bytes are may still become a request line: nothing else is worth waiting for. */
const isBeginning = (bytes: Buffer): boolean =>
  /^[A-Z-]{1,20}( [^\s]*( [HTP/.0-9]{0,10}\r?)?)?$|^[\r\n]*$/.test(bytes.toString('latin1'));

/** The line with HTTP/1.1 at its end; undefined for a line that has no later minor version there. */
function asVersion11(line: Buffer): Buffer | undefined {
  const text = line.toString('latin1');
  const changed = text.replace(/ HTTP\/1\.(?:[2-9]|[1-9]\d{1,2})(?=\r?$)/, ' HTTP/1.1');
  return changed === text ? undefined : Buffer.from(changed, 'latin1');
}
