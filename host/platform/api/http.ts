// Between the HTTP front and the router: requests and answers in the form of the Fetch API.

import type { Clock } from '../../clock/clock.js';
import type { Answer, DeviceRequest } from '../http/front.js';
import type { HeaderList } from '../http/text.js';

/** Stands where the request line names none; only the path and the query of the address count. */
const ORIGIN = 'http://api.soracom.io';

/** A target in absolute form names a host, which does not count (RFC 9112 3.2.2). */
export function pathAndQuery(target: string): string {
  if (target.startsWith('/')) return target;
  if (!URL.canParse(target)) return '/';
  const { pathname, search } = new URL(target);
  return pathname + search;
}

/** Methods that the Fetch API refuses to carry. */
const UNCARRIED = /^(CONNECT|TRACE|TRACK)$/i;

export function toRequest({ method, target, headers, body }: DeviceRequest): Request {
  const bodyless = /^(GET|HEAD)$/.test(method) || UNCARRIED.test(method);
  return new Request(ORIGIN + pathAndQuery(target), {
    // The front leaves the body of an answer to HEAD out by itself. A method of no route stands for one that cannot be.
    method: method === 'HEAD' ? 'GET' : UNCARRIED.test(method) ? 'UNKNOWN' : method,
    headers,
    ...(!bodyless && { body }),
  });
}

export async function toAnswer(response: Response, clock: Clock): Promise<Answer> {
  const { status } = response;
  const release = clock.hold();
  const body = Buffer.from(await response.arrayBuffer().finally(release));
  const headers: HeaderList = [...response.headers].map(([name, value]) => [name, value]);
  if (status !== 204) headers.push(['Content-Length', String(body.length)]);
  headers.push(['Date', new Date(clock.unixMs()).toUTCString()]);
  return { status, headers, body };
}
