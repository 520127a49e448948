// Between the HTTP front and the router: requests and answers in the form of the Fetch API.

import type { Clock } from '../../clock/clock.js';
import type { Answer, BodySource, DeviceRequest, StreamedAnswer, StreamedRequest } from '../http/front.js';
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

export function toRequest({ method, target, headers, body }: DeviceRequest | StreamedRequest): Request {
  const bodyless = /^(GET|HEAD)$/.test(method) || UNCARRIED.test(method);
  return new Request(ORIGIN + pathAndQuery(target), {
    // A method of no route stands for one that cannot be.
    method: UNCARRIED.test(method) ? 'UNKNOWN' : method,
    headers,
    ...(!bodyless && (Buffer.isBuffer(body) ? { body } : { body: ReadableStream.from(body), duplex: 'half' })),
  });
}

/** The whole answer. */
export async function toAnswer(response: Response, clock: Clock): Promise<Answer> {
  const { status } = response;
  const release = clock.hold();
  const body = Buffer.from(await response.arrayBuffer().finally(release));
  const headers = headersOf(response, clock);
  const length = headers.some(([name]) => name === 'content-length');
  if (!length && status !== 204 && status !== 304) headers.push(['Content-Length', String(body.length)]);
  return { status, headers, body };
}

/** The same, but an answer that says its own length is passed on piece by piece. */
export async function toPassedAnswer(response: Response, clock: Clock): Promise<Answer | StreamedAnswer> {
  const { status, body } = response;
  const length = response.headers.get('content-length');
  if (length === null || body === null) return toAnswer(response, clock);
  return { status, headers: headersOf(response, clock), source: sourceOf(body, Number(length)) };
}

const headersOf = (response: Response, clock: Clock): HeaderList => [
  ...[...response.headers].map(([name, value]): [string, string] => [name, value]),
  ['Date', new Date(clock.unixMs()).toUTCString()],
];

function sourceOf(stream: ReadableStream<Uint8Array>, length: number): BodySource {
  const reader = stream.getReader();
  return {
    length,
    async *chunks() {
      for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
    },
    release: () => void reader.cancel().catch(() => undefined),
  };
}
