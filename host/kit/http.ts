// HTTP/1.1 of the device: request heads, and the response parser (assembly/kit/http.ts).

import { concat } from '../bytes.js';
import { lengthsOf } from './check.js';

/** What became of a response. */
export interface HttpParsed {
  readonly state: 'done' | 'incomplete' | 'failed';
  /** Status code, 0 while unknown. */
  readonly code: number;
  /** A `Status` below 0 when failed. */
  readonly error: number;
  /** After done: the connection can carry another request. */
  readonly keepAlive: boolean;
  /** Bytes that were taken; what follows is not this response's. */
  readonly consumed: number;
  readonly body: Uint8Array;
  /** A number made from all header values. */
  readonly headers: number;
}

export interface HttpKit {
  /** Head of a request with one header of the caller's; empty when a part may not stand in a head. */
  httpRequestHead(request: {
    method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
    path: string;
    host: string;
    port: number;
    header: readonly [name: string, value: string];
    /** Bytes of body, -1 for none. */
    length: number;
  }): Uint8Array;
  /** Parses the pieces one after the other; with `closed` the connection then ends. Bodies of more than `limit` bytes fail. */
  httpParse(pieces: readonly Uint8Array[], options?: { head?: boolean; closed?: boolean; limit?: number }): HttpParsed;
}

/** What kit.wasm exports for it. */
export interface HttpExports {
  httpRequestHead(
    method: number,
    path: string,
    host: string,
    port: number,
    name: string,
    value: string,
    length: number,
  ): Uint8Array;
  httpParse(bytes: Uint8Array, lengths: Uint32Array, head: boolean, closed: boolean, limit: number): Int32Array;
  httpBody(): Uint8Array;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
const BODY_LIMIT = 65_536;

export function httpKit(wasm: HttpExports): HttpKit {
  return {
    httpRequestHead: ({ method, path, host, port, header, length }) =>
      wasm.httpRequestHead(METHODS.indexOf(method), path, host, port, header[0], header[1], length),
    httpParse(pieces, { head = false, closed = false, limit = BODY_LIMIT } = {}) {
      const result = wasm.httpParse(concat(...pieces), lengthsOf(pieces), head, closed, limit);
      const [state = 0, code = 0, error = 0, keepAlive = 0, consumed = 0, , headers = 0] = result;
      return {
        state: state > 0 ? 'done' : state < 0 ? 'failed' : 'incomplete',
        code,
        error,
        keepAlive: keepAlive !== 0,
        consumed,
        body: wasm.httpBody(),
        headers,
      };
    },
  };
}
