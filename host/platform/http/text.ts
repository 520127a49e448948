// HTTP messages as the trace shows them.

import { isUtf8 } from 'node:buffer';

/** Headers in the order and case of the wire. */
export type HeaderList = [name: string, value: string][];

/** Longest body that the trace shows whole. */
const SHOWN_BYTES = 16 * 1024;

const MASKED = /^(authorization|proxy-authorization|cookie|set-cookie)$|(api|functions)[-_]?key|secret|token|password/i;

/** A token of Endorse in the URL that a device is sent to. */
const TOKEN_IN_URL = /(soracom_endorse_token=)[^&#\s]*/g;

/** Values that grant access are not for the trace. */
export const shownHeaders = (headers: HeaderList): HeaderList =>
  headers.map(([name, value]) => [
    name,
    MASKED.test(name) ? '[redacted]' : value.replace(TOKEN_IN_URL, '$1[redacted]'),
  ]);

/** Parameters of a query that grant access: a function's key, a signature. */
const MASKED_PARAMETER = /^(code|key|sig|signature)$|api[-_]?key|secret|token|password/i;

/** A URL without the values of parameters that grant access. */
export const shownUrl = (url: string): string =>
  url.replace(/([?&])([^=&#]*)=([^&#]*)/g, (whole, mark: string, name: string) =>
    MASKED_PARAMETER.test(name) ? `${mark}${name}=[redacted]` : whole,
  );

/** UTF-8 text as it is, anything else in hexadecimal. */
export function shownBody(body: Uint8Array): string {
  const shown = body.length > SHOWN_BYTES ? body.subarray(0, SHOWN_BYTES) : body;
  const rest = body.length > SHOWN_BYTES ? `... (${body.length} bytes)` : '';
  return Buffer.from(shown).toString(isUtf8(body) ? 'utf8' : 'hex') + rest;
}

/** Node's flat list of raw headers in pairs. */
export function headerPairs(raw: readonly string[]): HeaderList {
  return Array.from({ length: raw.length >> 1 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}

/** Takes off what belongs to one connection and its framing (RFC 9110 7.6.1), and what `Connection` names besides. */
export function withoutHopByHop(headers: HeaderList, connection = headers): HeaderList {
  const named = connection
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()));
  return headers.filter(([name]) => {
    const plain = name.toLowerCase();
    return !HOP_BY_HOP.has(plain) && !named.includes(plain);
  });
}

/**
 * Of the trailers of a message those that may be passed on: nothing that frames, routes, controls, grants or describes the body
 * (RFC 9110 6.5.1), and no name of the platform's. `headers`: those of the same message.
 */
export const passableTrailers = (trailers: HeaderList, headers: HeaderList): HeaderList =>
  withoutHopByHop(trailers, headers).filter(([name]) => {
    const plain = foldedName(name);
    return !plain.startsWith('x-soracom-') && !plain.startsWith('content-') && !NOT_IN_TRAILERS.has(plain);
  });

const NOT_IN_TRAILERS = new Set([
  ...[
    'age',
    'authorization',
    'cache-control',
    'cookie',
    'date',
    'expect',
    'expires',
    'host',
    'if-match',
    'if-modified-since',
  ],
  ...['if-none-match', 'if-range', 'if-unmodified-since', 'location', 'max-forwards', 'pragma', 'range', 'retry-after'],
  ...['authentication-info', 'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authentication-info'],
  ...['proxy-authorization', 'proxy-connection', 'set-cookie', 'set-cookie2', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'vary', 'warning', 'www-authenticate'],
]);

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** A field's name as CGI gateways read it: `X~Soracom.IMSI` becomes the same variable as `x-soracom-imsi` (RFC 3875 4.1.18). */
export const foldedName = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-');

/** What Node agrees to write as a header's value or a reason phrase (RFC 9110 5.5). */
export const isFieldText = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
