// What is wrong with a request before any service sees it, in words for the device.

import type { IncomingMessage } from 'node:http';
import { FrontStatus } from '../choices.js';

export interface Fault {
  readonly status: number;
  readonly text: string;
}

const fault = (status: number, text: string): Fault => ({ status, text });

/** What the parser could not read. The reason is the parser's own, one of a fixed set. */
export function parseFault({ code, reason }: NodeJS.ErrnoException & { readonly reason?: string }): Fault {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return fault(FrontStatus.HeaderTooLarge, 'header too large');
    case 'HPE_INVALID_VERSION':
      if (reason === 'Invalid HTTP version') return VERSION;
      break;
    case 'HPE_INVALID_TRANSFER_ENCODING':
      // The same code says that there is a Content-Length besides: then nobody can tell where the body ends.
      if (reason?.includes('Content-Length') !== true) return CODING;
  }
  return fault(FrontStatus.BadRequest, `not an HTTP request${reason === undefined ? '' : `: ${reason}`}`);
}

/** What makes a request that was read one that no service is asked for; undefined: nothing. */
export function headFault({ httpVersionMajor, httpVersion, method, rawHeaders }: IncomingMessage): Fault | undefined {
  if (httpVersionMajor !== 1) return VERSION;
  const codings = valuesOf(rawHeaders, 'transfer-encoding');
  if (codings.length > 0) {
    // RFC 9112 6.1: in HTTP/1.0 the framing counts as faulty.
    if (httpVersion === '1.0') return fault(FrontStatus.BadRequest, 'HTTP/1.0 has no Transfer-Encoding');
    if (codings.join().toLowerCase() !== 'chunked') return CODING;
  }
  const hosts = valuesOf(rawHeaders, 'host');
  // RFC 9112 3.2
  if (hosts.length > 1) return fault(FrontStatus.BadRequest, 'more than one Host');
  if (hosts.length === 0 && httpVersion !== '1.0') return fault(FrontStatus.BadRequest, 'a Host is missing');
  if (!hosts.every((host) => HOST.test(host))) return fault(FrontStatus.BadRequest, 'the Host is no host');
  // What it gives back would show a device what the platform added to its request.
  if (method === 'TRACE') return fault(FrontStatus.MethodNotAllowed, 'TRACE is not served here');
  return undefined;
}

/** The same for one that asks for another protocol. */
export function upgradeFault(request: IncomingMessage): Fault | undefined {
  const other = headFault(request);
  if (other !== undefined) return other;
  const { 'content-length': length = '0', 'transfer-encoding': coding, expect } = request.headers;
  // Nobody could tell the body from the first bytes of the other protocol.
  if (coding !== undefined || !/^0+$/.test(length)) {
    return fault(FrontStatus.BadRequest, 'a request for WebSocket has no body');
  }
  return expect !== undefined && !isContinue(expect) ? EXPECTATION : undefined;
}

/** RFC 9110 10.1.1 */
export const isContinue = (expect: string): boolean => /^100-continue$/i.test(expect.trim());

export const EXPECTATION = fault(FrontStatus.ExpectationFailed, 'only 100-continue can be expected');

const VERSION = fault(FrontStatus.VersionNotSupported, 'HTTP/1.1 is spoken here');
/** RFC 9112 6.1 */
const CODING = fault(FrontStatus.NotImplemented, 'the only Transfer-Encoding understood is chunked');

/** RFC 3986 3.2.2 and 3.2.3, as wide as nginx takes them: one authority, without what would end it. */
const HOST = /^[^\s/?#,\\]+$/;

/** `name` in lower case. */
function valuesOf(raw: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]?.toLowerCase() === name) values.push(raw[i + 1] ?? '');
  }
  return values;
}
