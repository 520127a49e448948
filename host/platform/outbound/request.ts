// A request as a destination gets it.

import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HeaderList } from '../http/text.js';

export interface OutgoingRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** All of them, the framing too. */
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** Larger bodies are not copied to stand in one piece with their head. */
const ONE_PIECE = 64 * 1024;

/** Throws TypeError for what would break out of its line: the caller should have checked it. */
export function writeRequest(stream: Duplex, { method, target, headers, body }: OutgoingRequest): void {
  validateHeaderName(method);
  if (!/^[\x21-\xff]+$/.test(target)) throw new TypeError('the target has a character that no target may have');
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const [name, value] of headers) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    head += `${name}: ${value}\r\n`;
  }
  const bytes = Buffer.from(`${head}\r\n`, 'latin1');
  if (body.length <= ONE_PIECE) {
    stream.write(body.length === 0 ? bytes : Buffer.concat([bytes, body]));
    return;
  }
  stream.write(bytes);
  stream.write(body);
}
